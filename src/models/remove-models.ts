import { safeText } from '../device/board-text.js';
import { MdtError } from '../errors.js';
import type { SshSession } from '../ssh/session.js';
import { runModelScript, surveyModels, type BoardModel } from './board-models.js';

/** No model on the board has this name. */
export class ModelNotFoundError extends MdtError {
  constructor(wanted: string) {
    super('not-found', 'MODEL_NOT_FOUND', `There is no model ${safeText(wanted)} on the board.`, {
      hint: 'See what is there with "mdt model list".',
      facts: { wanted },
    });
  }
}

/** A model name that was removed. */
export interface RemovedModel {
  readonly name: string | undefined;
  readonly sha256: string;
  /** Space that became free; 0 while another name leads to the same content. */
  readonly freedBytes: number;
}

const REMOVE = 'cd -- "$1" || exit; shift; exec rm -f -- "$@"';
const SHORTEST_HASH = 8;

/**
 * Takes models off the board by name, or by the first eight or more digits of their hash, which takes all names with it.
 * Nothing is removed unless all are found. @throws ModelNotFoundError, FileError, TransportError
 */
export async function removeModels(
  session: SshSession,
  wanted: readonly string[],
  signal?: AbortSignal,
): Promise<RemovedModel[]> {
  const { path, models } = await surveyModels(session, { signal });
  const gone = new Map<BoardModel, Set<string>>();
  for (const word of wanted) {
    const named = models.find(({ names }) => names.includes(word));
    const found = named ?? byHash(models, word);
    if (found === undefined) throw new ModelNotFoundError(word);
    const names = named === undefined ? found.names : [word];
    gone.set(found, new Set([...(gone.get(found) ?? []), ...names]));
  }
  const removed = [...gone].flatMap(([model, names]) => removedOf(model, [...names]));
  const paths = [...gone].flatMap(([{ sha256, names }, taken]) => [
    ...[...taken].map(name => `names/${name}`),
    ...(taken.size === names.length ? [`${sha256}.tflite`] : []),
  ]);
  if (paths.length > 0) await runModelScript(session, REMOVE, [path, ...paths], signal);
  return removed;
}

function byHash(models: readonly BoardModel[], word: string): BoardModel | undefined {
  if (word.length < SHORTEST_HASH) return undefined;
  const found = models.filter(({ sha256 }) => sha256.startsWith(word.toLowerCase()));
  return found.length === 1 ? found[0] : undefined;
}

function removedOf({ names, sha256, sizeBytes }: BoardModel, taken: readonly string[]): RemovedModel[] {
  const freedBytes = taken.length === names.length ? sizeBytes : 0;
  if (taken.length === 0) return [{ name: undefined, sha256, freedBytes }];
  return taken.map((name, index) => ({ name, sha256, freedBytes: index === 0 ? freedBytes : 0 }));
}
