/** The style sheet of the HTML report: light and dark, phone and print, with colours that tell apart without red and green. */
export const STYLE = `
:root { --page: #fff; --ink: #1b1f24; --faint: #57606a; --rule: #d0d7de; --first: #0b5cad; --second: #b35900; --alarm: #fff4d6; }
@media (prefers-color-scheme: dark) {
  :root { --page: #0f1318; --ink: #e6edf3; --faint: #9aa5b1; --rule: #30363d; --first: #6cb6ff; --second: #f0a860; --alarm: #4a3a10; }
}
body { margin: 0; background: var(--page); color: var(--ink); font: 16px/1.5 system-ui, sans-serif; }
main { max-width: 62rem; margin: 0 auto; padding: 1rem; }
h1 { font-size: 1.6rem; } h2 { font-size: 1.15rem; margin: 1.8rem 0 .5rem; overflow-wrap: anywhere; }
.simulated { background: var(--alarm); border-left: 4px solid var(--second); padding: .6rem .8rem; }
table { border-collapse: collapse; font-variant-numeric: tabular-nums; }
th, td { padding: .3rem .6rem; border-bottom: 1px solid var(--rule); text-align: right; white-space: nowrap; vertical-align: top; }
.text, .facts th { text-align: left; }
.wide td.text { white-space: normal; overflow-wrap: anywhere; }
.facts td { text-align: left; white-space: normal; overflow-wrap: anywhere; }
.facts th { vertical-align: top; font-weight: 600; }
figure { margin: .5rem 0; } figcaption, .small { color: var(--faint); font-size: .9rem; }
svg { width: 100%; height: auto; display: block; }
svg text { fill: var(--faint); font-size: 11px; font-family: inherit; }
svg line { stroke: var(--rule); stroke-width: 1; }
svg polyline { fill: none; stroke-width: 1.8; stroke-linejoin: round; }
svg rect.first, svg text.first { fill: var(--first); } svg polyline.first { stroke: var(--first); }
svg text.second { fill: var(--second); } svg polyline.second { stroke: var(--second); stroke-dasharray: 5 3; }
@media screen and (max-width: 760px) {
  svg text { font-size: 18px; }
  .facts { width: 100%; } .facts th { white-space: normal; width: 38%; } .facts th, .facts td { padding: .3rem .6rem .3rem 0; }
  .wide, .wide tbody { display: block; } .wide thead { display: none; }
  .wide tr { display: grid; grid-template-columns: 1fr 1fr; gap: 0 1.2rem; padding: .6rem 0; border-bottom: 2px solid var(--rule); }
  .wide td { display: flex; justify-content: space-between; gap: .8rem; padding: .15rem 0; border: 0; }
  .wide td::before { content: attr(data-label); color: var(--faint); font-weight: 400; flex: none; }
  .wide td.text { grid-column: 1 / -1; text-align: left; } .wide td:empty { display: none; }
  .wide td.text:first-child { font-weight: 600; text-align: left; } .wide td.text:first-child::before { content: none; }
}
@media print {
  :root { --page: #fff; --ink: #000; --faint: #444; --rule: #bbb; --first: #0b5cad; --second: #b35900; --alarm: #fff; }
  figure, tr { break-inside: avoid; } svg { width: 80%; } h2 { break-after: avoid; } table { font-size: .72rem; }
  th, td { padding: .15rem .3rem; }
}
`;
