import { afterEach, beforeAll, describe, expect, it } from "vitest";
import { type Entitled, startEntitled } from "../../../test/entitlements/entitled.ts";
import { ENGINES } from "../../../test/support/database.ts";
import { DAY_MS } from "../../kernel/index.ts";
import type { Entitlement } from "./entitlement.ts";

const NEXT = new Date("2026-02-28T12:00:00Z");

describe.each(ENGINES)("entitlements on $name", ({ freshUrl }) => {
  const opened: Entitled[] = [];
  let url: string;
  let tests = 0;

  beforeAll(async () => {
    url = await freshUrl();
  });

  /** Organizations of its own for each test. */
  async function start() {
    tests += 1;
    const org = `org ${tests}`;
    const started = await startEntitled(url);
    opened.push(started);
    const { entitlements } = started;
    const debate = (id: string, tenant = org) => entitlements.startDebate(tenant, { debate: id });
    const debates = async (count: number) => {
      for (let n = 0; n < count; n += 1) await debate(`d${n}`);
    };
    return { ...started, org, debate, debates };
  }

  afterEach(async () => {
    for (const { store } of opened.splice(0)) await store.close();
  });

  it("say whether a feature is on, and which tier would switch it on", async () => {
    const { org, entitlements, organization } = await start();
    await organization(org, { tier: "professional" });
    expect(await entitlements.may(org, "apiAccess")).toEqual({
      ...{ allowed: true, reason: null, message: "allowed", tier: "professional" },
      ...{ limit: null, used: null, remaining: null, resetsAt: null, upgradeTo: null },
    });
    expect(await entitlements.may(org, "ssoEnabled")).toEqual({
      ...{ allowed: false, reason: "tier_insufficient", tier: "professional", upgradeTo: "enterprise" },
      ...{ limit: null, used: null, remaining: null, resetsAt: null },
      message: "ssoEnabled is not in professional: take enterprise",
    });
    expect((await entitlements.may(org, "customModels")).upgradeTo).toBe("enterprise_plus");
  });

  it("count debates and refuse the eleventh of free, naming what was used, when it ends and what to take", async () => {
    const { org, entitlements, organization, debates, debate, differences } = await start();
    await organization(org);
    await debates(9);
    expect(await entitlements.may(org, "debates")).toMatchObject({
      ...{ allowed: true, tier: "free", limit: 10, used: 9, remaining: 1, resetsAt: NEXT, upgradeTo: null },
    });
    await debate("last");
    await expect(debate("one more")).rejects.toMatchObject({
      ...{ kind: "limit_exceeded", code: "debate_limit_reached", retryable: false },
      details: {
        ...{ debate: "one more", tier: "free", limit: 10, used: 10, remaining: 0 },
        ...{ resetsAt: NEXT.toISOString(), upgradeTo: "starter" },
      },
    });
    expect(await entitlements.may(org, "debates")).toMatchObject({
      ...{ allowed: false, reason: "debate_limit_reached", used: 10, remaining: 0, upgradeTo: "starter" },
      message:
        "10 of 10 debates of this period are used; the next one begins at 2026-02-28T12:00:00.000Z: take starter",
    });
    expect(await differences()).toEqual([]);
  });

  it("give a debate that has begun its first answer again, also at the limit, and count it no more", async () => {
    const { org, entitlements, organization, debates, debate, clock } = await start();
    await organization(org);
    const first = await debate("d0");
    clock.advance(DAY_MS);
    await debates(10);
    const again = await entitlements.startDebate(org, { debate: "d0", dimensions: { user: "u2" } });
    expect(again).toEqual(first);
    expect(first).toMatchObject({ debate: "d0", startedAt: new Date("2026-01-31T12:00:00Z"), eventId: null });
    expect(await entitlements.may(org, "debates")).toMatchObject({ used: 10 });
  });

  it("admit the rest of the plan to 50 debates at once, and no debate twice", async () => {
    const { org, organization, debates, debate, entitlements, differences } = await start();
    await organization(org);
    await debates(3);
    const ids = Array.from({ length: 50 }, (_, n) => `race ${n % 25}`);
    const ends = await Promise.allSettled(ids.map((id) => debate(id)));
    const begun = ends.flatMap((end) => (end.status === "fulfilled" ? [end.value.debate] : []));
    expect(new Set(begun).size).toBe(7);
    for (const end of ends)
      if (end.status === "rejected") expect(end.reason).toMatchObject({ code: "debate_limit_reached" });
    expect(await entitlements.may(org, "debates")).toMatchObject({ used: 10, remaining: 0 });
    expect(await differences()).toEqual([]);
  });

  it("count anew from the boundary of the plan's own period on", async () => {
    const { org, organization, debates, debate, entitlements, clock } = await start();
    await organization(org);
    await debates(10);
    clock.set("2026-02-28T11:59:59.999Z");
    await expect(debate("late")).rejects.toMatchObject({ code: "debate_limit_reached" });
    clock.set("2026-02-28T12:00:00Z");
    await debate("d0");
    expect(await entitlements.may(org, "debates")).toMatchObject({
      ...{ used: 1, resetsAt: new Date("2026-03-31T12:00:00Z") },
    });
  });

  it("know no limit where the plan has none, and go on counting", async () => {
    const { org, organization, debates, entitlements } = await start();
    await organization(org, { tier: "enterprise" });
    await debates(12);
    expect(await entitlements.may(org, "debates")).toMatchObject({
      ...{ allowed: true, limit: "unlimited", used: 12, remaining: "unlimited" },
    });
  });

  it("give a trial its own limit, and point at the tier that is tried", async () => {
    const { org, organization, debates, debate, entitlements, clock } = await start();
    const trialEndsAt = clock.now() + 7 * DAY_MS;
    await organization(org, { tier: "professional", status: "trialing", trialEndsAt, debates: 10 });
    await debates(10);
    await expect(debate("more")).rejects.toMatchObject({
      details: { tier: "professional", limit: 10, upgradeTo: "professional" },
    });
    expect(await entitlements.may(org, "auditLogs")).toMatchObject({ allowed: true });
  });

  it("follow the subscription at once: what an upgrade gives, and what a downgrade takes", async () => {
    const { org, organization, subscribe, debates, debate, entitlements, clock } = await start();
    await organization(org);
    await debates(10);
    const anchor = clock.now();
    await subscribe(org, { tier: "starter" }, { anchor });
    await debate("eleventh");
    await subscribe(org, { tier: "free" }, { anchor });
    expect(await entitlements.may(org, "debates")).toMatchObject({
      ...{ allowed: false, limit: 10, used: 11, remaining: 0, upgradeTo: "starter" },
    });
    await expect(debate("twelfth")).rejects.toMatchObject({ details: { used: 11 } });
  });

  it.each([
    ["trialEnded", { trialEnded: true }, "trial_expired"],
    ["canceled", { status: "canceled" }, "subscription_canceled"],
    ["of a free plan", {}, "tier_insufficient"],
  ] as const)("say why a feature is off: %s", async (_, plan, reason) => {
    const { org, organization, entitlements } = await start();
    await organization(org, plan);
    expect(await entitlements.may(org, "apiAccess")).toMatchObject({
      ...{ allowed: false, reason, upgradeTo: "professional" },
    });
  });

  it("stay while a payment is past due, and are refused whole while a subscription is paused or an organization suspended", async () => {
    const { org, organization, subscribe, setOrganization, entitlements, debate } = await start();
    await organization(org, { tier: "professional", status: "past_due" });
    expect(await entitlements.may(org, "apiAccess")).toMatchObject({ allowed: true });
    await debate("d");
    await subscribe(org, { tier: "professional", status: "paused" });
    const asked: Entitlement[] = ["apiAccess", "debates", "seats"];
    for (const ask of asked)
      expect(await entitlements.may(org, ask)).toMatchObject({
        ...{ allowed: false, reason: "subscription_paused", upgradeTo: null, resetsAt: null },
      });
    await expect(debate("e")).rejects.toMatchObject({ code: "subscription_paused" });
    await subscribe(org, { tier: "professional" });
    await setOrganization(org, "status", "suspended");
    for (const ask of asked)
      expect(await entitlements.may(org, ask)).toMatchObject({
        ...{ allowed: false, reason: "organization_suspended" },
      });
    await expect(debate("e")).rejects.toMatchObject({ kind: "forbidden", code: "organization_suspended" });
    await expect(entitlements.planOf(org)).rejects.toMatchObject({ code: "organization_suspended" });
  });

  it("count members against seats", async () => {
    const { org, organization, setOrganization, entitlements } = await start();
    await organization(org, { tier: "starter" });
    expect(await entitlements.may(org, "seats")).toMatchObject({
      ...{ allowed: true, limit: 2, used: 1, remaining: 1, resetsAt: null },
    });
    await setOrganization(org, "members", 2n);
    expect(await entitlements.may(org, "seats")).toMatchObject({
      ...{ allowed: false, reason: "seat_limit_reached", used: 2, remaining: 0, upgradeTo: "professional" },
      message: "2 of 2 seats are taken: take professional",
    });
  });

  it("refuse whom nobody knows, and take nothing for it", async () => {
    const { org, organization, subscribe, setOrganization, entitlements, debate, settled } = await start();
    const unknown = { kind: "not_found", code: "organization_not_found" };
    // A plan without an organization, an organization without a plan, and an erased one.
    await subscribe(`planned ${org}`);
    const erased = `erased ${org}`;
    await organization(erased);
    await setOrganization(erased, "status", "erased");
    for (const tenant of ["nobody", `planned ${org}`, erased, "", undefined as unknown as string]) {
      for (const ask of ["apiAccess", "debates", "seats"] as const)
        await expect(entitlements.may(tenant, ask)).rejects.toMatchObject(unknown);
      await expect(debate("d", tenant)).rejects.toMatchObject(unknown);
      await expect(entitlements.planOf(tenant)).rejects.toMatchObject(unknown);
    }
    expect(settled).toEqual([]);
  });

  it("refuse an organization whose plan has no budget, rather than to let it pass", async () => {
    const { org, organization, subscribe, entitlements, store, debate } = await start();
    await organization(org);
    await store.transaction((tx) => tx.run("DELETE FROM budgets WHERE tenant = ?", [org]));
    await subscribe(org, {}, { writes: false });
    await expect(entitlements.may(org, "debates")).rejects.toMatchObject({ code: "plan_budget_missing" });
    await organization(`other ${org}`);
    await expect(debate("d", org)).rejects.toMatchObject({ code: "plan_budget_missing" });
    await debate("d", `other ${org}`);
  });

  it("know no entitlement of another name, and no field of a debate by one", async () => {
    const { org, organization, entitlements } = await start();
    await organization(org);
    for (const name of ["sso", "toString", "", undefined])
      await expect(entitlements.may(org, name as Entitlement)).rejects.toMatchObject({
        ...{ kind: "invalid_input", code: "unknown_entitlement" },
      });
    for (const input of [{}, null, { debate: 7 }, { debate: "d", user: "u" }])
      await expect(entitlements.startDebate(org, input as { debate: string })).rejects.toMatchObject({
        kind: "invalid_input",
      });
  });

  it("count a debate and its event once", async () => {
    const { org, organization, entitlements, metering } = await start();
    await organization(org);
    const begun = await entitlements.startDebate(org, { debate: "d1", eventId: "run_1" });
    expect(begun.eventId).toBe("run_1");
    await metering.record({ tenant: org, type: "debate", id: `run_1`, debate: "d1" });
    expect(await entitlements.may(org, "debates")).toMatchObject({ used: 1 });
    // One that was not begun counts by its event.
    await metering.record({ tenant: org, type: "debate", id: "run_2", debate: "d2" });
    expect(await entitlements.may(org, "debates")).toMatchObject({ used: 2 });
  });

  it("meet the tenant's other budgets too, which speak for themselves", async () => {
    const { org, organization, entitlements, budgets } = await start();
    await organization(org);
    await budgets.create({
      tenant: org,
      name: "one each",
      measure: "debates",
      limit: 1,
      scope: { user: "each" },
    });
    const begin = (debate: string, user: string) =>
      entitlements.startDebate(org, { debate, dimensions: { user } });
    await begin("d1", "u1");
    await expect(begin("d2", "u1")).rejects.toMatchObject({
      ...{ code: "budget_exceeded", details: { name: "one each" } },
    });
    await begin("d2", "u2");
    expect(await entitlements.may(org, "debates")).toMatchObject({ used: 2 });
  });

  it("settle what is due before a debate is counted, by the tenant's own plan", async () => {
    const { org, organization, debate, entitlements, settled } = await start();
    const [free, starter] = [`free ${org}`, `starter ${org}`];
    await organization(free);
    await organization(starter, { tier: "starter" });
    await debate("d", free);
    await entitlements.may(starter, "debates");
    await entitlements.may(starter, "apiAccess");
    expect(settled).toEqual([free, starter]);
    expect(await entitlements.may(starter, "debates")).toMatchObject({ limit: 50, used: 0 });
  });
});
