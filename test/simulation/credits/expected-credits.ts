// What every change of credits must come to, from src/domain/credits/README.md: lists, summed anew for each question.

import { textOf } from "../requests.ts";

/** When a lot ends: at an instant, or so many days from now; null: never. */
export type End = { readonly at: number } | { readonly days: number } | null;

interface Change {
  /** The workload's own name of the transaction that it makes, and of the lot. */
  readonly name: string;
  readonly tenant: string;
  readonly reference: string | null;
  readonly actor: string | null;
}

export type LotType = "promotional" | "referral" | "refund" | "purchase";

export type CreditChange = Change &
  (
    | { readonly do: "issue"; readonly type: LotType; readonly cents: number; readonly end: End }
    | { readonly do: "adjust"; readonly cents: number; readonly end: End }
    | { readonly do: "deduct"; readonly cents: number; readonly allowPartial: boolean | null }
    | { readonly do: "void"; readonly lot: string }
    | { readonly do: "reverse"; readonly deduction: string; readonly cents: number | null }
  );

export interface Lot {
  readonly name: string;
  readonly tenant: string;
  readonly type: string;
  readonly granted: number;
  /** Infinity: never. */
  readonly end: number;
  left: number;
  isVoided: boolean;
}

export interface LotPart {
  readonly lot: Lot;
  readonly cents: number;
}

export interface Transaction {
  /** '' for what is done without being asked for. */
  readonly name: string;
  readonly tenant: string;
  readonly kind: "issue" | "adjust" | "deduct" | "void" | "reverse" | "expire";
  readonly type: string;
  readonly cents: number;
  readonly balance: number;
  readonly at: number;
  /** Of a lot that it made. */
  readonly end: number | null;
  readonly relatesTo: string | null;
  readonly parts: readonly LotPart[];
  readonly reference: string | null;
  readonly actor: string | null;
  /** What a retry is compared by. */
  readonly request: string;
  readonly asked: number;
}

export interface Account {
  readonly balance: number;
  readonly issued: number;
  readonly used: number;
  readonly expired: number;
  readonly voided: number;
  readonly adjusted: number;
}

type Posting = Pick<Transaction, "kind" | "type" | "parts"> &
  Partial<Pick<Transaction, "at" | "end" | "relatesTo" | "asked">>;

const DAY = 86_400_000;
const BY_ITSELF = { name: "", reference: null, actor: null, request: "" };

export class ExpectedCredits {
  readonly lots: Lot[] = [];
  readonly transactions: Transaction[] = [];
  /** Of each deduction, what is still taken: in the order of taking. */
  readonly #taken = new Map<Transaction, { readonly lot: Lot; cents: number }[]>();
  readonly #now: () => number;

  constructor(now: () => number) {
    this.#now = now;
  }

  /** The transaction that answers it: its own, or an earlier one that it repeats. */
  change(change: CreditChange): Transaction | { readonly code: string } {
    const { tenant, reference } = change;
    this.expire(tenant);
    const request = requestOf(change);
    const known = this.of(tenant).find((one) => reference !== null && one.reference === reference);
    if (known !== undefined) {
      // Who takes all or nothing is not told of a part.
      const isPart =
        change.do === "deduct" && change.allowPartial === false && 0 - known.cents < change.cents;
      return known.request === request && !isPart ? known : { code: "reference_conflict" };
    }
    switch (change.do) {
      case "issue":
        return this.#issue(change, request);
      case "adjust":
        return change.cents > 0 ? this.#issue(change, request) : this.#take(change, request);
      case "deduct":
        return this.#take(change, request);
      case "void":
        return this.#void(change, request);
      case "reverse":
        return this.#reverse(change, request);
    }
  }

  /** A tenant's transactions, the first first. */
  of(tenant: string): Transaction[] {
    return this.transactions.filter((one) => one.tenant === tenant);
  }

  /** Lots of a tenant that can still be spent, in the order in which they will be. */
  open(tenant: string): Lot[] {
    const all = this.lots.filter((lot) => lot.tenant === tenant && lot.left > 0 && lot.end > this.#now());
    const inOrder: Lot[] = [];
    for (const lot of all) {
      const later = inOrder.findIndex(({ end }) => end > lot.end);
      inOrder.splice(later === -1 ? inOrder.length : later, 0, lot);
    }
    return inOrder;
  }

  account(tenant: string): Account {
    const all = this.of(tenant);
    const sum = (...kinds: Transaction["kind"][]) =>
      sumOf(all.filter(({ kind }) => kinds.includes(kind)).map(({ cents }) => cents));
    const due = sumOf(this.due(tenant).map(({ left }) => left));
    return {
      balance: sumOf(this.open(tenant).map(({ left }) => left)),
      issued: sum("issue"),
      used: 0 - sum("deduct", "reverse"),
      expired: due - sum("expire"),
      voided: 0 - sum("void"),
      adjusted: sum("adjust"),
    };
  }

  /** What has ended, and is not posted as expired yet. */
  due(tenant?: string): Lot[] {
    return this.lots
      .filter((lot) => lot.left > 0 && lot.end <= this.#now())
      .filter((lot) => tenant === undefined || lot.tenant === tenant)
      .sort((a, b) => a.end - b.end);
  }

  /** Posts it. An expiry is dated by the end of the lot. */
  expire(tenant?: string): void {
    for (const lot of this.due(tenant))
      this.#post(BY_ITSELF, lot.tenant, {
        ...{ kind: "expire", type: "expired", at: lot.end, relatesTo: lot.name },
        parts: [{ lot, cents: -lot.left }],
      });
  }

