import { Readable } from 'node:stream';
import test from 'ava';
import fc from 'fast-check';
import { extract, pack } from 'tar-stream';
import { ByteReader } from '../../src/files/byte-reader.js';
import { TarReader, type TarHeader } from '../../src/files/tar-reader.js';
import { encodeTarHeader, TAR_END, tarPadding, type TarEntry } from '../../src/files/tar.js';
import { paxRecord } from './pax-fixture.js';

const file: TarEntry = { kind: 'file', name: 'a', sizeBytes: 0, mode: 0o644, modifiedAtS: 1, linkTarget: '' };

function archive(entries: readonly (TarEntry & { content?: Buffer })[]): Buffer {
  return Buffer.concat([
    ...entries.flatMap(entry => {
      const content = entry.content ?? Buffer.alloc(0);
      const header = encodeTarHeader({ ...entry, sizeBytes: content.length });
      return [header, content, Buffer.alloc(tarPadding(content.length))];
    }),
    TAR_END,
  ]);
}

/** Splits at every `step` bytes, so that headers and contents arrive in pieces. */
function inPieces(bytes: Buffer, step: number): ByteReader {
  const pieces = Array.from({ length: Math.ceil(bytes.length / step) }, (_, index) =>
    bytes.subarray(index * step, (index + 1) * step),
  );
  return new ByteReader(Readable.from(pieces));
}

async function readAll(bytes: Buffer, step = 100_000): Promise<(TarHeader & { content: Buffer })[]> {
  const reader = new TarReader(inPieces(bytes, step));
  const entries = [];
  for (let entry = await reader.next(); entry; entry = await reader.next()) {
    const parts = [];
    for (let part = await reader.read(); part; part = await reader.read()) parts.push(part);
    entries.push({ ...entry, content: Buffer.concat(parts) });
  }
  return entries;
}

const name = fc
  .array(fc.string({ unit: 'binary', minLength: 1, maxLength: 80 }), { minLength: 1, maxLength: 6 })
  .map(parts => parts.map(part => part.replaceAll(/[/\0\ud800-\udfff]/gu, '_')).join('/'));

test('what is written is read back, whatever the name, the time and the cuts between chunks', async t => {
  const entry = fc.record({
    name,
    mode: fc.integer({ min: 0, max: 0o7777 }),
    modifiedAtS: fc.oneof(
      fc.integer({ min: 0, max: 2 ** 33 - 1 }),
      fc.integer({ min: 1, max: 2e15 }).map(us => us / 1e6),
    ),
    content: fc.uint8Array({ maxLength: 2000 }).map(bytes => Buffer.from(bytes)),
  });
  await fc.assert(
    fc.asyncProperty(fc.array(entry, { maxLength: 5 }), fc.integer({ min: 1, max: 1500 }), async (entries, step) => {
      const bytes = archive(entries.map(each => ({ ...file, ...each })));
      const read = await readAll(bytes, step);
      t.deepEqual(
        read.map(({ name, mode, modifiedAtS, content }) => ({ name, mode, modifiedAtS, content })),
        entries,
      );
    }),
    { numRuns: 50 },
  );
});

test('another implementation reads what is written', async t => {
  const long = `${'d'.repeat(90)}/${'e'.repeat(90)}`;
  const bytes = archive([
    { ...file, kind: 'directory', name: 'dir', mode: 0o755, modifiedAtS: 1_700_000_000 },
    { ...file, name: long, content: Buffer.from('hello'), modifiedAtS: 1_700_000_000.25 },
    { ...file, kind: 'symlink', name: 'link', linkTarget: long },
  ]);
  const seen: unknown[] = [];
  const unpack = extract();
  const done = new Promise<void>(resolve => {
    unpack.on('finish', () => {
      resolve();
    });
  });
  unpack.on('entry', (header, stream, next) => {
    seen.push([header.type, header.name, header.mode, header.size, header.linkname, header.mtime.getTime()]);
    stream.on('end', next).resume();
  });
  unpack.end(bytes);
  await done;
  t.deepEqual(seen, [
    ['directory', 'dir/', 0o755, 0, null, 1_700_000_000_000],
    ['file', long, 0o644, 5, null, 1_700_000_000_000],
    ['symlink', 'link', 0o644, 0, long, 1000],
  ]);
});

