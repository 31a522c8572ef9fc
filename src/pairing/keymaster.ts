import { request as httpRequest, type IncomingMessage } from 'node:http';
import { isIPv6 } from 'node:net';
import { formatRoute, isLoopback, routeHost, type SshRoute } from '../device/route.js';
import { safeText } from '../device/board-text.js';
import { connectReason } from '../host/system-error.js';
import { hasZone } from '../host/tcp-socket.js';
import { withDeadline } from '../time/deadline.js';

/** TCP port of the board's keymaster (mdt-services, `/usr/sbin/mdt-keymaster`). */
export const KEYMASTER_PORT = 41_337;

/** Most of a keymaster's answer that is read: the real ones answer with a few words. */
const MAX_ANSWER_BYTES = 1024;
const ANSWER_TIMEOUT_MS = 5000;

/**
 * `accepted`: status 200. `refused`: it answered with another status. `closed`: nothing listens there, which on a board
 * means that a key is there already. `silent`: no answer in time. `garbage`: what answered does not speak HTTP.
 */
export type KeymasterAnswer =
  | { readonly kind: 'accepted' }
  | { readonly kind: 'refused'; readonly status: number; readonly text: string }
  | { readonly kind: 'closed'; readonly text: string }
  | { readonly kind: 'silent'; readonly timeoutMs: number }
  | { readonly kind: 'garbage'; readonly text: string };

export interface OfferOptions {
  readonly signal?: AbortSignal | undefined;
  readonly timeoutMs?: number;
}

/**
 * Offers one authorized_keys line to the keymaster behind `route`: `PUT /` with the line and its final newline, which
 * the keymaster appends to the file as it is. Throws only when `signal` aborts.
 */
export async function offerKey(
  route: SshRoute,
  publicLine: string,
  options: OfferOptions = {},
): Promise<KeymasterAnswer> {
  const timeoutMs = options.timeoutMs ?? ANSWER_TIMEOUT_MS;
  if (!hasZone(routeHost(route))) return { kind: 'closed', text: 'the interface is gone' };
  const deadline = { operation: `offering the key to ${formatRoute(route)}`, timeoutMs, signal: options.signal };
  try {
    return await withDeadline(deadline, signal => put(route, `${publicLine}\n`, signal));
  } catch (error) {
    if (options.signal?.aborted) throw error;
    return failureAnswer(error, timeoutMs);
  }
}

export function keymasterPort(route: SshRoute): number {
  return isLoopback(route.address) ? (route.keymasterPort ?? KEYMASTER_PORT) : KEYMASTER_PORT;
}

function put(route: SshRoute, body: string, signal: AbortSignal): Promise<KeymasterAnswer> {
  return new Promise((resolve, reject) => {
    const request = httpRequest(
      {
        host: routeHost(route),
        port: keymasterPort(route),
        ...(isIPv6(route.address) ? { family: 6 } : {}),
        method: 'PUT',
        path: '/',
        // The keymaster reads exactly Content-Length bytes and does not know chunked bodies.
        headers: { 'Content-Type': 'text/plain', 'Content-Length': Buffer.byteLength(body) },
        agent: false,
        signal,
      },
      response => {
        readAnswer(response).then(resolve, reject);
      },
    );
    request.on('error', reject);
    request.end(body);
  });
}

async function readAnswer(response: IncomingMessage): Promise<KeymasterAnswer> {
  const chunks: Buffer[] = [];
  let sizeBytes = 0;
  for await (const chunk of response) {
    chunks.push(chunk as Buffer);
    sizeBytes += (chunk as Buffer).length;
    if (sizeBytes >= MAX_ANSWER_BYTES) break;
  }
  const status = response.statusCode ?? 0;
  if (status === 200) return { kind: 'accepted' };
  const text = safeText(Buffer.concat(chunks).toString('utf8').trim() || (response.statusMessage ?? ''), 200);
  return { kind: 'refused', status, text };
}

function failureAnswer(error: unknown, timeoutMs: number): KeymasterAnswer {
  if (!(error instanceof Error)) return { kind: 'garbage', text: String(error) };
  const code = 'code' in error && typeof error.code === 'string' ? error.code : '';
  if (code === 'TIMEOUT') return { kind: 'silent', timeoutMs };
  if (code.startsWith('HPE_')) return { kind: 'garbage', text: 'it does not speak HTTP' };
  return { kind: 'closed', text: safeText(connectReason(error)) };
}
