import { BillingError, type Clock, DAY_MS, decodeCursor, type Ids, type Page } from "../../kernel/index.ts";
import type { Reader, Store, Tx } from "../../store/index.ts";
import { pageLimit, pageOf } from "../audit/index.ts";
import { balancesOf, latestTransactions } from "../ledger/index.ts";
import { type CommitParticipant, tenantOf } from "../metering/index.ts";
import { BOOK, CREDIT_CURRENCY, type CreditLotType, type CreditPosting, NEVER } from "./credit.ts";
import {
  centsOf,
  changeOf,
  daysOf,
  endOf,
  fieldsOf,
  flagOf,
  lotTypeOf,
  noteOf,
  referenceOf,
  textOf,
} from "./credit-input.ts";
import { type CreditAnswer, type CreditJob, CreditJobs, submitCreditJob } from "./credit-jobs.ts";
import { dueRest, hasDueLotsAcrossTenants, spendableLots } from "./credit-store.ts";
import {
  accountView,
  type CreditAccount,
  type CreditLot,
  type CreditTransaction,
  type Deduction,
  deductionView,
  lotView,
  transactionView,
} from "./credit-view.ts";
import { creditDifferences } from "./verify.ts";

interface Whose {
  /** Absent: the tenant of `withTenant`, else the instance's. */
  readonly tenant?: string | undefined;
}

/** What every change of credits can say about itself; kept for ever. */
interface ChangeNote extends Whose {
  readonly description?: string | undefined;
  /** Who did it. */
  readonly actor?: string | undefined;
  /** The caller's key, unique per tenant: the same change again is answered with the first one and not made twice. */
  readonly reference?: string | undefined;
}

/** When a lot ends: at an instant, or so many days of 24 hours from now. Neither: never. */
interface LotEnd {
  readonly expiresAt?: Date | undefined;
  readonly expiresInDays?: number | undefined;
}

export interface IssueInput extends ChangeNote, LotEnd {
  /** Whole cents, from 1 to 100,000,000,000. */
  readonly amountCents: number;
  readonly type: CreditLotType;
}

export interface DeductInput extends ChangeNote {
  /** Whole cents, from 1. */
  readonly amountCents: number;
  /** Default true: takes what is there. False: all or nothing. */
  readonly allowPartial?: boolean | undefined;
}

export interface AdjustInput extends ChangeNote, LotEnd {
  /** Whole cents of either sign. */
  readonly amountCents: number;
}

export interface VoidInput extends ChangeNote {
  readonly lotId: string;
}

export interface ReverseInput extends ChangeNote {
  /** Of the deduction. */
  readonly transactionId: string;
  /** Absent: all that was not given back yet. */
  readonly amountCents?: number | undefined;
}

const NOTE = ["tenant", "description", "actor", "reference"] as const;
const END = ["expiresAt", "expiresInDays"] as const;
const TENANTS_AT_ONCE = 200;
const SOON_DAYS = 30;

/**
 * Prepaid credit of tenants: issued in lots, used in the order of their ends, and every cent of it traceable. Each change is
 * a transaction of its own, or part of the one that a domain gives as `tx`.
 */
export class CreditService {
  readonly #store: Store;
  readonly #clock: Clock;
  readonly #ids: Ids;
  readonly #tenant: string | undefined;
  readonly #jobs: CreditJobs;

  constructor(
    { store, clock, ids }: { store: Store; clock: Clock; ids: Ids },
    { tenant }: { readonly tenant: string | undefined },
  ) {
    this.#store = store;
    this.#clock = clock;
    this.#ids = ids;
    this.#tenant = tenant;
    this.#jobs = new CreditJobs({ clock, ids });
  }

