import { randomBytes } from 'node:crypto';
import { mapBounded } from '../time/concurrency.js';
import { makeFolder, makeSymlink, place, remove, setAttributes } from './local-write.js';
import { joinPath, splitTarget } from './paths.js';
import { pullBatches } from './pull-batch.js';
import type { PullContext } from './pull-context.js';
import { pullFile } from './pull-file.js';
import type { PulledEntry, PullPlan } from './pull-plan.js';
import { LARGE_FILE_BYTES } from './transfer.js';

const LARGE_AT_ONCE = 2;
const OWNER_MAY_ALL = 0o700;

/** Does what the plan says. Folders get their modes and times last, since what is put into them changes both. */
export async function receive(context: PullContext, plan: PullPlan): Promise<void> {
  for (const folder of plan.newFolders) {
    await makeFolder(joinPath(context.base, folder.target), folder.mode | OWNER_MAY_ALL);
    context.tally.add(folder);
  }
  for (const link of plan.symlinks) await receiveSymlink(context, link);
  const isAlone = (file: PulledEntry): boolean => file.sizeBytes >= LARGE_FILE_BYTES;
  const small = [...plan.files.filter(file => !isAlone(file)), ...plan.statedEmpty];
  await pullBatches(context, small);
  await mapBounded(plan.files.filter(isAlone), LARGE_AT_ONCE, file => pullFile(context, file));
  for (const folder of foldersToFinish(plan)) {
    await setAttributes(joinPath(context.base, folder.target), context.attributesOf(folder));
  }
}

async function receiveSymlink(context: PullContext, link: PulledEntry): Promise<void> {
  const path = joinPath(context.base, link.target);
  const temporary = joinPath(splitTarget(path).folder || '/', `.mdt-${randomBytes(8).toString('hex')}.tmp`);
  await makeSymlink(link.linkTarget, temporary);
  try {
    await place(temporary, path);
  } catch (error) {
    await remove(temporary);
    throw error;
  }
  context.tally.add(link);
}

/** Deepest first. Folders that were there and into which nothing was put keep what they have. */
function foldersToFinish(plan: PullPlan): PulledEntry[] {
  const touched = new Set(
    [...plan.files, ...plan.symlinks, ...plan.newFolders].map(entry => splitTarget(entry.target).folder),
  );
  const fresh = plan.newFolders.filter(folder => folder.source !== '');
  return [...plan.oldFolders.filter(folder => touched.has(folder.target)), ...fresh].reverse();
}
