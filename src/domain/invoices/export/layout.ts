// What is shown, in which order and under which label. The PDF and the HTML page draw this and nothing else, so they cannot
// disagree.

import { formatMinor, parseMinor } from "../../../kernel/index.ts";
import type { DocumentParty, DocumentPeriod, InvoiceDocument } from "../document.ts";
import { amountText, priceText, quantityText } from "./amount-text.ts";
import { checkDocument } from "./check-document.ts";
import { oneLine, PRINTED, severalLines } from "./clean-text.ts";

/** A document as it is drawn: texts only. */
export interface InvoiceLayout {
  readonly title: string;
  readonly number: string;
  /** What must be seen first: that it is a draft, void or paid. */
  readonly stamp: string | null;
  readonly facts: readonly Labelled[];
  readonly parties: readonly LaidOutParty[];
  readonly columns: readonly Column[];
  readonly rows: readonly Row[];
  readonly totals: readonly Total[];
  /** Empty where no rate is known. */
  readonly taxes: readonly LaidOutTax[];
  readonly paragraphs: readonly Paragraph[];
}

interface Labelled {
  readonly label: string;
  readonly text: string;
}

export interface LaidOutParty {
  readonly heading: string;
  readonly name: string;
  readonly lines: readonly string[];
}

export interface Column {
  readonly key: "description" | "quantity" | "unitPrice" | "taxRate" | "amount";
  readonly label: string;
}

export interface Row {
  /** By column; what a line does not have is "". */
  readonly cells: Readonly<Record<Column["key"], string>>;
  /** Small print under the description. */
  readonly detail: string;
}

interface Total {
  readonly label: string;
  readonly amount: string;
  readonly isStrong: boolean;
}

export interface LaidOutTax {
  readonly rate: string;
  readonly base: string;
  readonly amount: string;
  readonly note: string;
}

interface Paragraph {
  readonly heading: string;
  readonly lines: readonly string[];
}

/** Headings of the tax table, in the order of its columns. */
export const TAX_LABELS = Object.freeze({ rate: "Tax rate", base: "Taxable amount", amount: "Tax" });

const COLUMNS: readonly Column[] = [
  { key: "description", label: "Description" },
  { key: "quantity", label: "Quantity" },
  { key: "unitPrice", label: "Unit price" },
  { key: "taxRate", label: "Tax" },
  { key: "amount", label: "Amount" },
];
const STAMPS: Readonly<Record<InvoiceDocument["status"], string | null>> = {
  draft: "Draft",
  finalized: null,
  paid: "Paid",
  void: "Void",
  uncollectible: null,
};
const MONTHS = [
  ...["January", "February", "March", "April", "May", "June", "July", "August", "September", "October"],
  ...["November", "December"],
];

/**
 * Lays a document out. Names are cut at 200 characters, lines of an address at 120, descriptions and details at 500, notes and payment instructions at
 * 2,000 each, 20 notes and 8 lines of an address are kept: what is cut ends in "…". Columns that no line uses are left out.
 *
 * @throws BillingError invalid_input naming the field, where the document is not one or does not add up.
 */
export function layoutOf(document: InvoiceDocument): InvoiceLayout {
  checkDocument(document);
  const rows = document.lines.map((_, index) => rowOf(document, index));
  return {
    title: document.kind === "invoice" ? "Invoice" : "Credit note",
    number: oneLine(document.number, PRINTED.fact),
    stamp: STAMPS[document.status],
    facts: factsOf(document),
    parties: [partyOf("From", document.seller), partyOf("Bill to", document.buyer)],
    columns: COLUMNS.filter(
      ({ key }) => key === "description" || key === "amount" || rows.some(({ cells }) => cells[key] !== ""),
    ),
    rows,
    totals: totalsOf(document),
    taxes: taxesOf(document),
    paragraphs: paragraphsOf(document),
  };
}

function factsOf({ kind, number, issuedOn, dueOn, period, corrects }: InvoiceDocument): Labelled[] {
  const facts: [string, string | null][] = [
    [kind === "invoice" ? "Invoice number" : "Credit note number", number],
    ["Corrects invoice", corrects],
    ["Date of issue", issuedOn === null ? null : dayText(issuedOn)],
    ["Payment due", dueOn === null ? null : dayText(dueOn)],
    ["Billing period", period === null ? null : periodText(period)],
  ];
  return facts.flatMap(([label, text]) =>
    text === null ? [] : [{ label, text: oneLine(text, PRINTED.fact) }],
  );
}

