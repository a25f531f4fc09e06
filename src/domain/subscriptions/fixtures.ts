// What the tests of subscriptions share: organizations with their subscriptions and budgets, joined as billing.ts joins them.

import { type Clock, createIds, ManualClock, secureRandom } from "../../kernel/index.ts";
import { type Store, storeAt } from "../../store/index.ts";
import { BudgetService, budgetEngine, PlanBudgets } from "../budgets/index.ts";
import { type Actor, OrganizationService } from "../organizations/index.ts";
import type { SubscriptionTier } from "../plans/index.ts";
import type { SubscriptionNotice } from "./notice.ts";
import { SubscriptionService } from "./subscription-service.ts";

export const START = "2026-01-31T12:00:00Z";
export const OPERATOR: Actor = { kind: "operator", id: "op_1" };

export function user(id: string): Actor {
  return { kind: "user", id };
}

/** Everything of one process over a database. */
export async function startSubscriptions(url: string, clock?: Clock) {
  const store = storeAt(url);
  await store.ready();
  return subscriptionsOver(store, clock);
}

/** The same over a store that is open already. */
export function subscriptionsOver(store: Store, clock: Clock = new ManualClock(START)) {
  const ids = createIds(clock);
  const engine = budgetEngine({ store, clock });
  const told: SubscriptionNotice[] = [];
  const subscriptions = new SubscriptionService({
    ...{ store, clock, ids, limits: new PlanBudgets(engine) },
    notices: { notify: async (_, notice) => void told.push(notice) },
  });
  const organizations = new OrganizationService({
    ...{ store, clock, ids, random: secureRandom, holders: [], plans: subscriptions.keeper },
  });
  const budgets = new BudgetService({ store, clock, ids, engine }, { tenant: undefined });
  return {
    ...{ store, ids, organizations, subscriptions, budgets, told, clock: clock as ManualClock },
    differences: () => store.read((reader) => subscriptions.participant.differences(reader)),
    planAt: (tenant: string, at: number) => store.read((reader) => subscriptions.plan(tenant, at, reader)),
    /** Makes an organization owned by the user of the same name. */
    make: async (tenant: string, tier: SubscriptionTier = "free") => {
      await organizations.createOrganization(OPERATOR, { id: tenant, name: tenant, ownerId: tenant, tier });
      return { tenant, owner: user(tenant) };
    },
  };
}

export type Started = ReturnType<typeof subscriptionsOver>;
