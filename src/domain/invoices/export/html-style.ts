// The page's looks, on a screen and on paper. It may hold no text of a document.

export const STYLE = `
:root { color-scheme: only light; --ink: #16202c; --soft: #5b6776; --line: #d9dee5; --accent: #1f4f8f; }
* { box-sizing: border-box; }
body { margin: 0; background: #eef1f5; color: var(--ink); font: 14px/1.5 Inter, "Segoe UI", system-ui, sans-serif; }
main { max-width: 860px; margin: 32px auto; padding: 56px; background: #fff; border-top: 4px solid var(--accent); box-shadow: 0 1px 4px #0002; }
h1 { margin: 0; font-size: 30px; line-height: 1.2; letter-spacing: -0.01em; }
h2, dt { margin: 0; font-size: 11px; font-weight: 600; letter-spacing: 0.06em; text-transform: uppercase; color: var(--soft); }
p { margin: 0; overflow-wrap: anywhere; }
small { display: block; color: var(--soft); font-size: 12px; overflow-wrap: anywhere; }
header { display: flex; justify-content: space-between; align-items: flex-start; gap: 24px; }
header > div { display: flex; align-items: center; gap: 14px; }
header img { max-width: 200px; max-height: 64px; }
.stamp { padding: 2px 10px; border: 1.5px solid; border-radius: 4px; color: var(--soft); font-weight: 600; text-transform: uppercase; letter-spacing: 0.08em; }
.stamp.paid { color: #17693a; }
.stamp.void { color: #b3261e; }
.top { display: grid; grid-template-columns: 1fr 1fr 1fr; gap: 24px; margin: 28px 0 36px; }
.top > * { min-width: 0; }
dl { margin: 0; }
dd { margin: 0 0 8px; overflow-wrap: anywhere; }
.name { font-weight: 600; }
table { width: 100%; border-collapse: separate; border-spacing: 0; font-variant-numeric: tabular-nums; }
th { font-weight: 400; text-align: start; }
th, td { padding: 8px 0 8px 16px; vertical-align: top; overflow-wrap: anywhere; }
th:first-child, td:first-child { padding-inline-start: 0; }
thead th { border-bottom: 1.5px solid var(--ink); font-size: 11px; font-weight: 600; letter-spacing: 0.06em; text-transform: uppercase; color: var(--soft); overflow-wrap: normal; }
tbody th, tbody td { border-bottom: 1px solid var(--line); }
.n { text-align: end; }
td.n { min-width: 72px; }
.whole { white-space: nowrap; }
.totals { width: 340px; margin: 16px 0 0 auto; }
.totals tbody > tr > * { padding-block: 5px; border: 0; }
.totals tbody > .strong > * { font-weight: 600; border-top: 1px solid var(--ink); }
.totals tbody > .strong:last-child > * { padding-top: 8px; border-top-width: 1.5px; font-size: 18px; }
.taxes { width: 60%; margin-top: 32px; }
.text { margin-top: 28px; }
.text h2 { margin-bottom: 4px; }
.text p { max-width: 46em; min-height: 1lh; }
@media screen and (max-width: 924px) {
  body { background: #fff; }
  main { margin: 0 auto; padding: 40px; box-shadow: none; }
}
@media screen and (max-width: 760px) {
  main { padding: 28px 18px; }
  header, header > div { flex-wrap: wrap; }
  .top { grid-template-columns: 1fr; gap: 18px; margin: 22px 0 28px; }
  .rows thead { display: none; }
  .rows tbody, .rows tr, .rows tbody th, .rows td { display: block; }
  .rows tr { padding: 10px 0; border-bottom: 1px solid var(--line); }
  .rows tbody th, .rows td { padding: 0; border: 0; }
  .rows tbody th, .rows td.n:last-child { font-weight: 600; }
  .rows small { font-weight: 400; }
  .rows td.n { display: flex; justify-content: space-between; gap: 16px; }
  .rows tbody th { padding-bottom: 4px; }
  .rows td.n::before { content: attr(data-label); flex: none; font-weight: 400; color: var(--soft); }
  .totals, .taxes { width: 100%; }
  td.n { min-width: 0; }
}
@page {
  margin: 18mm;
  @bottom-right { content: "Page " counter(page) " of " counter(pages); font: 8pt Inter, "Segoe UI", system-ui, sans-serif; color: #5b6776; }
}
@media print {
  body { background: none; font-size: 10pt; line-height: 1.4; }
  main { max-width: none; margin: 0; padding: 0; border: 0; box-shadow: none; }
  .top { margin: 18px 0 24px; }
  dd { margin-bottom: 4px; }
  th, td { padding-block: 6px; }
  .taxes, .text { margin-top: 20px; }
  thead { display: table-header-group; }
  tr, .party, .totals, .taxes { break-inside: avoid; }
  h2 { break-after: avoid; }
}
`;
