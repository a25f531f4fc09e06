// What the tests of month-end runs share: tenants with usage, and processes that bill them.

import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import { type Billing, createBilling } from "../../src/billing.ts";
import type { MonthEndReport } from "../../src/domain/invoices/index.ts";
import { ManualClock } from "../../src/kernel/index.ts";

const CHILD = fileURLToPath(new URL("./month-end-child.ts", import.meta.url));
export const PERIOD = "2025-01";

/** An engine whose clock stands in the month after the period. */
export async function billingAt(url: string): Promise<Billing> {
  const billing = createBilling({ database: url, clock: new ManualClock("2025-02-03T10:00:00Z") });
  await billing.ready();
  return billing;
}

export function tenantNames(count: number): string[] {
  return Array.from({ length: count }, (_, index) => `tenant-${String(index).padStart(4, "0")}`);
}

/** So many events of each tenant, in the period; 40,000 tokens of gpt-4o-mini each: $0.006. */
export async function useTokens(billing: Billing, tenants: readonly string[], events: number): Promise<void> {
  await billing.metering.record(
    tenants.flatMap((tenant) =>
      Array.from({ length: events }, (_, index) => ({
        ...{ tenant, id: `${tenant}-${index}`, provider: "openai", model: "gpt-4o-mini" },
        ...{ tokensIn: 40_000, tokensOut: 0, timestamp: new Date(Date.UTC(2025, 0, 1 + (index % 31), 12)) },
      })),
    ),
  );
}

export interface Run {
  readonly child: ChildProcess;
  readonly ready: Promise<unknown>;
  /** Resolves when the process has ended: with its report, or undefined where it was killed before. */
  report(): Promise<MonthEndReport | undefined>;
}

/** A process that will run the month end once it is told to go. */
export function monthEndProcess(url: string): Run {
  const child = spawn(process.execPath, ["--import", "tsx", CHILD, url, PERIOD], {
    stdio: ["pipe", "pipe", "inherit"],
  });
  let printed = "";
  const ready = once(child.stdout, "data");
  const ended = once(child, "close");
  child.stdout.on("data", (data: Buffer) => {
    printed += data.toString();
  });
  return {
    ...{ child, ready },
    report: async () => {
      await ended;
      const line = printed.split("\n")[1] ?? "";
      return line === "" ? undefined : (JSON.parse(line) as MonthEndReport);
    },
  };
}

/** The numbers that were given, in their order, and the tenants they went to. */
export async function numbersOf(
  billing: Billing,
  tenants: readonly string[],
): Promise<{ numbers: string[]; totals: number[] }> {
  const invoices = [];
  for (const tenant of tenants) invoices.push(...(await billing.invoices.list({ tenant })).items);
  const issued = invoices.filter(({ status }) => status !== "draft");
  return {
    numbers: issued.map(({ number }) => number ?? "").sort(),
    totals: [...new Set(issued.map(({ totalCents }) => totalCents))],
  };
}

/** INV-000001 and on. */
export function numbersUpTo(count: number): string[] {
  return Array.from({ length: count }, (_, index) => `INV-${String(index + 1).padStart(6, "0")}`);
}
