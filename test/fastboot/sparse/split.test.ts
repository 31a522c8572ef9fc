import test from 'ava';
import fc from 'fast-check';
import { prepareImage, type PreparedImage } from '../../../src/fastboot/image/prepare.js';
import { bytesImage } from '../../fakes/fastboot/bytes-image.js';
import { blocksFrom, blocksIn, overlaid, sparseFile, type TestChunk, type TestFile } from './sparse-file.js';

const BLOCK_BYTES = 512;

const rawChunk = fc
  .tuple(fc.integer({ min: 1, max: 12 }), fc.integer({ min: 0, max: 255 }))
  .map(([blocks, seed]) => ({ kind: 'raw' as const, data: pseudoRandom(blocks * BLOCK_BYTES, seed) }));
const fillChunk = fc.record({
  kind: fc.constant('fill' as const),
  blocks: fc.integer({ min: 0, max: 50 }),
  word: fc.integer({ min: 0, max: 0xffff_ffff }),
});
const skipChunk = fc.record({ kind: fc.constant('skip' as const), blocks: fc.integer({ min: 0, max: 50 }) });
const chunks: fc.Arbitrary<TestChunk[]> = fc.array(
  fc.oneof(rawChunk, fillChunk, skipChunk, fc.constant({ kind: 'crc' as const })),
  { minLength: 1, maxLength: 12 },
);
const files: fc.Arbitrary<TestFile> = fc.record({
  blockBytes: fc.constant(BLOCK_BYTES),
  chunks,
  fileHeaderBytes: fc.constantFrom(28, 40),
  chunkHeaderBytes: fc.constantFrom(12, 16),
});
/** The smallest that holds one block, up to more than any file of these. */
const limits = fc.integer({ min: 56 + 24 + BLOCK_BYTES, max: 20_000 });
/** How the source comes, from byte by byte on. */
const pieceSizes = fc.array(fc.integer({ min: 1, max: 700 }), { minLength: 1, maxLength: 5 });
const packetSizes = fc.integer({ min: 1, max: 3000 });

function pseudoRandom(length: number, seed: number): Buffer {
  let state = seed + 1;
  return Buffer.from(
    Array.from({ length }, () => {
      state = (Math.imul(state, 1_103_515_245) + 12_345) >>> 0;
      return state >>> 24;
    }),
  );
}

async function filesOf(prepared: PreparedImage, packetBytes: number): Promise<Buffer[]> {
  const result: Buffer[] = [];
  for await (const payload of prepared.payloads()) {
    const packets: Buffer[] = [];
    for await (const packet of payload.packets(packetBytes)) packets.push(Buffer.from(packet));
    if (packets.slice(0, -1).some(packet => packet.length !== packetBytes)) throw new Error('A packet is too short.');
    const file = Buffer.concat(packets);
    if (file.length !== payload.sizeBytes) throw new Error('A payload has another size than it said.');
    result.push(file);
  }
  return result;
}

test('a sparse image split under any limit writes the same blocks, in whole files that keep to the limit', async t => {
  await t.notThrowsAsync(
    fc.assert(
      fc.asyncProperty(files, limits, pieceSizes, packetSizes, async (file, limitBytes, sizes, packetBytes) => {
        const source = sparseFile(file);
        const prepared = await prepareImage(bytesImage(source, sizes), { partition: 'rootfs', limitBytes });
        const sent = await filesOf(prepared, packetBytes);
        const wanted = blocksFrom(file);
        t.true(sent.every(piece => piece.length <= limitBytes));
        t.true(sent.length === 1 || source.length > limitBytes);
        t.is(prepared.payloadCount, sent.length);
        t.is(
          prepared.sentBytes,
          sent.reduce((sum, piece) => sum + piece.length, 0),
        );
        t.is(prepared.coveredBytes, wanted.length * BLOCK_BYTES);
        t.deepEqual(overlaid(sent.map(blocksIn)), wanted);
      }),
      { numRuns: 300 },
    ),
  );
});

test('no two pieces write the same block', async t => {
  await fc.assert(
    fc.asyncProperty(files, limits, async (file, limitBytes) => {
      const prepared = await prepareImage(bytesImage(sparseFile(file)), { partition: 'rootfs', limitBytes });
      const written = (await filesOf(prepared, 4096)).flatMap(piece =>
        blocksIn(piece).flatMap((content, index) => (content === undefined ? [] : [index])),
      );
      t.is(new Set(written).size, written.length);
    }),
  );
});

