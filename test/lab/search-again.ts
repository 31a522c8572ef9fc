/** A host this busy may keep one board of many from answering in time; five searches in a row it does not. */
const SEARCHES = 5;

/** Searches until all is found that is to be found, a few times at most; resolves with what the last search found. */
export async function searchAgain<T>(search: () => Promise<T>, isWhole: (found: T) => boolean): Promise<T> {
  for (let count = 1; ; count++) {
    const found = await search();
    if (count === SEARCHES || isWhole(found)) return found;
  }
}
