// Program for the lab: `find.js discover|watch JSON` prints what is found, and when, one JSON line each.
import { discover, type DiscoveryOptions } from '../../src/discovery/discover.js';
import { watch } from '../../src/discovery/watch.js';

const [, , mode, text = '{}'] = process.argv;
// Written by the test that starts this.
const options = JSON.parse(text) as Pick<DiscoveryOptions, 'timeoutMs' | 'wanted'>;

function tell(value: object): void {
  process.stdout.write(`${JSON.stringify({ ms: Math.round(performance.now()), ...value })}\n`);
}

const onWarning = (warning: string): void => {
  tell({ warning });
};

if (mode === 'watch') {
  const controller = new AbortController();
  process.stdin.on('end', () => {
    controller.abort();
  });
  process.stdin.resume();
  for await (const change of watch({ onWarning, signal: controller.signal })) tell(change);
} else {
  tell({ devices: await discover({ onWarning, ...options }) });
}
