import { afterEach, describe, expect, it } from "vitest";
import { ENGINES } from "../../../test/support/database.ts";
import { DAY_MS } from "../../kernel/index.ts";
import type { UsageEvent } from "../metering/index.ts";
import { differences, eventOf, type Started, startBudgets } from "./fixtures.ts";

/** $0.30. */
const STEP = 2_000_000;

describe.each(ENGINES)("alerts on $name", ({ freshUrl }) => {
  const opened: Started[] = [];

  async function start(): Promise<Started> {
    const started = await startBudgets(await freshUrl(), { tenant: "acme" });
    opened.push(started);
    return started;
  }

  afterEach(async () => {
    for (const { store } of opened.splice(0)) await store.close();
  });

  const spend = ({ metering }: Started, times: number, more: Partial<UsageEvent> = {}) =>
    metering.record(Array.from({ length: times }, () => eventOf(STEP, more)));
  const percents = async ({ budgets }: Started) =>
    (await budgets.alerts()).items.map(({ percent }) => percent).reverse();

  it("are raised one per threshold when it is reached, to the last pico-dollar", async () => {
    const started = await start();
    await started.budgets.create({ name: "three", limit: "3" });
    await spend(started, 4);
    expect(await percents(started)).toEqual([]);
    await spend(started, 1);
    expect(await percents(started)).toEqual([50]);
    await spend(started, 3);
    expect(await percents(started)).toEqual([50, 75]);
    await spend(started, 2);
    expect(await percents(started)).toEqual([50, 75, 90, 100]);
    await spend(started, 20);
    expect(await percents(started)).toEqual([50, 75, 90, 100]);
    expect(started.sink.raised.map(({ level }) => level)).toEqual([
      "info",
      "warning",
      "critical",
      "exceeded",
    ]);
    expect(await differences(started)).toEqual([]);
  });

  it("are raised all at once when one spend jumps over several thresholds", async () => {
    const started = await start();
    await started.budgets.create({ name: "one", limit: "1" });
    await started.holds.recordSpend({ amountUsd: "0.95" });
    expect(await percents(started)).toEqual([50, 75, 90]);
    expect(started.sink.raised).toHaveLength(3);
    expect((await started.budgets.alerts()).items[0]?.message).toBe(
      'the budget "one" has reached 90 %: $0.95 of $1',
    );
    expect(await differences(started)).toEqual([]);
  });

  it("are not raised again by a correction, nor by a raised limit in the same period", async () => {
    const started = await start();
    const { id } = await started.budgets.create({ name: "one", limit: "1" });
    await spend(started, 1, { id: "a" });
    await spend(started, 1, { id: "b" });
    expect(await percents(started)).toEqual([50]);
    await started.metering.correct("b", { tokensIn: 0 }, "a wrong count");
    expect((await started.budgets.status(id)).counters[0]?.spent.toString()).toBe("0.3");
    await spend(started, 1, { id: "c" });
    expect(await percents(started)).toEqual([50]);
    await started.budgets.update(id, { limit: "100" });
    await started.budgets.update(id, { limit: "1" });
    expect(started.sink.raised.filter(({ bps }) => bps === 5_000)).toHaveLength(1);
    expect(await differences(started)).toEqual([]);
  });

  it("are not raised in a period that is over by room that is given back in it, whatever the terms are now", async () => {
    const started = await start();
    const { budgets, holds, metering, clock } = started;
    const thresholds = [{ percent: 50, action: "suspend" }] as const;
    const { id } = await budgets.create({ name: "daily", limit: "2", period: "daily", thresholds });
    await spend(started, 2);
    const hold = await holds.authorize({ estimatedCostUsd: "0.01", ttlMs: DAY_MS });
    clock.advance(DAY_MS / 2 + 1);
    await budgets.update(id, { limit: "1" });
    await metering.record(eventOf(2, { holdId: hold.id }));
    expect(await percents(started)).toEqual([]);
    expect((await budgets.get(id)).status).toBe("active");
    expect(await differences(started)).toEqual([]);
  });

  it("are raised again in a new period, and by a late event in its own", async () => {
    const started = await start();
    await started.budgets.create({ name: "daily", limit: "0.5", period: "daily" });
    await spend(started, 1);
    started.clock.advance(DAY_MS);
    await spend(started, 1);
    await spend(started, 1, { timestamp: "2026-01-15T13:00:00Z" });
    await spend(started, 5, { timestamp: "2026-01-14T23:59:59Z" });
    const { items } = await started.budgets.alerts();
    expect(items.map(({ percent, period }) => [percent, period.from.slice(0, 10)]).reverse()).toEqual([
      [50, "2026-01-15"],
      [50, "2026-01-16"],
      [75, "2026-01-15"],
      [90, "2026-01-15"],
      [100, "2026-01-15"],
    ]);
    expect(await differences(started)).toEqual([]);
  });

  it("are raised when a lowered limit passes what was spent, and when a budget is made late", async () => {
    const started = await start();
    await spend(started, 2);
    const { id } = await started.budgets.create({ name: "late", limit: "1" });
    expect(await percents(started)).toEqual([50]);
    await started.budgets.update(id, { limit: "0.6" });
    expect(await percents(started)).toEqual([50, 75, 90, 100]);
    expect(await differences(started)).toEqual([]);
  });

  it("suspend the budget in the same transaction, for the very next request, until it is resumed or raised", async () => {
    const started = await start();
    const { budgets, holds, metering } = started;
    const thresholds = [{ percent: 60, action: "suspend" as const }];
    const { id } = await budgets.create({ name: "one", limit: "1", thresholds });
    const ask = () => holds.authorize({ estimatedCostUsd: "0.01" });
    await ask();
    const [, refused] = await Promise.allSettled([
      metering.record([eventOf(STEP), eventOf(STEP)]),
      ask(),
      ask(),
    ]);
    expect(refused?.status === "rejected" || (await started.holds.check({})).allowed === false).toBe(true);
    await expect(ask()).rejects.toMatchObject({ code: "budget_suspended" });
    expect(await budgets.get(id)).toMatchObject({ status: "suspended", suspendedBy: "threshold" });
    await budgets.update(id, { limit: "2" });
    expect(await budgets.get(id)).toMatchObject({ status: "active" });
    await ask();
    await budgets.suspend(id, { actor: "boss", reason: "stop" });
    await budgets.update(id, { limit: "3" });
    await expect(ask()).rejects.toMatchObject({ code: "budget_suspended" });
    await budgets.resume(id);
    await ask();
    expect((await budgets.changes(id)).map(({ kind, actor }) => [kind, actor])).toEqual([
      ["create", ""],
      ["suspend", "threshold"],
      ["update", ""],
      ["suspend", "boss"],
      ["update", ""],
      ["resume", ""],
    ]);
    expect(await differences(started)).toEqual([]);
  });

  it("suspend for the requests of the same group that follow the one that crossed", async () => {
    const started = await start();
    const { budgets, holds } = started;
    await budgets.create({ name: "one", limit: "1", thresholds: [{ percent: 50, action: "suspend" }] });
    // Room for all three by its ceiling of $0.50, if nothing suspended it in between.
    const [first, ...others] = await Promise.allSettled([
      holds.spend({ amountUsd: "0.5" }),
      holds.spend({ amountUsd: "0" }),
      holds.authorize({ estimatedCostUsd: "0" }),
    ]);
    expect(first?.status).toBe("fulfilled");
    for (const other of others)
      expect(other.status === "rejected" && other.reason).toMatchObject({ code: "budget_suspended" });
    expect(await differences(started)).toEqual([]);
  });

  it("come with the spend or not at all when the sink fails", async () => {
    const started = await start();
    await started.budgets.create({
      name: "one",
      limit: "1",
      thresholds: [{ percent: 50, action: "suspend" }],
    });
    started.sink.failing = true;
    await expect(spend(started, 2)).rejects.toThrow("the sink failed");
    expect((await started.holds.check({})).budgets[0]?.spent.toString()).toBe("0");
    expect(await started.holds.check({})).toMatchObject({ allowed: true });
    started.sink.failing = false;
    await spend(started, 2);
    expect(started.sink.raised).toHaveLength(1);
    expect(await started.holds.check({})).toMatchObject({ reason: "budget_suspended" });
    expect(await differences(started)).toEqual([]);
  });

  it("reach callbacks after the commit, once each, whatever a callback does", async () => {
    const started = await start();
    const { budgets } = started;
    const heard: string[] = [];
    budgets.addAlertCallback(() => {
      throw new Error("broken");
    });
    budgets.addAlertCallback(() => new Promise(() => undefined));
    budgets.addAlertCallback(async ({ bps }) => {
      // What it hears of is committed.
      expect((await budgets.alerts()).items.map(({ percent }) => percent * 100)).toContain(bps);
      heard.push(String(bps));
    });
    const remove = budgets.addAlertCallback(() => heard.push("removed"));
    remove();
    await budgets.create({ name: "one", limit: "1" });
    started.sink.failing = true;
    await expect(spend(started, 2)).rejects.toThrow();
    expect(heard).toEqual([]);
    started.sink.failing = false;
    await spend(started, 2);
    await spend(started, 1);
    await expect.poll(() => heard).toEqual(["5000", "7500", "9000"].slice(0, heard.length));
    await expect.poll(() => heard.length).toBe(3);
  });

  it("are acknowledged once, by their tenant only", async () => {
    const started = await start();
    const { budgets, clock } = started;
    await budgets.create({ name: "one", limit: "0.5" });
    await spend(started, 2);
    const { items, nextCursor } = await budgets.alerts({ limit: 3 });
    expect(items).toHaveLength(3);
    expect((await budgets.alerts({ limit: 3, cursor: nextCursor ?? "" })).items).toHaveLength(1);
    const id = items[0]?.id ?? "";
    const first = await budgets.acknowledgeAlert(id, "ann");
    clock.advance(1_000);
    expect(await budgets.acknowledgeAlert(id, "bob")).toEqual(first);
    await expect(budgets.acknowledgeAlert(id, "eve", "other")).rejects.toMatchObject({
      code: "alert_not_found",
    });
    expect((await budgets.alerts({ tenant: "other" })).items).toEqual([]);
  });

  it("are exactly 80 when 64 writers cross four thresholds in 20 periods", async () => {
    const started = await start();
    const { budgets, metering, holds } = started;
    await budgets.create({ name: "daily", limit: "64", period: "daily" });
    for (let day = 0; day < 20; day += 1) {
      await Promise.all(
        Array.from({ length: 64 }, (_, writer) =>
          writer % 2 === 0
            ? metering.record(eventOf(10_000_000, { user: `u${writer}` }))
            : holds.recordSpend({ amountUsd: "1.5", dimensions: { user: `u${writer}` } }),
        ),
      );
      started.clock.advance(DAY_MS);
    }
    expect(started.sink.raised).toHaveLength(80);
    expect(new Set(started.sink.raised.map(({ id }) => id)).size).toBe(80);
    const rows = await started.store.read((reader) =>
      reader.get<{ n: bigint }>("SELECT count(*) AS n FROM budget_alerts"),
    );
    expect(rows?.n).toBe(80n);
    expect(await differences(started)).toEqual([]);
  });
});
