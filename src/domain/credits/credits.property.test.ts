import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { histories, PlainCredits, type Step } from "../../../test/credits/plain-credits.ts";
import { ENGINES } from "../../../test/support/database.ts";
import { BillingError, createIds, DAY_MS, type Ids, ManualClock } from "../../kernel/index.ts";
import { type Store, storeAt } from "../../store/index.ts";
import { OpenAccount } from "./account.ts";
import { ACCOUNT, type CreditPosting, type Lot, NEVER } from "./credit.ts";
import { CreditDesk, movedCents } from "./credit-desk.ts";
import { type CreditAnswer, type CreditJob, CreditJobs } from "./credit-jobs.ts";
import { creditsOver, START } from "./fixtures.ts";
import { draw, inOrderOfUse, putBack, totalOf } from "./lots.ts";

const RUNS = 1_500;
const RUNS_ON_SQLITE = 60;
const RUNS_ON_POSTGRES = 12;
const T0 = Date.parse(START);

const lotOf = (over: Partial<Lot>): Lot => ({
  ...{ tenant: "acme", id: "", type: "promotional", granted: 1_000n, remaining: 0n, voidedAt: null, seq: 0 },
  ...{ expiresAt: NEVER, ...over },
});
const someLots = fc
  .array(
    fc.record({
      remaining: fc.bigInt({ min: 0n, max: 100n }),
      expiresAt: fc.oneof(fc.constant(NEVER), fc.integer({ min: 0, max: 10 })),
    }),
    { maxLength: 12 },
  )
  .chain((lots) =>
    fc.shuffledSubarray(
      lots.map((lot, seq) => lotOf({ ...lot, id: `lot ${seq}`, seq })),
      { minLength: lots.length },
    ),
  );
const now = fc.integer({ min: 0, max: 10 });
const amount = fc.bigInt({ min: 1n, max: 900n });

describe("a draw", () => {
  it("takes all that is asked for or all that can be spent, and of no lot more than it has", () => {
    fc.assert(
      fc.property(someLots, amount, now, (lots, asked, now) => {
        const spendable = lots.filter(({ expiresAt }) => expiresAt > now);
        const there = spendable.reduce((sum, { remaining }) => sum + remaining, 0n);
        const parts = draw(lots, asked, now);
        expect(totalOf(parts)).toBe(asked < there ? asked : there);
        for (const { lot, amount } of parts) {
          const { remaining } = spendable.find(({ id }) => id === lot) as Lot;
          expect(amount > 0n && amount <= remaining).toBe(true);
        }
      }),
      { numRuns: RUNS },
    );
  });

  it("leaves something in a lot only when nothing was taken from a later one", () => {
    fc.assert(
      fc.property(someLots, amount, now, (lots, asked, now) => {
        const taken = new Map(draw(lots, asked, now).map(({ lot, amount }) => [lot, amount]));
        const spendable = lots.filter(({ remaining, expiresAt }) => remaining > 0n && expiresAt > now);
        for (const lot of spendable) {
          if (taken.get(lot.id) === lot.remaining) continue;
          for (const later of spendable)
            if (inOrderOfUse(lot, later) < 0) expect(taken.has(later.id)).toBe(false);
        }
      }),
      { numRuns: RUNS },
    );
  });

  it("is undone by its reversal, in any parts, and a part given back leaves what a smaller draw would take", () => {
    fc.assert(
      fc.property(someLots, amount, now, fc.bigInt({ min: 0n, max: 900n }), (lots, asked, now, back) => {
        const taken = draw(lots, asked, now);
        const whole = totalOf(taken);
        const first = putBack(taken, [], back < whole ? back : whole);
        const rest = putBack(taken, first, whole - totalOf(first));
        const still = new Map(taken.map(({ lot, amount }) => [lot, amount]));
        for (const { lot, amount } of first) still.set(lot, (still.get(lot) ?? 0n) - amount);
        const smaller = draw(lots, whole - totalOf(first), now).map(({ lot, amount }) => [lot, amount]);
        expect([...still].filter(([, amount]) => amount > 0n)).toEqual(smaller);
        for (const { lot, amount } of rest) still.set(lot, (still.get(lot) ?? 0n) - amount);
        expect([...still.values()].every((amount) => amount === 0n)).toBe(true);
      }),
      { numRuns: RUNS },
    );
  });
});

