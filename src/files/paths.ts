/** `a/b` of `a` and `b`, where either may be empty. */
export function joinPath(folder: string, name: string): string {
  if (folder === '') return name;
  if (name === '') return folder;
  return folder.endsWith('/') ? `${folder}${name}` : `${folder}/${name}`;
}

/** Folder and own name of a path relative to the base; the folder is empty for what is in the base itself. */
export function splitTarget(target: string): { folder: string; name: string } {
  const slash = target.lastIndexOf('/');
  return { folder: target.slice(0, Math.max(0, slash)), name: target.slice(slash + 1) };
}
