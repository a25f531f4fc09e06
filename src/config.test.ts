import { homedir } from "node:os";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { readConfig } from "./config.ts";

const SMTP = {
  ARAGORA_SMTP_HOST: "smtp.sendgrid.net",
  ARAGORA_SMTP_PORT: "2525",
  ARAGORA_SMTP_USER: "apikey",
  ARAGORA_SMTP_PASSWORD: "SG.planted",
  ARAGORA_SMTP_FROM: "bills@example.com",
};

describe("the configuration", () => {
  it("is data at home and no channel in an empty environment", () => {
    expect(readConfig({})).toEqual({
      database: `sqlite:${join(homedir(), ".nomic", "billing.db")}`,
      notifications: {},
    });
    expect(readConfig({ ARAGORA_DATA_DIR: "" })).toEqual(readConfig({}));
    expect(readConfig({ ARAGORA_DATA_DIR: "/data" }).database).toBe("sqlite:/data/billing.db");
  });

  it("takes the specification's variables, and its defaults for those that are absent or empty", () => {
    const webhook = "https://hooks.slack.com/services/xxx";
    expect(readConfig({ ...SMTP, ARAGORA_NOTIFICATION_WEBHOOK: webhook }).notifications).toEqual({
      smtp: {
        host: "smtp.sendgrid.net",
        port: 2525,
        user: "apikey",
        password: "SG.planted",
        from: "bills@example.com",
      },
      webhook,
    });
    const bare = readConfig({ ARAGORA_SMTP_HOST: "mail", ARAGORA_SMTP_PORT: "", ARAGORA_SMTP_USER: "" });
    expect(bare.notifications.smtp).toMatchObject({ host: "mail", port: 587, from: "billing@aragora.ai" });
  });

  it("says what becomes of unknown models, and refuses any other word", () => {
    expect(readConfig({ ARAGORA_UNKNOWN_MODEL: "refuse" }).unknownModel).toBe("refuse");
    expect(readConfig({ ARAGORA_UNKNOWN_MODEL: "" }).unknownModel).toBeUndefined();
    expect(() => readConfig({ ARAGORA_UNKNOWN_MODEL: "guess" })).toThrow(
      /ARAGORA_UNKNOWN_MODEL must be one of fallback, unpriced, refuse/,
    );
  });

  it("takes the database, whose address may hold a password, and the metrics' token from the environment", () => {
    const url = "postgres://billing:planted@db/billing";
    expect(readConfig({ ARAGORA_DATABASE_URL: url, ARAGORA_DATA_DIR: "/data" }).database).toBe(url);
    expect(readConfig({ ARAGORA_METRICS_TOKEN: "planted-token-0123" }).metricsToken).toBe(
      "planted-token-0123",
    );
  });

  it("takes the month end's days and terms, where a flag of the command line wins", () => {
    const days = { ARAGORA_MONTH_END_AFTER_DAYS: "3" };
    expect(readConfig({}).monthEnd).toBeUndefined();
    expect(readConfig(days).monthEnd).toEqual({ afterDays: 3, terms: {} });
    const environment = {
      ...days,
      ARAGORA_MONTH_END_TAX_RATE: "0.19",
      ARAGORA_MONTH_END_DUE_IN_DAYS: "14",
    };
    expect(readConfig(environment).monthEnd).toEqual({
      afterDays: 3,
      terms: { taxRate: "0.19", dueInDays: 14 },
    });
    const flags = { monthEndAfterDays: "0", monthEndTaxRate: "0.00000001" };
    expect(readConfig(environment, flags).monthEnd).toEqual({
      afterDays: 0,
      terms: { taxRate: "0.00000001", dueInDays: 14 },
    });
  });

  it.each([
    [{ ARAGORA_MONTH_END_AFTER_DAYS: "28" }, {}, "ARAGORA_MONTH_END_AFTER_DAYS"],
    [{ ARAGORA_MONTH_END_AFTER_DAYS: "-1" }, {}, "ARAGORA_MONTH_END_AFTER_DAYS"],
    [{ ARAGORA_MONTH_END_AFTER_DAYS: "1.5" }, {}, "ARAGORA_MONTH_END_AFTER_DAYS"],
    [{ ARAGORA_MONTH_END_TAX_RATE: "0.19" }, {}, "ARAGORA_MONTH_END_AFTER_DAYS"],
    [{ ARAGORA_MONTH_END_AFTER_DAYS: "" }, { monthEndDueInDays: "30" }, "ARAGORA_MONTH_END_AFTER_DAYS"],
    [
      { ARAGORA_MONTH_END_AFTER_DAYS: "3", ARAGORA_MONTH_END_TAX_RATE: "19" },
      {},
      "ARAGORA_MONTH_END_TAX_RATE",
    ],
    [
      { ARAGORA_MONTH_END_AFTER_DAYS: "3", ARAGORA_MONTH_END_DUE_IN_DAYS: "366" },
      {},
      "ARAGORA_MONTH_END_DUE_IN_DAYS",
    ],
    [{ ARAGORA_MONTH_END_AFTER_DAYS: "3" }, { monthEndAfterDays: "" }, "--month-end-after-days"],
    [{}, { monthEndAfterDays: "3", monthEndTaxRate: "1.01" }, "--month-end-tax-rate"],
    [{}, { monthEndAfterDays: "3", monthEndTaxRate: "0.000000001" }, "--month-end-tax-rate"],
    [{}, { monthEndAfterDays: "3", monthEndDueInDays: "soon" }, "--month-end-due-in-days"],
  ])("refuses a month end by %j and %j, naming what was given", (environment, flags, field) => {
    expect(() => readConfig(environment as Record<string, string>, flags)).toThrow(
      expect.objectContaining({ code: "invalid_configuration", details: { field } }),
    );
  });

  it("is frozen", () => {
    const config = readConfig(SMTP);
    expect([config, config.notifications, config.notifications.smtp].map(Object.isFrozen)).toEqual([
      ...[true, true, true],
    ]);
  });

  it.each([
    ["ARAGORA_METRICS_TOKEN", "planted"],
    ["ARAGORA_METRICS_TOKEN", "planted planted planted"],
    ["ARAGORA_SMTP_PORT", "planted"],
    ["ARAGORA_SMTP_PORT", "0"],
    ["ARAGORA_SMTP_PORT", "65536"],
    ["ARAGORA_SMTP_PORT", "587.5"],
    ["ARAGORA_SMTP_PORT", "0x19"],
    ["ARAGORA_SMTP_PORT", "-25"],
    ["ARAGORA_SMTP_HOST", "smtp://planted"],
    ["ARAGORA_SMTP_HOST", "planted host"],
    ["ARAGORA_SMTP_HOST", "planted\r\nhost"],
    ["ARAGORA_SMTP_HOST", ""],
    ["ARAGORA_SMTP_FROM", "planted"],
    ["ARAGORA_SMTP_FROM", "a@b.example\r\nBcc: planted@example.com"],
    ["ARAGORA_SMTP_FROM", "Planted <a@b.example>"],
    ["ARAGORA_SMTP_USER", ""],
    ["ARAGORA_SMTP_PASSWORD", ""],
    ["ARAGORA_NOTIFICATION_WEBHOOK", "planted"],
    ["ARAGORA_NOTIFICATION_WEBHOOK", "ftp://planted.example/"],
  ])("refuses %s = %j, naming the variable and repeating no value", (name, value) => {
    const environment = { ...SMTP, [name]: value };
    expect(() => readConfig(environment)).toThrow(
      expect.objectContaining({ code: "invalid_configuration", details: { field: name } }),
    );
    expect(() => readConfig(environment)).not.toThrow(/planted|SG\./i);
  });
});
