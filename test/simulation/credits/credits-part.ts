// Credits in the simulation: each change on the engine and on the model, and what is on record then.

import type { Billing } from "../../../src/billing.ts";
import type { CreditTransaction } from "../../../src/domain/credits/index.ts";
import { attempt, codeOf } from "../attempt.ts";
import { same } from "../disagreement.ts";
import { Names } from "../names.ts";
import { JobTimes, type Move, type Part, type World } from "../part.ts";
import { CreditChoices } from "./credit-choices.ts";
import {
  type CreditChange,
  type End,
  ExpectedCredits,
  type Lot,
  type Transaction,
} from "./expected-credits.ts";
import { ExpectedExpiryNotices, noticeLine } from "./expected-expiry-notices.ts";

const EXPIRY = "credit expiry";
const EXPIRY_EVERY_MS = 60_000;
const PAGE = 50;
/** After each change so many of the last transactions are compared. */
const LAST = 4;
const SOON_DAYS = 3;
const DAY = 86_400_000;

export class CreditsPart implements Part {
  readonly weight = 30;
  readonly #world: World;
  readonly #now: () => number;
  readonly #credits: ExpectedCredits;
  readonly #notices: ExpectedExpiryNotices;
  readonly #choices: CreditChoices;
  readonly #jobs: JobTimes;
  readonly #names = new Names();

  constructor(world: World) {
    this.#world = world;
    this.#now = world.now;
    this.#credits = new ExpectedCredits(world.now);
    this.#notices = new ExpectedExpiryNotices(this.#credits, world.now);
    world.notifications.add(() =>
      this.#notices.told.map(({ tenant }) => ({ tenant, kind: "credit_expiring", count: 1 })),
    );
    this.#choices = new CreditChoices(world, this.#credits);
    this.#jobs = new JobTimes(world.now);
  }

  get credits(): ExpectedCredits {
    return this.#credits;
  }

