import { afterEach, describe, expect, it } from "vitest";
import { ENGINES } from "../../../test/support/database.ts";
import { BillingError, formatUsd, systemClock } from "../../kernel/index.ts";
import { differences, eventOf, type Started, type StartOptions, startBudgets, totals } from "./fixtures.ts";
import { currentHold } from "./hold-context.ts";

const DIMENSIONS = {
  workspace: "ws",
  user: "ann",
  agent: "judge",
  debate: "d1",
  provider: "openai",
  model: "gpt-4o-mini",
};

describe.each(ENGINES)("holds on $name", ({ freshUrl }) => {
  const opened: Started[] = [];

  async function start(options: StartOptions = {}, url?: string): Promise<Started> {
    const started = await startBudgets(url ?? (await freshUrl()), { tenant: "acme", ...options });
    opened.push(started);
    return started;
  }

  afterEach(async () => {
    for (const { store } of opened.splice(0)) await store.close();
  });

  it("admits exactly 50 of 1,000 authorizations of $0.10 at once against $5", async () => {
    const started = await start();
    const { budgets, holds, store } = started;
    await budgets.create({ name: "five", limit: "5" });
    const asked = await Promise.allSettled(
      Array.from({ length: 1_000 }, () => holds.authorize({ estimatedCostUsd: "0.10" })),
    );
    const refused = asked.filter(({ status }) => status === "rejected") as PromiseRejectedResult[];
    expect(asked.length - refused.length).toBe(50);
    for (const { reason } of refused)
      expect(reason).toMatchObject({ kind: "limit_exceeded", code: "budget_exceeded" });
    expect(formatUsd((await totals(store)).held)).toBe("5");
    expect(await differences(started)).toEqual([]);
  });

  it("says clearly which budget refuses, how far it is, and for how much", async () => {
    const { budgets, holds } = await start();
    const { id } = await budgets.create({
      name: "per debate",
      scope: { workspace: "ws", debate: "each" },
      limit: "5",
    });
    await holds.recordSpend({ dimensions: DIMENSIONS, amountUsd: "4.5" });
    await holds.authorize({ dimensions: DIMENSIONS, estimatedCostUsd: "0.25" });
    const error = await refusal(holds.authorize({ dimensions: DIMENSIONS, estimatedCostUsd: "0.26" }));
    expect(error.message).toBe(
      'the budget "per debate" (debate d1) has no room for $0.26: $4.5 spent and $0.25 held of $5 (monthly)',
    );
    expect(error.details).toEqual({
      budget: id,
      name: "per debate",
      counter: { debate: "d1" },
      measure: "usd",
      limitUsd: "5",
      spent: "4.5",
      held: "0.25",
      requested: "0.26",
      period: { name: "monthly", from: "2026-01-01T00:00:00.000Z", to: "2026-02-01T00:00:00.000Z" },
    });
    await holds.authorize({ dimensions: DIMENSIONS, estimatedCostUsd: "0.25" });
  });

  it("holds every budget that a request meets, or none", async () => {
    const started = await start();
    const { budgets, holds, store } = started;
    await budgets.create({ name: "org", limit: "100" });
    await budgets.create({ name: "workspace", scope: { workspace: "ws" }, limit: "10" });
    await budgets.create({ name: "debate", scope: { workspace: "ws", debate: "each" }, limit: "3" });
    const asked = await Promise.allSettled(
      Array.from({ length: 500 }, (_, index) =>
        holds.authorize({ dimensions: { ...DIMENSIONS, debate: `d${index % 7}` }, estimatedCostUsd: "0.5" }),
      ),
    );
    expect(asked.filter(({ status }) => status === "fulfilled")).toHaveLength(20);
    const rows = await store.read((reader) =>
      reader.all<{ budget: string; held: bigint }>(
        "SELECT budget, sum(amount) AS held FROM budget_hold_parts GROUP BY budget",
      ),
    );
    expect(rows.map(({ held }) => formatUsd(held))).toEqual(["10", "10", "10"]);
    const counters = await store.read((reader) =>
      reader.all<{ held_hi: bigint }>("SELECT held_hi FROM budget_counters WHERE counter <> ''"),
    );
    for (const { held_hi } of counters) expect(held_hi).toBeLessThanOrEqual(3_000_000n);
    expect(await differences(started)).toEqual([]);
  });

  it("gives the room of a captured, released or expired hold back, and no more", async () => {
    const started = await start();
    const { budgets, holds, clock } = started;
    const { id } = await budgets.create({ name: "ten", limit: "10" });
    const [a, b, c] = await Promise.all(
      ["4", "3", "3"].map((estimatedCostUsd) => holds.authorize({ estimatedCostUsd, ttlMs: 1_000 })),
    );
    await expect(holds.authorize({ estimatedCostUsd: "0.01" })).rejects.toMatchObject({
      code: "budget_exceeded",
    });
    expect(await holds.capture(a?.id ?? "", { costUsd: "1.5" })).toMatchObject({
      state: "captured",
      flags: [],
    });
    expect(await holds.release(b?.id ?? "")).toMatchObject({ state: "released" });
    await holds.authorize({ estimatedCostUsd: "5.5", ttlMs: 1_000 });
    await expect(holds.authorize({ estimatedCostUsd: "0.01" })).rejects.toMatchObject({
      code: "budget_exceeded",
    });
    clock.advance(1_000);
    // Whoever needs the room expires what is due: no job has run.
    await holds.authorize({ estimatedCostUsd: "8.5" });
    expect(await holds.hold(c?.id ?? "")).toMatchObject({ state: "expired" });
    const { counters } = await budgets.status(id);
    expect(counters.map(({ spent, held }) => [spent.toString(), held.toString()])).toEqual([["1.5", "8.5"]]);
    expect(await differences(started)).toEqual([]);
  });

  it("expires what is due by its job, and then nothing more", async () => {
    const started = await start();
    const { budgets, holds, clock, store } = started;
    await budgets.create({ name: "ten", limit: "1000" });
    await Promise.all(
      Array.from({ length: 1_200 }, () => holds.authorize({ estimatedCostUsd: "0.1", ttlMs: 10 })),
    );
    expect(await holds.expiry.runDue(clock.now())).toBe(0);
    expect(await holds.expiry.hasWork(clock.now())).toBe(false);
    clock.advance(10);
    expect(await holds.expiry.hasWork(clock.now())).toBe(true);
    expect(await holds.expiry.runDue(clock.now())).toBe(1_200);
    expect(await holds.expiry.runDue(clock.now())).toBe(0);
    expect(await totals(store)).toEqual({ spent: 0n, held: 0n });
    expect(await differences(started)).toEqual([]);
  });

  it("answers a repeated key with the same hold, and refuses another request under it", async () => {
    const { budgets, holds } = await start();
    const { id } = await budgets.create({ name: "one", limit: "1" });
    const request = { estimatedCostUsd: "0.6", key: "call-1" };
    const all = await Promise.all(Array.from({ length: 50 }, () => holds.authorize(request)));
    expect(new Set(all.map((hold) => hold.id)).size).toBe(1);
    expect((await budgets.status(id)).counters[0]?.held.toString()).toBe("0.6");
    await expect(holds.authorize({ ...request, estimatedCostUsd: "0.7" })).rejects.toMatchObject({
      kind: "conflict",
      code: "key_conflict",
    });
    await expect(holds.authorize({ ...request, tenant: "other" })).resolves.toMatchObject({ parts: [] });
  });

  it("captures and releases once, however often it is told", async () => {
    const started = await start();
    const { budgets, holds } = started;
    const { id } = await budgets.create({ name: "ten", limit: "10" });
    const hold = await holds.authorize({ estimatedCostUsd: "2" });
    const [first, ...rest] = await Promise.all(
      Array.from({ length: 10 }, () => holds.capture(hold.id, { costUsd: "1" })),
    );
    for (const again of rest) expect(again).toEqual(first);
    await expect(holds.capture(hold.id, { costUsd: "1.01" })).rejects.toMatchObject({
      code: "hold_captured",
    });
    expect(await holds.release(hold.id)).toEqual(first);
    expect((await budgets.status(id)).counters[0]).toMatchObject({ percent: 10 });
    await expect(holds.capture("hold_none", { costUsd: "1" })).rejects.toMatchObject({
      code: "hold_not_found",
    });
    await expect(holds.release(hold.id, "other")).rejects.toMatchObject({ code: "hold_not_found" });
    expect(await differences(started)).toEqual([]);
  });

  it("records an overrun, a capture after the end and one after a release in full, flagged", async () => {
    const started = await start();
    const { budgets, holds, clock } = started;
    const { id } = await budgets.create({ name: "ten", limit: "10" });
    const [over, late, given] = await Promise.all(
      [1, 2, 3].map(() => holds.authorize({ estimatedCostUsd: "2", ttlMs: 5 })),
    );
    expect((await holds.capture(over?.id ?? "", { costUsd: "9" })).flags).toEqual(["overrun"]);
    await holds.release(given?.id ?? "");
    clock.advance(5);
    await holds.expireDue(clock.now());
    expect((await holds.capture(late?.id ?? "", { costUsd: "2" })).flags).toEqual(["afterExpiry"]);
    expect((await holds.capture(given?.id ?? "", { costUsd: "3" })).flags).toEqual([
      "overrun",
      "afterRelease",
    ]);
    expect((await budgets.status(id)).counters[0]).toMatchObject({ percent: 140, level: "exceeded" });
    expect(await differences(started)).toEqual([]);
  });

  it("settles a hold by the event that names it, once, whichever of the two comes twice", async () => {
    const started = await start();
    const { budgets, holds, metering } = started;
    const { id } = await budgets.create({ name: "ten", limit: "10" });
    const hold = await holds.authorize({ estimatedCostUsd: "2" });
    const event = eventOf(1_000_000, { id: "e1", holdId: hold.id });
    await metering.record([event, eventOf(1_000_000, { id: "e2", holdId: hold.id })]);
    expect((await metering.record(event)).status).toBe("duplicate");
    expect(await holds.hold(hold.id)).toMatchObject({ state: "captured", settledBy: "e1" });
    // Its usage is recorded: a capture adds nothing.
    expect(await holds.capture(hold.id, { costUsd: "2" })).toMatchObject({ settledBy: "e1" });
    const [counter] = (await budgets.status(id)).counters;
    expect([counter?.spent.toString(), counter?.held.toString()]).toEqual(["0.3", "0"]);
    expect(await differences(started)).toEqual([]);
  });

  it("counts the event in place of the capture when both tell the same usage", async () => {
    const started = await start();
    const { budgets, holds, metering } = started;
    const { id } = await budgets.create({ name: "ten", limit: "10" });
    const hold = await holds.authorize({ estimatedCostUsd: "2" });
    await holds.capture(hold.id, { costUsd: "0.31" });
    await metering.record(eventOf(2_000_000, { id: "e1", holdId: hold.id }));
    expect((await budgets.status(id)).counters[0]?.spent.toString()).toBe("0.3");
    expect(await holds.capture(hold.id, { costUsd: "0.31" })).toMatchObject({ state: "captured" });
    expect(await differences(started)).toEqual([]);
  });

  it("prices an estimate by tokens with the maximum output", async () => {
    const { budgets, holds } = await start();
    await budgets.create({ name: "ten", limit: "10" });
    const request = { dimensions: DIMENSIONS, tokensIn: 1_000_000, maxOutputTokens: 1_000_000 };
    const hold = await holds.authorize(request);
    expect(hold.parts.map(({ amount }) => amount.toString())).toEqual(["0.75"]);
    const captured = await holds.capture(hold.id, { tokensIn: 1_000_000, tokensOut: 10 });
    expect(captured.flags).toEqual([]);
    expect((await holds.check({ dimensions: DIMENSIONS })).budgets[0]?.spent.toString()).toBe("0.150006");
    await expect(
      holds.authorize({ dimensions: { ...DIMENSIONS, model: "nobody-knows" }, tokensIn: 1 }),
    ).resolves.toBeDefined();
  });

  it("checks without taking room, and says the same as authorize", async () => {
    const { budgets, holds, clock } = await start();
    await budgets.create({ name: "soft", limit: "10", thresholds: [{ percent: 50, action: "warn" }] });
    const { id } = await budgets.create({ name: "hard", limit: "1" });
    expect(await holds.check({ estimatedCostUsd: "1" })).toMatchObject({ allowed: true, reason: null });
    expect(await holds.check({ estimatedCostUsd: "1.000000000001" })).toMatchObject({
      allowed: false,
      reason: "budget_exceeded",
    });
    await holds.authorize({ estimatedCostUsd: "1", ttlMs: 10 });
    expect(await holds.check({})).toMatchObject({ allowed: false });
    expect(await holds.check({ estimatedCostUsd: 0 })).toMatchObject({ allowed: true });
    clock.advance(10);
    expect(await holds.check({ estimatedCostUsd: "1" })).toMatchObject({ allowed: true });
    await budgets.suspend(id);
    expect(await holds.check({ estimatedCostUsd: "0.1" })).toMatchObject({ reason: "budget_suspended" });
    await budgets.resume(id);
    await budgets.update(id, { limit: null });
    expect(await holds.check({ estimatedCostUsd: "100" })).toMatchObject({
      allowed: true,
      warnings: ['the budget "soft" would be at or above 50 % of $10'],
    });
    expect(await holds.check({ tenant: "other", estimatedCostUsd: "1" })).toMatchObject({
      allowed: true,
      budgets: [],
    });
  });

  it("blocks everything with a limit of 0, and meets what it has never seen", async () => {
    const { budgets, holds } = await start();
    await budgets.create({ name: "none", scope: { user: "each", model: "o3" }, measure: "calls", limit: 0 });
    await expect(holds.authorize({ dimensions: { user: "new", model: "o3" } })).rejects.toMatchObject({
      code: "budget_exceeded",
    });
    await holds.authorize({ dimensions: { user: "new", model: "gpt-4o" } });
    await holds.authorize({ dimensions: { model: "o3" } });
  });

  it("counts a call inside of withBudget once when it is recorded as an event and captured too, in either order", async () => {
    const { budgets, holds, metering } = await start();
    const { id } = await budgets.create({ name: "one", limit: "5" });
    const now = async () => {
      const [counter] = (await budgets.status(id)).counters;
      return [counter?.spent.toString(), counter?.held.toString()];
    };
    await holds.withBudget({ estimatedCostUsd: "1" }, async (hold) => {
      await metering.record(eventOf(2_000_000));
      const captured = await holds.capture(hold.id, { costUsd: "0.3" });
      expect([captured.state, await now()]).toEqual(["captured", ["0.3", "0"]]);
    });
    await holds.withBudget({ estimatedCostUsd: "1" }, async (hold) => {
      await holds.capture(hold.id, { costUsd: "0.3" });
      await metering.record(eventOf(2_000_000));
    });
    expect(await now()).toEqual(["0.6", "0"]);
  });

  it("takes from the hold what the events inside of withBudget cost, step by step, and frees the rest", async () => {
    const started = await start();
    const { budgets, holds, metering } = started;
    const { id } = await budgets.create({ name: "one", limit: "1" });
    const now = async () => {
      const [counter] = (await budgets.status(id)).counters;
      return [counter?.spent.toString(), counter?.held.toString()];
    };
    const seen: unknown[] = [];
    const result = await holds.withBudget({ estimatedCostUsd: "1" }, async () => {
      for (let step = 0; step < 3; step += 1) {
        await metering.record(eventOf(2_000_000));
        seen.push(await now());
      }
      return "done";
    });
    expect(result).toBe("done");
    expect(seen).toEqual([
      ["0.3", "0.7"],
      ["0.6", "0.4"],
      ["0.9", "0.1"],
    ]);
    expect(await now()).toEqual(["0.9", "0"]);
    expect(currentHold()).toBe("");
    await expect(
      holds.withBudget({ estimatedCostUsd: "0.1" }, () => {
        throw new Error("the call failed");
      }),
    ).rejects.toThrow("the call failed");
    expect(await now()).toEqual(["0.9", "0"]);
    await expect(holds.withBudget({ estimatedCostUsd: "0.2" }, () => "never")).rejects.toMatchObject({
      code: "budget_exceeded",
    });
    expect(await differences(started)).toEqual([]);
  });

  it("records spend without an event once per key", async () => {
    const started = await start();
    const { budgets, holds } = started;
    const { id } = await budgets.create({ name: "ten", limit: "10" });
    const spend = { amountUsd: "4", key: "k1" };
    const all = await Promise.all(Array.from({ length: 20 }, () => holds.recordSpend(spend)));
    expect(new Set(all.map((one) => one.id)).size).toBe(1);
    await expect(holds.recordSpend({ ...spend, amountUsd: "5" })).rejects.toMatchObject({
      code: "key_conflict",
    });
    await holds.recordSpend({ amountUsd: "7" });
    expect((await budgets.status(id)).counters[0]).toMatchObject({ percent: 110 });
    expect(
      (await budgets.transactions({ budget: id })).items.map(({ costUsd }) => costUsd.toString()),
    ).toEqual(["7", "4"]);
    expect(await differences(started)).toEqual([]);
  });

  it("does not count spend whose event is recorded before or after it", async () => {
    const started = await start();
    const { budgets, holds, metering } = started;
    const { id } = await budgets.create({ name: "ten", limit: "10" });
    const spent = async () => (await budgets.status(id)).counters[0]?.spent.toString();
    await metering.record(eventOf(2_000_000, { id: "before" }));
    expect(await holds.recordSpend({ amountUsd: "0.3", eventId: "before" })).toMatchObject({
      counted: false,
    });
    expect(await spent()).toBe("0.3");
    expect(await holds.recordSpend({ amountUsd: "0.4", eventId: "after" })).toMatchObject({ counted: true });
    expect(await spent()).toBe("0.7");
    await metering.record(eventOf(2_000_000, { id: "after" }));
    expect(await spent()).toBe("0.6");
    expect(await differences(started)).toEqual([]);
  });

  it("counts usage once when spends and the events they name race", async () => {
    const started = await start();
    const { budgets, holds, metering } = started;
    const { id } = await budgets.create({ name: "ten", measure: "calls", limit: 1_000 });
    const ids = Array.from({ length: 60 }, (_, index) => `e${index}`);
    await Promise.all(
      ids.flatMap((eventId) => [
        holds.recordSpend({ amountUsd: "0.1", eventId }),
        metering.record(eventOf(10, { id: eventId })),
      ]),
    );
    expect((await budgets.status(id)).counters[0]?.spent.toString()).toBe("60");
    expect(await differences(started)).toEqual([]);
  });

  it("admits an enforced spend only where it fits", async () => {
    const started = await start();
    const { budgets, holds } = started;
    const { id } = await budgets.create({ name: "limit", limit: "5000" });
    const asked = await Promise.allSettled(
      Array.from({ length: 1_000 }, () => holds.spend({ amountUsd: 7 })),
    );
    expect(asked.filter(({ status }) => status === "fulfilled")).toHaveLength(714);
    expect((await budgets.status(id)).counters[0]?.spent.toString()).toBe("4998");
    expect(await differences(started)).toEqual([]);
  });

  it("refuses when the budgets cannot be read, unless all of them say otherwise by name", async () => {
    const { budgets, holds, store } = await start({ clock: systemClock });
    await budgets.create({ name: "closed", scope: { workspace: "strict" }, limit: "5" });
    await budgets.create({ name: "open", scope: { user: "ann" }, limit: "5", failOpen: true });
    await holds.check({});
    await store.transaction((tx) => tx.run("ALTER TABLE budget_book RENAME TO hidden"));
    const open = { dimensions: { user: "ann" }, estimatedCostUsd: "1" };
    expect(await holds.check(open)).toMatchObject({ allowed: true, reason: "fail_open" });
    expect(await holds.authorize(open)).toMatchObject({ id: "", failOpen: true });
    expect(await holds.withBudget(open, () => 7)).toBe(7);
    const both = { dimensions: { user: "ann", workspace: "strict" }, estimatedCostUsd: "1" };
    await expect(holds.authorize(both)).rejects.toBeInstanceOf(BillingError);
    await expect(holds.check(both)).rejects.toBeInstanceOf(BillingError);
    await expect(
      holds.authorize({ dimensions: { user: "bob" }, estimatedCostUsd: "1" }),
    ).rejects.toBeDefined();
    await store.transaction((tx) => tx.run("ALTER TABLE hidden RENAME TO budget_book"));
    expect(await holds.authorize(both)).toMatchObject({ failOpen: false, state: "open" });
  });

  async function refusal(promise: Promise<unknown>): Promise<BillingError> {
    const error = await promise.then(
      () => undefined,
      (reason: unknown) => reason,
    );
    expect(error).toBeInstanceOf(BillingError);
    return error as BillingError;
  }
});
