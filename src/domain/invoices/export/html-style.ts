// The page's looks, on a screen and on paper. It may hold no text of a document.

export const STYLE = `
:root { color-scheme: light; --ink: #16202c; --soft: #5b6776; --line: #d9dee5; --accent: #1f4f8f; }
* { box-sizing: border-box; }
body { margin: 0; background: #eef1f5; color: var(--ink); font: 14px/1.5 Inter, "Segoe UI", system-ui, sans-serif; }
main { max-width: 860px; margin: 32px auto; padding: 56px; background: #fff; border-top: 4px solid var(--accent); box-shadow: 0 1px 4px #0002; }
h1 { margin: 0; font-size: 30px; line-height: 1.2; letter-spacing: -0.01em; }
h2 { margin: 0 0 4px; font-size: 11px; font-weight: 600; letter-spacing: 0.06em; text-transform: uppercase; color: var(--soft); }
p { margin: 0; overflow-wrap: anywhere; }
small { display: block; color: var(--soft); font-size: 12px; overflow-wrap: anywhere; }
header { display: flex; justify-content: space-between; align-items: flex-start; gap: 24px; }
header > div { display: flex; align-items: center; gap: 14px; }
header img { max-width: 200px; max-height: 64px; }
.stamp { padding: 2px 10px; border: 1.5px solid var(--accent); border-radius: 4px; color: var(--accent); font-weight: 600; text-transform: uppercase; letter-spacing: 0.08em; }
.top { display: grid; grid-template-columns: 1fr 1fr 1fr; gap: 24px; margin: 28px 0 36px; }
.top > * { min-width: 0; }
dl { margin: 0; }
dt { font-size: 11px; font-weight: 600; letter-spacing: 0.06em; text-transform: uppercase; color: var(--soft); }
dd { margin: 0 0 8px; overflow-wrap: anywhere; }
.name { font-weight: 600; }
table { width: 100%; border-collapse: collapse; font-variant-numeric: tabular-nums; }
th { font-weight: 600; text-align: start; }
th, td { padding: 8px 0 8px 16px; vertical-align: top; overflow-wrap: anywhere; }
th:first-child, td:first-child { padding-inline-start: 0; }
thead th { border-bottom: 1.5px solid var(--ink); font-size: 11px; letter-spacing: 0.06em; text-transform: uppercase; color: var(--soft); }
tbody td { border-bottom: 1px solid var(--line); }
.n { text-align: end; }
td.n { min-width: 90px; }
.totals { width: 340px; margin: 16px 0 0 auto; }
.totals th { font-weight: 400; }
.totals th, .totals td { padding-block: 5px; border: 0; }
.totals .strong > * { font-weight: 600; font-size: 16px; border-top: 1.5px solid var(--ink); }
.taxes { width: 60%; margin-top: 32px; }
.text { margin-top: 28px; }
@media screen and (max-width: 640px) {
  main { margin: 0; padding: 28px 18px; }
  header, header > div { flex-wrap: wrap; }
  .top { grid-template-columns: 1fr; gap: 18px; margin: 22px 0 28px; }
  .lines thead { display: none; }
  .lines tbody, .lines tr, .lines td { display: block; }
  .lines tr { padding: 10px 0; border-bottom: 1px solid var(--line); }
  .lines td { padding: 0; border: 0; }
  .lines td:first-child { font-weight: 600; }
  .lines small { font-weight: 400; }
  .lines td.n { display: flex; justify-content: space-between; gap: 16px; }
  .lines td.n::before { content: attr(data-label); color: var(--soft); }
  .totals, .taxes { width: 100%; }
  td.n { min-width: 0; }
}
@page { margin: 18mm; }
@media print {
  body { background: none; font-size: 10pt; }
  main { max-width: none; margin: 0; padding: 0; border: 0; box-shadow: none; }
  thead { display: table-header-group; }
  tr, .party, .totals { break-inside: avoid; }
}
`;