  /**
   * Adds a lot of credit. Its id, that of the transaction, names the lot from then on.
   *
   * @throws BillingError invalid_input naming the field; conflict `reference_conflict`.
   * @example
   * await credits.issue({ tenant: "acme", amountCents: 5000, type: "promotional", expiresInDays: 90 });
   */
  async issue(input: IssueInput, tx?: Tx): Promise<CreditTransaction> {
    fieldsOf(input, [...NOTE, ...END, "amountCents", "type"], "credit");
    const amount = centsOf(input.amountCents, "amountCents");
    const type = lotTypeOf(input.type);
    const expiresAt = endOf(input, this.#clock.now());
    const asked = ["issue", type, input.amountCents, input.expiresAt?.getTime(), input.expiresInDays];
    return transactionView(
      await this.#post({ ...this.#asked(input, asked, tx), kind: "issue", type, amount, expiresAt }, tx),
    );
  }

  /**
   * Takes credit: of the lots that end soonest first, then of those that never end, then of the oldest. Never more than
   * is there, over any number of callers and processes. What is not there is `remainingAmountCents`: still owed. With a
   * `reference` a retry has the first result, also when there is more credit by then.
   *
   * @throws BillingError limit_exceeded `insufficient_credits` where `allowPartial` is false and not all is there;
   * conflict `reference_conflict` for another amount under the reference; invalid_input.
   * @example
   * const { remainingAmountCents } = await credits.deduct({ tenant: "acme", amountCents: 2500, reference: "inv_42" });
   */
  async deduct(input: DeductInput, tx?: Tx): Promise<Deduction> {
    fieldsOf(input, [...NOTE, "amountCents", "allowPartial"], "deduction");
    const amount = centsOf(input.amountCents, "amountCents");
    const allowPartial = flagOf(input.allowPartial, "allowPartial", true);
    const asked = this.#asked(input, ["deduct", input.amountCents], tx);
    return deductionView(await this.#post({ ...asked, kind: "deduct", amount, allowPartial }, tx));
  }

  /**
   * Corrects a balance by hand: a positive amount is a lot of its own, a negative one is taken like a deduction, and
   * refused as a whole where the balance is smaller.
   *
   * @throws BillingError limit_exceeded `insufficient_credits`; as {@link issue}.
   */
  async adjust(input: AdjustInput): Promise<CreditTransaction> {
    fieldsOf(input, [...NOTE, ...END, "amountCents"], "adjustment");
    const change = changeOf(input.amountCents, "amountCents");
    const expiresAt = endOf(input, this.#clock.now());
    if (change < 0n && expiresAt !== NEVER) {
      const text =
        "a negative adjustment makes no lot that could expire; leave expiresAt and expiresInDays out";
      throw new BillingError("invalid_input", "not_applicable", text, { details: { field: "expiresAt" } });
    }
    const asked = this.#asked(input, [
      "adjust",
      input.amountCents,
      input.expiresAt?.getTime(),
      input.expiresInDays,
    ]);
    const job: CreditJob =
      change > 0n
        ? { ...asked, kind: "issue", type: "adjustment", amount: change, expiresAt }
        : { ...asked, kind: "adjust", amount: -change, allowPartial: false };
    return transactionView(await this.#post(job));
  }

  /**
   * Ends a lot now: what is left of it goes, what was used stays used. A lot is voided once; the same call again is
   * answered with that.
   *
   * @throws BillingError not_found `lot_not_found`.
   */
  async void(input: VoidInput): Promise<CreditTransaction> {
    fieldsOf(input, [...NOTE, "lotId"], "void");
    const lot = textOf(input.lotId, "lotId");
    return transactionView(await this.#post({ ...this.#asked(input, ["void", lot]), kind: "void", lot }));
  }

  /**
   * Gives a deduction back, or a part of it, to the very lots it came from, what was taken last first. What returns to a
   * lot that has ended meanwhile (by its time, or voided) ends with it at once, as transactions of their own. Never gives
   * back more than was taken. Without an amount, a deduction that is given back already is answered with its last reversal.
   *
   * @throws BillingError not_found `transaction_not_found`; failed_precondition `not_a_deduction`, `reversal_too_large`;
   * conflict `reference_conflict`.
   */
  async reverse(input: ReverseInput, tx?: Tx): Promise<CreditTransaction> {
    fieldsOf(input, [...NOTE, "transactionId", "amountCents"], "reversal");
    const transaction = textOf(input.transactionId, "transactionId");
    const amount = input.amountCents === undefined ? null : centsOf(input.amountCents, "amountCents");
    const asked = this.#asked(input, ["reverse", transaction, input.amountCents], tx);
    return transactionView(await this.#post({ ...asked, kind: "reverse", transaction, amount }, tx));
  }

  /** The account now; all zeros for a tenant that never had credits. Its cost does not grow with the history. */
  balance(tenant?: string): Promise<CreditAccount> {
    const whose = this.#tenantOf(tenant);
    return this.#store.read((reader) => this.balanceSeen(whose, reader));
  }

  /** {@link balance} as a caller's snapshot or transaction sees it. */
  async balanceSeen(tenant: string, reader: Reader): Promise<CreditAccount> {
    const balances = await balancesOf(tenant, CREDIT_CURRENCY, reader);
    const due = await dueRest(tenant, this.#clock.now(), reader);
    return accountView(tenant, CREDIT_CURRENCY, balances, due);
  }

  /** What can be spent, lot by lot, in the order in which it will be. */
  lots(tenant?: string): Promise<CreditLot[]> {
    return this.#lotsUntil(this.#tenantOf(tenant), NEVER);
  }

  /** The lots that end within so many days (default 30), the soonest first. */
  async expiringSoon(query: Whose & { readonly withinDays?: number | undefined } = {}): Promise<CreditLot[]> {
    fieldsOf(query, ["tenant", "withinDays"], "query");
    const days = daysOf(query.withinDays ?? SOON_DAYS, "withinDays");
    return this.#lotsUntil(this.#tenantOf(query.tenant), this.#clock.now() + days * DAY_MS);
  }

  /**
   * A page of transactions, the last posted first: 100, or `limit` up to 500. Those that are posted while a caller pages
   * are in no later page, and move none.
   *
   * @throws BillingError invalid_input `invalid_limit`, `invalid_cursor`.
   */
  async transactions(
    query: Whose & { readonly cursor?: string | undefined; readonly limit?: number | undefined } = {},
  ): Promise<Page<CreditTransaction>> {
    fieldsOf(query, ["tenant", "cursor", "limit"], "query");
    const tenant = this.#tenantOf(query.tenant);
    const limit = pageLimit(query.limit);
    const before = query.cursor === undefined ? undefined : Number(decodeCursor(query.cursor, ["number"])[0]);
    const rows = await this.#store.read((reader) =>
      latestTransactions(tenant, { book: BOOK, before, limit: limit + 1 }, reader),
    );
    return pageOf(
      rows,
      limit,
      ({ seq }) => [seq],
      ({ transaction }) => transactionView(transaction as CreditPosting),
    );
  }

  /** Posts the expiries that are due, of all tenants; returns how many. Balances do not change by it. */
  async expireDue(): Promise<number> {
    let total = 0;
    for (;;) {
      const answer = await this.#submit({ kind: "expire", tenants: TENANTS_AT_ONCE });
      const { expired, tenants } = answer as { readonly expired: number; readonly tenants: number };
      total += expired;
      if (tenants < TENANTS_AT_ONCE) return total;
    }
  }

  /** The job that does {@link expireDue}. */
  get expiry() {
    return {
      name: "credit expiry",
      every: 60_000,
      hasWork: (now: number) => this.#store.read((reader) => hasDueLotsAcrossTenants(now, reader)),
      runDue: () => this.expireDue(),
    };
  }

  /** To be joined to metering, so that `verify` proves the credits too: events change none by themselves. */
  get participant(): CommitParticipant {
    return { name: "credits", apply: async () => undefined, differences: creditDifferences };
  }

  #lotsUntil(tenant: string, until: number): Promise<CreditLot[]> {
    const now = this.#clock.now();
    return this.#store.read(async (reader) =>
      (await spendableLots(tenant, { now, until }, reader)).map((lot) => lotView(lot)),
    );
  }

  #asked(input: ChangeNote, request: readonly unknown[], tx?: Tx) {
    return {
      id: this.#ids.next("cred"),
      tenant: this.#tenantOf(input.tenant),
      reference: referenceOf(input.reference, tx !== undefined),
      request: JSON.stringify(request),
      description: noteOf(input.description, "description"),
      actor: noteOf(input.actor, "actor"),
    };
  }

  async #post(job: CreditJob, tx?: Tx): Promise<CreditPosting> {
    if (tx === undefined) return (await this.#submit(job)) as CreditPosting;
    const [answer] = await this.#jobs.apply(tx, [job]);
    if (answer instanceof BillingError) throw answer;
    return answer as CreditPosting;
  }

  #submit(job: CreditJob): Promise<CreditAnswer> {
    return submitCreditJob(this.#store, this.#jobs, job);
  }

  #tenantOf(tenant: string | undefined): string {
    return tenantOf(tenant, this.#tenant);
  }
}
