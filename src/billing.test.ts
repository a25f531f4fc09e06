import { existsSync } from "node:fs";
import { afterEach, describe, expect, it } from "vitest";
import { freshSqliteUrl } from "../test/support/database.ts";
import { type Billing, type BillingOptions, createBilling } from "./billing.ts";
import { readConfig } from "./config.ts";

describe("createBilling", () => {
  let billing: Billing | undefined;

  afterEach(async () => {
    await billing?.close();
    billing = undefined;
  });

  it("opens nothing before the first call", async () => {
    const url = await freshSqliteUrl();
    billing = createBilling({ database: url, tenant: "acme" });
    expect(existsSync(url.slice("sqlite:".length))).toBe(false);
    await billing.metering.record({ type: "api_call" });
    expect((await billing.analytics.usage()).total.costUsd.toString()).toBe("0.0001");
  });

  it.each([
    ["an unknown option", { database: "sqlite::memory:", databse: 1 }, "databse"],
    ["an unknown policy", { database: "sqlite::memory:", unknownModel: "guess" }, "unknownModel"],
    ["an address that is none", { database: "billing.db" }, "database"],
    ["no address", {}, "database"],
  ])("refuses %s at once and names it", (_, options, field) => {
    expect(() => createBilling(options as unknown as BillingOptions)).toThrow(
      expect.objectContaining({ details: { field } }),
    );
  });

  it("applies the unknown-model policy it was given", async () => {
    billing = createBilling({ database: "sqlite::memory:", tenant: "acme", unknownModel: "refuse" });
    const verdict = await billing.metering.record({ provider: "x", model: "y", tokensIn: 1 });
    expect(verdict.rejection).toMatchObject({ code: "unknown_model", field: "model" });
  });

  it("refuses work after it was closed", async () => {
    billing = createBilling({ database: "sqlite::memory:", tenant: "acme" });
    await billing.metering.record({ type: "api_call" });
    await billing.close();
    await expect(billing.metering.record({ type: "api_call" })).rejects.toMatchObject({
      code: "store_closed",
    });
    await billing.close();
  });
});

describe("readConfig", () => {
  it("keeps data in ARAGORA_DATA_DIR, else in ~/.nomic", () => {
    expect(readConfig({ ARAGORA_DATA_DIR: "/data" }).database).toBe("sqlite:/data/billing.db");
    expect(readConfig({}).database).toMatch(/^sqlite:.+\.nomic.billing\.db$/);
  });
});
