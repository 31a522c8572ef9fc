import { UsageError } from '../errors.js';
import type { Endpoint } from './session.js';

/** Connections made to `listen` come out at `target`, on the other side. */
export interface ForwardSpec {
  readonly listen: Endpoint;
  readonly target: Endpoint;
}

/** Where something listens or is reached if only a port is given: loopback, so that nobody else can connect. */
const DEFAULT_HOST = 'localhost';
/** As the host to listen on: every interface. */
export const ANY_HOST = '*';

const HINT =
  'Write PORT, PORT:PORT, PORT:HOST:PORT or BIND:PORT:HOST:PORT; an absolute path stands for a Unix socket, and IPv6 ' +
  'addresses for [::1].';

/**
 * Reads what ssh's -L and -R and adb's forward take: `8080`, `8080:80`, `8080:localhost:80`, `*:8080:[::1]:80`,
 * `tcp:8080:tcp:80`, `8080:/run/x.sock`, `localfilesystem:/tmp/x:8080`. Port 0 to listen on is any free one.
 * @throws UsageError
 */
export function parseForward(text: string): ForwardSpec {
  const endpoints = readEndpoints(text);
  const [listen, target] = endpoints;
  if (listen === undefined || endpoints.length > 2) throw refuse(text);
  if (target === undefined) {
    if (listen.kind !== 'tcp' || listen.host !== DEFAULT_HOST || listen.port === 0) throw refuse(text);
    return { listen, target: listen };
  }
  if (target.kind === 'tcp' && (target.port === 0 || target.host === ANY_HOST)) throw refuse(text);
  return { listen, target };
}

/** How an endpoint reads in a message. */
export function formatEndpoint(endpoint: Endpoint): string {
  if (endpoint.kind === 'unix') return endpoint.path;
  const { host, port } = endpoint;
  return host.includes(':') ? `[${host}]:${String(port)}` : `${host}:${String(port)}`;
}

function readEndpoints(text: string): Endpoint[] {
  const endpoints: Endpoint[] = [];
  let host: string | undefined;
  for (const word of splitWords(text)) {
    if (word.startsWith('/')) {
      if (host !== undefined && !/^(unix|localfilesystem)$/.test(host)) throw refuse(text);
      endpoints.push({ kind: 'unix', path: word });
      host = undefined;
    } else if (/^\d{1,5}$/.test(word)) {
      const port = Number(word);
      if (port > 65_535) throw refuse(text);
      endpoints.push({ kind: 'tcp', host: host === undefined || host === 'tcp' ? DEFAULT_HOST : host, port });
      host = undefined;
    } else if (host === undefined || host === 'tcp') {
      host = checkHost(word, text);
    } else {
      throw refuse(text);
    }
  }
  if (host !== undefined) throw refuse(text);
  return endpoints;
}

/** Splits at colons, except inside brackets. */
function splitWords(text: string): string[] {
  const words = text.match(/\[[^\]]*\]|[^:[\]]+/g) ?? [];
  if (words.join(':') !== text) throw refuse(text);
  return words;
}

function checkHost(word: string, text: string): string {
  const bracketed = /^\[([0-9a-f:.]+(?:%[\w.-]+)?)\]$/i.exec(word);
  if (bracketed?.[1] !== undefined) return bracketed[1];
  if (word === ANY_HOST || /^[a-z0-9]([a-z0-9_.-]*[a-z0-9])?$/i.test(word)) return word;
  throw refuse(text);
}

function refuse(text: string): UsageError {
  return new UsageError(`${JSON.stringify(text)} does not say what to forward.`, { hint: HINT });
}
