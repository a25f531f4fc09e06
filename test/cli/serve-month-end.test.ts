// The month end by a server, and by the scheduler's `jobs run`, as programs of their own.

import { describe, expect, it } from "vitest";
import { createBilling } from "../../src/billing.ts";
import type { InvoiceSummary } from "../../src/domain/invoices/index.ts";
import { serve } from "../deploy/guide.ts";
import { freshFolder, freshSqliteUrl } from "../support/database.ts";
import { run } from "./program.ts";

/** A database with usage of the last month that is over, up to its last millisecond: $6 of acme. */
async function databaseOfLastMonth() {
  const url = await freshSqliteUrl();
  const billing = createBilling({ database: url });
  const now = new Date();
  const timestamp = new Date(Date.UTC(now.getUTCFullYear(), now.getUTCMonth()) - 1);
  const call = { provider: "openai", model: "gpt-4o-mini", tokensIn: 40_000_000, tokensOut: 0 };
  await billing.metering.record({ ...call, tenant: "acme", id: "last", timestamp });
  await billing.close();
  return url;
}

async function invoicesOf(url: string): Promise<readonly InvoiceSummary[]> {
  const { stdout } = await run(["invoice", "list", "--tenant", "acme", "--json", "--database", url]);
  return JSON.parse(stdout) as InvoiceSummary[];
}

const DAY_MS = 86_400_000;

describe("the month end", () => {
  it("is done by a server without anybody asking, on the terms of its environment and flags", async () => {
    const url = await databaseOfLastMonth();
    const server = await serve(
      { ARAGORA_DATABASE_URL: url, ARAGORA_MONTH_END_AFTER_DAYS: "27", ARAGORA_MONTH_END_TAX_RATE: "0.19" },
      ["--month-end-after-days", "0", "--month-end-due-in-days", "14"],
    );
    let all = await invoicesOf(url);
    for (const end = Date.now() + 20_000; all.length === 0 && Date.now() < end; ) all = await invoicesOf(url);
    expect(await server.end("SIGTERM")).toBe(0);
    expect(all).toMatchObject([{ number: "INV-000001", status: "finalized", totalCents: 714 }]);
    const { finalizedAt, dueAt } = all[0] as InvoiceSummary;
    const dueDay = new Date(Date.parse(String(finalizedAt)) + 14 * DAY_MS).toISOString().slice(0, 10);
    expect(dueAt).toBe(`${dueDay}T23:59:59.999Z`);
  });

  it("is a job of `jobs run` that is there only where it is switched on", async () => {
    const url = await databaseOfLastMonth();
    const jobs = (name: string, ...words: string[]) => run(["jobs", name, "--database", url, ...words]);
    expect((await jobs("run")).stdout).not.toContain("month_end");
    expect(await invoicesOf(url)).toEqual([]);
    const ran = await jobs("run", "--month-end-after-days", "0");
    expect(ran.stdout).toMatch(/^invoices\.month_end +yes +1$/m);
    expect(await invoicesOf(url)).toMatchObject([{ number: "INV-000001", totalCents: 600 }]);
  });

  it("is refused with a wrong value before anything is opened, by the name of what was given", async () => {
    const environment = { ARAGORA_DATA_DIR: freshFolder() };
    const refusal = (more: Readonly<Record<string, string>>, flags: readonly string[] = []) =>
      serve({ ...environment, ...more }, flags).then(String, ({ message }: Error) => message);
    expect(await refusal({}, ["--month-end-after-days", "28"])).toBe(
      "exit code 2: error: --month-end-after-days must be a whole number of days from 0 to 27\n",
    );
    expect(await refusal({ ARAGORA_MONTH_END_AFTER_DAYS: "3", ARAGORA_MONTH_END_TAX_RATE: "19" })).toMatch(
      /^exit code 2: error: ARAGORA_MONTH_END_TAX_RATE must be a fraction from 0 to 1/,
    );
    expect(await refusal({}, ["--month-end-tax-rate", "0.19"])).toBe(
      "exit code 2: error: ARAGORA_MONTH_END_AFTER_DAYS must be set where --month-end-tax-rate is\n",
    );
    const jobs = await run(["jobs", "run", "--month-end-after-days", "3", "--month-end-due-in-days", "-1"]);
    expect([jobs.code, jobs.stderr]).toEqual([2, expect.stringContaining("--month-end-due-in-days must be")]);
  });
});
