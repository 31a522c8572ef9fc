import { boardFailure } from './board-failure.js';
import { runScript } from '../remote/run-script.js';
import type { PushContext } from './push-context.js';
import type { PlannedEntry, PushPlan } from './push-plan.js';
import { sameTime } from './remote-items.js';
import { encodeTarHeader, TAR_END } from './tar.js';

const SCRIPT = String.raw`
cd -- "$1" && exec tar -xpf - --no-same-owner --warning=no-timestamp
`;
const OWNER_MAY_ALL = 0o700;

/**
 * The folders whose mode or time is not yet that of their source, when all that goes into them is there: writing into a
 * folder changes its time, and one that its owner may not write to can get its mode only at the end.
 */
export function foldersToFinish(plan: PushPlan, touched: ReadonlySet<string>): PlannedEntry[] {
  const fresh = plan.newFolders.filter(
    // One that was made for the sources has no source of its own.
    ({ path, mode, target }) => path !== '' && ((mode & OWNER_MAY_ALL) !== OWNER_MAY_ALL || touched.has(target)),
  );
  return [...fresh, ...plan.oldFolders.filter(folder => touched.has(folder.target) || !looksLikeSource(folder))];
}

function looksLikeSource(folder: PlannedEntry): boolean {
  const { existing } = folder;
  return existing?.mode === folder.mode && sameTime(folder.modifiedAtS, existing.modifiedAtS);
}

/** Gives folders that are there their modes and times, all in one command. */
export async function finishFolders(context: PushContext, folders: readonly PlannedEntry[]): Promise<void> {
  if (folders.length === 0) return;
  const headers = folders.map(folder =>
    encodeTarHeader({ ...folder, name: folder.target, modifiedAtS: Math.floor(folder.modifiedAtS) }),
  );
  const { code, said } = await runScript(
    context.session,
    { script: SCRIPT, args: [context.base] },
    {
      input: Buffer.concat([...headers, TAR_END]),
      signal: context.signal,
      operation: 'setting the times of the folders',
    },
  );
  if (code !== 0) throw boardFailure(said, { path: context.base });
}
