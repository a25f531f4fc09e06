// Decides jobs on locked accounts, one after another: pure but for the ids of what it posts by itself.

import { BillingError, type Ids, isReservedReference } from "../../kernel/index.ts";
import { movedInto } from "../ledger/index.ts";
import type { Note, OpenAccount } from "./account.ts";
import { ACCOUNT, BOOK, type CreditPosting, lotParts, NEVER } from "./credit.ts";
import type {
  CreditAnswer,
  CreditJob,
  IssueJob,
  ReverseJob,
  RuleJob,
  SettleJob,
  TakeJob,
  VoidJob,
} from "./credit-jobs.ts";
import type { StoredAccount } from "./credit-store.ts";
import { putBack, totalOf } from "./lots.ts";
import type { TopUp } from "./top-up.ts";

/** So that every sum of cents of an account is a number that keeps its digits. */
const MAX_BALANCE = BigInt(Number.MAX_SAFE_INTEGER);

type Rule = StoredAccount["topUp"];

export class CreditDesk {
  readonly #now: number;
  readonly #ids: Ids;
  readonly #accounts = new Map<string, OpenAccount>();
  readonly #byReference = new Map<string, CreditPosting>();
  readonly #deductions = new Map<string, CreditPosting>();
  readonly #about = new Map<string, CreditPosting[]>();
  readonly #rules = new Map<string, Rule>();
  readonly #changedRules = new Set<string>();
  readonly #topUps = new Map<string, TopUp>();
  readonly #openTopUps = new Set<string>();
  readonly #settled = new Map<string, TopUp>();
  readonly #made: TopUp[] = [];
  #expired = { expired: 0, tenants: 0 };

  /**
   * @param loaded what is on record of what the jobs name: transactions by their references, deductions to be reversed,
   * everything about those and about lots to be voided, and top-ups.
   */
  constructor(loaded: {
    readonly now: number;
    readonly ids: Ids;
    readonly known?: readonly CreditPosting[];
    readonly deductions?: readonly CreditPosting[];
    readonly about?: readonly CreditPosting[];
    readonly topUps?: readonly TopUp[];
  }) {
    const { now, ids, known = [], deductions = [], about = [], topUps = [] } = loaded;
    this.#now = now;
    this.#ids = ids;
    for (const posting of known) this.#remember(posting);
    for (const deduction of deductions)
      this.#deductions.set(keyOf(deduction.tenant, deduction.id), deduction);
    for (const posting of about) this.#relate(posting);
    for (const topUp of topUps) this.#topUps.set(keyOf(topUp.tenant, topUp.id), topUp);
  }

  /** Takes an account; what has expired by now is posted before anybody asks for it. */
  open(account: OpenAccount, { topUp, openTopUp }: Pick<StoredAccount, "topUp" | "openTopUp">): void {
    const { tenant } = account;
    this.#accounts.set(tenant, account);
    this.#rules.set(tenant, topUp);
    if (openTopUp !== null) this.#openTopUps.add(tenant);
    const expired = account.expireDue();
    if (expired > 0)
      this.#expired = { expired: this.#expired.expired + expired, tenants: this.#expired.tenants + 1 };
  }

