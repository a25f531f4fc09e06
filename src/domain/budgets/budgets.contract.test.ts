import { afterEach, describe, expect, it } from "vitest";
import { ENGINES } from "../../../test/support/database.ts";
import { DAY_MS, HOUR_MS } from "../../kernel/index.ts";
import { nextVersion, suspendActive } from "./budget-store.ts";
import { differences, eventOf, type Started, startBudgets } from "./fixtures.ts";

describe.each(ENGINES)("budgets on $name", ({ name, freshUrl }) => {
  const opened: Started[] = [];

  async function start(url?: string): Promise<Started> {
    const started = await startBudgets(url ?? (await freshUrl()), { tenant: "acme" });
    opened.push(started);
    return started;
  }

  afterEach(async () => {
    for (const { store } of opened.splice(0)) await store.close();
  });

  it("count what was used since the start of their period, whatever is recorded while they are made", async () => {
    const started = await start();
    const { budgets, metering, holds } = started;
    await metering.record(eventOf(10, { timestamp: "2025-12-31T23:59:59Z" }));
    const writes = Array.from({ length: 40 }, (_, index) =>
      metering.record(eventOf(10, { user: `u${index % 3}` })),
    );
    const made = Array.from({ length: 6 }, (_, index) =>
      budgets.create({ name: `b${index}`, measure: "calls", scope: index % 2 === 0 ? {} : { user: "each" } }),
    );
    const spends = Array.from({ length: 10 }, () =>
      holds.recordSpend({ amountUsd: 1, dimensions: { user: "u1" } }),
    );
    await Promise.all([...writes, ...made, ...spends]);
    for (const { id } of await Promise.all(made)) {
      const { counters } = await budgets.status(id);
      expect(counters.reduce((sum, { spent }) => sum + Number(spent), 0)).toBe(50);
    }
    expect(await differences(started)).toEqual([]);
  });

  it("keep a counter per value of each, fixed values apart, and nothing of other tenants", async () => {
    const started = await start();
    const { budgets, metering } = started;
    const { id } = await budgets.create({
      name: "d",
      scope: { workspace: "w", debate: "each", model: "each" },
      limit: 1,
    });
    await metering.record([
      eventOf(1_000_000, { workspace: "w", debate: "a" }),
      eventOf(2_000_000, { workspace: "w", debate: "b" }),
      eventOf(1_000_000, { workspace: "w", debate: "b" }),
      eventOf(5_000_000, { workspace: "w" }),
      eventOf(5_000_000, { workspace: "x", debate: "a" }),
      eventOf(5_000_000, { tenant: "other", workspace: "w", debate: "a" }),
    ]);
    const { counters } = await budgets.status(id);
    expect(counters.map(({ counter, spent }) => [counter, spent.toString()])).toEqual([
      [{ debate: "a", model: "gpt-4o-mini" }, "0.15"],
      [{ debate: "b", model: "gpt-4o-mini" }, "0.45"],
    ]);
    expect(await differences(started)).toEqual([]);
  });

  it("measure dollars, tokens, debates and calls", async () => {
    const started = await start();
    const { budgets, metering } = started;
    for (const measure of ["usd", "tokens", "debates", "calls"] as const)
      await budgets.create({ name: measure, measure });
    await metering.record([
      eventOf(1_000, { tokensOut: 500, cachedTokens: 300, reasoningTokens: 100 }),
      { tenant: "acme", type: "debate", quantity: 3 },
    ]);
    const summary = await budgets.summary();
    expect(
      Object.fromEntries(summary.map((one) => [one.measure, one.counters[0]?.spent.toString()])),
    ).toEqual({
      usd: (await started.holds.check({})).budgets[0]?.spent.toString(),
      tokens: "1500",
      debates: "3",
      calls: "2",
    });
    expect(await differences(started)).toEqual([]);
  });

  it("take back what a correction takes back, calls and debates included", async () => {
    const started = await start();
    const { budgets, metering } = started;
    for (const measure of ["usd", "tokens", "debates", "calls"] as const)
      await budgets.create({ name: measure, measure });
    await metering.record([
      eventOf(1_000, { id: "a" }),
      eventOf(1_000, { id: "b", type: "debate", quantity: 5 }),
    ]);
    await metering.correct("a", null, "it was never made");
    await metering.correct("b", { quantity: 2 }, "two, not five");
    const summary = await budgets.summary();
    const spent = Object.fromEntries(summary.map((one) => [one.measure, one.counters[0]?.spent.toString()]));
    expect(spent).toEqual({ usd: "0.00015", tokens: "1000", debates: "2", calls: "1" });
    expect(await differences(started)).toEqual([]);
  });

  it("cut their periods in their own zone, and roll over by themselves", async () => {
    const started = await start();
    const { budgets, metering, clock, holds } = started;
    clock.set("2026-03-28T22:30:00Z");
    const { id } = await budgets.create({
      name: "berlin",
      limit: "0.3",
      period: "daily",
      zone: "Europe/Berlin",
    });
    await metering.record(eventOf(2_000_000));
    expect(await holds.check({ estimatedCostUsd: "0.01" })).toMatchObject({ allowed: false });
    // Midnight in Berlin is 23:00 in UTC, and the day that follows has 23 hours.
    clock.advance(HOUR_MS / 2);
    expect(await holds.check({ estimatedCostUsd: "0.01" })).toMatchObject({ allowed: true });
    await metering.record(eventOf(2_000_000));
    expect((await budgets.status(id)).counters[0]?.period).toEqual({
      name: "daily",
      from: "2026-03-28T23:00:00.000Z",
      to: "2026-03-29T22:00:00.000Z",
    });
    expect(await differences(started)).toEqual([]);
  });

  it("carry the unused rest of a period, at most one limit, and nothing to a counter that was not there", async () => {
    const started = await start();
    const { budgets, metering, clock, holds } = started;
    const daily = { period: "daily", limit: "1", rollover: true } as const;
    const { id } = await budgets.create({ name: "carry", ...daily });
    const each = await budgets.create({ name: "each", ...daily, scope: { user: "each" } });
    const limit = async (of: string) =>
      (await budgets.status(of)).counters.map((counter) => counter.limit?.toString());
    expect(await limit(id)).toEqual(["1"]);
    await metering.record(eventOf(2_000_000, { user: "ann" }));
    clock.advance(DAY_MS);
    expect(await limit(id)).toEqual(["1.7"]);
    await holds.spend({ amountUsd: "0.1", dimensions: { user: "ann" } });
    await holds.spend({ amountUsd: "0.1", dimensions: { user: "new" } });
    expect(await limit(id)).toEqual(["1.7"]);
    expect(await limit(each.id)).toEqual(["1.7", "1"]);
    await expect(holds.spend({ amountUsd: "1.7" })).rejects.toMatchObject({ code: "budget_exceeded" });
    clock.advance(DAY_MS);
    expect(await limit(id)).toEqual(["2"]);
    await metering.record(eventOf(1, { user: "ann" }));
    clock.advance(DAY_MS);
    await metering.record(eventOf(1, { user: "ann" }));
    expect(await limit(id)).toEqual(["2"]);
    expect(await differences(started)).toEqual([]);
  });

  it("admit overage up to its cap, and mark it", async () => {
    const { budgets, holds } = await start();
    await budgets.create({ name: "over", limit: "1", overage: { multiplier: "1.5", cap: "0.5" } });
    await holds.spend({ amountUsd: "0.9" });
    const spent = await holds.spend({ amountUsd: "0.3" });
    expect(
      spent.budgets.map(({ overage, overageMultiplier }) => [overage.toString(), overageMultiplier]),
    ).toEqual([["0.2", "1.5"]]);
    await expect(holds.spend({ amountUsd: "0.31" })).rejects.toMatchObject({ code: "budget_exceeded" });
    await holds.spend({ amountUsd: "0.3" });
  });

  it("let one user pass until an override ends, and nobody else", async () => {
    const { budgets, holds, clock } = await start();
    const { id } = await budgets.create({ name: "one", limit: "1" });
    const ask = (user: string, estimatedCostUsd: string) =>
      holds.check({ dimensions: { user }, estimatedCostUsd });
    await holds.spend({ amountUsd: "1" });
    const until = (ms: number) => new Date(clock.now() + ms);
    await budgets.override({
      budget: id,
      user: "ann",
      until: until(1_000),
      limit: "2",
      actor: "boss",
      reason: "demo",
    });
    await budgets.override({ user: "bob", until: until(500) });
    expect(await ask("ann", "1")).toMatchObject({ allowed: true });
    expect(await ask("ann", "1.01")).toMatchObject({ allowed: false });
    expect(await ask("bob", "99")).toMatchObject({ allowed: true });
    expect(await ask("eve", "0.01")).toMatchObject({ allowed: false });
    clock.advance(500);
    expect(await ask("bob", "0.01")).toMatchObject({ allowed: false });
    expect(await ask("ann", "1")).toMatchObject({ allowed: true });
    clock.advance(500);
    expect(await ask("ann", "0.01")).toMatchObject({ allowed: false });
    await expect(budgets.override({ user: "ann", until: until(0) })).rejects.toMatchObject({
      code: "override_in_past",
    });
    await expect(
      budgets.override({ budget: id, user: "ann", until: until(9), tenant: "other" }),
    ).rejects.toMatchObject({
      code: "budget_not_found",
    });
  });

  it("start anew after a reset, and keep what was counted before", async () => {
    const started = await start();
    const { budgets, holds, metering } = started;
    const { id } = await budgets.create({
      name: "one",
      limit: "0.5",
      thresholds: [{ percent: 100, action: "suspend" }],
    });
    await metering.record([eventOf(2_000_000, { id: "a" }), eventOf(2_000_000)]);
    expect(await budgets.get(id)).toMatchObject({ status: "suspended" });
    await budgets.reset(id, { actor: "boss", reason: "new contract" });
    expect(await budgets.get(id)).toMatchObject({ status: "active" });
    expect((await budgets.status(id)).counters[0]?.spent.toString()).toBe("0");
    expect(await differences(started)).toEqual([]);
    await holds.spend({ amountUsd: "0.5" });
    expect((await budgets.alerts()).items).toHaveLength(2);
    expect(await differences(started)).toEqual([]);
    expect((await budgets.changes(id)).map(({ kind }) => kind)).toEqual([
      "create",
      "suspend",
      "reset",
      "suspend",
    ]);
  });

  it("neither count nor refuse once they are closed, and stay provable", async () => {
    const started = await start();
    const { budgets, holds, metering } = started;
    const { id } = await budgets.create({ name: "one", limit: "0.1" });
    await metering.record(eventOf(2_000_000));
    await budgets.close(id);
    await budgets.close(id);
    await metering.record(eventOf(2_000_000));
    expect(await holds.check({ estimatedCostUsd: "9" })).toMatchObject({ allowed: true, budgets: [] });
    expect((await budgets.status(id)).counters[0]?.spent.toString()).toBe("0.3");
    await expect(budgets.resume(id)).rejects.toMatchObject({ code: "budget_closed" });
    expect(await budgets.list()).toEqual([]);
    expect(await budgets.list({ closed: true })).toHaveLength(1);
    expect(await differences(started)).toEqual([]);
  });

  it("are made once per id, and are another tenant's secret", async () => {
    const { budgets } = await start();
    const input = {
      id: "b1",
      name: "one",
      limit: "1",
      notify: [{ webhook: "https://a.example/x", secret: "s" }],
    };
    const [first, again] = await Promise.all([budgets.create(input), budgets.create(input)]);
    expect(again).toEqual(first);
    expect(JSON.stringify(first)).not.toContain('"s"');
    await expect(budgets.create({ ...input, limit: "2" })).rejects.toMatchObject({ code: "budget_exists" });
    for (const call of [
      (id: string, tenant: string) => budgets.get(id, tenant),
      (id: string, tenant: string) => budgets.update(id, { limit: 1 }, tenant),
      (id: string, tenant: string) => budgets.suspend(id, {}, tenant),
      (id: string, tenant: string) => budgets.resume(id, {}, tenant),
      (id: string, tenant: string) => budgets.close(id, {}, tenant),
      (id: string, tenant: string) => budgets.reset(id, {}, tenant),
      (id: string, tenant: string) => budgets.status(id, { tenant }),
      (id: string, tenant: string) => budgets.changes(id, tenant),
    ]) {
      const errors = await Promise.all(
        [call("b1", "other"), call("b2", "acme")].map((promise) =>
          promise.then(
            () => null,
            (error) => error.toJSON(),
          ),
        ),
      );
      expect(errors[0]).toEqual({ ...errors[1], message: 'no budget "b1"', details: { budget: "b1" } });
    }
  });

  it.each<[string, Record<string, unknown>]>([
    ["limit", { limit: -1 }],
    ["limit", { limit: "9000000.01" }],
    ["limit", { limit: 1.5, measure: "calls" }],
    [
      "thresholds",
      {
        thresholds: [
          { percent: 50, action: "warn" },
          { percent: "50.00", action: "notify" },
        ],
      },
    ],
    ["thresholds[0].percent", { thresholds: [{ percent: 0, action: "warn" }] }],
    ["scope.tenant", { scope: { tenant: "x" } }],
    ["zone", { zone: "Mars/Olympus" }],
    ["period", { period: "hourly" }],
    ["anchor", { period: "total", anchor: new Date() }],
    ["notify[0].email", { notify: [{ email: "a@b.c\r\nBcc: x@y.z" }] }],
    ["notify[0]", { notify: [{}] }],
    ["nonsense", { nonsense: 1 }],
  ])("refuse a wrong %s by name", async (field, wrong) => {
    const { budgets } = await start();
    await expect(budgets.create({ name: "x", ...wrong })).rejects.toMatchObject({
      kind: "invalid_input",
      details: { field },
    });
  });

  it("are what was committed after a change that was rolled back, and its own to the change meanwhile", async () => {
    const { budgets, engine, store } = await start();
    const { id } = await budgets.create({ name: "one" });
    const { books } = engine;
    const seen = () => store.read(async (reader) => (await books.read(reader)).find("acme", id));
    await store
      .transaction(async (tx) => {
        books.changing(tx);
        await suspendActive(tx, "acme", id, await nextVersion(tx));
        expect((await books.read(tx)).find("acme", id)?.status).toBe("suspended");
        throw new Error("undo");
      })
      .catch((error: Error) => expect(error.message).toBe("undo"));
    expect((await seen())?.status).toBe("active");
    // It takes the version that the change before did not keep.
    await budgets.update(id, { name: "two" });
    expect(await seen()).toMatchObject({ status: "active", name: "two" });
  });

  it("tell what was spent over time", async () => {
    const { budgets, metering, holds, clock } = await start();
    const { id } = await budgets.create({ name: "t", period: "annual" });
    for (let day = 0; day < 3; day += 1) {
      await metering.record(eventOf(2_000_000));
      await holds.recordSpend({ amountUsd: "0.1" });
      clock.advance(DAY_MS);
    }
    const query = { from: new Date("2026-01-01"), to: new Date("2026-02-01") };
    const points = async (by: "hour" | "day" | "week" | "month") =>
      (await budgets.trends(id, { ...query, by })).map(({ from, spent }) => [
        from.toISOString().slice(0, 13),
        spent.toString(),
      ]);
    expect(await points("hour")).toEqual([
      ["2026-01-15T12", "0.4"],
      ["2026-01-16T12", "0.4"],
      ["2026-01-17T12", "0.4"],
    ]);
    expect(await points("day")).toHaveLength(3);
    expect(await points("week")).toEqual([["2026-01-12T00", "1.2"]]);
    expect(await points("month")).toEqual([["2026-01-01T00", "1.2"]]);
  });

  it("are not made again under the id of a closed one", async () => {
    const { budgets } = await start();
    const input = { id: "b", name: "one", limit: "1" };
    await budgets.create(input);
    await budgets.close("b");
    await expect(budgets.create(input)).rejects.toMatchObject({ code: "budget_closed" });
    expect(await budgets.list()).toEqual([]);
    expect(await budgets.list({ closed: true })).toHaveLength(1);
  });

  // A database in memory has one engine.
  if (name !== "sqlite memory") {
    it("are seen at once by another process's engine, changed or suspended", async () => {
      const url = await freshUrl();
      const [here, there] = [await start(url), await start(url)];
      const thresholds = [{ percent: 50, action: "suspend" as const }];
      const { id } = await here.budgets.create({ name: "one", limit: "1", thresholds });
      expect(await there.holds.check({ estimatedCostUsd: "0.6" })).toMatchObject({ allowed: false });
      await here.budgets.update(id, { limit: "10" });
      expect(await there.holds.check({ estimatedCostUsd: "0.6" })).toMatchObject({ allowed: true });
      await here.holds.recordSpend({ amountUsd: "5" });
      expect(await there.holds.check({ estimatedCostUsd: "0.6" })).toMatchObject({
        reason: "budget_suspended",
      });
      await there.budgets.resume(id);
      expect(await here.holds.check({ estimatedCostUsd: "0.6" })).toMatchObject({
        reason: "budget_exceeded",
      });
      expect(await differences(here)).toEqual([]);
    });
  }
});
