// What the tests of entitlements share: organizations with plans as stated, over a database.

import { BudgetService, budgetEngine, HoldService, PlanBudgets } from "../../src/domain/budgets/index.ts";
import { MeteringService } from "../../src/domain/metering/index.ts";
import { planOf } from "../../src/domain/plans/index.ts";
import { PricingService } from "../../src/domain/pricing/index.ts";
import { EntitlementService } from "../../src/domain/subscriptions/entitlement-service.ts";
import type { TenantPlan } from "../../src/domain/subscriptions/tenant-plan.ts";
import { type Clock, createIds, ManualClock, nthBoundary, periodAt } from "../../src/kernel/index.ts";
import { storeAt } from "../../src/store/index.ts";

const START = "2026-01-31T12:00:00Z";

/** Everything of one process over a database. Plans are what the test states by `subscribe`. */
export async function startEntitled(url: string, { clock = new ManualClock(START) }: { clock?: Clock } = {}) {
  const store = storeAt(url);
  await store.ready();
  const ids = createIds(clock);
  const pricing = new PricingService(store, clock);
  const engine = budgetEngine({ store, clock });
  const settled: string[] = [];
  const settle = async (tenant: string) => {
    settled.push(tenant);
  };
  const holds = new HoldService(
    { store, clock, ids, pricing, engine, settle },
    { tenant: undefined, unknownModel: "refuse" },
  );
  const budgets = new BudgetService({ store, clock, ids, engine }, { tenant: undefined });
  const metering = new MeteringService(
    { store, clock, ids, pricing },
    { tenant: undefined, unknownModel: "refuse", participants: [engine.participant] },
  );
  const planBudgets = new PlanBudgets(engine);
  const stated = new Map<string, { plan: TenantPlan; anchor: number }>();
  const entitlements = new EntitlementService({
    ...{ store, clock, holds, settle },
    plan: async (tenant, at) => {
      const known = stated.get(tenant);
      if (known === undefined) return undefined;
      const { start, end } = periodAt(at, "month", { anchor: known.anchor });
      return { ...known.plan, periodStart: start, periodEnd: end };
    },
  });

  /** States what a tenant has bought since `anchor`, in this process; `writes`: and gives it the budget of that plan. */
  const subscribe = async (
    tenant: string,
    plan: Partial<TenantPlan> & { readonly debates?: number } = {},
    { anchor = clock.now(), writes = true } = {},
  ) => {
    const { debates, ...more } = plan;
    const full: TenantPlan = {
      ...{ tier: "free", planVersion: 1, status: "active", trialEndsAt: null, trialEnded: false },
      ...{ periodStart: anchor, periodEnd: nthBoundary(anchor, 1, "month"), ...more },
    };
    stated.set(tenant, { plan: full, anchor });
    if (!writes) return;
    const gives = debates ?? planOf(full.tier, full.planVersion).limits.debatesPerMonth;
    const limit = gives === "unlimited" ? null : BigInt(gives);
    await store.transaction((tx) => planBudgets.put(tx, { tenant, limit, anchor, at: clock.now() }));
  };

  /** An organization, with a plan. */
  const organization = async (tenant: string, plan?: Parameters<typeof subscribe>[1]) => {
    await store.transaction((tx) =>
      tx.run(
        `INSERT INTO organizations (id, name, slug, tier, status, members, owners, version, created_at, updated_at)
         VALUES (?, ?, ?, 'free', 'active', 1, 1, 0, 0, 0)`,
        [tenant, tenant, tenant],
      ),
    );
    await subscribe(tenant, plan);
  };
  const setOrganization = (tenant: string, column: "status" | "members", value: string | bigint) =>
    store.transaction((tx) => tx.run(`UPDATE organizations SET ${column} = ? WHERE id = ?`, [value, tenant]));
  const differences = () => store.read((reader) => engine.participant.differences(reader));
  return {
    ...{ store, holds, budgets, metering, entitlements, organization, subscribe, setOrganization },
    ...{ differences, settled, clock: clock as ManualClock },
  };
}

export type Entitled = Awaited<ReturnType<typeof startEntitled>>;