  get accounts(): OpenAccount[] {
    return [...this.#accounts.values()];
  }

  get topUpChanges(): { made: readonly TopUp[]; settled: readonly TopUp[] } {
    return { made: this.#made, settled: [...this.#settled.values()] };
  }

  get ruleChanges(): { tenant: string; rule: Rule }[] {
    return [...this.#changedRules].map((tenant) => ({ tenant, rule: this.#rules.get(tenant) ?? null }));
  }

  answer(job: CreditJob): CreditAnswer {
    switch (job.kind) {
      case "expire":
        return this.#expired;
      case "rule":
        return this.#setRule(job);
      case "settle":
        return this.#settle(job);
      default:
        return this.#once(job);
    }
  }

  /** Asks for a top-up of every account that is below its threshold and has none open. */
  requestTopUps(): void {
    for (const [tenant, account] of this.#accounts) {
      const rule = this.#rules.get(tenant);
      if (rule == null || rule.isPaused || this.#openTopUps.has(tenant)) continue;
      if (account.balance >= rule.threshold) continue;
      this.#openTopUps.add(tenant);
      const times = { requestedAt: this.#now, askedAt: null, settledAt: null };
      this.#made.push({ tenant, id: this.#ids.next("top"), amount: rule.amount, state: "open", ...times });
    }
  }

  /** A reference names one transaction for ever: the first one, whatever has become of the account since. */
  #once(job: IssueJob | TakeJob | VoidJob | ReverseJob): CreditPosting | BillingError {
    const { tenant, reference } = job;
    const known = reference === null ? undefined : this.#byReference.get(keyOf(tenant, reference));
    if (known !== undefined)
      return known.request === job.request && !isTooLittle(job, known)
        ? known
        : referenceConflict(reference ?? "");
    const answer = this.#do(job, this.#accountOf(tenant));
    if (!(answer instanceof BillingError)) this.#remember(answer);
    return answer;
  }

  #do(job: IssueJob | TakeJob | VoidJob | ReverseJob, account: OpenAccount): CreditPosting | BillingError {
    switch (job.kind) {
      case "issue":
        return this.#issue(job, account);
      case "deduct":
      case "adjust":
        if (!job.allowPartial && job.amount > account.balance) return insufficient(job, account.balance);
        return account.take(job, job.kind, job.amount);
      case "void":
        return this.#void(job, account);
      case "reverse":
        return this.#reverse(job, account);
    }
  }

  #issue(job: IssueJob, account: OpenAccount): CreditPosting | BillingError {
    if (job.expiresAt <= this.#now) return endsInPast();
    if (account.balance + job.amount > MAX_BALANCE) return balanceTooLarge();
    return account.add(job, job);
  }

  /** A lot is voided once; whoever asks again learns of the first time. */
  #void(job: VoidJob, account: OpenAccount): CreditPosting | BillingError {
    const lot = account.lot(job.lot);
    if (lot === undefined) return notFound("lot", job.lot);
    if (lot.voidedAt !== null) {
      const first = this.#aboutOf(job.tenant, job.lot).find(({ kind }) => kind === "void");
      if (first !== undefined) return first;
    }
    const posting = account.void(job, job.lot);
    this.#relate(posting);
    return posting;
  }

  #reverse(job: ReverseJob, account: OpenAccount): CreditPosting | BillingError {
    const { tenant, transaction } = job;
    const deduction = this.#deductions.get(keyOf(tenant, transaction));
    if (deduction?.book !== BOOK) return notFound("transaction", transaction);
    if (deduction.kind !== "deduct") return notADeduction(deduction);
    if (isReservedReference(deduction.reference) && !isReservedReference(job.reference))
      return paidAnInvoice(transaction);
    const reversals = this.#aboutOf(tenant, transaction).filter(({ kind }) => kind === "reverse");
    const taken = lotParts(deduction).map(({ lot, amount }) => ({ lot, amount: -amount }));
    const returned = reversals.flatMap(lotParts);
    const left = totalOf(taken) - totalOf(returned);
    const last = reversals.at(-1);
    if (job.amount === null && left === 0n && last !== undefined) return last;
    const amount = job.amount ?? left;
    if (amount > left) return tooMuchBack(transaction, amount, left);
    const posting = account.giveBack(job, transaction, putBack(taken, returned, amount));
    this.#relate(posting);
    return posting;
  }

  #setRule({ tenant, rule }: RuleJob): null {
    this.#rules.set(tenant, rule === null ? null : { ...rule, isPaused: false });
    this.#changedRules.add(tenant);
    return null;
  }

  /** A payment that comes in after it had failed is credit all the same; the rule stays paused, for a later one may have failed too. */
  #settle(job: SettleJob): TopUp | BillingError {
    const { tenant, state } = job;
    const key = keyOf(tenant, job.topUp);
    const topUp = this.#topUps.get(key);
    if (topUp === undefined) return notFound("top_up", job.topUp);
    if (topUp.state === state) return topUp;
    if (topUp.state === "paid") return topUpPaid(job.topUp);
    const settled: TopUp = { ...topUp, state, settledAt: this.#now };
    this.#topUps.set(key, settled);
    this.#settled.set(key, settled);
    if (topUp.state === "open") this.#openTopUps.delete(tenant);
    const rule = this.#rules.get(tenant);
    if (rule != null && state === "failed") {
      this.#rules.set(tenant, { ...rule, isPaused: true });
      this.#changedRules.add(tenant);
    }
    if (state === "paid") {
      const note: Note = {
        id: job.id,
        reference: null,
        request: "",
        description: "automatic top-up",
        actor: "",
      };
      const lot = { type: "purchase", amount: topUp.amount, expiresAt: NEVER } as const;
      this.#accountOf(tenant).add(note, lot, topUp.id);
    }
    return settled;
  }

