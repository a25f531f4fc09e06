// A document as a page of its own: no script, nothing loaded, every text escaped where it is put.

import { createHash } from "node:crypto";
import type { InvoiceDocument } from "../document.ts";
import { STYLE } from "./html-style.ts";
import { type Column, type InvoiceLayout, type LaidOutParty, layoutOf, TAX_LABELS } from "./layout.ts";
import { logoType } from "./logo.ts";

// By its hash: no other style could take effect, even if one got in.
const POLICY = `default-src 'none'; img-src data:; style-src 'sha256-${createHash("sha256").update(STYLE).digest("base64")}'; base-uri 'none'; form-action 'none'`;
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
<div><h1>${escaped(title)}</h1>${stamp === null ? "" : `<p class="stamp">${escaped(stamp)}</p>`}</div>
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
    // On a narrow screen each figure stands beside its label, below the description.
    const cell = ({ key, label }: Column) =>
      key === "description"
        ? `<td>${isolated(cells[key])}${small}</td>`
        : `<td class="n" data-label="${escaped(label)}">${isolated(cells[key])}</td>`;
    return `<tr>${columns.map(cell).join("")}</tr>`;
  });
  return `<table class="lines"><thead><tr>${head}</tr></thead>\n<tbody>${body.join("\n")}</tbody></table>`;
}

function totalsHtml({ totals }: InvoiceLayout): string {
  const rows = totals.map(
    ({ label, amount, isStrong }) =>
      `<tr${isStrong ? ' class="strong"' : ""}><th scope="row">${isolated(label)}</th><td class="n">${escaped(amount)}</td></tr>`,
  );
  return `<table class="totals"><tbody>${rows.join("\n")}</tbody></table>`;
}

function taxesHtml({ taxes }: InvoiceLayout): string {
  if (taxes.length === 0) return "";
  const rows = taxes.map(({ rate, base, amount, note }) => {
    const small = note === "" ? "" : `<small>${isolated(note)}</small>`;
    return `<tr><td>${escaped(rate)}${small}</td><td class="n">${escaped(base)}</td><td class="n">${escaped(amount)}</td></tr>`;
  });
  const { rate, base, amount } = TAX_LABELS;
  const head = `<th scope="col">${rate}</th><th scope="col" class="n">${base}</th><th scope="col" class="n">${amount}</th>`;
  return `<table class="taxes"><thead><tr>${head}</tr></thead><tbody>${rows.join("\n")}</tbody></table>`;
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
