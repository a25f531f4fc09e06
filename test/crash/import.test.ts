import { execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import { type Billing, createBilling, type VerifyReport } from "../../src/index.ts";
import { freshPostgresUrl, freshSqliteUrl } from "../support/database.ts";
import { TRACES } from "../support/traces.ts";

const PROGRAM = fileURLToPath(new URL("../../dist/cli/main.js", import.meta.url));
const TRACE = TRACES.find(({ dataset }) => dataset === "composite-61d-a");
const FILE = fileURLToPath(new URL(`../../data/llm-traces/${TRACE?.file}`, import.meta.url));

/** Starts an import and kills it without warning after a while; returns whether it was still running. */
async function importUntilKilled(url: string, afterMs: number): Promise<boolean> {
  const child = spawn(process.execPath, [PROGRAM, "import", FILE, "--database", url], { stdio: "ignore" });
  const timer = setTimeout(() => child.kill("SIGKILL"), afterMs);
  const [, signal] = await once(child, "close");
  clearTimeout(timer);
  return signal === "SIGKILL";
}

function verified(url: string): Promise<VerifyReport> {
  return onBilling(url, (billing) => billing.verify());
}

function eventsOnRecord(url: string): Promise<number> {
  return onBilling(url, async (billing) => (await billing.analytics.usageAcrossTenants()).total.events);
}

async function onBilling<T>(url: string, work: (billing: Billing) => Promise<T>): Promise<T> {
  const billing = createBilling({ database: url });
  try {
    return await work(billing);
  } finally {
    await billing.close();
  }
}

describe.each([
  { name: "sqlite", freshUrl: freshSqliteUrl, databases: 5, kills: 4, withinMs: 900 },
  { name: "postgres", freshUrl: freshPostgresUrl, databases: 2, kills: 3, withinMs: 1_500 },
])("an import killed with kill -9 on $name", ({ freshUrl, databases, kills, withinMs }) => {
  it("is complete after it was run again: no event missing, none twice", async () => {
    let partial = 0;
    // How fast this machine starts and imports just now shows in what the kills leave.
    let within = withinMs;
    for (let round = 0; round < databases; round += 1) {
      const url = await freshUrl();
      for (let kill = 0; kill < kills; kill += 1) {
        await importUntilKilled(url, 120 + Math.random() * within);
        const events = await eventsOnRecord(url);
        if (events === 0) within *= 2;
        else if (events < (TRACE?.total.events ?? 0)) partial += 1;
        else within /= 2;
      }
      expect(await verified(url)).toMatchObject({ ok: true });
      const output = execFileSync(process.execPath, [PROGRAM, "import", FILE, "--database", url, "--json"], {
        encoding: "utf8",
      });
      const { rows, accepted, duplicates, rejected, conflicts } = JSON.parse(output);
      expect({ rows, recorded: accepted + duplicates, rejected, conflicts }).toEqual({
        rows: TRACE?.total.events,
        recorded: TRACE?.total.events,
        rejected: 0,
        conflicts: 0,
      });
      expect(await verified(url)).toEqual({ ok: true, events: TRACE?.total.events, differences: [] });
    }
    // Kills that all came before the first or after the last batch would prove nothing.
    expect(partial).toBeGreaterThan(0);
  });
});
