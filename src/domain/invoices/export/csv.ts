// A document as one rectangular table: a record per fact, and texts that no spreadsheet runs.

import {
  type Cell,
  csvLine,
  formatDecimal,
  formatMinor,
  parseDecimal,
  parseMinor,
} from "../../../kernel/index.ts";
import type { DocumentParty, InvoiceDocument } from "../document.ts";
import { checkDocument } from "./check-document.ts";

const COLUMNS = [
  ...["record", "id", "description", "detail", "quantity", "unit", "unit_price", "tax_rate", "tax_base"],
  ...["amount", "currency"],
] as const;

type Column = (typeof COLUMNS)[number];
type CsvRow = { readonly record: string } & Readonly<Partial<Record<Column, Cell>>>;

/**
 * Returns a document as CSV (RFC 4180, with a heading). `record` says what a row is: `number`, `status`, `seller.name`,
 * `line`, `adjustment`, `tax`, `total`, `credit`, `amount_due` and so on. Amounts are plain numbers with all fraction digits
 * of the currency; texts are whole, and a text that a spreadsheet would run begins with `'`.
 *
 * @throws BillingError invalid_input naming the field, where the document is not one or does not add up.
 */
export function renderInvoiceCsv(document: InvoiceDocument): string {
  checkDocument(document);
  const rows = [...headRows(document), ...amountRows(document), ...noteRows(document)];
  const lines = rows.map((row) => csvLine(COLUMNS.map((column) => row[column] ?? null)));
  return csvLine([...COLUMNS]) + lines.join("");
}

function headRows(document: InvoiceDocument): CsvRow[] {
  const facts: [string, string | null | undefined][] = [
    ["kind", document.kind],
    ["number", document.number],
    ["status", document.status],
    ["issued_on", document.issuedOn],
    ["due_on", document.dueOn],
    ["period_from", document.period?.from],
    ["period_to", document.period?.to],
    ["corrects", document.corrects],
    ...partyFacts("seller", document.seller),
    ...partyFacts("buyer", document.buyer),
  ];
  return facts.flatMap(([record, description]) =>
    description === null || description === undefined ? [] : [{ record, description }],
  );
}

function partyFacts(who: string, { name, address, taxId, email }: DocumentParty): [string, string | null][] {
  return [
    [`${who}.name`, name],
    ...address.map((line): [string, string] => [`${who}.address`, line]),
    [`${who}.tax_id`, taxId],
    [`${who}.email`, email],
  ];
}

function amountRows(document: InvoiceDocument): CsvRow[] {
  const { currency, lines, adjustments, taxes, credits } = document;
  const money = (amount: string) => ({
    amount: { number: formatMinor(parseMinor(amount, currency, "amount"), currency) },
    currency,
  });
  return [
    ...lines.map(({ id, description, detail, quantity, unit, unitPrice, taxRate, amount }) => ({
      ...{ record: "line", id, description, detail, quantity: decimal(quantity), unit },
      ...{ unit_price: decimal(unitPrice), tax_rate: decimal(taxRate), ...money(amount) },
    })),
    { record: "subtotal", ...money(document.subtotal) },
    ...adjustments.map(({ description, amount }) => ({
      record: "adjustment",
      description,
      ...money(amount),
    })),
    ...taxes.map(({ rate, base, amount, note }) => ({
      ...{ record: "tax", description: note, tax_rate: decimal(rate === "" ? null : rate) },
      ...{ tax_base: money(base).amount, ...money(amount) },
    })),
    { record: "total", ...money(document.total) },
    ...credits.map(({ description, amount }) => ({ record: "credit", description, ...money(amount) })),
    { record: "amount_paid", ...money(document.amountPaid) },
    { record: "amount_due", ...money(document.amountDue) },
  ];
}

function noteRows({ paymentInstructions, notes }: InvoiceDocument): CsvRow[] {
  const instructions = paymentInstructions === null ? [] : [paymentInstructions];
  return [
    ...instructions.map((description) => ({ record: "payment_instructions", description })),
    ...notes.map((description) => ({ record: "note", description })),
  ];
}

function decimal(text: string | null): Cell {
  return text === null ? null : { number: formatDecimal(parseDecimal(text, 30, "number"), 30) };
}
