// What no export may print: a document whose figures do not add up, or that is not one.

import { formatMinor, invalidInput, parseDecimal, parseMinor } from "../../../kernel/index.ts";
import type { InvoiceDocument } from "../document.ts";
import { logoType } from "./logo.ts";

const KINDS: readonly string[] = ["invoice", "credit_note"];
const STATUSES: readonly string[] = ["draft", "finalized", "paid", "void", "uncollectible"];
const DATE = /^[0-9]{4}-(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])$/;
const MAX_LINES = 10_000;

/**
 * Returns the document if it can be exported: amounts are money of its currency, the lines sum to the subtotal, and
 * subtotal, adjustments and taxes to the total.
 *
 * @throws BillingError invalid_input naming the field: `invalid_amount`, `unknown_currency`, `does_not_add_up`,
 *   `invalid_value`, `invalid_date`, `too_many`, `invalid_logo`.
 */
export function checkDocument(document: InvoiceDocument): InvoiceDocument {
  const { currency, lines, adjustments, taxes, credits } = document;
  if (!KINDS.includes(document.kind)) throw notOneOf("kind", KINDS);
  if (!STATUSES.includes(document.status)) throw notOneOf("status", STATUSES);
  if (lines.length > MAX_LINES)
    throw invalidInput("lines", "too_many", `lines are ${lines.length}; a document has up to ${MAX_LINES}`);
  checkDates(document);
  if (document.seller.logo !== null) logoType(document.seller.logo);

  const minor = (text: string, field: string) => parseMinor(text, currency, field);
  const sum = (rows: readonly { readonly amount: string }[], field: string) =>
    rows.reduce((total, { amount }, index) => total + minor(amount, `${field}[${index}].amount`), 0n);
  const subtotal = minor(document.subtotal, "subtotal");
  const ofLines = sum(lines, "lines");
  const mustBe = (field: string, what: string, right: bigint) =>
    invalidInput(field, "does_not_add_up", `${field} must be ${what}: ${formatMinor(right, currency)}`);
  if (ofLines !== subtotal) throw mustBe("subtotal", "the sum of the lines", ofLines);
  const total = subtotal + sum(adjustments, "adjustments") + sum(taxes, "taxes");
  if (minor(document.total, "total") !== total)
    throw mustBe("total", "the subtotal with adjustments and taxes", total);

  sum(credits, "credits");
  minor(document.amountPaid, "amountPaid");
  minor(document.amountDue, "amountDue");
  for (const [index, { base, rate }] of taxes.entries()) {
    minor(base, `taxes[${index}].base`);
    if (rate !== "") parseDecimal(rate, 30, `taxes[${index}].rate`);
  }
  return document;
}

function checkDates({ issuedOn, dueOn, period }: InvoiceDocument): void {
  const dates = { issuedOn, dueOn, "period.from": period?.from ?? null, "period.to": period?.to ?? null };
  for (const [field, date] of Object.entries(dates))
    if (date !== null && !DATE.test(date))
      throw invalidInput(field, "invalid_date", `${field} must be a date, like 2025-01-31`);
}

function notOneOf(field: string, values: readonly string[]): Error {
  return invalidInput(field, "invalid_value", `${field} must be one of ${values.join(", ")}`);
}
