import { describe, expect, it } from "vitest";
import * as api from "../src/index.ts";

describe("the library's surface", () => {
  it("exports exactly these values", () => {
    expect(Object.keys(api).sort()).toEqual([
      "Billing",
      "BillingError",
      "BillingEventType",
      "CostGranularity",
      "CostTracker",
      "EnterpriseMeter",
      "GROUPINGS",
      "ManualClock",
      "PROVIDER_PRICING",
      "UsageEventType",
      "UsageMeter",
      "UsageTracker",
      "Verdict",
      "createBilling",
      "defaultBilling",
      "getCostTracker",
      "getEnterpriseMeter",
      "getUsageMeter",
      "readGenaiPrices",
      "readLitellmPrices",
      "recordBillingUsage",
      "recordUsage",
      "setDefaultBilling",
      "systemClock",
      "usageFromResponse",
      "usageFromStream",
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
