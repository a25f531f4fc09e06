// What callers get: cents as whole numbers, times as Date.

import { movedInto } from "../ledger/index.ts";
import {
  ACCOUNT,
  type CreditPosting,
  type CreditTransactionType,
  type Lot,
  lotParts,
  NEVER,
} from "./credit.ts";

/** What of which lot. */
export interface CreditLotPart {
  readonly lotId: string;
  /** Of a transaction: what it changed in the lot, signed. Of a deduction: what it took. */
  readonly amountCents: number;
}

/** One change of a tenant's credits, on record for ever. */
export interface CreditTransaction {
  readonly id: string;
  readonly tenant: string;
  /** `usage` that is positive gives a deduction back; `adjustment` is also what voiding a lot removed. */
  readonly type: CreditTransactionType;
  /** What it changed in the balance, signed. */
  readonly amountCents: number;
  /** The balance after it. */
  readonly balanceCents: number;
  readonly description: string;
  readonly reference: string | null;
  readonly actor: string | null;
  /** When it happened: of an expiry, the end of the lot, whenever it was posted. */
  readonly at: Date;
  /** Of one that made a lot: the end of that lot; null: none. */
  readonly expiresAt: Date | null;
  /** The deduction, lot or top-up that it is about. */
  readonly relatesTo: string | null;
  /** The lots that it changed, in the order in which it did. */
  readonly lots: readonly CreditLotPart[];
}

/** A tenant's credits now: what has ended is not in the balance, whether its expiry is posted yet or not. */
export interface CreditAccount {
  readonly tenant: string;
  readonly currency: string;
  /** What may be spent. Never negative. */
  readonly balanceCents: number;
  readonly issuedCents: number;
  /** Deducted and not given back. */
  readonly usedCents: number;
  readonly expiredCents: number;
  readonly voidedCents: number;
  /** Added (or, negative, removed) by adjustments. issued + adjusted = balance + used + expired + voided. */
  readonly adjustedCents: number;
}

/** Credit of one origin that can still be spent. */
export interface CreditLot {
  /** Also the id of the transaction that made it. */
  readonly id: string;
  readonly tenant: string;
  readonly type: CreditTransactionType;
  readonly grantedCents: number;
  readonly remainingCents: number;
  /** From this instant on it cannot be spent; null: it never ends. */
  readonly expiresAt: Date | null;
}

/** What a deduction took, and what of it is still owed. */
export interface Deduction {
  readonly transactionId: string;
  readonly tenant: string;
  readonly amountDeductedCents: number;
  readonly remainingAmountCents: number;
  readonly balanceCents: number;
  /** What was taken from which lot, in that order. */
  readonly lots: readonly CreditLotPart[];
}

export function transactionView(posting: CreditPosting): CreditTransaction {
  const { id, tenant, reference, at, relatesTo, details } = posting;
  const { type, description, actor, balance, expiresAt } = details;
  return {
    ...{ id, tenant, type, description, reference, at: new Date(at) },
    amountCents: Number(movedInto(ACCOUNT.credits, posting)),
    balanceCents: Number(balance),
    actor: actor === "" ? null : actor,
    expiresAt: expiresAt === null ? null : endView(expiresAt),
    relatesTo: relatesTo === "" ? null : relatesTo,
    lots: lotParts(posting).map(({ lot, amount }) => ({ lotId: lot, amountCents: Number(amount) })),
  };
}

export function deductionView(posting: CreditPosting): Deduction {
  const taken = lotParts(posting).map(({ lot, amount }) => ({ lotId: lot, amountCents: Number(-amount) }));
  const amountDeductedCents = Number(-movedInto(ACCOUNT.credits, posting)) || 0;
  return {
    ...{ transactionId: posting.id, tenant: posting.tenant, amountDeductedCents },
    remainingAmountCents: Number(posting.details.asked) - amountDeductedCents,
    balanceCents: Number(posting.details.balance),
    lots: taken,
  };
}

/** @param due what of the balance has ended but is not posted yet. */
export function accountView(
  tenant: string,
  currency: string,
  balances: ReadonlyMap<string, bigint>,
  due: bigint,
): CreditAccount {
  const of = (account: string) => balances.get(account) ?? 0n;
  return {
    ...{ tenant, currency },
    balanceCents: Number(of(ACCOUNT.credits) - due),
    issuedCents: Number(-of(ACCOUNT.issued)),
    usedCents: Number(of(ACCOUNT.used)),
    expiredCents: Number(of(ACCOUNT.expired) + due),
    voidedCents: Number(of(ACCOUNT.voided)),
    adjustedCents: Number(-of(ACCOUNT.adjusted)),
  };
}

export function lotView({ id, tenant, type, granted, remaining, expiresAt }: Lot): CreditLot {
  const cents = { grantedCents: Number(granted), remainingCents: Number(remaining) };
  return { id, tenant, type, ...cents, expiresAt: endView(expiresAt) };
}

function endView(expiresAt: number): Date | null {
  return expiresAt === NEVER ? null : new Date(expiresAt);
}