const rawImages = fc
  .array(fc.oneof(rawChunk, fillChunk), { minLength: 1, maxLength: 8 })
  .map(parts => Buffer.from(blocksFrom({ blockBytes: BLOCK_BYTES, chunks: parts }).join(''), 'hex'))
  .filter(bytes => bytes.length > 0)
  .chain(bytes => fc.integer({ min: 0, max: 511 }).map(cut => bytes.subarray(0, Math.max(1, bytes.length - cut))));

test('a raw image of any length over the limit becomes sparse files that write all of it, and zeros to the sector', async t => {
  await fc.assert(
    fc.asyncProperty(rawImages, limits, pieceSizes, packetSizes, async (bytes, limit, sizes, packetBytes) => {
      const padded = Buffer.concat([bytes, Buffer.alloc(-bytes.length & 511)]);
      const limitBytes = Math.max(limit, 56 + 24 + 4096);
      const prepared = await prepareImage(bytesImage(bytes, sizes), { partition: 'rootfs', limitBytes });
      const sent = await filesOf(prepared, packetBytes);
      t.is(prepared.coveredBytes, padded.length);
      if (prepared.form === 'raw') {
        t.true(padded.length <= limitBytes);
        t.deepEqual(sent, [padded]);
      } else {
        t.true(padded.length > limitBytes);
        t.true(sent.every(piece => piece.length <= limitBytes));
        t.is(overlaid(sent.map(blocksIn)).join(''), padded.toString('hex'));
      }
    }),
    { numRuns: 300 },
  );
});

test('blocks of one word are FILL, zeros too, and never DONT_CARE', async t => {
  const bytes = Buffer.concat([Buffer.alloc(40_960), Buffer.alloc(40_960, 'word'), pseudoRandom(4096, 1)]);
  const prepared = await prepareImage(bytesImage(bytes), { partition: 'home', limitBytes: 8192 });
  const [piece, ...others] = await filesOf(prepared, 1 << 20);
  t.deepEqual(others, []);
  t.is(piece?.length, 28 + 2 * 16 + 12 + 4096);
  t.is(blocksIn(piece ?? Buffer.alloc(0)).join(''), bytes.toString('hex'));
});

test('a chunk that does not fit is split if more than an eighth of the budget is left, else it begins the next piece', async t => {
  const limitBytes = 56 + 16 * BLOCK_BYTES;
  const lengths = async (...sizes: number[]): Promise<number[]> => {
    const file = {
      blockBytes: BLOCK_BYTES,
      chunks: sizes.map((blocks, seed) => ({ kind: 'raw' as const, data: pseudoRandom(blocks * BLOCK_BYTES, seed) })),
    };
    const prepared = await prepareImage(bytesImage(sparseFile(file)), { partition: 'rootfs', limitBytes });
    const sent = await filesOf(prepared, 4096);
    return sent.map(piece => blocksIn(piece).filter(content => content !== undefined).length);
  };
  t.deepEqual(await lengths(8, 12), [15, 5]);
  t.deepEqual(await lengths(14, 12), [14, 12]);
  t.deepEqual(await lengths(40), [15, 15, 10]);
});

test('an image without any data is still one file that says so', async t => {
  const file = { blockBytes: BLOCK_BYTES, chunks: [{ kind: 'skip' as const, blocks: 7 }] };
  const prepared = await prepareImage(bytesImage(sparseFile(file)), { partition: 'rootfs' });
  t.deepEqual((await filesOf(prepared, 64)).map(blocksIn), [Array.from({ length: 7 }, () => undefined)]);
});

test('bytes behind the last chunk are not sent', async t => {
  const file = sparseFile({ blockBytes: BLOCK_BYTES, chunks: [{ kind: 'fill', blocks: 3, word: 7 }] });
  const prepared = await prepareImage(bytesImage(Buffer.concat([file, Buffer.alloc(100, 'x')])), { partition: 'boot' });
  t.deepEqual(await filesOf(prepared, 64), [file]);
});

test('an image of very many chunks is planned piece by piece', async t => {
  const chunks = Array.from({ length: 300_000 }, (_, word) => ({ kind: 'fill' as const, blocks: 1, word }));
  const file = { blockBytes: BLOCK_BYTES, chunks };
  const prepared = await prepareImage(bytesImage(sparseFile(file)), { partition: 'rootfs' });
  const sent = await filesOf(prepared, 1 << 20);
  t.is(prepared.payloadCount, 2);
  t.is(
    prepared.sentBytes,
    sent.reduce((sum, piece) => sum + piece.length, 0),
  );
  const words = sent.flatMap(blocksIn).filter(content => content !== undefined);
  t.deepEqual(words.length, chunks.length);
  t.true(words.every((content, word) => Buffer.from(content, 'hex').readUInt32LE(0) === word));
});