test('what another implementation writes is read, pax names included', async t => {
  const packing = pack();
  packing.entry({ name: `${'ü'.repeat(120)}/x`, mode: 0o600, mtime: new Date(5000) }, 'content');
  packing.entry({ name: 'device', type: 'character-device' });
  packing.finalize();
  const chunks: Buffer[] = [];
  for await (const chunk of packing) chunks.push(chunk as Buffer);
  const entries = await readAll(Buffer.concat(chunks));
  t.is(entries[0]?.name, `${'ü'.repeat(120)}/x`);
  t.is(entries[0]?.content.toString(), 'content');
  t.is(entries[1]?.type, '3');
  t.false(entries[1]?.isFile);
});

test('names that are not UTF-8 keep their bytes', async t => {
  const [entry] = await readAll(archive([{ ...file, name: 'a\udcffb' }]));
  t.is(entry?.name, 'a\udcffb');
  t.is(archive([{ ...file, name: 'a\udcffb' }])[1], 0xff);
});

test('sizes beyond 8 GiB are written', async t => {
  const header = encodeTarHeader({ ...file, sizeBytes: 10 * 2 ** 30 });
  const entry = await new TarReader(inPieces(header, 512)).next();
  t.is(entry?.sizeBytes, 10 * 2 ** 30);
});

test('a header with a wrong checksum, a cut archive and a name without end are refused', async t => {
  const good = archive([{ ...file, content: Buffer.from('x'.repeat(600)) }]);
  const damaged = Buffer.from(good);
  damaged[0] = 0x62;
  await t.throwsAsync(readAll(damaged), { code: 'PROTOCOL' });
  await t.throwsAsync(readAll(good.subarray(0, 700)), { code: 'PROTOCOL' });
  await t.throwsAsync(readAll(good.subarray(0, 100)), { code: 'PROTOCOL' });
  const endless = encodeTarHeader({ ...file, name: 'x'.repeat(100_000) });
  await t.throwsAsync(readAll(endless), { code: 'PROTOCOL' });
});

test('sizes and times of pax records that are no numbers a file can have are refused, and none of them hangs', async t => {
  const readWith = (record: string): ReturnType<typeof readAll> =>
    readAll(Buffer.concat([paxRecord(record), archive([{ ...file, content: Buffer.alloc(600, 'x') }])]));
  t.is((await readWith('size=0000600'))[0]?.sizeBytes, 600);
  t.is((await readWith('mtime=1000.25'))[0]?.modifiedAtS, 1000.25);
  for (const size of ['1.5', '-1', '1e3', '0x10', 'abc', '99999999999999999999', ' ', '']) {
    await t.throwsAsync(readWith(`size=${size}`), { code: 'PROTOCOL' }, size);
  }
  for (const time of ['Infinity', 'NaN', '1e999', ' ', '', '9'.repeat(400)]) {
    await t.throwsAsync(readWith(`mtime=${time}`), { code: 'PROTOCOL' }, time);
  }
});

test('damaged archives end in an error or in entries, never in anything else', async t => {
  const good = archive([{ ...file, content: Buffer.from('x'.repeat(600)), modifiedAtS: 1.5, name: 'n'.repeat(150) }]);
  await fc.assert(
    fc.asyncProperty(fc.nat(good.length - 1), fc.nat(255), async (at, value) => {
      const damaged = Buffer.from(good);
      damaged[at] = value;
      await readAll(damaged, 512).then(
        () => t.pass(),
        (error: unknown) => t.is((error as { code?: string }).code, 'PROTOCOL'),
      );
    }),
  );
});
