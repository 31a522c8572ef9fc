import { pushBatches } from './push-batch.js';
import type { PushContext } from './push-context.js';
import { finishFolders, foldersToFinish } from './push-folders.js';
import { pushLargeFiles } from './push-large.js';
import type { PlannedEntry, PushPlan } from './push-plan.js';
import { splitTarget } from './paths.js';
import { LARGE_FILE_BYTES } from './transfer.js';
import { isText } from './names.js';

/**
 * Sends by what a board with GNU userland does fastest: folders, symlinks and small files as tar streams, each large
 * file as a stream of its own.
 */
export async function sendByScripts(context: PushContext, plan: PushPlan, baseDevice: string): Promise<void> {
  const devices = new Map(plan.oldFolders.map(folder => [folder.target, folder.existing?.device ?? baseDevice]));
  // Only within one file system is a rename at once; what goes to another gets its part file there.
  const isElsewhere = ({ target }: PlannedEntry): boolean => {
    const device = devices.get(splitTarget(target).folder);
    return device !== undefined && device !== baseDevice;
  };
  const isAlone = (file: PlannedEntry): boolean =>
    (file.sizeBytes >= LARGE_FILE_BYTES || isElsewhere(file)) && isText(file.target);
  const together = new Set([...plan.newFolders, ...plan.symlinks, ...plan.files.filter(file => !isAlone(file))]);
  // In this order tar sets the time of a folder when all that goes into it is there, and not before.
  const ordered = plan.ordered.filter(entry => together.has(entry));
  await pushBatches(context, ordered);
  await pushLargeFiles(context, plan.files.filter(isAlone));
  if (context.keepTimes) await finishFolders(context, foldersToFinish(plan, context.touchedFolders));
}
