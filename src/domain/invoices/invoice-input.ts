// What callers say about invoices, checked and made exact.

import {
  BillingError,
  type DecimalInput,
  formatDecimal,
  invalidInput,
  parseDecimal,
} from "../../kernel/index.ts";
import { canonicalCode } from "../discounts/index.ts";
import { TAX_DIGITS } from "./compose.ts";
import type { InvoiceTerms, LineGroup, TaxRule } from "./invoice.ts";

/** How the draft of an invoice is computed. What is left out is as said here. */
export interface InvoiceTermsInput {
  /** The tax on every line, as a fraction: `"0.1"` is 10 %. Default 0. */
  readonly taxRate?: DecimalInput | undefined;
  /** Rates of groups of lines that are taxed otherwise. */
  readonly taxRates?: Readonly<Partial<Record<LineGroup, DecimalInput>>> | undefined;
  /** No tax, and why: printed. */
  readonly taxExempt?: string | null | undefined;
  /** No tax: the buyer owes it. Default false. */
  readonly reverseCharge?: boolean | undefined;
  /** Codes to use when it is issued, in their order; at most 5. */
  readonly discountCodes?: readonly string[] | undefined;
  /** Whether the volume discount is taken off. Default true. */
  readonly volumeDiscount?: boolean | undefined;
  /** Whether prepaid credit pays what it can. Default true. */
  readonly applyCredits?: boolean | undefined;
  /** Bills tokens also where the plan includes them. Default false. */
  readonly alwaysMetered?: boolean | undefined;
  /** From its issue on. Default 30; at most 365. */
  readonly dueInDays?: number | undefined;
  /** Lines of your own; at most 200. */
  readonly items?: readonly InvoiceItemInput[] | undefined;
  /** Printed below the totals; at most 10. */
  readonly notes?: readonly string[] | undefined;
  readonly paymentInstructions?: string | null | undefined;
}

export interface InvoiceItemInput {
  readonly description: string;
  /** Decimal text, printed. */
  readonly quantity?: DecimalInput | undefined;
  /** Whole cents of the whole line; negative ones are taken off before tax. */
  readonly amountCents: number;
}

export const TERM_FIELDS = [
  ...["taxRate", "taxRates", "taxExempt", "reverseCharge", "discountCodes", "volumeDiscount", "applyCredits"],
  ...["alwaysMetered", "dueInDays", "items", "notes", "paymentInstructions"],
];

const GROUPS: readonly LineGroup[] = ["subscription", "usage", "item"];
const RATE_DIGITS = TAX_DIGITS + 2;
const MAX_ITEM_CENTS = 100_000_000_000;

/** @throws BillingError invalid_input naming the field. */
export function parseTerms(input: InvoiceTermsInput): InvoiceTerms {
  return {
    taxes: taxesOf(input),
    discountCodes: distinctCodes(input.discountCodes),
    volumeDiscount: flagOf(input.volumeDiscount, "volumeDiscount", true),
    applyCredits: flagOf(input.applyCredits, "applyCredits", true),
    alwaysMetered: flagOf(input.alwaysMetered, "alwaysMetered", false),
    dueInDays: wholeOf(input.dueInDays ?? 30, "dueInDays", 0, 365),
    items: listOf(input.items, 200, "items").map((item, index) => itemOf(item, `items[${index}]`)),
    notes: listOf(input.notes, 10, "notes").map((note, index) => textOf(note, `notes[${index}]`, 1_000)),
    paymentInstructions:
      input.paymentInstructions == null
        ? null
        : textOf(input.paymentInstructions, "paymentInstructions", 2_000, true),
  };
}

/** `"2025-01"` as its half-open span in UTC. */
export function monthOf(value: unknown, field = "period"): { start: number; end: number } {
  const match = typeof value === "string" ? /^(\d{4})-(0[1-9]|1[0-2])$/.exec(value) : null;
  const [year, month] = [Number(match?.[1]), Number(match?.[2])];
  if (match === null || year < 1970)
    throw invalidInput(field, "invalid_period", `${field} must be a month, like 2025-01`);
  return { start: Date.UTC(year, month - 1), end: Date.UTC(year, month) };
}

export function fieldsOf(input: unknown, known: readonly string[], what: string): void {
  if (typeof input !== "object" || input === null || Array.isArray(input))
    throw invalidInput(what, "invalid_type", `${what} must be an object`);
  const unknown = Object.keys(input).find((key) => !known.includes(key));
  if (unknown === undefined) return;
  const name = unknown.slice(0, 80);
  throw invalidInput(name, "unknown_field", `${JSON.stringify(name)} is not a field of ${what}`);
}

