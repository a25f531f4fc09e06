import { afterEach, beforeAll, describe, expect, it } from "vitest";
import { ENGINES } from "../../../test/support/database.ts";
import { DAY_MS } from "../../kernel/index.ts";
import { differences, eventOf, type Started, startBudgets } from "./fixtures.ts";
import { debatesOfPlan, PlanBudgets, type PlanLimit } from "./plan-budgets.ts";

describe.each(ENGINES)("the budget of a plan on $name", ({ freshUrl }) => {
  const opened: Started[] = [];
  let url: string;
  let tenants = 0;

  beforeAll(async () => {
    url = await freshUrl();
  });

  /** A tenant of its own for each test. */
  async function start() {
    tenants += 1;
    const tenant = `acme ${tenants}`;
    const started = await startBudgets(url, { tenant });
    opened.push(started);
    const { store, clock, engine, holds } = started;
    const plans = new PlanBudgets(engine);
    const put = (limit: bigint | null, more: Partial<PlanLimit> = {}) => {
      const at = clock.now();
      return store.transaction((tx) => plans.put(tx, { tenant, limit, anchor: at, at, ...more }));
    };
    const used = () => store.read(async (reader) => (await debatesOfPlan(tenant, clock.now(), reader))?.used);
    const debate = (id: string, more: object = {}) => holds.startDebate({ tenant, debate: id, ...more });
    return { ...started, tenant, put, used, debate };
  }

  afterEach(async () => {
    for (const { store } of opened.splice(0)) await store.close();
  });

  it("is one, shown with its owner, and begins with what was used since its period's start", async () => {
    const { tenant, put, budgets, clock, metering, debate, used } = await start();
    const anchor = clock.now() - 45 * DAY_MS;
    const before = new Date(clock.now() - 20 * DAY_MS);
    await metering.record([
      { tenant, type: "debate", timestamp: before },
      { tenant, type: "debate", quantity: 2 },
    ]);
    await put(10n, { anchor });
    await put(10n, { anchor });
    const [record, ...others] = await budgets.list();
    expect(others).toEqual([]);
    expect(record).toMatchObject({
      id: "plan_debates_1",
      owner: "plan",
      measure: "debates",
      period: "monthly",
    });
    expect(record?.thresholds.map(({ percent, action }) => `${percent} ${action}`)).toEqual([
      ...["75 warn", "90 soft_limit", "100 hard_limit"],
    ]);
    expect(await used()).toBe(2n);
    await debate("d1");
    expect(await used()).toBe(3n);
    expect(await budgets.create({ name: "own" })).not.toHaveProperty("owner");
  });

  it("admits its limit of debates at once and refuses the next, naming itself as the plan's", async () => {
    const started = await start();
    await started.put(10n);
    const ends = await Promise.allSettled(Array.from({ length: 50 }, (_, n) => started.debate(`d${n}`)));
    expect(ends.filter(({ status }) => status === "fulfilled")).toHaveLength(10);
    const refused = ends.flatMap((end) => (end.status === "rejected" ? [end.reason] : []));
    for (const reason of refused)
      expect(reason).toMatchObject({
        kind: "limit_exceeded",
        code: "budget_exceeded",
        details: { budget: "plan_debates_1", owner: "plan", limit: "10", spent: "10" },
      });
    expect(await started.used()).toBe(10n);
    expect(await differences(started)).toEqual([]);
  });

  it("counts a debate once per period whatever a retry says, and again in the next one", async () => {
    const started = await start();
    const { put, debate, used, clock } = started;
    await put(2n);
    const first = await debate("d1", { dimensions: { user: "u1" } });
    const again = await Promise.all([
      debate("d1"),
      debate("d1", { dimensions: { user: "u2" }, eventId: "e1" }),
    ]);
    expect(again.map(({ id }) => id)).toEqual([first.id, first.id]);
    await debate("d2");
    await expect(debate("d3")).rejects.toMatchObject({ code: "budget_exceeded" });
    expect((await debate("d1")).id).toBe(first.id);
    expect(await used()).toBe(2n);
    clock.set("2026-02-15T11:59:59.999Z");
    await expect(debate("d3")).rejects.toMatchObject({ code: "budget_exceeded" });
    clock.set("2026-02-15T12:00:00Z");
    expect((await debate("d1")).id).not.toBe(first.id);
    expect(await used()).toBe(1n);
    expect(await differences(started)).toEqual([]);
  });

  it("takes ids that look alike for what they are: different ones", async () => {
    const { put, debate, used, holds, clock } = await start();
    await put(10n);
    const start0 = clock.now();
    const ids = ["d", "D", " d", "d ", `${start0} d`, "1", "01", "é", "e\u0301"];
    for (const id of ids) await debate(id);
    // A caller's own key is no debate's.
    await holds.recordSpend({ amountUsd: 0, key: `debate ${start0} x` });
    await debate("x");
    expect(await used()).toBe(BigInt(ids.length + 1));
    for (const id of ["", "a\u001fb", "x".repeat(257)])
      await expect(debate(id)).rejects.toMatchObject({ kind: "invalid_input", details: { field: "debate" } });
    await expect(debate("d", { dimensions: { debate: "e" } })).rejects.toMatchObject({ code: "given_twice" });
    await expect(debate("d", { enforce: false })).rejects.toMatchObject({ code: "unknown_field" });
  });

  it("counts a debate and its event once, whichever comes first", async () => {
    const started = await start();
    const { tenant, put, debate, used, metering } = started;
    await put(2n);
    await debate("d1", { eventId: "e1" });
    const event = (id: string, more: string) => ({ tenant, type: "debate", id, debate: more });
    await metering.record(event("e1", "d1"));
    await metering.record(event("e2", "d2"));
    expect(await used()).toBe(2n);
    expect(await debate("d2", { eventId: "e2" })).toMatchObject({ counted: false, eventId: "e2" });
    await metering.record(event("e1", "d1"));
    expect(await used()).toBe(2n);
    await expect(debate("d3")).rejects.toMatchObject({ code: "budget_exceeded" });
    expect(await differences(started)).toEqual([]);
  });

  it("lets no event stand for another debate, for two, or for none", async () => {
    const started = await start();
    const { tenant, put, debate, used, metering, clock, holds } = started;
    await put(3n);
    const event = (id: string, more: object) => ({ tenant, type: "debate", id, ...more });
    const day = 86_400_000;
    await metering.record({
      tenant,
      id: "tokens",
      provider: "openai",
      model: "gpt-4o",
      tokensIn: 1,
      tokensOut: 1,
    });
    await debate("d1", { eventId: "tokens" });
    await debate("d2", { eventId: "later" });
    expect(await used()).toBe(2n);
    // Before or after: it tells no debate, or another one, or one without a name.
    await metering.record({
      tenant,
      id: "later",
      provider: "openai",
      model: "gpt-4o",
      tokensIn: 1,
      tokensOut: 1,
    });
    expect(await used()).toBe(2n);
    await metering.record(event("e3", { debate: "d3" }));
    await expect(debate("d4", { eventId: "e3" })).rejects.toMatchObject({ code: "budget_exceeded" });
    const spend = { tenant, type: "debate", eventId: "e3" };
    await expect(holds.spend(spend)).rejects.toMatchObject({ code: "budget_exceeded" });
    expect(await debate("d3", { eventId: "e3" })).toMatchObject({ counted: false });
    expect(await used()).toBe(3n);
    // Of the month before, or taken back: it counts nothing in this one.
    clock.set(clock.now() + 32 * day);
    await expect(debate("d3", { eventId: "e3" })).resolves.toMatchObject({ counted: true });
    await metering.record(event("e5", { debate: "d5" }));
    await metering.correct("e5", null, "a test run", { tenant });
    await expect(debate("d5", { eventId: "e5" })).resolves.toMatchObject({ counted: true });
    await metering.record(event("e6", { debate: "d6", quantity: 0 }));
    await expect(debate("d6", { eventId: "e6" })).resolves.toMatchObject({ counted: true });
    await expect(debate("d7")).rejects.toMatchObject({ code: "budget_exceeded" });
    expect(await differences(started)).toEqual([]);
  });

  it("changes its limit in place, alerts as an update does, and keeps what was counted", async () => {
    const started = await start();
    const { put, debate, used, budgets, sink, clock } = started;
    const anchor = clock.now();
    await put(20n, { anchor });
    for (let n = 0; n < 9; n += 1) await debate(`d${n}`);
    expect(sink.raised).toEqual([]);
    clock.advance(DAY_MS);
    await put(10n, { anchor });
    expect(sink.raised.map(({ bps }) => bps)).toEqual([7_500, 9_000]);
    await debate("d9");
    await expect(debate("d10")).rejects.toMatchObject({ code: "budget_exceeded" });
    await put(null, { anchor });
    for (let n = 10; n < 15; n += 1) await debate(`d${n}`);
    expect(await used()).toBe(15n);
    expect(sink.raised.map(({ bps }) => bps)).toEqual([7_500, 9_000, 10_000]);
    const changes = await budgets.changes("plan_debates_1");
    expect(changes.map(({ kind, actor }) => `${kind} ${actor}`)).toEqual([
      ...["create plan", "update plan", "update plan"],
    ]);
    expect(await differences(started)).toEqual([]);
  });

  it("gives way to a new one where the periods change, and past ids stay", async () => {
    const started = await start();
    const { put, debate, used, budgets, clock } = started;
    await budgets.create({ name: "own", measure: "debates" });
    await put(1n);
    await debate("d1");
    clock.advance(DAY_MS);
    await put(3n);
    expect(await used()).toBe(0n);
    await debate("d1");
    await debate("d2");
    expect(await used()).toBe(2n);
    const all = await budgets.list({ closed: true });
    expect(all.filter(({ owner }) => owner === "plan").map(({ id, status }) => [id, status])).toEqual([
      ["plan_debates_1", "closed"],
      ["plan_debates_2", "active"],
    ]);
    expect((await budgets.changes("plan_debates_1")).map(({ kind }) => kind)).toEqual(["create", "close"]);
    expect(await differences(started)).toEqual([]);
  });

  it("leaves no trace of a transaction that fails, and none in what this process knows", async () => {
    const { store, debate, put, used } = await start();
    await put(1n);
    const failing = store.atomically(async () => {
      await put(5n);
      await debate("d0");
      throw new Error("something else went wrong");
    });
    await expect(failing).rejects.toThrow("something else");
    await debate("d1");
    await expect(debate("d2")).rejects.toMatchObject({ code: "budget_exceeded" });
    expect(await used()).toBe(1n);
  });

  it("counts every debate that is begun while it changes", async () => {
    const started = await start();
    const { tenant, put, debate, used, clock, metering } = started;
    const anchor = clock.now();
    await put(null, { anchor });
    const begun = Array.from({ length: 30 }, (_, n) => debate(`d${n}`));
    const told = Array.from({ length: 30 }, () => metering.record({ tenant, type: "debate" }));
    const changed = [1, 2, 3].map((days) => put(null, { anchor: anchor - days * DAY_MS }));
    await Promise.all([...begun, ...told, ...changed]);
    expect(await used()).toBe(60n);
    expect(await differences(started)).toEqual([]);
  });

  it("is nobody's to change, and no override lifts it", async () => {
    const { tenant, put, budgets, debate, holds, clock } = await start();
    await put(1n);
    await budgets.create({ name: "own", measure: "debates", limit: 1 });
    const id = "plan_debates_1";
    const until = new Date(clock.now() + DAY_MS);
    const refused = { kind: "forbidden", code: "budget_owned_by_plan", details: { budget: id } };
    for (const change of [
      () => budgets.update(id, { limit: 99 }),
      () => budgets.suspend(id),
      () => budgets.resume(id),
      () => budgets.close(id),
      () => budgets.reset(id),
      () => budgets.override({ budget: id, user: "admin", until }),
    ])
      await expect(change()).rejects.toMatchObject(refused);
    await budgets.override({ user: "admin", until });
    await debate("d1");
    const admin = { dimensions: { user: "admin" } };
    await expect(debate("d2", admin)).rejects.toMatchObject({ details: { budget: id, owner: "plan" } });
    const asked = { tenant, type: "debate", dimensions: { user: "admin" } };
    expect(await holds.check(asked)).toMatchObject({ allowed: false });
    await expect(holds.authorize(asked)).rejects.toMatchObject({ details: { owner: "plan" } });
    // Of the tenant's own budget the override does lift the limit.
    await put(5n);
    await debate("d2", admin);
    await expect(budgets.create({ id: "plan_mine", name: "mine" })).rejects.toMatchObject({
      kind: "invalid_input",
      code: "reserved_id",
      details: { field: "id" },
    });
  });

  it("stands in the way of debates alone: other calls neither need it nor wait for it", async () => {
    const { tenant, put, holds, metering, used } = await start();
    await put(1n);
    await metering.record(Array.from({ length: 3 }, () => ({ tenant, type: "debate" })));
    expect(await used()).toBe(3n);
    expect(await holds.check({ estimatedCostUsd: 1 })).toMatchObject({ allowed: true, budgets: [] });
    const hold = await holds.authorize({ estimatedCostUsd: 1 });
    expect(hold.parts).toEqual([]);
    await metering.record(eventOf(10, { tenant, holdId: hold.id }));
    expect(await used()).toBe(3n);
  });

  it("takes a debate of every budget that it meets or of none", async () => {
    const { put, budgets, debate, used } = await start();
    await put(5n);
    await budgets.create({ name: "one user", measure: "debates", limit: 1, scope: { user: "each" } });
    await debate("d1", { dimensions: { user: "u" } });
    const second = debate("d2", { dimensions: { user: "u" } });
    await expect(second).rejects.toMatchObject({ code: "budget_exceeded", details: { name: "one user" } });
    await expect(second).rejects.not.toHaveProperty("details.owner");
    expect(await used()).toBe(1n);
  });

  it("is needed: without one no debate is taken, also not by its neighbours in a commit", async () => {
    const { put, holds, debate } = await start();
    await put(5n);
    const ends = await Promise.allSettled([
      debate("d1"),
      holds.startDebate({ tenant: "nobody", debate: "d1" }),
      debate("d2"),
    ]);
    expect(ends.map(({ status }) => status)).toEqual(["fulfilled", "rejected", "fulfilled"]);
    expect(ends[1]).toMatchObject({ reason: { kind: "failed_precondition", code: "plan_budget_missing" } });
  });
});