  /** Learns the ids of what another domain has just done to credits. */
  async learn({ credits }: Billing, tenant: string): Promise<void> {
    const { items } = await credits.transactions({ tenant, limit: LAST });
    for (const { id, reference } of items) {
      const known = this.#credits
        .of(tenant)
        .find((one) => reference !== null && one.reference === this.#plain(reference));
      if (known !== undefined) this.#names.note(known.name, id);
    }
  }

  next(): Move {
    const operation = this.#choices.next();
    return {
      operation,
      play: (billing) => this.#play(billing, operation),
      inspect: (billing) => this.inspect(billing, operation.tenant),
    };
  }

  nextEnd(): number | null {
    return this.#choices.nextEnd();
  }

  runJobs(): ReadonlyMap<string, number> {
    const due = this.#credits.due().length;
    const isRun = this.#jobs.runs(EXPIRY, EXPIRY_EVERY_MS, due);
    if (isRun) this.#credits.expire();
    return new Map([[EXPIRY, isRun ? due : 0], ...this.#notices.runJobs()]);
  }

  async inspectTenants(billing: Billing): Promise<void> {
    for (const tenant of this.#world.tenants) await this.inspect(billing, tenant);
  }

  async inspectAll(billing: Billing): Promise<string[]> {
    const lines: string[] = [];
    for (const tenant of this.#world.tenants) {
      await this.inspect(billing, tenant);
      const engine: string[] = [];
      for (let cursor: string | null = ""; cursor !== null; ) {
        const page = await billing.credits.transactions({
          ...{ tenant, limit: PAGE },
          ...(cursor !== "" && { cursor }),
        });
        engine.push(...page.items.map((one) => this.#line(one)));
        cursor = page.nextCursor;
      }
      same(`credit transactions of ${tenant}`, engine, this.#credits.of(tenant).map(expectedLine).reverse());
      const soon = await billing.credits.expiringSoon({ tenant, withinDays: SOON_DAYS });
      const ending = this.#credits.open(tenant).filter(({ end }) => end <= this.#now() + SOON_DAYS * DAY);
      same(
        `credits of ${tenant} that end soon`,
        soon.map(({ id }) => this.#names.nameOf(id)),
        ending.map(({ name }) => name),
      );
      lines.push(...engine.map((line) => `${tenant} credits ${line}`));
      lines.push(...(await this.#inspectNotices(billing, tenant)));
    }
    return lines;
  }

  /** What the tenant was told of credit that ends. */
  async #inspectNotices({ notifications }: Billing, tenant: string): Promise<string[]> {
    const engine: string[] = [];
    for (let cursor: string | null = ""; cursor !== null; ) {
      const page = await notifications.list({ ...{ tenant, limit: PAGE }, ...(cursor !== "" && { cursor }) });
      for (const { kind, payload } of page.items)
        if (kind === "credit_expiring")
          engine.push(noticeLine(payload.amount, payload.expiresAt, payload.orgName));
      cursor = page.nextCursor;
    }
    same(`expiry notices of ${tenant}`, engine.sort(), this.#notices.linesOf(tenant).sort());
    return engine.map((line) => `${tenant} told ${line}`);
  }

  async #play({ credits }: Billing, change: CreditChange): Promise<void> {
    const { tenant, reference, actor } = change;
    const by = { tenant, ...(reference !== null && { reference }), ...(actor !== null && { actor }) };
    switch (change.do) {
      case "issue": {
        const { cents: amountCents, type, end } = change;
        return this.#compare(change, () => credits.issue({ ...by, amountCents, type, ...endInput(end) }));
      }
      case "adjust": {
        const { cents: amountCents, end } = change;
        return this.#compare(change, () => credits.adjust({ ...by, amountCents, ...endInput(end) }));
      }
      case "void":
        return this.#compare(change, () => credits.void({ ...by, lotId: this.#names.idOf(change.lot) }));
      case "reverse": {
        const part = change.cents === null ? {} : { amountCents: change.cents };
        const transactionId = this.#names.idOf(change.deduction);
        return this.#compare(change, () => credits.reverse({ ...by, transactionId, ...part }));
      }
      case "deduct":
        return this.#deduct(credits, change, by);
    }
  }

  async #compare(change: CreditChange, call: () => Promise<CreditTransaction>): Promise<void> {
    const answer = await attempt(call);
    const expected = this.#credits.change(change);
    if ("code" in answer || "code" in expected) return same(change.do, codeOf(answer), codeOf(expected));
    this.#names.note(expected.name, answer.value.id);
    same(change.do, this.#line(answer.value), expectedLine(expected));
  }

  async #deduct(
    credits: Billing["credits"],
    change: Extract<CreditChange, { readonly do: "deduct" }>,
    by: { readonly tenant: string; readonly reference?: string; readonly actor?: string },
  ): Promise<void> {
    const { cents: amountCents, allowPartial } = change;
    const partly = allowPartial === null ? {} : { allowPartial };
    const answer = await attempt(() => credits.deduct({ ...by, amountCents, ...partly }));
    const expected = this.#credits.change(change);
    if ("code" in answer || "code" in expected) return same("deduct", codeOf(answer), codeOf(expected));
    this.#names.note(expected.name, answer.value.transactionId);
    const { amountDeductedCents, remainingAmountCents, balanceCents, lots } = answer.value;
    const taken = lots.map(({ lotId, amountCents }) => `${this.#names.nameOf(lotId)} ${amountCents}`);
    const { cents, asked, balance, parts } = expected;
    same(
      "deduct",
      [amountDeductedCents, remainingAmountCents, balanceCents, taken],
      [0 - cents, asked + cents, balance, parts.map(({ lot, cents }) => `${lot.name} ${0 - cents}`)],
    );
  }

  /** The account, what can be spent in its order, and the last transactions. */
  async inspect({ credits }: Billing, tenant: string): Promise<void> {
    const of = await credits.balance(tenant);
    const { balance, issued, used, expired, voided, adjusted } = this.#credits.account(tenant);
    same(
      `credit account of ${tenant}`,
      [of.balanceCents, of.issuedCents, of.usedCents, of.expiredCents, of.voidedCents, of.adjustedCents],
      [balance, issued, used, expired, voided, adjusted],
    );
    const lots = await credits.lots(tenant);
    same(
      `credit lots of ${tenant}`,
      lots.map(({ id, type, grantedCents, remainingCents, expiresAt }) =>
        [this.#names.nameOf(id), type, remainingCents, "of", grantedCents, instant(expiresAt)].join(" "),
      ),
      this.#credits.open(tenant).map(lotLine),
    );
    const { items } = await credits.transactions({ tenant, limit: LAST });
    same(
      `last credit transactions of ${tenant}`,
      items.map((one) => this.#line(one)),
      this.#credits.of(tenant).slice(-LAST).map(expectedLine).reverse(),
    );
  }

  #plain(reference: string): string {
    return this.#world.invoiceIds.plain(reference, "(inv|crn)");
  }

  #line(transaction: CreditTransaction): string {
    const { id, type, amountCents, balanceCents, actor, at, expiresAt, relatesTo } = transaction;
    const reference = transaction.reference === null ? null : this.#plain(transaction.reference);
    const names = this.#names;
    const parts = transaction.lots.map(({ lotId, amountCents }) => `${names.nameOf(lotId)} ${amountCents}`);
    return lineOf({
      ...{ name: names.nameOf(id), type, cents: amountCents, balance: balanceCents, reference, actor },
      ...{ at: at.toISOString(), end: instant(expiresAt), parts },
      relatesTo: relatesTo === null ? null : names.nameOf(relatesTo),
    });
  }
}

function expectedLine(transaction: Transaction): string {
  const { name, type, cents, balance, reference, actor, at, end, relatesTo } = transaction;
  const parts = transaction.parts.map(({ lot, cents }) => `${lot.name} ${cents}`);
  return lineOf({
    ...{ name, type, cents, balance, reference, actor, relatesTo, parts },
    ...{ at: new Date(at).toISOString(), end: endText(end) },
  });
}

function lineOf(transaction: {
  readonly name: string;
  readonly type: string;
  readonly cents: number;
  readonly balance: number;
  readonly reference: string | null;
  readonly actor: string | null;
  readonly at: string;
  readonly end: string;
  readonly relatesTo: string | null;
  readonly parts: readonly string[];
}): string {
  const { name, type, cents, balance, reference, actor, at, end, relatesTo, parts } = transaction;
  const about = [reference, actor, relatesTo].map((text) => text ?? "-").join(" ");
  return `${name || "by itself"} ${type} ${cents} to ${balance} at ${at} until ${end} (${about}): ${parts.join(", ")}`;
}

function lotLine({ name, type, left, granted, end }: Lot): string {
  return [name, type, left, "of", granted, endText(end)].join(" ");
}

function instant(date: Date | null): string {
  return date === null ? "-" : date.toISOString();
}

/** As {@link instant} writes it. */
function endText(end: number | null): string {
  return end === null || end === Number.POSITIVE_INFINITY ? "-" : new Date(end).toISOString();
}

function endInput(end: End) {
  if (end === null) return {};
  return "at" in end ? { expiresAt: new Date(end.at) } : { expiresInDays: end.days };
}
