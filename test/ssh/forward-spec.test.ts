import test from 'ava';
import { UsageError } from '../../src/errors.js';
import { formatEndpoint, parseForward } from '../../src/ssh/forward-spec.js';

const examples: readonly (readonly [text: string, listen: string, target: string])[] = [
  ['8080', 'localhost:8080', 'localhost:8080'],
  ['localhost:8080', 'localhost:8080', 'localhost:8080'],
  ['8080:80', 'localhost:8080', 'localhost:80'],
  ['8080:localhost:80', 'localhost:8080', 'localhost:80'],
  ['0:10.0.0.7:80', 'localhost:0', '10.0.0.7:80'],
  ['127.0.0.2:8080:host.lan:80', '127.0.0.2:8080', 'host.lan:80'],
  ['*:8080:80', '*:8080', 'localhost:80'],
  ['[::1]:8080:[fe80::1%usb0]:80', '[::1]:8080', '[fe80::1%usb0]:80'],
  ['tcp:8080', 'localhost:8080', 'localhost:8080'],
  ['tcp:8080:tcp:80', 'localhost:8080', 'localhost:80'],
  ['8080:/run/app.sock', 'localhost:8080', '/run/app.sock'],
  ['/tmp/a.sock:8080', '/tmp/a.sock', 'localhost:8080'],
  ['/tmp/a.sock:/run/b.sock', '/tmp/a.sock', '/run/b.sock'],
  ['localfilesystem:/tmp/a.sock:tcp:8080', '/tmp/a.sock', 'localhost:8080'],
  ['tcp:8080:unix:/run/b.sock', 'localhost:8080', '/run/b.sock'],
];

for (const [text, listen, target] of examples) {
  test(`${text} listens on ${listen} and leads to ${target}`, t => {
    const spec = parseForward(text);
    t.is(formatEndpoint(spec.listen), listen);
    t.is(formatEndpoint(spec.target), target);
  });
}

for (const text of [
  '',
  ':',
  '0',
  '8080:',
  ':8080',
  '8080::80',
  '8080:0',
  '70000',
  '8080:80:90',
  'localhost',
  '8080:*:80',
  '8080:a b:80',
  '8080:[::1:80',
  '8080]:80',
  '::1:8080:80',
  'tcp:',
  '/tmp/a.sock',
  'host:/tmp/a.sock:80',
  '-1:80',
  '8080:80\n',
]) {
  test(`${JSON.stringify(text)} is refused`, t => {
    t.throws(() => parseForward(text), { instanceOf: UsageError });
  });
}
