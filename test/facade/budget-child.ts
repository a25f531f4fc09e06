// A second process on the same data: `budget-child.ts set` sets a budget and spends, `budget-child.ts check` prints what it
// sees.

import { defaultBilling } from "../../src/facade/default-billing.ts";
import { getBudgetManager, getCostTracker, getEnterpriseMeter } from "../../src/facade/default-meters.ts";

const tracker = getCostTracker();
if (process.argv[2] === "set") {
  await tracker.setBudget({ name: "Q1 Budget", workspaceId: "ws_123", perDebateLimitUsd: "5" });
  await tracker.setDebateLimit("debate_123", "10.00");
  await tracker.recordDebateCost("debate_123", "0.45");
  await getBudgetManager().createBudget({ id: "b", orgId: "org_123", name: "team", amountUsd: 100 });
  await getBudgetManager().recordSpend({ orgId: "org_123", amountUsd: 99.5 });
  await getEnterpriseMeter().setBudget({
    tenantId: "tenant_123",
    monthlyBudgetUsd: "1000",
    rolloverUnused: true,
  });
}
const { allowed, currentCost, limit, remaining } = await tracker.checkDebateBudget("debate_123", {
  estimatedCostUsd: "9.55",
});
const spend = await getBudgetManager().canSpend({ orgId: "org_123", amountUsd: 0.51 });
const budget = await getEnterpriseMeter().getBudget({ tenantId: "tenant_123" });
const seen = {
  allowed,
  currentCost,
  limit,
  remaining,
  canSpend: spend.allowed,
  monthly: budget?.monthlyBudgetUsd,
};
process.stdout.write(`${JSON.stringify(seen)}\n`);
await defaultBilling().close();
