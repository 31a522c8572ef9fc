import { spawn } from 'node:child_process';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import test, { type ExecutionContext } from 'ava';
import { reportHtml } from '../../src/bench/html.js';
import type { BenchReport } from '../../src/bench/report.js';
import { benchReport } from '../fixtures/bench-report.js';
import { hasProgram } from '../lab/requirements.js';
import { tempDir } from '../fixtures/temp-dir.js';

/*
 * The page in a real browser. MDT_SCREENSHOTS=folder keeps the pictures, for somebody to look at them.
 */
const hasChromium = process.platform === 'linux' && hasProgram('chromium');
const inBrowser = (title: string, body: (t: ExecutionContext) => Promise<void>): void => {
  if (hasChromium) test.serial(title, body);
  else test.serial.skip(`${title} (needs chromium)`, body);
};

/** Everything a report can have. */
function fullReport(): BenchReport {
  const report = benchReport();
  const [model] = report.models;
  if (model === undefined) return report;
  const name = 'ssd_mobilenet_v2_face_quant_postprocess_edgetpu.tflite';
  const slower = { ...model, name, meanMs: 12.4, p50Ms: 12.3 };
  return {
    ...report,
    simulated: true,
    simulation: 'simulated: a stand-in played the Edge TPU, and these are no times of one',
    models: [
      model,
      {
        ...slower,
        comparison: {
          ...{ with: "Google's Dev Board", theirMs: 7.78, ourMs: 12.4, ratio: 1.59, verdict: 'slower' },
          reasons: ['the CPU governor was powersave; try --governor performance', 'the Edge TPU was hot'],
        },
      },
    ],
    scaling: [1, 2].map(tpus => ({ model: name, tpus, perSecond: 80 * tpus, speedUp: tpus })),
    training: [
      {
        ...{ name: 'last layer, 4 classes of 256 features', kind: 'softmax', classes: 4, size: 256, steps: 500 },
        ...{ delegate: 'cpu', ms: 812.3, loss: 1.37, reason: null, referenceMs: null },
      },
    ],
  };
}

/** Runs the browser on a page; its standard output. What it could reach of a network is nothing the page asks for. */
async function chromium(t: ExecutionContext, words: readonly string[]): Promise<string> {
  const profile = await tempDir(t);
  const quiet = ['--no-first-run', '--disable-background-networking', '--disable-component-update', '--disable-sync'];
  const all = ['--headless', '--no-sandbox', '--disable-gpu', '--disable-quic', ...quiet, `--user-data-dir=${profile}`];
  const child = spawn('chromium', [...all, ...words], { stdio: ['ignore', 'pipe', 'ignore'] });
  t.teardown(() => child.kill('SIGKILL'));
  const chunks: Buffer[] = [];
  for await (const chunk of child.stdout as AsyncIterable<Buffer>) chunks.push(chunk);
  return Buffer.concat(chunks).toString();
}

async function pageOf(t: ExecutionContext, report: BenchReport, extra = ''): Promise<string> {
  const file = join(await tempDir(t), 'report.html');
  await writeFile(file, reportHtml(report).replace('</main>', `${extra}</main>`));
  return `file://${file}`;
}

/** Width and height of a PNG. */
function sizeOf(png: Buffer): readonly [number, number] {
  return [png.readUInt32BE(16), png.readUInt32BE(20)];
}

/** The page with a script of the test that writes what it measured into the title; the report's own policy forbids it. */
async function measured(t: ExecutionContext, width: number): Promise<Record<string, number>> {
  const script =
    '<script>const d=document.documentElement;const s=[...document.querySelectorAll("svg")];' +
    'document.title=JSON.stringify({page:d.scrollWidth,window:innerWidth,charts:s.length,' +
    'narrowest:Math.min(...s.map(one=>one.getBoundingClientRect().width)),' +
    'shallowest:Math.min(...s.map(one=>one.getBoundingClientRect().height)),' +
    'facts:Math.min(...[...document.querySelectorAll(".facts td")].map(one=>one.getBoundingClientRect().width)),' +
    'tables:document.querySelectorAll("table").length})</script>';
  const file = join(await tempDir(t), 'measured.html');
  const page = reportHtml(fullReport()).replace(/<meta http-equiv[^>]*>/, '');
  // A window of a headless browser is never narrower than 500 pixels: a frame is.
  const inner = page.replace('</main>', `</main>${script}`).replaceAll('&', '&amp;').replaceAll('"', '&quot;');
  const take = '<script>onload=()=>{document.title=document.querySelector("iframe").contentDocument.title}</script>';
  const frame = `<iframe width="${String(width)}" height="900" style="border:0" srcdoc="${inner}"></iframe>`;
  await writeFile(file, `<!doctype html><meta charset="utf-8"><title>-</title>${frame}${take}`);
  const dom = await chromium(t, ['--virtual-time-budget=5000', '--dump-dom', `file://${file}`]);
  const title = /<title>(\{.*?\})<\/title>/.exec(dom)?.[1] ?? '{}';
  return JSON.parse(title) as Record<string, number>;
}

for (const [kind, width, flags] of [
  ['a desktop', 1280, []],
  ['the dark', 1280, ['--blink-settings=preferredColorScheme=0']],
  ['a narrow window', 500, []],
] as const) {
  inBrowser(`the page is drawn in ${kind}`, async t => {
    const picture = join(process.env['MDT_SCREENSHOTS'] ?? (await tempDir(t)), `${kind.replaceAll(' ', '-')}.png`);
    const size = `--window-size=${String(width)},2400`;
    await chromium(t, [`--screenshot=${picture}`, size, ...flags, await pageOf(t, fullReport())]);
    const png = await readFile(picture);
    t.deepEqual(sizeOf(png), [width, 2400]);
    // An empty page of this size compresses to a few thousand bytes.
    t.true(png.length > 30_000, String(png.length));
  });
}

for (const [kind, width] of [
  ['a phone', 360],
  ['a desktop', 1200],
] as const) {
  inBrowser(`on ${kind} the page is as wide as the window, with all charts and tables`, async t => {
    const found = await measured(t, width);
    t.is(found['window'], width);
    t.true((found['page'] ?? Infinity) <= width, JSON.stringify(found));
    t.like(found, { charts: 5, tables: 5 });
    t.true((found['narrowest'] ?? 0) > width * 0.5 && (found['shallowest'] ?? 0) > 80, JSON.stringify(found));
    // Text beside its label, not one word under the other.
    t.true((found['facts'] ?? 0) > 180, JSON.stringify(found));
  });
}

inBrowser('in print the page is a few sheets', async t => {
  const file = join(process.env['MDT_SCREENSHOTS'] ?? (await tempDir(t)), 'print.pdf');
  await chromium(t, [`--print-to-pdf=${file}`, '--no-pdf-header-footer', await pageOf(t, fullReport())]);
  const pdf = (await readFile(file)).toString('latin1');
  const pages = pdf.match(/\/Type\s*\/Page\b/g)?.length ?? 0;
  t.true(pages >= 1 && pages <= 4, String(pages));
});

inBrowser('the page of the report runs no script, even one that got into it', async t => {
  const page = await pageOf(t, fullReport(), '<script>document.title="ran"</script>');
  const dom = await chromium(t, ['--virtual-time-budget=5000', '--dump-dom', page]);
  t.regex(dom, /<title>mdt bench: /);
});
