import type { Duplex } from 'node:stream';

/**
 * Carries bytes both ways between two connections; resolves when both are closed, and never rejects. The end of one
 * direction is passed on while the other goes on (half-close); when one side is gone, the other gets what is still on
 * its way and is closed.
 */
export async function joinStreams(a: Duplex, b: Duplex): Promise<void> {
  if (a.destroyed || b.destroyed) {
    discard(a);
    discard(b);
    return;
  }
  const closed = Promise.all([closeOf(a, b), closeOf(b, a)]);
  a.pipe(b);
  b.pipe(a);
  await closed;
}

/** Ends a connection at once, whatever is still in it. */
export function discard(stream: Duplex): void {
  stream.destroy();
  // A channel of ssh2 is closed only when all that came has been read.
  stream.resume();
}

async function closeOf(stream: Duplex, other: Duplex): Promise<void> {
  return new Promise(resolve => {
    stream.on('error', () => {
      discard(other);
    });
    stream.once('close', () => {
      if (other.writableFinished || other.destroyed) {
        discard(other);
      } else {
        other.once('finish', () => {
          discard(other);
        });
        other.end();
      }
      resolve();
    });
  });
}
