import { describe, expect, it } from "vitest";
import { OrganizationService } from "../../src/domain/organizations/index.ts";
import { OPERATOR, subscriptionsOver, user } from "../../src/domain/subscriptions/fixtures.ts";
import { createIds, ManualClock, secureRandom } from "../../src/kernel/index.ts";
import { storeAt } from "../../src/store/index.ts";
import { DDL } from "../../src/store/migration.ts";
import { subscriptions as migration } from "../../src/store/migrations/0016-subscriptions.ts";
import { ENGINES } from "../support/database.ts";

const CREATED = "2025-08-31T10:00:00Z";

describe.each(ENGINES)("organizations that were there before subscriptions on $name", ({ freshUrl }) => {
  it("keep their tier; the job gives them their present period and budget, and charges from the next one on", async () => {
    const store = storeAt(await freshUrl());
    const clock = new ManualClock(CREATED);
    const parts = { store, clock, ids: createIds(clock), random: secureRandom, holders: [] };
    const before = new OrganizationService(parts);
    for (const [id, tier] of [
      ["small", "free"],
      ["paying", "starter"],
      ["gone", "enterprise"],
    ] as const)
      await before.createOrganization(OPERATOR, { id, name: id, ownerId: id, tier });
    await before.erase(user("gone"), "gone");
    await store.transaction(async (tx) => {
      for (const sql of migration.statements(DDL[tx.dialect]).slice(-2)) await tx.run(sql);
    });

    const { subscriptions, budgets, differences, planAt } = subscriptionsOver(store);
    expect(await differences()).toEqual([]);
    const now = Date.parse("2026-01-31T12:00:00Z");
    const plans = () => Promise.all(["small", "paying", "gone"].map((id) => planAt(id, now)));
    const found = await plans();
    const period = {
      periodStart: Date.parse("2026-01-31T10:00:00Z"),
      periodEnd: Date.parse("2026-02-28T10:00:00Z"),
    };
    expect(found).toMatchObject([
      { tier: "free", status: "active", ...period },
      { tier: "starter", status: "active", ...period },
      { tier: "free", status: "active", ...period },
    ]);
    expect(await subscriptions.settleDue()).toBe(3);
    expect(await subscriptions.settleDue()).toBe(0);
    expect(await plans()).toEqual(found);
    for (const [tenant, limit] of [
      ["small", "10"],
      ["paying", "50"],
    ] as const) {
      const [budget, ...more] = await budgets.list({ tenant });
      expect([budget?.limit?.toString(), budget?.anchor, more]).toEqual([limit, new Date(CREATED), []]);
    }
    const lines = async () => (await subscriptions.lines(OPERATOR, "paying")).items;
    expect(await lines()).toEqual([]);
    const next = subscriptionsOver(store, new ManualClock("2026-02-28T10:00:00Z"));
    expect((await next.subscriptions.lines(OPERATOR, "paying")).items).toMatchObject([
      { amountCents: 9_900, from: new Date("2026-02-28T10:00:00Z"), to: new Date("2026-03-31T10:00:00Z") },
    ]);
    expect(await differences()).toEqual([]);
    await store.close();
  });
});
