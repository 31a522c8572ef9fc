import test from 'ava';
import { reportHtml } from '../../src/bench/html.js';
import type { BenchReport } from '../../src/bench/report.js';
import { benchReport } from '../fixtures/bench-report.js';

test('the page fetches nothing and runs nothing', t => {
  const page = reportHtml(benchReport());
  t.regex(page, /default-src 'none'/);
  t.notRegex(page, /<script|<link|<img|https?:\/\/|url\(|@import| on\w+=/i);
});

test('the page has the percentiles, the charts, the comparison and the conditions', t => {
  const page = reportHtml(benchReport());
  t.is(page.match(/<svg /g)?.length, 3);
  for (const text of ['data-label="p50">2.50</td>', 'Google&#39;s Dev Board', 'Temperature over time', 'performance']) {
    t.true(page.includes(text), text);
  }
  t.notRegex(page, /NaN|Infinity|undefined|null/);
});

test('what a board or a file is called cannot become part of the page', t => {
  const report = benchReport();
  const evil = '<script>alert("x")</script>';
  const [model] = report.models;
  if (model === undefined) return t.fail();
  const board: BenchReport['board'] = { ...report.board, name: evil, model: evil };
  const page = reportHtml({ ...report, board, models: [{ ...model, name: evil }] });
  t.notRegex(page, /<script/);
  t.true(page.includes('&#60;script&#62;'));
});

test('what was simulated stands above all numbers', t => {
  const page = reportHtml({ ...benchReport(), simulated: true, simulation: 'simulated: a stand-in' });
  t.true(page.indexOf('simulated: a stand-in') < page.indexOf('<table'));
  t.true(page.indexOf('simulated: a stand-in') > 0);
});

test('one inference of no length, and a board that tells nothing, are still a page', t => {
  const report = benchReport();
  const [model] = report.models;
  if (model === undefined) return t.fail();
  const lone = { ...model, distribution: [{ ms: 0, count: 1 }], timeline: [{ atMs: 0, meanMs: 0, maxMs: 0 }] };
  const page = reportHtml({ ...report, models: [lone], conditions: { ...report.conditions, telemetry: [] } });
  t.notRegex(page, /NaN|Infinity/);
});
