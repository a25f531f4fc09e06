// The specification's global functions: one meter of each class over the default billing instance.

import type { Billing } from "../billing.ts";
import type { UsageEvent } from "../domain/metering/index.ts";
import { BillingNotifier } from "./billing-notifier.ts";
import { BudgetManager } from "./budget-manager.ts";
import { CostTracker, type TokenUsage } from "./cost-tracker.ts";
import { defaultBilling } from "./default-billing.ts";
import { EnterpriseMeter } from "./enterprise-meter.ts";
import type { RecordedUsage } from "./recorded-usage.ts";
import { UsageMeter } from "./usage-meter.ts";

/** The meter of `defaultBilling()`: the same one at every call while that stays the default. */
export const getUsageMeter = onePerBilling((billing) => new UsageMeter({}, billing));

/** The enterprise meter of `defaultBilling()`: the same one at every call while that stays the default. */
export const getEnterpriseMeter = onePerBilling((billing) => new EnterpriseMeter({}, billing));

/** The cost tracker of `defaultBilling()`: the same one at every call while that stays the default. */
export const getCostTracker = onePerBilling((billing) => new CostTracker({}, billing));

/** The budget manager of `defaultBilling()`: the same one at every call while that stays the default. */
export const getBudgetManager = onePerBilling((billing) => new BudgetManager({}, billing));

/** The notifier of `defaultBilling()`: the same one at every call while that stays the default. */
export const getBillingNotifier = onePerBilling((billing) => new BillingNotifier(billing));

/**
 * Records tokens through `getCostTracker()`.
 *
 * @throws BillingError as `CostTracker.recordUsage`.
 * @example
 * await recordUsage({ workspaceId: "ws_123", provider: "openai", model: "gpt-4o", tokensIn: 1000, tokensOut: 500 });
 */
export async function recordUsage(usage: TokenUsage): Promise<RecordedUsage> {
  return getCostTracker().recordUsage(usage);
}

/**
 * Records an event of any type through `getUsageMeter()`.
 *
 * @throws BillingError as `UsageMeter.record`.
 * @example
 * await recordBillingUsage({ type: BillingEventType.API_CALL, tenant: "acme", quantity: 3 });
 */
export async function recordBillingUsage(event: UsageEvent): Promise<RecordedUsage> {
  return getUsageMeter().record(event);
}

function onePerBilling<T>(create: (billing: Billing) => T): () => T {
  const made = new WeakMap<Billing, T>();
  return () => {
    const billing = defaultBilling();
    const present = made.get(billing) ?? create(billing);
    made.set(billing, present);
    return present;
  };
}