function partyOf(heading: string, { name, address, taxId, email }: DocumentParty): LaidOutParty {
  const line = (text: string) => oneLine(text, PRINTED.addressLine);
  const lines = address.slice(0, PRINTED.addressLines).map(line);
  if (address.length > PRINTED.addressLines) lines.push("…");
  if (email !== null) lines.push(line(email));
  if (taxId !== null) lines.push(line(`Tax ID: ${taxId}`));
  return { heading, name: oneLine(name, PRINTED.name), lines: lines.filter((text) => text !== "") };
}

function rowOf({ lines, currency }: InvoiceDocument, index: number): Row {
  const line = lines[index];
  if (line === undefined) throw new RangeError(`no line ${index}`);
  const field = `lines[${index}]`;
  const quantity = line.quantity === null ? "" : quantityText(line.quantity, `${field}.quantity`);
  const unit = line.unit === null ? "" : oneLine(line.unit, PRINTED.fact);
  return {
    cells: {
      description: oneLine(line.description, PRINTED.line),
      quantity: `${quantity} ${unit}`.trim(),
      unitPrice: line.unitPrice === null ? "" : priceText(line.unitPrice, currency, `${field}.unitPrice`),
      taxRate: line.taxRate === null ? "" : `${quantityText(line.taxRate, `${field}.taxRate`)}%`,
      amount: amountText(line.amount, currency, `${field}.amount`),
    },
    detail: line.detail === null ? "" : oneLine(line.detail, PRINTED.line),
  };
}

function totalsOf(document: InvoiceDocument): Total[] {
  const { kind, currency, adjustments, taxes, credits, amountPaid } = document;
  const row = (label: string, amount: string, isStrong = false): Total => ({
    label: oneLine(label, PRINTED.addressLine),
    amount: amountText(amount, currency, label),
    isStrong,
  });
  const minor = (amount: string) => parseMinor(amount, currency, "amount");
  const tax = taxes.reduce((sum, { amount }) => sum + minor(amount), 0n);
  const paid = minor(amountPaid);
  const totals = [
    row("Subtotal", document.subtotal),
    ...adjustments.map(({ description, amount }) => row(description, amount)),
    ...(taxes.length === 0 ? [] : [row("Tax", formatMinor(tax, currency))]),
    row("Total", document.total, true),
    ...credits.map(({ description, amount }) => row(description, amount)),
    ...(paid === 0n ? [] : [row("Paid", formatMinor(-paid, currency))]),
  ];
  return kind === "invoice" ? [...totals, row("Amount due", document.amountDue, true)] : totals;
}

function taxesOf({ taxes, currency }: InvoiceDocument): LaidOutTax[] {
  if (taxes.every(({ rate, note }) => rate === "" && note === null)) return [];
  return taxes.map(({ rate, base, amount, note }, index) => ({
    rate: rate === "" ? "" : `${quantityText(rate, `taxes[${index}].rate`)}%`,
    base: amountText(base, currency, `taxes[${index}].base`),
    amount: amountText(amount, currency, `taxes[${index}].amount`),
    note: note === null ? "" : oneLine(note, PRINTED.line),
  }));
}

function paragraphsOf({ paymentInstructions, notes }: InvoiceDocument): Paragraph[] {
  const lines = (text: string) => severalLines(text, PRINTED.paragraph, PRINTED.paragraphLines);
  const said = notes.slice(0, PRINTED.notes).flatMap(lines);
  if (notes.length > PRINTED.notes) said.push("…");
  return [
    {
      heading: "Payment instructions",
      lines: paymentInstructions === null ? [] : lines(paymentInstructions),
    },
    { heading: "Notes", lines: said },
  ].filter((paragraph) => paragraph.lines.length > 0);
}

/** `1 – 31 January 2025` */
function periodText({ from, to }: DocumentPeriod): string {
  const isOneMonth = from.slice(0, 7) === to.slice(0, 7);
  return `${isOneMonth ? Number(from.slice(8)) : dayText(from)} – ${dayText(to)}`;
}

/** `31 January 2025`: read alike on both sides of an ocean. */
function dayText(date: string): string {
  const [year, month, day] = date.split("-");
  return `${Number(day)} ${MONTHS[Number(month) - 1]} ${year}`;
}
