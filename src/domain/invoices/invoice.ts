// What an invoice is made of. Money is integer minor units of its currency; usage is pico-USD until its line is rounded.

import type { UsageSums } from "./usage.ts";

/** Invoices are made out in US dollars: usage is priced in them, and credits and discounts are. */
export const INVOICE_CURRENCY = "USD";

/** What is taxed alike. */
export type LineGroup = "subscription" | "usage" | "item";

/**
 * `draft` is computed again at every look; all others were issued. `finalized` waits for its payment and is overdue once its
 * due date has passed; `paid`, `void` and `uncollectible` are final.
 */
export const InvoiceStatus = Object.freeze({
  DRAFT: "draft",
  FINALIZED: "finalized",
  PAID: "paid",
  VOID: "void",
  UNCOLLECTIBLE: "uncollectible",
} as const);
export type InvoiceStatus = (typeof InvoiceStatus)[keyof typeof InvoiceStatus];

/** Where a line's figure comes from. */
export type LineSource =
  | { readonly kind: "subscription"; readonly line: string }
  | {
      readonly kind: "usage";
      /** `2025-01`: the month of the usage, an earlier one than the invoice's where it came late. */
      readonly month: string;
      /** '' where `others` says how many models it is about. */
      readonly provider: string;
      readonly model: string;
      /** Of a line of models without a price of their own, where there are too many for a line each: how many. */
      readonly others?: number;
      readonly type: string;
      /** Id of the price behind it; '' where nothing was priced. */
      readonly price: string;
      /** False: the plan includes it, and the line is 0. */
      readonly metered: boolean;
      /** Pico-USD, before the one rounding of the line, as text. */
      readonly chargePico: string;
      readonly sums: Readonly<Record<Exclude<keyof UsageSums, "charge">, number>>;
    }
  | { readonly kind: "item" };

/** A line before discounts and tax. */
export interface DraftLine {
  readonly group: LineGroup;
  readonly description: string;
  /** How the amount comes about; '' for nothing to say. */
  readonly detail: string;
  /** Decimal text. */
  readonly quantity: string | null;
  readonly unit: string | null;
  /** Decimal text in full precision, major units per `unit`. */
  readonly unitPrice: string | null;
  readonly amount: bigint;
  /** Of a credit of a subscription: the line of the charge that it gives a part of back, and when that was made. */
  readonly takesBack?: { readonly line: string; readonly at: number };
  /** Of a negative amount, what is not given back: cents that discounts and credit notes had taken off before. */
  readonly kept?: bigint;
  /** How it is taxed, where not as its group. */
  readonly tax?: TaxRule;
  readonly source: LineSource;
}

/** What is taken off before tax. */
export interface DraftDiscount {
  readonly description: string;
  /** Positive. */
  readonly amount: bigint;
  readonly source: { readonly kind: "volume" | "code"; readonly code: string | null };
}

/** How a group is taxed. */
export interface TaxRule {
  /** Decimal text: `"19"`, `"8.875"`. */
  readonly percent: string;
  /** Why it is not taxed, or who owes the tax; printed. */
  readonly note: string | null;
}

/** How a draft is computed: all that is said about it, and nothing that is looked up. */
export interface InvoiceTerms {
  readonly taxes: Readonly<Record<LineGroup, TaxRule>>;
  /** Canonical codes, in the order in which they are used. */
  readonly discountCodes: readonly string[];
  readonly volumeDiscount: boolean;
  readonly applyCredits: boolean;
  /** Tokens are billed also where the plan includes them. */
  readonly alwaysMetered: boolean;
  readonly dueInDays: number;
  readonly items: readonly {
    readonly description: string;
    readonly quantity: string | null;
    readonly amountCents: number;
  }[];
  readonly notes: readonly string[];
  readonly paymentInstructions: string | null;
}

/** A line as issued. Amounts are whole minor units. */
export interface IssuedLine {
  /** Unique within the invoice: `L1`. */
  readonly id: string;
  readonly group: LineGroup;
  readonly description: string;
  readonly detail: string;
  readonly quantity: string | null;
  readonly unit: string | null;
  readonly unitPrice: string | null;
  readonly amount: number;
  /** Its part of the discounts; negative where it takes back what was billed for less. */
  readonly discount: number;
  readonly taxPercent: string;
  /** Its part of the tax of its rate. */
  readonly tax: number;
  readonly source: LineSource;
}

/** Who an invoice is from, or to, as it was when it was issued. */
export interface Party {
  readonly name: string;
  readonly address: readonly string[];
  readonly country: string | null;
  readonly taxId: string | null;
  readonly email: string | null;
}

/** What an invoice says. Of a finalized one this is stored as text and never changes. */
export interface InvoiceContent {
  readonly currency: string;
  readonly lines: readonly IssuedLine[];
  readonly subtotal: number;
  readonly discounts: readonly {
    readonly description: string;
    /** Negative; positive for what is taken back and was not billed, or given back before. */
    readonly amount: number;
    readonly code: string | null;
  }[];
  readonly taxes: readonly {
    readonly percent: string;
    readonly note: string | null;
    readonly base: number;
    readonly amount: number;
  }[];
  readonly taxTotal: number;
  /** subtotal + discounts + taxTotal. */
  readonly total: number;
  /** Prepaid credit that paid a part of it, 0 or more. */
  readonly creditsApplied: number;
  /** What a negative total was put on the credit balance, 0 or more. */
  readonly creditsIssued: number;
  readonly seller: Party | null;
  readonly buyer: Party;
  readonly notes: readonly string[];
  readonly paymentInstructions: string | null;
}

/** An invoice as it stands. */
export interface StoredInvoice {
  readonly tenant: string;
  readonly id: string;
  /** Epoch ms, half-open; months of UTC. */
  readonly periodStart: number;
  readonly periodEnd: number;
  readonly terms: InvoiceTerms;
  readonly status: InvoiceStatus;
  readonly total: bigint;
  readonly credited: bigint;
  readonly paid: bigint;
  /** What credit notes took off it. */
  readonly noted: bigint;
  readonly usageUpto: bigint;
  readonly createdAt: number;
  readonly finalizedAt: number | null;
  readonly dueAt: number | null;
  readonly settledAt: number | null;
}

/** Under it an invoice deducts credit, uses codes and counts volume. No caller can take it: see `requireFreeReference`. */
export function referenceOf(invoice: string): string {
  return `invoice:${invoice}`;
}

/** What was invoiced, less credits, payments and credit notes; never below zero. Of a given-up invoice it is no longer due. */
export function amountLeft({ total, credited, paid, noted }: StoredInvoice): bigint {
  const left = total - credited - paid - noted;
  return left > 0n ? left : 0n;
}

/** What is still to be paid. */
export function amountDue(invoice: StoredInvoice): bigint {
  return invoice.status === "finalized" ? amountLeft(invoice) : 0n;
}
