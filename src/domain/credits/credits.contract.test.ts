import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { ENGINES } from "../../../test/support/database.ts";
import { BillingError, DAY_MS } from "../../kernel/index.ts";
import { type Store, storeAt } from "../../store/index.ts";
import { creditsOver, START, type Started, type StartOptions } from "./fixtures.ts";
import type { TopUpView } from "./top-up.ts";

const T0 = Date.parse(START);

async function codeOf(work: Promise<unknown>): Promise<string> {
  const error = await work.then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  if (error instanceof BillingError) return error.code;
  throw new Error(`expected a BillingError, got ${String(error)}`);
}

describe.each(ENGINES)("credits on $name", ({ freshUrl }) => {
  let store: Store;
  let tenants = 0;

  beforeAll(async () => {
    store = storeAt(await freshUrl());
  });

  afterAll(() => store.close());

  /** A tenant of its own on the database that these tests share. */
  function start(options?: StartOptions): Started {
    tenants += 1;
    return creditsOver(store, { tenant: `tenant ${tenants}`, ...options });
  }

  afterEach(async () => {
    expect(await creditsOver(store).differences()).toEqual([]);
  });

  it("are zero in every figure for a tenant that never had any", async () => {
    const { credits } = start();
    expect(await credits.balance("nobody")).toEqual({
      ...{ tenant: "nobody", currency: "USD", balanceCents: 0, issuedCents: 0, usedCents: 0 },
      ...{ expiredCents: 0, voidedCents: 0, adjustedCents: 0 },
    });
    expect(await credits.lots("nobody")).toEqual([]);
    expect(await credits.transactions({ tenant: "nobody" })).toEqual({ items: [], nextCursor: null });
  });

  it("are used in the order of their ends, then those without one, then the oldest, and every cent is traceable", async () => {
    const { credits } = start();
    const issue = (amountCents: number, expiresInDays?: number) =>
      credits.issue({ amountCents, type: "promotional", expiresInDays });
    const never = await issue(100);
    const later = await issue(200, 60);
    const neverToo = await issue(300);
    const sooner = await issue(400, 30);
    const soonerToo = await issue(500, 30);
    expect((await credits.lots()).map(({ id }) => id)).toEqual(
      [sooner, soonerToo, later, never, neverToo].map(({ id }) => id),
    );
    const deduction = await credits.deduct({ amountCents: 1_250 });
    expect(deduction).toMatchObject({
      amountDeductedCents: 1_250,
      remainingAmountCents: 0,
      balanceCents: 250,
    });
    expect(deduction.lots).toEqual([
      { lotId: sooner.id, amountCents: 400 },
      { lotId: soonerToo.id, amountCents: 500 },
      { lotId: later.id, amountCents: 200 },
      { lotId: never.id, amountCents: 100 },
      { lotId: neverToo.id, amountCents: 50 },
    ]);
    const [last] = (await credits.transactions()).items;
    expect(last).toMatchObject({ id: deduction.transactionId, type: "usage", amountCents: -1_250 });
    expect(last?.lots.map(({ amountCents }) => amountCents)).toEqual([-400, -500, -200, -100, -50]);
  });

  it("give what is there by default, and all or nothing where a part is not allowed", async () => {
    const { credits } = start();
    await credits.issue({ amountCents: 100, type: "purchase" });
    expect(await codeOf(credits.deduct({ amountCents: 101, allowPartial: false }))).toBe(
      "insufficient_credits",
    );
    expect((await credits.balance()).balanceCents).toBe(100);
    expect(await credits.deduct({ amountCents: 130 })).toMatchObject({
      amountDeductedCents: 100,
      remainingAmountCents: 30,
      balanceCents: 0,
    });
    // Who wants all is not told of a part under the same reference.
    const part = await credits.deduct({ amountCents: 5, reference: "part" });
    expect(part.amountDeductedCents).toBe(0);
    await credits.issue({ amountCents: 5, type: "purchase" });
    const whole = { amountCents: 5, reference: "part", allowPartial: false };
    expect(await codeOf(credits.deduct(whole))).toBe("reference_conflict");
    await expect(credits.adjust({ amountCents: -6 })).rejects.toMatchObject({
      ...{ code: "insufficient_credits", details: { field: "amountCents", balanceCents: 5 } },
      message: expect.not.stringContaining("allowPartial"),
    });
    await credits.deduct({ amountCents: 5 });
    expect(await credits.deduct({ amountCents: 30 })).toMatchObject({
      ...{ amountDeductedCents: 0, remainingAmountCents: 30, lots: [] },
    });
  });

  it("end at their instant, with the same balance before and after the expiry is posted", async () => {
    const { credits, clock } = start();
    const lot = await credits.issue({ amountCents: 1_000, type: "promotional", expiresInDays: 10 });
    await credits.deduct({ amountCents: 400 });
    clock.set(T0 + 10 * DAY_MS - 1);
    expect((await credits.balance()).balanceCents).toBe(600);
    await credits.expireDue();
    expect((await credits.transactions()).items).toHaveLength(2);
    clock.advance(1);
    const before = await credits.balance();
    expect(before).toMatchObject({ balanceCents: 0, expiredCents: 600, usedCents: 400 });
    clock.advance(5 * DAY_MS);
    expect(await credits.expiry.hasWork(clock.now())).toBe(true);
    expect(await credits.expiry.runDue()).toBeGreaterThan(0);
    expect(await credits.expireDue()).toBe(0);
    expect(await credits.expiry.hasWork(clock.now())).toBe(false);
    expect(await credits.balance()).toEqual(before);
    const [expiry] = (await credits.transactions()).items;
    // Dated by the end of the lot, not by the sweep.
    expect(expiry).toMatchObject({ type: "expired", amountCents: -600, relatesTo: lot.id, actor: null });
    expect(expiry?.at).toEqual(new Date(T0 + 10 * DAY_MS));
  });

  it("have their expiry posted by whoever deducts first, in the same transaction", async () => {
    const { credits, clock } = start();
    await credits.issue({ amountCents: 500, type: "promotional", expiresInDays: 1 });
    await credits.issue({ amountCents: 100, type: "purchase" });
    clock.advance(DAY_MS);
    expect(await credits.deduct({ amountCents: 300 })).toMatchObject({ amountDeductedCents: 100 });
    const types = (await credits.transactions()).items.map(({ type, amountCents }) => [type, amountCents]);
    expect(types.slice(0, 2)).toEqual([
      ["usage", -100],
      ["expired", -500],
    ]);
  });

  it("answer the same reference with the first result for ever, and another amount with a conflict", async () => {
    const { credits } = start();
    await credits.issue({ amountCents: 50, type: "purchase" });
    const ask = { amountCents: 80, reference: "inv_1" };
    const first = await credits.deduct(ask);
    expect(first.amountDeductedCents).toBe(50);
    await credits.issue({ amountCents: 1_000, type: "purchase" });
    // The caller has charged the 30 that were owed: now there is credit, and still nothing more is taken.
    expect(await credits.deduct({ ...ask, description: "again" })).toEqual(first);
    expect(await codeOf(credits.deduct({ ...ask, amountCents: 81 }))).toBe("reference_conflict");
    expect(await codeOf(credits.issue({ amountCents: 80, type: "refund", reference: "inv_1" }))).toBe(
      "reference_conflict",
    );
    expect((await credits.balance()).balanceCents).toBe(1_000);
    const retries = Array.from({ length: 5 }, () => credits.deduct({ amountCents: 10, reference: "inv_2" }));
    expect(new Set((await Promise.all(retries)).map(({ transactionId }) => transactionId)).size).toBe(1);
    expect((await credits.balance()).balanceCents).toBe(990);
    // Another tenant has its own references.
    expect(await credits.deduct({ ...ask, tenant: "other" })).toMatchObject({ amountDeductedCents: 0 });
  });

  it("are issued, adjusted and reversed once per reference", async () => {
    const { credits, clock } = start();
    const gift = { amountCents: 500, type: "referral", expiresInDays: 30, reference: "gift" } as const;
    const first = await credits.issue(gift);
    clock.advance(DAY_MS);
    expect(await credits.issue(gift)).toEqual(first);
    expect(await codeOf(credits.issue({ ...gift, expiresInDays: 31 }))).toBe("reference_conflict");
    const fix = { amountCents: -100, reference: "fix" };
    expect(await credits.adjust(fix)).toEqual(await credits.adjust(fix));
    const { transactionId } = await credits.deduct({ amountCents: 200 });
    const back = { transactionId, amountCents: 50, reference: "back" };
    expect(await credits.reverse(back)).toEqual(await credits.reverse(back));
    expect((await credits.balance()).balanceCents).toBe(250);
  });

  it("go up and down by adjustments, which are refused as a whole where the balance is smaller", async () => {
    const { credits } = start();
    const up = await credits.adjust({
      amountCents: 300,
      description: "goodwill",
      actor: "ada",
      expiresInDays: 5,
    });
    expect(up).toMatchObject({ type: "adjustment", amountCents: 300, actor: "ada", description: "goodwill" });
    expect(up.expiresAt).toEqual(new Date(T0 + 5 * DAY_MS));
    expect(await codeOf(credits.adjust({ amountCents: -301 }))).toBe("insufficient_credits");
    expect(await credits.adjust({ amountCents: -300 })).toMatchObject({ amountCents: -300, balanceCents: 0 });
    expect(await credits.balance()).toMatchObject({ adjustedCents: 0, issuedCents: 0, balanceCents: 0 });
    expect(await codeOf(credits.adjust({ amountCents: -1, expiresInDays: 5 }))).toBe("not_applicable");
  });

  it("lose of a voided lot its rest only, once", async () => {
    const { credits } = start();
    const lot = await credits.issue({ amountCents: 1_000, type: "purchase" });
    const { transactionId } = await credits.deduct({ amountCents: 300 });
    const voided = await credits.void({ lotId: lot.id, description: "payment was refunded" });
    expect(voided).toMatchObject({
      type: "adjustment",
      amountCents: -700,
      relatesTo: lot.id,
      balanceCents: 0,
    });
    expect(await credits.void({ lotId: lot.id })).toEqual(voided);
    // What comes back later stays voided.
    expect(await credits.reverse({ transactionId })).toMatchObject({ amountCents: 300 });
    expect(await credits.balance()).toMatchObject({ balanceCents: 0, usedCents: 0, voidedCents: 1_000 });
    expect(await credits.void({ lotId: lot.id })).toEqual(voided);
    expect(await codeOf(credits.void({ lotId: "cred_unknown" }))).toBe("lot_not_found");
    expect(await codeOf(credits.void({ lotId: lot.id, tenant: "other" }))).toBe("lot_not_found");
  });

  it("return to the very lots they came from, what was taken last first, and never more than was taken", async () => {
    const { credits } = start();
    const a = await credits.issue({ amountCents: 100, type: "promotional", expiresInDays: 5 });
    const b = await credits.issue({ amountCents: 100, type: "purchase" });
    const { transactionId } = await credits.deduct({ amountCents: 150 });
    const part = await credits.reverse({ transactionId, amountCents: 70 });
    expect(part).toMatchObject({ type: "usage", amountCents: 70, relatesTo: transactionId });
    expect(part.lots).toEqual([
      { lotId: b.id, amountCents: 50 },
      { lotId: a.id, amountCents: 20 },
    ]);
    expect(await codeOf(credits.reverse({ transactionId, amountCents: 81 }))).toBe("reversal_too_large");
    const rest = await credits.reverse({ transactionId });
    expect(rest.lots).toEqual([{ lotId: a.id, amountCents: 80 }]);
    expect(await credits.reverse({ transactionId })).toEqual(rest);
    expect(await codeOf(credits.reverse({ transactionId, amountCents: 1 }))).toBe("reversal_too_large");
    expect(await codeOf(credits.reverse({ transactionId: b.id }))).toBe("not_a_deduction");
    expect(await codeOf(credits.reverse({ transactionId, tenant: "other" }))).toBe("transaction_not_found");
    expect((await credits.lots()).map(({ remainingCents }) => remainingCents)).toEqual([100, 100]);
  });

  it("stay expired where the lot they return to has ended", async () => {
    const { credits, clock } = start();
    const lot = await credits.issue({ amountCents: 100, type: "promotional", expiresInDays: 1 });
    await credits.issue({ amountCents: 100, type: "purchase" });
    const { transactionId } = await credits.deduct({ amountCents: 150 });
    clock.advance(DAY_MS);
    expect(await credits.reverse({ transactionId })).toMatchObject({ amountCents: 150 });
    expect(await credits.balance()).toMatchObject({ balanceCents: 100, usedCents: 0, expiredCents: 100 });
    const [expiry] = (await credits.transactions()).items;
    expect(expiry).toMatchObject({
      type: "expired",
      amountCents: -100,
      relatesTo: lot.id,
      balanceCents: 100,
    });
  });

  it("are decided one change after another where several share a commit", async () => {
    const { credits } = start();
    const first = await credits.issue({ amountCents: 100, type: "promotional", expiresInDays: 1 });
    const second = await credits.issue({ amountCents: 100, type: "promotional", expiresInDays: 2 });
    const old = await credits.deduct({ amountCents: 10 });
    // Asked for in one turn: one group, one transaction. The first lot alone could give what is asked for.
    const [, given, back] = await Promise.all([
      credits.void({ lotId: first.id }),
      credits.deduct({ amountCents: 80 }),
      credits.reverse({ transactionId: old.transactionId }),
    ]);
    expect(given.lots).toEqual([{ lotId: second.id, amountCents: 80 }]);
    expect(back.lots).toEqual([{ lotId: first.id, amountCents: 10 }]);
    const [, more] = await Promise.all([
      credits.issue({ amountCents: 50, type: "purchase" }),
      credits.deduct({ amountCents: 90 }),
    ]);
    expect(more).toMatchObject({ amountDeductedCents: 70, remainingAmountCents: 20, balanceCents: 0 });
    const both = [1, 2].map(() => credits.reverse({ transactionId: given.transactionId, amountCents: 50 }));
    const ends = await Promise.allSettled(both);
    expect(ends.map(({ status }) => status).sort()).toEqual(["fulfilled", "rejected"]);
    expect(await credits.balance()).toMatchObject({ balanceCents: 50, usedCents: 100, voidedCents: 100 });
  });

  it("are listed by pages that later transactions do not move, and by their ends", async () => {
    const { credits, clock } = start();
    for (let day = 1; day <= 5; day += 1) {
      await credits.issue({ amountCents: day, type: "promotional", expiresInDays: day * 10 });
    }
    const first = await credits.transactions({ limit: 2 });
    await credits.issue({ amountCents: 6, type: "purchase" });
    const second = await credits.transactions({ limit: 3, cursor: first.nextCursor ?? "" });
    expect([...first.items, ...second.items].map(({ amountCents }) => amountCents)).toEqual([5, 4, 3, 2, 1]);
    expect(second.nextCursor).toBeNull();
    const soon = async (withinDays?: number) =>
      (await credits.expiringSoon({ withinDays })).map(({ remainingCents }) => remainingCents);
    expect(await soon()).toEqual([1, 2, 3]);
    expect(await soon(40)).toEqual([1, 2, 3, 4]);
    clock.advance(10 * DAY_MS);
    expect(await soon(9)).toEqual([]);
    expect(await soon(10)).toEqual([2]);
  });

  it("refuse what is no whole number of cents, no kind, no end to come and no field", async () => {
    const { credits } = start();
    const good = { amountCents: 1, type: "purchase" } as const;
    for (const amountCents of [0, -1, 1.5, Number.NaN, 100_000_000_001, "5", null, undefined]) {
      const code =
        typeof amountCents === "number" && Number.isInteger(amountCents) ? "out_of_range" : "not_whole";
      expect(await codeOf(credits.issue({ ...good, amountCents: amountCents as number }))).toBe(code);
      expect(await codeOf(credits.deduct({ amountCents: amountCents as number }))).toBe(code);
    }
    expect(await codeOf(credits.issue({ ...good, type: "usage" as "purchase" }))).toBe("invalid_choice");
    expect(await codeOf(credits.issue({ ...good, expiresAt: new Date(T0) }))).toBe("ends_in_past");
    expect(await codeOf(credits.issue({ ...good, expiresAt: new Date(Number.NaN) }))).toBe(
      "invalid_timestamp",
    );
    expect(await codeOf(credits.issue({ ...good, expiresInDays: 0 }))).toBe("out_of_range");
    expect(await codeOf(credits.issue({ ...good, expiresInDays: 1, expiresAt: new Date(T0 + 1) }))).toBe(
      "given_twice",
    );
    expect(await codeOf(credits.deduct({ amountCents: 1, referense: "x" } as never))).toBe("unknown_field");
    expect(await codeOf(credits.deduct({ amountCents: 1, reference: "" }))).toBe("invalid_text");
    expect(await codeOf(credits.adjust({ amountCents: 0 }))).toBe("out_of_range");
    expect(await codeOf(credits.deduct({ amountCents: 1, tenant: "" }))).toBe("required");
    expect((await credits.transactions()).items).toEqual([]);
  });

  it("never pass what a number of cents can say", async () => {
    const { credits, tenant } = start();
    await credits.issue({ amountCents: 100, type: "purchase" });
    const almost = String(Number.MAX_SAFE_INTEGER - 50);
    const row = "account = 'credits' AND tenant = ?";
    await store.transaction((tx) =>
      tx.run(`UPDATE ledger_balances SET balance = ${almost} WHERE ${row}`, [tenant]),
    );
    expect(await codeOf(credits.issue({ amountCents: 51, type: "purchase" }))).toBe("balance_too_large");
    await store.transaction((tx) =>
      tx.run(`UPDATE ledger_balances SET balance = 100 WHERE ${row}`, [tenant]),
    );
    expect(await credits.lots()).toHaveLength(1);
  });

  it("of one tenant are nothing to another", async () => {
    const { credits } = start();
    await credits.issue({ tenant: "a", amountCents: 100, type: "purchase" });
    await credits.issue({ tenant: "b", amountCents: 7, type: "purchase" });
    expect(await credits.deduct({ tenant: "b", amountCents: 100 })).toMatchObject({ amountDeductedCents: 7 });
    expect((await credits.balance("a")).balanceCents).toBe(100);
    expect((await credits.transactions({ tenant: "b" })).items.map(({ tenant }) => tenant)).toEqual([
      "b",
      "b",
    ]);
  });

  describe("with a top-up rule", () => {
    async function startWithRule() {
      const asked: TopUpView[] = [];
      const tenant = `topped up ${tenants}`;
      const port = { isFailing: false };
      const askForPayment = async (topUp: TopUpView) => {
        if (topUp.tenant !== tenant) return;
        if (port.isFailing) throw new Error("the payment service is away");
        asked.push(topUp);
      };
      const started = start({ askForPayment, tenant });
      await started.credits.issue({ amountCents: 1_000, type: "purchase" });
      await started.topUps.setRule({ thresholdCents: 500, amountCents: 2_000 });
      const run = async () => {
        const before = asked.length;
        await started.topUps.requests.runDue(started.clock.now());
        return asked.length - before;
      };
      return { ...started, asked, port, run };
    }

    it("ask for one payment when the balance falls below the threshold, and for the next one only after that", async () => {
      const { credits, topUps, asked, run, tenant } = await startWithRule();
      await credits.deduct({ amountCents: 500 });
      expect(await topUps.list()).toEqual([]);
      await Promise.all(Array.from({ length: 5 }, () => credits.deduct({ amountCents: 1 })));
      await credits.deduct({ amountCents: 1 });
      expect(await run()).toBe(1);
      await credits.deduct({ amountCents: 1 });
      expect(await run()).toBe(0);
      expect(asked).toMatchObject([{ tenant, amountCents: 2_000, state: "open" }]);
      const id = asked[0]?.id ?? "";
      const paid = await topUps.settle(id, "paid");
      expect(paid).toMatchObject({ state: "paid" });
      expect(await topUps.settle(id, "paid")).toEqual(paid);
      expect(await codeOf(topUps.settle(id, "failed"))).toBe("top_up_paid");
      expect((await credits.balance()).balanceCents).toBe(2_493);
      const [lot] = (await credits.transactions()).items;
      expect(lot).toMatchObject({ type: "purchase", amountCents: 2_000, relatesTo: id, expiresAt: null });
      await credits.deduct({ amountCents: 2_400 });
      expect(await run()).toBe(1);
    });

    it("ask again until the asking succeeds, under the same id", async () => {
      const { credits, topUps, asked, port, run } = await startWithRule();
      port.isFailing = true;
      await credits.deduct({ amountCents: 600 });
      await expect(run()).rejects.toThrow("away");
      expect(await topUps.requests.hasWork()).toBe(true);
      port.isFailing = false;
      expect(await run()).toBe(1);
      expect(asked.map(({ id }) => id)).toEqual((await topUps.list()).map(({ id }) => id));
    });

    it("pause after a failed payment until the rule is set again, and take that payment when it comes late", async () => {
      const { credits, topUps, run } = await startWithRule();
      await credits.deduct({ amountCents: 600 });
      const [topUp] = await topUps.list();
      await topUps.settle(topUp?.id ?? "", "failed");
      expect(await topUps.rule()).toEqual({
        thresholdCents: 500,
        amountCents: 2_000,
        isPaused: true,
      });
      await credits.deduct({ amountCents: 1 });
      expect(await run()).toBe(0);
      await topUps.setRule({ thresholdCents: 500, amountCents: 3_000 });
      expect(await run()).toBe(1);
      await topUps.settle(topUp?.id ?? "", "paid");
      expect((await credits.balance()).balanceCents).toBe(2_399);
      expect((await topUps.list()).map(({ state, amountCents }) => [state, amountCents])).toEqual([
        ["open", 3_000],
        ["paid", 2_000],
      ]);
    });

    it("stay paused when an older failed payment comes late", async () => {
      const { credits, topUps, run } = await startWithRule();
      const failed = async () => {
        await credits.deduct({ amountCents: 600 });
        const [topUp] = await topUps.list();
        await topUps.settle(topUp?.id ?? "", "failed");
        return topUp?.id ?? "";
      };
      const older = await failed();
      await topUps.setRule({ thresholdCents: 500, amountCents: 3_000 });
      await failed();
      await topUps.settle(older, "paid");
      await credits.deduct({ amountCents: 2_000 });
      expect([(await topUps.rule())?.isPaused, await run()]).toEqual([true, 0]);
    });

    it("end it with null, and refuse it where nobody can be asked for payments", async () => {
      const { credits, topUps } = await startWithRule();
      await topUps.setRule(null);
      await credits.deduct({ amountCents: 900 });
      expect([await topUps.rule(), await topUps.list()]).toEqual([null, []]);
      const { topUps: without } = start();
      expect(await codeOf(without.setRule({ thresholdCents: 1, amountCents: 1 }))).toBe("no_payments");
      expect(await codeOf(without.settle("top_x", "paid"))).toBe("top_up_not_found");
    });
  });
});