  #issue(change: Extract<CreditChange, { readonly end: End }>, request: string) {
    const { name, tenant, cents } = change;
    const end = this.#endOf(change.end);
    if (end <= this.#now()) return { code: "ends_in_past" };
    const type = change.do === "issue" ? change.type : "adjustment";
    const lot: Lot = { name, tenant, type, granted: cents, end, left: 0, isVoided: false };
    this.lots.push(lot);
    return this.#post({ ...change, request }, tenant, {
      ...{ kind: change.do, type, end, parts: [{ lot, cents }] },
    });
  }

  #take(change: Extract<CreditChange, { readonly do: "deduct" | "adjust" }>, request: string) {
    const { tenant } = change;
    const cents = change.do === "deduct" ? change.cents : -change.cents;
    const lots = this.open(tenant);
    const isPartial = change.do === "deduct" && change.allowPartial !== false;
    if (!isPartial && cents > sumOf(lots.map(({ left }) => left))) return { code: "insufficient_credits" };
    const taken: { lot: Lot; cents: number }[] = [];
    for (let left = cents; left > 0 && lots.length > 0; ) {
      const lot = lots.shift() as Lot;
      const part = Math.min(lot.left, left);
      taken.push({ lot, cents: part });
      left -= part;
    }
    const transaction = this.#post({ ...change, request }, tenant, {
      kind: change.do,
      type: change.do === "deduct" ? "usage" : "adjustment",
      parts: taken.map(({ lot, cents }) => ({ lot, cents: -cents })),
      asked: cents,
    });
    if (change.do === "deduct") this.#taken.set(transaction, taken);
    return transaction;
  }

  #void(change: Extract<CreditChange, { readonly do: "void" }>, request: string) {
    const { tenant } = change;
    const lot = this.lots.find((one) => one.name === change.lot && one.tenant === tenant);
    if (lot === undefined) return { code: "lot_not_found" };
    if (lot.isVoided) {
      const first = this.of(tenant).find(({ kind, relatesTo }) => kind === "void" && relatesTo === lot.name);
      return first as Transaction;
    }
    lot.isVoided = true;
    return this.#post({ ...change, request }, tenant, voiding(lot));
  }

  #reverse(change: Extract<CreditChange, { readonly do: "reverse" }>, request: string) {
    const { tenant } = change;
    const all = this.of(tenant);
    const deduction = all.find(({ name }) => name !== "" && name === change.deduction);
    if (deduction === undefined) return { code: "transaction_not_found" };
    const taken = this.#taken.get(deduction);
    if (taken === undefined) return { code: "not_a_deduction" };
    // What paid an invoice comes back with the invoice only.
    if (isOfInvoice(deduction.reference) && !isOfInvoice(change.reference))
      return { code: "paid_an_invoice" };
    const still = sumOf(taken.map(({ cents }) => cents));
    const last = all.findLast(({ kind, relatesTo }) => kind === "reverse" && relatesTo === deduction.name);
    if (change.cents === null && still === 0 && last !== undefined) return last;
    if ((change.cents ?? 0) > still) return { code: "reversal_too_large" };
    // What was taken last goes back first.
    const back: LotPart[] = [];
    for (let left = change.cents ?? still; left > 0; ) {
      const end = taken.at(-1) as { lot: Lot; cents: number };
      const cents = Math.min(end.cents, left);
      back.push({ lot: end.lot, cents });
      end.cents -= cents;
      left -= cents;
      if (end.cents === 0) taken.pop();
    }
    const reversal = this.#post({ ...change, request }, tenant, {
      ...{ kind: "reverse", type: "usage", parts: back, relatesTo: deduction.name },
    });
    // What returns to a lot that has ended ends with it.
    for (const { lot } of back)
      if (lot.isVoided && lot.end > this.#now()) this.#post(BY_ITSELF, tenant, voiding(lot));
    this.expire(tenant);
    return reversal;
  }

  #post(by: Pick<Transaction, keyof typeof BY_ITSELF>, tenant: string, posting: Posting): Transaction {
    for (const { lot, cents } of posting.parts) lot.left += cents;
    const cents = sumOf(posting.parts.map((part) => part.cents));
    const balance = sumOf(this.of(tenant).map((one) => one.cents)) + cents;
    const { name, reference, actor, request } = by;
    const transaction = {
      ...{ at: this.#now(), end: null, relatesTo: null, asked: 0, ...posting },
      ...{ name, reference, actor, request, tenant, cents, balance },
    };
    this.transactions.push(transaction);
    return transaction;
  }

  #endOf(end: End): number {
    if (end === null) return Number.POSITIVE_INFINITY;
    return "at" in end ? end.at : this.#now() + end.days * DAY;
  }
}

function voiding(lot: Lot): Posting {
  const parts = lot.left === 0 ? [] : [{ lot, cents: -lot.left }];
  return { kind: "void", type: "adjustment", parts, relatesTo: lot.name };
}

/** All that makes it another request: not who asks, nor whether a part is enough. */
function requestOf(change: CreditChange): string {
  const { name, reference, actor, ...request } = change;
  return textOf({ ...request, ...("allowPartial" in request && { allowPartial: null }) });
}

function sumOf(all: readonly number[]): number {
  return all.reduce((sum, one) => sum + one, 0);
}

function isOfInvoice(reference: string | null): boolean {
  return /^(invoice|note|void):/.test(reference ?? "");
}
