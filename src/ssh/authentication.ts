import type { AnyAuthMethod, AuthenticationType, KeyboardInteractiveAuthMethod, ParsedKey } from 'ssh2';
import keyParser from 'ssh2/lib/protocol/keyParser.js';
import { safeText } from '../device/board-text.js';
import { UsageError } from '../errors.js';
import type { Credential } from './credential.js';

/** RFC 4252 and OpenSSH know six. */
const MAX_METHODS = 16;

export interface Authenticator {
  /** Methods that the server said it would take, as far as it has told. */
  readonly allowed: readonly string[];
  /** The next attempt, or false when there is none left. `allowed` is null before the server has told its methods. */
  next(allowed: readonly AuthenticationType[] | null): AnyAuthMethod | false;
}

/**
 * Offers the credentials one after the other, only by methods that the server takes. The question "which methods" (a
 * `none` attempt, one round trip) is asked only where there is nothing to offer.
 * @throws UsageError if a private key cannot be read.
 */
export function createAuthenticator(username: string, credentials: readonly Credential[]): Authenticator {
  const attempts: AnyAuthMethod[] = credentials.flatMap(credential => attemptsOf(username, credential));
  if (attempts.length === 0) attempts.push({ type: 'none', username });
  let known: readonly AuthenticationType[] | null = null;
  return {
    get allowed() {
      return (known ?? []).slice(0, MAX_METHODS).map(method => safeText(method, 64));
    },
    next(allowed) {
      known = allowed ?? known;
      for (;;) {
        const attempt = attempts.shift();
        if (attempt === undefined) return false;
        if (known === null || known.includes(attempt.type)) return attempt;
      }
    },
  };
}

function attemptsOf(username: string, credential: Credential): AnyAuthMethod[] {
  if (credential.kind === 'key') return [{ type: 'publickey', username, key: parsePrivateKey(credential.privateKey) }];
  const { password } = credential;
  // Servers that ask for the password through PAM's dialogue offer keyboard-interactive instead (RFC 4256).
  return [
    { type: 'password', username, password },
    { type: 'keyboard-interactive', username, prompt: answerPasswordPrompt(password) },
  ];
}

/** Gives the password once, and only to a prompt that hides what is typed. */
function answerPasswordPrompt(password: string): KeyboardInteractiveAuthMethod['prompt'] {
  let given = false;
  return (...[, , , prompts, finish]) => {
    const answers = prompts.map(({ echo }) => {
      if (echo === true || given) return '';
      given = true;
      return password;
    });
    finish(answers);
  };
}

function parsePrivateKey(text: string): ParsedKey {
  const parsed = keyParser.parseKey(text);
  if (parsed instanceof Error || !parsed.isPrivateKey()) throw unusableKey(parsed);
  return parsed;
}

export function unusableKey(cause: unknown): UsageError {
  return new UsageError('The private key of this host cannot be used.', {
    cause: cause instanceof Error ? cause : undefined,
    hint: 'Make a new one with `mdt genkey`, or bring your own with `mdt setkey FILE`.',
  });
}
