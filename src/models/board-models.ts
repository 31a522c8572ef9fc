import { ProtocolError } from '../errors.js';
import { boardFailure } from '../files/board-failure.js';
import { runScript, type ScriptResult } from '../remote/run-script.js';
import { decodeName } from '../remote/names.js';
import { splitFields } from '../files/remote-items.js';
import type { SshSession } from '../ssh/session.js';

/*
 * Models on a board, all below ~/.mdt/models:
 *   <sha256>.tflite                 the content of a model, once, whatever it is called
 *   names/<name> -> ../<sha256>.tflite   a name of it, as the user gave it
 * A name is a symlink, so that programs on the board can open models by name, and is replaced in one step.
 */

/** A model that lies on a board. */
export interface BoardModel {
  /** Names that lead to it, sorted; none after all of them were given to other models. */
  readonly names: readonly string[];
  readonly sha256: string;
  readonly sizeBytes: number;
  /** When its content was written, seconds since 1970 by the clock of the board. */
  readonly modifiedAtS: number;
}

/** What there is on a board to run models. */
export interface ModelFolder {
  /** Absolute path on the board, without a final slash. */
  readonly path: string;
  readonly models: readonly BoardModel[];
  /** Edge TPU runtime, the number that compiled models ask for; undefined if the board does not tell. */
  readonly runtimeVersion: number | undefined;
}

const MARK = 'mdt-models-1';
const OPERATION = 'looking after the models on the board';
const TIMEOUT_MS = 60_000;
const MAX_LISTING_BYTES = 16 * 1024 * 1024;
const FIELDS = 5;
/** Before libedgetpu 10 its versions were counted in another way than the runtimes that models ask for. */
const FIRST_COMMON_VERSION = 10;
const BLOB = /^([0-9a-f]{64})\.tflite$/;
const NAME_PREFIX = 'names/';

const PACKAGE_FORMAT = '${db:Status-Status} ${Package} ${Version}\\n';

const SURVEY = String.raw`
LC_ALL=C; export LC_ALL
folder=$HOME/.mdt/models
if [ "$1" = make ]; then mkdir -p -- "$folder/names" || exit 1; fi
printf '%s\000%s\000' ${MARK} "$folder"
dpkg-query -W -f '${PACKAGE_FORMAT}' 'libedgetpu*' 2>/dev/null
printf '\000'
if [ -d "$folder" ]; then
  cd -- "$folder" && exec find . -mindepth 1 -maxdepth 2 -printf '%P\000%y\000%s\000%T@\000%l\000'
fi
`;

/** Lists the models of a board in one round trip; `make` also makes the folder. @throws FileError, TransportError */
export async function surveyModels(
  session: SshSession,
  { make = false, signal }: { readonly make?: boolean; readonly signal?: AbortSignal | undefined } = {},
): Promise<ModelFolder> {
  const { stdout } = await runModelScript(session, SURVEY, [make ? 'make' : 'look'], signal);
  const [mark, path, packages, ...fields] = splitFields(stdout);
  if (mark?.toString() !== MARK || path === undefined || packages === undefined) {
    throw new ProtocolError('The board did not list its models.', {
      facts: { bytes: stdout.toString('utf8', 0, 200) },
    });
  }
  return { path: path.toString(), models: modelsOf(fields), runtimeVersion: runtimeOf(packages.toString()) };
}

/** Runs a script on the board whose failure is an error about the models. @throws FileError, TransportError */
export async function runModelScript(
  session: SshSession,
  script: string,
  args: readonly string[],
  signal?: AbortSignal,
): Promise<ScriptResult> {
  const options = { signal, timeoutMs: TIMEOUT_MS, maxOutputBytes: MAX_LISTING_BYTES, operation: OPERATION };
  const result = await runScript(session, { script, args }, options);
  if (result.code === 0) return result;
  throw boardFailure(result.said, { path: '~/.mdt/models' });
}

function modelsOf(fields: readonly Buffer[]): BoardModel[] {
  const names = new Map<string, string[]>();
  const contents: Omit<BoardModel, 'names'>[] = [];
  for (let at = 0; at + FIELDS <= fields.length; at += FIELDS) {
    const [path = '', type, sizeBytes, modifiedAtS, target = ''] = fields.slice(at, at + FIELDS).map(decodeName);
    const sha256 = BLOB.exec(path)?.[1];
    const named = target.startsWith('../') ? BLOB.exec(target.slice(3))?.[1] : undefined;
    if (type === 'f' && sha256 !== undefined) {
      contents.push({ sha256, sizeBytes: Number(sizeBytes), modifiedAtS: Number(modifiedAtS) });
    } else if (type === 'l' && named !== undefined && path.startsWith(NAME_PREFIX)) {
      names.set(named, [...(names.get(named) ?? []), path.slice(NAME_PREFIX.length)]);
    }
  }
  return contents
    .map(content => ({ names: (names.get(content.sha256) ?? []).sort(), ...content }))
    .sort((a, b) => ((a.names[0] ?? a.sha256) < (b.names[0] ?? b.sha256) ? -1 : 1));
}

/** Newest of lines `installed libedgetpu1-std 15.0`. */
function runtimeOf(packages: string): number | undefined {
  const versions = [...packages.matchAll(/^installed libedgetpu\S* (?:\d+:)?(\d{1,4})\b/gm)].map(match =>
    Number(match[1]),
  );
  const newest = Math.max(...versions);
  return newest >= FIRST_COMMON_VERSION ? newest : undefined;
}
