import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { basename } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { safeText } from '../device/board-text.js';
import { MdtError, UsageError } from '../errors.js';
import { push } from '../files/push.js';
import type { SshSession } from '../ssh/session.js';
import type { TfliteModel } from '../tflite/model.js';
import { readModelFile } from '../tflite/model-file.js';
import type { LongOperation } from '../time/progress.js';
import { runModelScript, surveyModels, type ModelFolder } from './board-models.js';

/** Models to put on a board. */
export interface PushModelsRequest {
  readonly files: readonly string[];
  /** Name on the board, for a single file; else each has the name of its file. */
  readonly name?: string | undefined;
  /** Push models that need a newer Edge TPU runtime than the board has, too. */
  readonly force?: boolean | undefined;
}

/** A model of this host that is on the board now. */
export interface PushedModel {
  /** File on this host, as it was given. */
  readonly file: string;
  readonly name: string;
  readonly sha256: string;
  readonly sizeBytes: number;
  /** Where its content lies on the board. */
  readonly path: string;
  /** False if the board had it already. */
  readonly sent: boolean;
  readonly model: TfliteModel;
}

/** The models that are on the board now. */
export interface PushModelsResult {
  readonly models: readonly PushedModel[];
  /** Edge TPU runtime of the board; undefined if it does not tell. */
  readonly runtimeVersion: number | undefined;
}

/** The board's libedgetpu is older than what a model asks for, and nothing was sent. */
export class RuntimeTooOldError extends MdtError {
  constructor(file: string, needed: number, available: number) {
    super(
      'refused',
      'RUNTIME_TOO_OLD',
      `${safeText(file)} needs Edge TPU runtime ${String(needed)}, and the board has ${String(available)}.`,
      {
        hint:
          'Update libedgetpu1-std on the board, compile the model with ' +
          `"mdt model compile --min-runtime ${String(available)}", or push it all the same with --force.`,
        facts: { file, needed, available },
      },
    );
  }
}

const LINK = String.raw`
cd -- "$1" && mkdir -p names || exit
shift
while [ $# -gt 1 ]; do
  if [ "$2" = "" ]; then rm -f -- "$1.tflite"
  else
    ln -sf -- "../$1.tflite" "link-$$" && mv -f -T -- "link-$$" "names/$2" || exit
  fi
  shift 2
done
`;
const CHECK =
  'cd -- "$1" && if printf "%s  %s\\n" "$2" "$2.tflite" | sha256sum -c --status; then echo mdt-content same; ' +
  'else rm -f -- "$2.tflite"; echo mdt-content other; fi';
const MAX_NAME_BYTES = 255;

type LocalModel = Omit<PushedModel, 'path' | 'sent'>;

/**
 * Puts models on the board. What is there already costs one round trip and sends nothing. Every model is read and
 * checked before the first is sent; its content is confirmed by the board before a name leads to it.
 * @throws ModelFormatError, FileError, UsageError, RuntimeTooOldError, and what `push` throws
 */
export async function pushModels(
  session: SshSession,
  request: PushModelsRequest,
  operation: LongOperation = {},
): Promise<PushModelsResult> {
  const locals = await readLocals(request);
  const folder = await surveyModels(session, { make: true, signal: operation.signal });
  if (request.force !== true) checkRuntime(locals, folder.runtimeVersion);
  const present = new Set(folder.models.map(({ sha256 }) => sha256));
  const models: PushedModel[] = [];
  for (const local of locals) {
    const path = `${folder.path}/${local.sha256}.tflite`;
    const isThere = present.has(local.sha256) && (await holds(session, local, { folder, operation }));
    if (!isThere) await send(session, local, { folder, operation });
    present.add(local.sha256);
    models.push({ ...local, path, sent: !isThere });
  }
  const links = changedLinks(folder, locals);
  if (links.length > 0) await runModelScript(session, LINK, [folder.path, ...links], operation.signal);
  await checkNames(session, locals, operation.signal);
  return { models, runtimeVersion: folder.runtimeVersion };
}