  #accountOf(tenant: string): OpenAccount {
    const account = this.#accounts.get(tenant);
    if (account === undefined) throw new Error(`the credits of ${tenant} were not locked`);
    return account;
  }

  #remember(posting: CreditPosting): void {
    if (posting.reference !== null) this.#byReference.set(keyOf(posting.tenant, posting.reference), posting);
  }

  #relate(posting: CreditPosting): void {
    const key = keyOf(posting.tenant, posting.relatesTo);
    this.#about.set(key, [...(this.#about.get(key) ?? []), posting]);
  }

  #aboutOf(tenant: string, id: string): readonly CreditPosting[] {
    return this.#about.get(keyOf(tenant, id)) ?? [];
  }
}

/** What a deduction took, or a reversal gave back, in all. */
export function movedCents(posting: CreditPosting): bigint {
  return movedInto(ACCOUNT.credits, posting);
}

/** Who takes all or nothing is not answered with a part that was taken before. */
function isTooLittle(job: IssueJob | TakeJob | VoidJob | ReverseJob, known: CreditPosting): boolean {
  return job.kind === "deduct" && !job.allowPartial && -movedCents(known) < job.amount;
}

function keyOf(tenant: string, id: string): string {
  return JSON.stringify([tenant, id]);
}

function referenceConflict(reference: string): BillingError {
  const text = `another change of credits was made under the reference ${JSON.stringify(reference)}; this one was not`;
  return new BillingError("conflict", "reference_conflict", text, { details: { reference } });
}

function insufficient({ kind, amount }: Pick<TakeJob, "kind" | "amount">, balance: bigint): BillingError {
  const remedy =
    kind === "deduct"
      ? "issue credits, or allow a part (allowPartial)"
      : "no more credit than that can be taken";
  const text = `${amount} cents were asked for, the balance is ${balance}: ${remedy}`;
  const details = { field: "amountCents", amountCents: Number(amount), balanceCents: Number(balance) };
  return new BillingError("limit_exceeded", "insufficient_credits", text, { details });
}

function balanceTooLarge(): BillingError {
  const text = `the balance would be above ${MAX_BALANCE} cents; issue less`;
  return new BillingError("invalid_input", "balance_too_large", text, { details: { field: "amountCents" } });
}

function endsInPast(): BillingError {
  const text = "expiresAt must be in the future: credits end at that instant";
  return new BillingError("invalid_input", "ends_in_past", text, { details: { field: "expiresAt" } });
}

function tooMuchBack(transaction: string, asked: bigint, left: bigint): BillingError {
  const text = `of ${transaction} ${left} cents can still be given back, not ${asked}; leave amountCents out for all of it`;
  const details = { transaction, amountCents: Number(asked), leftCents: Number(left) };
  return new BillingError("failed_precondition", "reversal_too_large", text, { details });
}

function paidAnInvoice(transaction: string): BillingError {
  const text = "this deduction paid an invoice: void the invoice, or issue a credit note, and it comes back";
  return new BillingError("failed_precondition", "paid_an_invoice", text, { details: { transaction } });
}

function notADeduction({ id, kind }: CreditPosting): BillingError {
  const text = `transaction ${id} is no deduction (${kind}): void a lot, or adjust the balance`;
  return new BillingError("failed_precondition", "not_a_deduction", text, { details: { transaction: id } });
}

function topUpPaid(id: string): BillingError {
  const text = `top-up ${id} was paid; to take it back, void the lot that it became`;
  return new BillingError("conflict", "top_up_paid", text, { details: { topUp: id } });
}

/** The same for an unknown id and for another tenant's. */
function notFound(kind: "lot" | "transaction" | "top_up", id: string): BillingError {
  const text = `no ${kind.replace("_", "-")} ${JSON.stringify(id)}`;
  return new BillingError("not_found", `${kind}_not_found`, text, { details: { id } });
}
