import test from 'ava';
import { messagePrinter } from '../../../src/cli/output/board-messages.js';
import { Printer } from '../../../src/cli/output/printer.js';
import { FakeIo } from '../../fakes/cli-io.js';

test('INFO is a line, TEXT stands as it came, and a line that TEXT began ends before the next INFO', t => {
  const io = new FakeIo({ configDir: '/nowhere' });
  const print = messagePrinter(new Printer(io));
  print({ kind: 'info', text: 'erasing' });
  for (const text of ['10', '', ' 20 30\ndone\n', 'still ']) print({ kind: 'text', text });
  print({ kind: 'info', text: 'again' });
  print({ kind: 'info', text: '' });
  t.is(io.err, '(bootloader) erasing\n10 20 30\ndone\nstill \n(bootloader) again\n(bootloader) \n');
  t.is(io.out, '');
});
