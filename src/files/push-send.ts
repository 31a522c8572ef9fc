import { pushBatches } from './push-batch.js';
import type { PushContext } from './push-context.js';
import { BoardMounts } from './push-mounts.js';
import { finishFolders, foldersToFinish } from './push-folders.js';
import { pushLargeFiles } from './push-large.js';
import type { PlannedEntry, PushPlan } from './push-plan.js';
import { joinPath } from './paths.js';
import { LARGE_FILE_BYTES } from './transfer.js';

/** Sends folders, symlinks and small files as tar streams, each large file as a stream of its own. */
export async function sendPlan(context: PushContext, plan: PushPlan, baseDevice: string): Promise<void> {
  const isAlone = (file: PlannedEntry): boolean => file.sizeBytes >= LARGE_FILE_BYTES;
  const together = new Set([...plan.newFolders, ...plan.symlinks, ...plan.files.filter(file => !isAlone(file))]);
  // In this order tar sets the time of a folder when all that goes into it is there, and not before.
  const ordered = plan.ordered.filter(entry => together.has(entry));
  const mounts = new BoardMounts(plan, baseDevice).split(ordered);
  for (const [mount, entries] of mounts) await pushTo(mount, context, entries);
  await pushLargeFiles(context, plan.files.filter(isAlone));
  if (context.keepTimes) await finishFolders(context, foldersToFinish(plan, context.touchedFolders));
}

/** Unpacks on the file system that the entries go to, from where they can be renamed into their places. */
async function pushTo(mount: string, context: PushContext, entries: readonly PlannedEntry[]): Promise<void> {
  const touchedFolders = new Set<string>();
  await pushBatches({ ...context, base: joinPath(context.base, mount), touchedFolders }, entries);
  for (const folder of touchedFolders) context.touchedFolders.add(joinPath(mount, folder));
}
