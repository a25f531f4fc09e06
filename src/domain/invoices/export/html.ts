// A document as a page of its own: no script, nothing loaded, every text escaped where it is put.

import { createHash } from "node:crypto";
import type { InvoiceDocument } from "../document.ts";
import { STYLE } from "./html-style.ts";
import { type Column, type InvoiceLayout, type LaidOutParty, layoutOf, TAX_LABELS } from "./layout.ts";
import { logoType } from "./logo.ts";

// By its hash: no other style could take effect, even if one got in.
const POLICY = `default-src 'none'; img-src data:; style-src 'sha256-${createHash("sha256").update(STYLE).digest("base64")}'; base-uri 'none'; form-action 'none'`;
/** Characters. A longer figure may break: these fit beside each other on the narrowest screen, or paper, with columns. */
const LONGEST_WHOLE = { quantity: 15, unitPrice: 17, taxRate: 8, amount: 18 };
const ESCAPES: Readonly<Record<string, string>> = {
  "&": "&amp;",
  "<": "&lt;",
  ">": "&gt;",
  '"': "&quot;",
  "'": "&#39;",
};

/**
 * Returns a document as one HTML file that prints well: no script, no remote load (the logo is in it), a policy that forbids
 * both. The same document gives the same text.
 *
 * @throws BillingError invalid_input naming the field, as `layoutOf`.
 */
export function renderInvoiceHtml(document: InvoiceDocument): string {
  const layout = layoutOf(document);
  const { title, number, stamp } = layout;
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="${escaped(POLICY)}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="referrer" content="no-referrer">
<title>${escaped(`${title} ${number}`)}</title>
<style>${STYLE}</style>
</head>
<body>
<main>
<header>
<div><h1>${escaped(title)}</h1>${stamp === null ? "" : `<p class="stamp ${document.status}">${escaped(stamp)}</p>`}</div>
${logoOf(document)}
</header>
<section class="top">
<dl>${layout.facts.map(({ label, text }) => `<dt>${escaped(label)}</dt><dd>${isolated(text)}</dd>`).join("")}</dl>
${layout.parties.map(partyHtml).join("\n")}
</section>
${linesHtml(layout)}
${totalsHtml(layout)}
${taxesHtml(layout)}
${layout.paragraphs.map(({ heading, lines }) => `<section class="text"><h2>${escaped(heading)}</h2>${lines.map((line) => `<p>${isolated(line)}</p>`).join("")}</section>`).join("\n")}
</main>
</body>
</html>
`;
}

function partyHtml({ heading, name, lines }: LaidOutParty): string {
  const rest = lines.map((line) => `<p>${isolated(line)}</p>`).join("");
  return `<section class="party"><h2>${escaped(heading)}</h2><p class="name">${isolated(name)}</p>${rest}</section>`;
}

function linesHtml({ columns, rows }: InvoiceLayout): string {
  const head = columns
    .map(({ key, label }) => `<th scope="col"${numeric(key)}>${escaped(label)}</th>`)
    .join("");
  const body = rows.map(({ cells, detail }) => {
    const small = detail === "" ? "" : `<small>${isolated(detail)}</small>`;
    const cell = ({ key, label }: Column) => {
      const text = cells[key];
      if (key === "description") return `<th scope="row">${isolated(text)}${small}</th>`;
      return figureCell(label, key === "quantity" ? quantity(text) : figure(text, key));
    };
    return `<tr>${columns.map(cell).join("")}</tr>`;
  });
  return `<table class="lines rows" aria-label="Lines"><thead><tr>${head}</tr></thead>\n<tbody>${body.join("\n")}</tbody></table>`;
}

function totalsHtml({ totals }: InvoiceLayout): string {
  const rows = totals.map(
    ({ label, amount, isStrong }) =>
      `<tr${isStrong ? ' class="strong"' : ""}><th scope="row">${isolated(label)}</th><td class="n">${figure(amount, "amount")}</td></tr>`,
  );
  return `<table class="totals" aria-label="Totals"><tbody>${rows.join("\n")}</tbody></table>`;
}

function taxesHtml({ taxes }: InvoiceLayout): string {
  if (taxes.length === 0) return "";
  const labels = TAX_LABELS;
  const rows = taxes.map(({ rate, base, amount, note }) => {
    const small = note === "" ? "" : `<small>${isolated(note)}</small>`;
    const figures =
      figureCell(labels.base, figure(base, "amount")) + figureCell(labels.amount, figure(amount, "amount"));
    return `<tr><th scope="row">${figure(rate, "taxRate")}${small}</th>${figures}</tr>`;
  });
  const head = `<th scope="col">${labels.rate}</th><th scope="col" class="n">${labels.base}</th><th scope="col" class="n">${labels.amount}</th>`;
  return `<table class="taxes rows" aria-label="Taxes"><thead><tr>${head}</tr></thead><tbody>${rows.join("\n")}</tbody></table>`;
}

/** On a narrow screen each figure stands beside its label, below what the row is about. */
function figureCell(label: string, html: string): string {
  return `<td class="n" data-label="${escaped(label)}">${html}</td>`;
}

/** The unit may go on a line of its own, and be as long as it likes. */
function quantity(text: string): string {
  const [number = "", ...unit] = text.split(" ");
  const whole = figure(number, "quantity");
  return unit.length === 0 ? whole : `<bdi>${whole} ${isolated(unit.join(" "))}</bdi>`;
}

/** On one line: a figure that breaks reads as another. */
function figure(text: string, key: keyof typeof LONGEST_WHOLE): string {
  return text.length > LONGEST_WHOLE[key] ? isolated(text) : `<bdi class="whole">${escaped(text)}</bdi>`;
}

function logoOf({ seller: { logo } }: InvoiceDocument): string {
  if (logo === null) return "";
  const base64 = Buffer.from(logo.buffer, logo.byteOffset, logo.byteLength).toString("base64");
  return `<img src="data:${logoType(logo)};base64,${base64}" alt="">`;
}

function numeric(key: Column["key"]): string {
  return key === "description" ? "" : ' class="n"';
}

/** A text of whatever direction, which turns nothing round beside it. */
function isolated(text: string): string {
  return `<bdi>${escaped(text)}</bdi>`;
}

/** Safe in an element and in a quoted attribute. */
function escaped(text: string): string {
  return text.replace(/[&<>"']/g, (character) => ESCAPES[character] ?? "");
}
