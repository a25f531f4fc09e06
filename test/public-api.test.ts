import { describe, expect, it } from "vitest";
import * as api from "../src/index.ts";

describe("the library's surface", () => {
  it("exports exactly these values", () => {
    expect(Object.keys(api).sort()).toEqual([
      "BUDGET_MEASURES",
      "BUDGET_PERIODS",
      "Billing",
      "BillingError",
      "BillingEventType",
      "BillingNotifier",
      "BudgetAction",
      "BudgetAlertLevel",
      "BudgetManager",
      "BudgetPeriod",
      "CostGranularity",
      "CostTracker",
      "CreditManager",
      "CreditTransactionType",
      "DebateBudgetExceededError",
      "EACH",
      "EnterpriseMeter",
      "GROUPINGS",
      "ManualClock",
      "MembershipRole",
      "MembershipStatus",
      "MultiOrgManager",
      "NotificationKind",
      "PROVIDER_PRICING",
      "RECONCILIATION_GROUPINGS",
      "ROLE_PERMISSIONS",
      "SCOPE_DIMENSIONS",
      "SubscriptionTier",
      "THRESHOLD_ACTIONS",
      "TIER_LIMITS",
      "UsageEventType",
      "UsageMeter",
      "UsageTracker",
      "Verdict",
      "WEBHOOK_EVENTS",
      "createAccessToken",
      "createBilling",
      "createRefreshToken",
      "createTokenPair",
      "decodeJwt",
      "defaultBilling",
      "extractUserFromRequest",
      "getBillingNotifier",
      "getBudgetManager",
      "getCostTracker",
      "getCreditManager",
      "getEnterpriseMeter",
      "getMultiOrgManager",
      "getUsageMeter",
      "planOf",
      "readGenaiPrices",
      "readLitellmPrices",
      "recordBillingUsage",
      "recordUsage",
      "setDefaultBilling",
      "systemClock",
      "usageFromResponse",
      "usageFromStream",
      "validateAccessToken",
      "validateRefreshToken",
      "withTenant",
    ]);
  });

  it("names the specification's kinds of usage", () => {
    expect(Object.values(api.BillingEventType)).toEqual([
      ...["debate", "api_call", "tokens", "storage", "connector_sync", "knowledge_query"],
      ...["agent_call", "export", "sso_auth"],
    ]);
    expect(Object.values(api.UsageEventType)).toEqual(["debate", "api_call", "storage", "agent_call"]);
  });
});
