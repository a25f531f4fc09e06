// Double entry: money only moves between accounts, so the amounts of one transaction sum to zero.

import { BillingError } from "../../kernel/index.ts";

/** Moves an amount into an account; a negative one out of it. */
export interface Posting {
  readonly account: string;
  /** What within the account, such as a lot or an invoice; '' for the account as such. */
  readonly subject: string;
  /** Minor units of the transaction's currency. Never 0. */
  readonly amount: bigint;
}

export interface LedgerTransaction {
  readonly tenant: string;
  /** Unique. */
  readonly id: string;
  /** Whose transaction it is: the domain that posts. */
  readonly book: string;
  /** What happened, in the domain's words. */
  readonly kind: string;
  /** When it happened, epoch ms; the order is that of posting. */
  readonly at: number;
  readonly currency: string;
  /** The caller's key, unique per tenant and book; null for none. */
  readonly reference: string | null;
  /** What was asked for under the reference. */
  readonly request: string;
  /** Id of what it is about: another transaction, a lot, a request; '' for nothing. */
  readonly relatesTo: string;
  /** JSON-safe facts. */
  readonly details: Readonly<Record<string, string | number | null>>;
  readonly postings: readonly Posting[];
}

/**
 * Passes a transaction on whose amounts sum to zero.
 *
 * @throws BillingError internal `unbalanced_transaction`: a program that posts one must not go on.
 */
export function balanced(transaction: LedgerTransaction): LedgerTransaction {
  const { id, postings } = transaction;
  const sum = postings.reduce((total, { amount }) => total + amount, 0n);
  if (sum === 0n && postings.every(({ amount }) => amount !== 0n)) return transaction;
  throw new BillingError(
    "internal",
    "unbalanced_transaction",
    `the postings of ${id} sum to ${sum}, or one is 0`,
  );
}

/** What a transaction moved into an account. */
export function movedInto(account: string, { postings }: Pick<LedgerTransaction, "postings">): bigint {
  return postings.reduce((sum, posting) => (posting.account === account ? sum + posting.amount : sum), 0n);
}
