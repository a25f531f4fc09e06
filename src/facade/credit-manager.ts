import type { Billing } from "../billing.ts";
import type {
  CreditAccount,
  CreditLot,
  CreditLotType,
  CreditService,
  CreditTransaction,
} from "../domain/credits/index.ts";
import type { Page } from "../kernel/index.ts";
import { checkFields, named } from "./checked-call.ts";
import { defaultBilling } from "./default-billing.ts";

/** What the manager needs of a `Billing`. */
export interface CreditingBilling {
  readonly credits: CreditService;
}

/** The manager has no settings: what it needs is the engine's. */
export type CreditManagerOptions = Readonly<Record<string, never>>;

interface CreditCall {
  /** Absent: the tenant of `withTenant`, else the instance's. */
  readonly orgId?: string | undefined;
  readonly description?: string | undefined;
  /** With one, a retry is answered with the first result and changes nothing. Unique per organization. */
  readonly referenceId?: string | undefined;
  /** Who did it. */
  readonly createdBy?: string | undefined;
}

interface CreditEnd {
  readonly expiresAt?: Date | undefined;
  /** Days of 24 hours. */
  readonly expiresInDays?: number | undefined;
}

export interface CreditIssue extends CreditCall, CreditEnd {
  /** Whole cents, from 1. */
  readonly amountCents: number;
  readonly creditType: CreditLotType;
}

export interface CreditDeduction extends CreditCall {
  /** Whole cents, from 1. */
  readonly amountCents: number;
  /** Default true: takes what is there. */
  readonly allowPartial?: boolean | undefined;
}

export interface CreditAdjustment extends CreditCall, CreditEnd {
  /** Whole cents of either sign. */
  readonly amountCents: number;
}

/** What a deduction took of what was owed. */
export interface DeductionResult {
  readonly transactionId: string;
  readonly amountDeductedCents: number;
  /** Still owed. */
  readonly remainingAmountCents: number;
  readonly balanceCents: number;
  /** What was taken from which lot, in that order. */
  readonly lots: readonly { readonly lotId: string; readonly amountCents: number }[];
}

const CALL = ["orgId", "description", "referenceId", "createdBy"] as const;
const END = ["expiresAt", "expiresInDays"] as const;
const NAMES = { tenant: "orgId", type: "creditType", reference: "referenceId", actor: "createdBy" };

/**
 * Prepaid credit of organizations: a preset of the engine in which an organization is a tenant. Amounts are whole cents.
 * Every method throws BillingError invalid_input naming a field that is wrong or unknown.
 *
 * @example
 * const manager = getCreditManager();
 * await manager.issueCredit({
 *   orgId: "org_123", amountCents: 5000, creditType: CreditTransactionType.PROMOTIONAL,
 *   description: "Welcome bonus", expiresInDays: 90,
 * });
 * const result = await manager.deductCredits({ orgId: "org_123", amountCents: 2500, description: "Monthly subscription" });
 * console.log(`Still owed: $${result.remainingAmountCents / 100}`);
 */
export class CreditManager {
  readonly #credits: CreditService;

  constructor(_options: CreditManagerOptions = {}, billing: CreditingBilling = defaultBilling()) {
    this.#credits = billing.credits;
  }

  /**
   * Adds credit. The id of the transaction names this credit from then on.
   *
   * @throws BillingError conflict `reference_conflict`.
   */
  async issueCredit(issue: CreditIssue): Promise<CreditTransaction> {
    checkFields(issue, [...CALL, ...END, "amountCents", "creditType"], "issue");
    const { amountCents, creditType: type, expiresAt, expiresInDays } = issue;
    return named(NAMES, () =>
      this.#credits.issue({ ...noteOf(issue), amountCents, type, expiresAt, expiresInDays }),
    );
  }

