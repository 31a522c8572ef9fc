/**
 * The service that gives a Mendel board its first SSH key, with each release's rules (mdt-services, mdt-keymaster).
 * A program of its own, run inside a lab board: keymaster.js RELEASE FAULT ADDRESS…
 */
import { watch } from 'node:fs';
import { appendFile, chown, mkdir, readFile } from 'node:fs/promises';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';

const PORT = 41_337;
const MENDEL = 1000;
const SSH_DIR = '/home/mendel/.ssh';
const AUTHORIZED_KEYS = `${SSH_DIR}/authorized_keys`;
const MDT_KEY = /^ssh-rsa .* mdt$/m;

const [release = 'eagle', fault = 'none', ...addresses] = process.argv.slice(2);
let servers: Server[] = [];
let spent = false;

/** Day and Eagle start the service anew whenever authorized_keys changes; it leaves if a host's key is there already. */
async function settle(): Promise<void> {
  const closed = spent || MDT_KEY.test(await readAuthorizedKeys());
  if (closed) close();
  else if (servers.length === 0) await listen();
}

async function listen(): Promise<void> {
  servers = addresses.map(() => createServer((request, response) => void answer(request, response)));
  await Promise.all(
    servers.map((server, index) => new Promise<void>(done => server.listen(PORT, addresses[index], done))),
  );
}

function close(): void {
  for (const server of servers) server.close();
  servers = [];
}

async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
  if (fault === 'silent') return;
  let body = '';
  for await (const chunk of request) body += String(chunk);
  response.setHeader('Connection', 'close');
  if (fault !== 'none') {
    reply(response, Number(fault), 'Refused by the test');
    return;
  }
  if (request.method !== 'PUT') {
    reply(response, 501, `Unsupported method (${String(request.method)})`);
    return;
  }
  if (body.trim() === 'exit') {
    spent = true;
    reply(response, 200, 'Ok');
  } else if (release !== 'chef' && !/^ssh-rsa .* mdt$/.test(body.trim())) {
    reply(response, 400, 'Invalid key');
    return;
  } else {
    await mkdir(SSH_DIR, { recursive: true, mode: 0o700 });
    await appendFile(AUTHORIZED_KEYS, body, { mode: 0o600 });
    await Promise.all([SSH_DIR, AUTHORIZED_KEYS].map(path => chown(path, MENDEL, MENDEL)));
    if (release === 'chef') spent = true;
    reply(response, 200, 'Ok');
  }
  await settle();
}

function reply(response: ServerResponse, status: number, text: string): void {
  response.writeHead(status).end(text);
}

async function readAuthorizedKeys(): Promise<string> {
  return readFile(AUTHORIZED_KEYS, 'utf8').catch(() => '');
}

await mkdir(SSH_DIR, { recursive: true, mode: 0o700 });
await chown(SSH_DIR, MENDEL, MENDEL);
await settle();
if (release !== 'chef') watch(SSH_DIR, () => void settle());
process.stderr.write('keymaster ready\n');
