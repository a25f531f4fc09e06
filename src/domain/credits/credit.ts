// What credits are: lots of prepaid money, each with an end, and the transactions that made and used them.

import type { LedgerTransaction } from "../ledger/index.ts";

/** Why a transaction changed a balance. The first four, and `adjustment`, make lots. */
export const CreditTransactionType = Object.freeze({
  PROMOTIONAL: "promotional",
  REFERRAL: "referral",
  REFUND: "refund",
  PURCHASE: "purchase",
  USAGE: "usage",
  ADJUSTMENT: "adjustment",
  EXPIRED: "expired",
} as const);
export type CreditTransactionType = (typeof CreditTransactionType)[keyof typeof CreditTransactionType];

/** What credit can be issued as. */
export type CreditLotType = Extract<
  CreditTransactionType,
  "promotional" | "referral" | "refund" | "purchase"
>;
export const LOT_TYPES: readonly CreditLotType[] = ["promotional", "referral", "refund", "purchase"];

/** Credits are whole cents: they pay billed money, which usage becomes once, on an invoice line. */
export const CREDIT_CURRENCY = "USD";
export const BOOK = "credits";

/** The accounts of the ledger: what may be spent, where it came from and where it went. They sum to zero per tenant. */
export const ACCOUNT = Object.freeze({
  credits: "credits",
  issued: "credits_issued",
  used: "credits_used",
  expired: "credits_expired",
  voided: "credits_voided",
  adjusted: "credits_adjusted",
} as const);

export type CreditKind = "issue" | "deduct" | "adjust" | "void" | "reverse" | "expire";

/** The end of a lot that has none. */
export const NEVER = Number.MAX_SAFE_INTEGER;

/** Credit that was issued at once and ends at once. Its id is that of the transaction that made it. */
export interface Lot {
  readonly tenant: string;
  readonly id: string;
  readonly type: CreditTransactionType;
  readonly granted: bigint;
  readonly remaining: bigint;
  /** Epoch ms: from then on it cannot be spent. {@link NEVER}: always. */
  readonly expiresAt: number;
  readonly voidedAt: number | null;
  /** Order of issue. */
  readonly seq: number;
}

/** So much of a lot. */
export interface LotPart {
  readonly lot: string;
  readonly amount: bigint;
}

/** A transaction of the ledger's book of credits, with what all of them note. */
export interface CreditPosting extends LedgerTransaction {
  readonly kind: CreditKind;
  readonly details: {
    readonly type: CreditTransactionType;
    readonly description: string;
    readonly actor: string;
    /** Cents, as text: the balance after it. */
    readonly balance: string;
    /** Cents, as text: what was asked for. */
    readonly asked: string;
    /** Of a lot that it made. */
    readonly expiresAt: number | null;
  };
}

/** What a transaction changed in each lot, in its order. */
export function lotParts({ postings }: Pick<LedgerTransaction, "postings">): LotPart[] {
  return postings
    .filter(({ account }) => account === ACCOUNT.credits)
    .map(({ subject, amount }) => ({ lot: subject, amount }));
}