  /** What may be spent now, and what became of the rest. */
  async getBalance(orgId?: string): Promise<CreditAccount> {
    return named(NAMES, () => this.#credits.balance(orgId));
  }

  /**
   * Takes credit: what ends soonest first. Never more than is there; the rest is `remainingAmountCents`.
   *
   * @throws BillingError limit_exceeded `insufficient_credits` where `allowPartial` is false; conflict
   * `reference_conflict` for another amount under the reference.
   */
  async deductCredits(deduction: CreditDeduction): Promise<DeductionResult> {
    checkFields(deduction, [...CALL, "amountCents", "allowPartial"], "deduction");
    const { amountCents, allowPartial } = deduction;
    const { tenant: _, ...result } = await named(NAMES, () =>
      this.#credits.deduct({ ...noteOf(deduction), amountCents, allowPartial }),
    );
    return result;
  }

  /** A page of transactions, the last posted first: 100, or `limit` up to 500. */
  async getTransactions(
    query: { readonly orgId?: string | undefined; readonly limit?: number; readonly cursor?: string } = {},
  ): Promise<Page<CreditTransaction>> {
    checkFields(query, ["orgId", "limit", "cursor"], "query");
    const { orgId: tenant, limit, cursor } = query;
    return named(NAMES, () => this.#credits.transactions({ tenant, limit, cursor }));
  }

  /**
   * Corrects a balance by hand, up or down.
   *
   * @throws BillingError limit_exceeded `insufficient_credits` where the balance is smaller; nothing is taken then.
   */
  async adjustBalance(adjustment: CreditAdjustment): Promise<CreditTransaction> {
    checkFields(adjustment, [...CALL, ...END, "amountCents"], "adjustment");
    const { amountCents, expiresAt, expiresInDays } = adjustment;
    return named(NAMES, () =>
      this.#credits.adjust({ ...noteOf(adjustment), amountCents, expiresAt, expiresInDays }),
    );
  }

  /**
   * Takes back what is left of credit that was issued; what was used stays used. Idempotent.
   *
   * @throws BillingError not_found `lot_not_found`.
   */
  async voidCredit(credit: CreditCall & { readonly transactionId: string }): Promise<CreditTransaction> {
    checkFields(credit, [...CALL, "transactionId"], "credit");
    const { transactionId: lotId } = credit;
    return named({ ...NAMES, lotId: "transactionId" }, () =>
      this.#credits.void({ ...noteOf(credit), lotId }),
    );
  }

  /**
   * Gives a deduction back, or a part of it, to the credit it came from. What has expired meanwhile stays expired.
   *
   * @throws BillingError not_found `transaction_not_found`; failed_precondition `not_a_deduction`, `reversal_too_large`.
   */
  async reverseDeduction(
    reversal: CreditCall & { readonly transactionId: string; readonly amountCents?: number | undefined },
  ): Promise<CreditTransaction> {
    checkFields(reversal, [...CALL, "transactionId", "amountCents"], "reversal");
    const { transactionId, amountCents } = reversal;
    return named(NAMES, () => this.#credits.reverse({ ...noteOf(reversal), transactionId, amountCents }));
  }

  /** Credit that ends within so many days (default 30), the soonest first. */
  async getExpiringCredits(
    query: { readonly orgId?: string | undefined; readonly withinDays?: number | undefined } = {},
  ): Promise<CreditLot[]> {
    checkFields(query, ["orgId", "withinDays"], "query");
    const { orgId: tenant, withinDays } = query;
    return named(NAMES, () => this.#credits.expiringSoon({ tenant, withinDays }));
  }
}

const managers = new WeakMap<Billing, CreditManager>();

/** The manager of `defaultBilling()`: the same one at every call while that stays the default. */
export function getCreditManager(): CreditManager {
  const billing = defaultBilling();
  const present = managers.get(billing) ?? new CreditManager({}, billing);
  managers.set(billing, present);
  return present;
}

function noteOf({ orgId, description, referenceId, createdBy }: CreditCall) {
  return { tenant: orgId, description, reference: referenceId, actor: createdBy };
}