export function textOf(value: unknown, field: string, longest = 256, lines = false): string {
  const isText = typeof value === "string" && value.isWellFormed();
  const controls = isText && /\p{Cc}/u.test(lines ? value.replaceAll("\n", "") : value);
  if (!isText || controls || value.trim() === "" || value.length > longest)
    throw invalidInput(
      field,
      "invalid_text",
      `${field} must be ${lines ? "text" : "one line"} of 1 to ${longest} characters`,
    );
  return value;
}

export function wholeOf(value: unknown, field: string, least: number, most: number): number {
  if (typeof value === "number" && Number.isInteger(value) && value >= least && value <= most) return value;
  throw invalidInput(field, "out_of_range", `${field} must be a whole number from ${least} to ${most}`);
}

/** Whole cents, from 1. */
export function centsOf(value: unknown, field: string): bigint {
  return BigInt(wholeOf(value, field, 1, MAX_ITEM_CENTS));
}

/** The same for an unknown id and for another tenant's. */
export function invoiceNotFound(id: string): BillingError {
  const text = `no invoice ${JSON.stringify(id)}`;
  return new BillingError("not_found", "invoice_not_found", text, { details: { id } });
}

function taxesOf(input: InvoiceTermsInput): InvoiceTerms["taxes"] {
  const { taxRate, taxRates, taxExempt, reverseCharge } = input;
  const isReverse = flagOf(reverseCharge, "reverseCharge", false);
  const exempt = taxExempt == null ? null : textOf(taxExempt, "taxExempt");
  const isTaxed = taxRate !== undefined || taxRates !== undefined;
  if ((isReverse && exempt !== null) || ((isReverse || exempt !== null) && isTaxed))
    throw invalidInput("taxRate", "given_twice", "give tax rates, taxExempt or reverseCharge: one of them");
  if (isReverse) return forAll({ percent: "0", note: "Reverse charge: the recipient owes the tax" });
  if (exempt !== null) return forAll({ percent: "0", note: exempt });
  if (taxRates !== undefined) fieldsOf(taxRates, GROUPS, "taxRates");
  const general = percentOf(taxRate ?? 0, "taxRate");
  return Object.fromEntries(
    GROUPS.map((group) => {
      const own = taxRates?.[group];
      return [
        group,
        { percent: own === undefined ? general : percentOf(own, `taxRates.${group}`), note: null },
      ];
    }),
  ) as unknown as InvoiceTerms["taxes"];
}

function forAll(rule: TaxRule): InvoiceTerms["taxes"] {
  return { subscription: rule, usage: rule, item: rule };
}

/** A fraction as a percentage. */
function percentOf(value: DecimalInput, field: string): string {
  const rate = parseDecimal(value, RATE_DIGITS, field);
  if (rate < 0n || rate > 10n ** BigInt(RATE_DIGITS))
    throw invalidInput(field, "out_of_range", `${field} must be a fraction from 0 to 1: 0.19 is 19 %`);
  return formatDecimal(rate, TAX_DIGITS);
}

function itemOf(input: InvoiceItemInput, field: string): InvoiceTerms["items"][number] {
  fieldsOf(input, ["description", "quantity", "amountCents"], field);
  return {
    description: textOf(input.description, `${field}.description`, 500),
    quantity:
      input.quantity === undefined
        ? null
        : formatDecimal(parseDecimal(input.quantity, 6, `${field}.quantity`), 6),
    amountCents: wholeOf(input.amountCents, `${field}.amountCents`, -MAX_ITEM_CENTS, MAX_ITEM_CENTS),
  };
}

/** A code is used once on an invoice: named twice, it would be taken off twice and counted once. */
function distinctCodes(input: InvoiceTermsInput["discountCodes"]): string[] {
  const codes = listOf(input, 5, "discountCodes").map((code, index) =>
    codeOf(code, `discountCodes[${index}]`),
  );
  if (new Set(codes).size === codes.length) return codes;
  throw invalidInput("discountCodes", "given_twice", "discountCodes names a code twice: give each once");
}

function codeOf(value: unknown, field: string): string {
  const code = canonicalCode(textOf(value, field));
  if (code !== undefined) return code;
  throw invalidInput(field, "code_invalid", `${field} must be a code: letters, digits, - and _`);
}

function flagOf(value: unknown, field: string, absent: boolean): boolean {
  if (value === undefined) return absent;
  if (typeof value === "boolean") return value;
  throw invalidInput(field, "invalid_type", `${field} must be true or false`);
}

function listOf<Item>(value: readonly Item[] | undefined, longest: number, field: string): readonly Item[] {
  if (value === undefined) return [];
  if (Array.isArray(value) && value.length <= longest) return value;
  throw invalidInput(field, "invalid_type", `${field} must be a list of at most ${longest}`);
}