/** Whoever does jobs: the engine over a database, or its decisions alone. */
interface Doer {
  readonly ids: Ids;
  submit(job: CreditJob): Promise<CreditAnswer>;
  /** Whether the balances, and what is left of each lot in order of issue, are those of the model. */
  compare(plain: PlainCredits): Promise<void>;
}

/** The decisions without a database: what was posted is kept in memory and loaded whole for every job. */
class InMemory implements Doer {
  readonly ids: Ids;
  readonly #clock: ManualClock;
  readonly #postings: CreditPosting[] = [];
  #lots: Lot[] = [];

  constructor(clock: ManualClock) {
    this.#clock = clock;
    this.ids = createIds(clock);
  }

  async submit(job: CreditJob): Promise<CreditAnswer> {
    const moment = { now: this.#clock.now(), ids: this.ids };
    const known = this.#postings.filter(({ reference }) => reference !== null);
    const about = this.#postings.filter(({ relatesTo }) => relatesTo !== "");
    const desk = new CreditDesk({ ...moment, known, deductions: this.#postings, about });
    const account = new OpenAccount(
      { tenant: "acme", balance: this.#sum(ACCOUNT.credits), lots: this.#lots },
      moment,
    );
    desk.open(account, { topUp: null, openTopUp: null });
    const answer = desk.answer(job);
    this.#postings.push(...account.posted);
    const changed = new Map(account.changedLots.map(({ lot }) => [lot.id, lot]));
    const added = account.newLots.map((lot, index) => ({ ...lot, seq: this.#lots.length + index }));
    this.#lots = [...this.#lots.map((lot) => changed.get(lot.id) ?? lot), ...added];
    return answer;
  }

  async compare(plain: PlainCredits): Promise<void> {
    const now = this.#clock.now();
    const left = this.#lots.map(({ remaining, expiresAt }) => (expiresAt > now ? Number(remaining) : 0));
    expect(left).toEqual(plain.left);
    const due = this.#lots.reduce(
      (sum, { remaining, expiresAt }) => sum + (expiresAt > now ? 0n : remaining),
      0n,
    );
    expect(Number(this.#sum(ACCOUNT.credits) - due)).toBe(plain.balance);
    expect(Number(this.#sum(ACCOUNT.expired) + due)).toBe(plain.expired);
    for (const account of ["used", "voided"] as const)
      expect(Number(this.#sum(ACCOUNT[account]))).toBe(plain.sums[account]);
    for (const account of ["issued", "adjusted"] as const)
      expect(Number(-this.#sum(ACCOUNT[account])) || 0).toBe(plain.sums[account]);
    for (const { id, granted, remaining } of this.#lots) {
      expect(this.#sum(ACCOUNT.credits, id)).toBe(remaining);
      expect(remaining >= 0n && remaining <= granted).toBe(true);
    }
    for (const { postings } of this.#postings)
      expect(postings.reduce((sum, { amount }) => sum + amount, 0n)).toBe(0n);
  }

  #sum(account: string, lot?: string): bigint {
    let sum = 0n;
    for (const { postings } of this.#postings)
      for (const posting of postings)
        if (posting.account === account && (lot === undefined || posting.subject === lot))
          sum += posting.amount;
    return sum;
  }
}

class OverStore implements Doer {
  readonly ids: Ids;
  readonly #over: ReturnType<typeof creditsOver>;
  readonly #jobs: CreditJobs;
  readonly tenant: string;

  constructor(store: Store, clock: ManualClock, tenant: string) {
    this.#over = creditsOver(store, { clock, tenant });
    this.ids = this.#over.ids;
    this.#jobs = new CreditJobs({ clock, ids: this.ids });
    this.tenant = tenant;
  }

  submit(job: CreditJob): Promise<CreditAnswer> {
    return this.#over.store.submit(this.#jobs, job);
  }

  async compare(plain: PlainCredits): Promise<void> {
    const { credits } = this.#over;
    const { issued, used, voided, adjusted } = plain.sums;
    expect(await credits.balance()).toEqual({
      ...{
        tenant: this.tenant,
        currency: "USD",
        balanceCents: plain.balance,
        issuedCents: issued,
        usedCents: used,
      },
      ...{ voidedCents: voided, expiredCents: plain.expired, adjustedCents: adjusted },
    });
    const left = (await credits.lots()).map(({ remainingCents }) => remainingCents);
    expect(left.sort()).toEqual(plain.left.filter((cents) => cents > 0).sort());
  }
}

/** Lives a history through the engine and the model, and compares after every step. */
async function live(steps: readonly Step[], doer: Doer, clock: ManualClock, tenant: string): Promise<void> {
  const plain = new PlainCredits(clock.now());
  const lots: string[] = [];
  const deductions: string[] = [];
  for (const step of steps) {
    const expected = plain.take(step);
    if (step.kind === "wait") {
      clock.advance(step.days * DAY_MS);
    } else {
      const job = jobOf(step, { tenant, id: doer.ids.next("cred"), lots, deductions, now: clock.now() });
      const answer = await doer.submit(job);
      const moved = outcomeOf(answer);
      // "Again" is answered with what was done before.
      if (expected !== "again") expect([step, moved]).toEqual([step, expected]);
      const posting = answer as CreditPosting;
      const isNew = typeof moved === "number" && posting.id === ("id" in job ? job.id : "");
      if (isNew && posting.kind === "deduct") deductions.push(posting.id);
      if (isNew && posting.details.expiresAt !== null) lots.push(posting.id);
    }
    await doer.compare(plain);
  }
}

function outcomeOf(answer: CreditAnswer): number | string {
  if (answer instanceof BillingError) return answer.code;
  return answer !== null && "postings" in answer ? Number(movedCents(answer)) : 0;
}

function jobOf(
  step: Exclude<Step, { kind: "wait" }>,
  context: { tenant: string; id: string; lots: string[]; deductions: string[]; now: number },
): CreditJob {
  const { tenant, id, lots, deductions, now } = context;
  const asked = { tenant, id, reference: null, request: "", description: "", actor: "" };
  const pick = (list: readonly string[], number: number) => list[number % Math.max(1, list.length)] ?? "none";
  switch (step.kind) {
    case "sweep":
      return { kind: "expire", tenants: 100 };
    case "issue":
      return {
        ...{ ...asked, kind: "issue", type: "promotional", amount: BigInt(step.cents) },
        expiresAt: step.days === null ? NEVER : now + step.days * DAY_MS,
      };
    case "adjust":
      return step.cents > 0
        ? { ...asked, kind: "issue", type: "adjustment", amount: BigInt(step.cents), expiresAt: NEVER }
        : { ...asked, kind: "adjust", amount: BigInt(-step.cents), allowPartial: false };
    case "deduct": {
      const { cents, allowPartial, reference } = step;
      return {
        ...asked,
        kind: "deduct",
        amount: BigInt(cents),
        allowPartial,
        reference,
        request: String(cents),
      };
    }
    case "void":
      return { ...asked, kind: "void", lot: pick(lots, step.lot) };
    case "reverse":
      return {
        ...{ ...asked, kind: "reverse", transaction: pick(deductions, step.deduction) },
        amount: step.cents === null ? null : BigInt(step.cents),
      };
  }
}

describe("a random history of credits", () => {
  it("is decided as the plain model says, step by step, with every balance the sum of its postings and lots", async () => {
    await fc.assert(
      fc.asyncProperty(histories, async (steps) => {
        const clock = new ManualClock(T0);
        await live(steps, new InMemory(clock), clock, "acme");
      }),
      { numRuns: RUNS },
    );
  });
});

describe.each(ENGINES.filter(({ name }) => name !== "sqlite"))(
  "a random history of credits on $name",
  ({ name, freshUrl }) => {
    it("is what the plain model says, and proves right", async () => {
      const store = storeAt(await freshUrl());
      let tenants = 0;
      const numRuns = name === "postgres" ? RUNS_ON_POSTGRES : RUNS_ON_SQLITE;
      await fc.assert(
        fc.asyncProperty(histories, async (steps) => {
          tenants += 1;
          const clock = new ManualClock(T0);
          const tenant = `tenant ${tenants}`;
          await live(steps, new OverStore(store, clock, tenant), clock, tenant);
        }),
        { numRuns },
      );
      expect(await creditsOver(store).differences()).toEqual([]);
      await store.close();
    });
  },
);