async function readLocals({ files, name }: PushModelsRequest): Promise<LocalModel[]> {
  if (name !== undefined && files.length !== 1) {
    throw new UsageError('One name fits one model.', { hint: 'Push them one by one, or without --name.' });
  }
  const locals: LocalModel[] = [];
  for (const file of new Set(files)) {
    const model = await readModelFile(file);
    locals.push({ file, name: name ?? basename(file), sha256: await hashOf(file), sizeBytes: model.sizeBytes, model });
  }
  for (const local of locals) {
    checkName(local.name);
    const twin = locals.find(({ name: other, sha256 }) => other === local.name && sha256 !== local.sha256);
    if (twin !== undefined) {
      throw new UsageError(`Two different models are called ${safeText(local.name)}.`, {
        hint: 'Push them one by one with --name.',
      });
    }
  }
  return locals;
}

function checkName(name: string): void {
  const isUsable = !['', '.', '..'].includes(name) && !/[/\0]/.test(name) && Buffer.byteLength(name) <= MAX_NAME_BYTES;
  if (isUsable) return;
  throw new UsageError(`${safeText(name) || 'An empty text'} cannot be the name of a model.`, {
    hint: 'Give a name without a slash, of 255 bytes at most.',
  });
}

/** SHA-256 of a file of this host, in hexadecimal digits. */
export async function hashOf(file: string): Promise<string> {
  const hash = createHash('sha256');
  await pipeline(createReadStream(file), hash);
  return hash.digest('hex');
}

function checkRuntime(locals: readonly LocalModel[], available: number | undefined): void {
  for (const { file, model } of locals) {
    const needed = model.edgeTpu?.minRuntimeVersion;
    if (needed !== undefined && available !== undefined && needed > available) {
      throw new RuntimeTooOldError(file, needed, available);
    }
  }
}

interface Sending {
  readonly folder: ModelFolder;
  readonly operation: LongOperation;
}

/** Sends the content and has the board hash what it wrote. */
async function send(session: SshSession, local: LocalModel, sending: Sending): Promise<void> {
  const { folder, operation } = sending;
  const destination = `${folder.path}/${local.sha256}.tflite`;
  await push(session, { sources: [local.file], destination, options: { keepAttributes: false } }, operation);
  if (await holds(session, local, sending)) return;
  throw new MdtError('io', 'FILE', `What the board has of ${safeText(local.file)} is not what was sent.`, {
    hint: 'If the file was changed meanwhile, push it again; if not, look at the disk of the board with `mdt exec dmesg`.',
  });
}

/** Whether the board has this content, by its own hash; what lies there damaged is removed. */
async function holds(session: SshSession, { sha256 }: LocalModel, { folder, operation }: Sending): Promise<boolean> {
  const { stdout } = await runModelScript(session, CHECK, [folder.path, sha256], operation.signal);
  return /^mdt-content same$/m.test(stdout.toString('latin1'));
}

/** @throws MdtError unless each name leads to its content now */
async function checkNames(
  session: SshSession,
  locals: readonly LocalModel[],
  signal: AbortSignal | undefined,
): Promise<void> {
  const { models } = await surveyModels(session, { signal });
  const missing = locals.find(
    ({ name, sha256 }) => !models.some(model => model.sha256 === sha256 && model.names.includes(name)),
  );
  if (missing === undefined) return;
  throw new MdtError('io', 'FILE', `The board does not have ${safeText(missing.name)} under its name.`, {
    hint: 'Another host may have changed its models meanwhile; push it again.',
  });
}

/** Pairs of content and name to be made; without a name, content to be removed, since its last name has gone elsewhere. */
function changedLinks({ models }: ModelFolder, locals: readonly LocalModel[]): string[] {
  const before = new Map(models.flatMap(({ names, sha256 }) => names.map(name => [name, sha256] as const)));
  const moved = locals.filter(({ name, sha256 }) => before.get(name) !== sha256);
  const after = new Map([...before, ...locals.map(({ name, sha256 }) => [name, sha256] as const)]);
  const used = new Set(after.values());
  const orphans = models.filter(({ sha256, names }) => names.length > 0 && !used.has(sha256));
  return [...moved.flatMap(({ name, sha256 }) => [sha256, name]), ...orphans.flatMap(({ sha256 }) => [sha256, ''])];
}
