import { execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { setTimeout } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import { type Billing, createBilling, type VerifyReport } from "../../src/index.ts";
import { freshPostgresUrl, freshSqliteUrl } from "../support/database.ts";
import { TRACES } from "../support/traces.ts";

/** ARAGORA_KILLS=20 kills as often as it was measured. */
const KILLS = Number(process.env.ARAGORA_KILLS ?? 0);
const PROGRAM = fileURLToPath(new URL("../../dist/cli/main.js", import.meta.url));
const TRACE = TRACES.find(({ dataset }) => dataset === "composite-61d-a");
const FILE = fileURLToPath(new URL(`../../data/llm-traces/${TRACE?.file}`, import.meta.url));

/** Starts an import and kills it without warning when it is due, or when it has ended. */
async function importUntil(url: string, due: Promise<unknown>): Promise<void> {
  const child = spawn(process.execPath, [PROGRAM, "import", FILE, "--database", url], { stdio: "ignore" });
  const closed = once(child, "close");
  await Promise.race([due, closed]);
  child.kill("SIGKILL");
  await closed;
}

/** Resolves once so many events are on record; gives up after 10 s, which is longer than an import takes. */
function untilRecorded(url: string, events: number): Promise<void> {
  return onBilling(url, async (billing) => {
    const end = Date.now() + 10_000;
    while ((await recorded(billing)) < events && Date.now() < end) await setTimeout(5);
  });
}

async function recorded(billing: Billing): Promise<number> {
  return (await billing.analytics.usageAcrossTenants()).total.events;
}

function verified(url: string): Promise<VerifyReport> {
  return onBilling(url, (billing) => billing.verify());
}

function eventsOnRecord(url: string): Promise<number> {
  return onBilling(url, recorded);
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
  { name: "sqlite", freshUrl: freshSqliteUrl, databases: 2, kills: 4 },
  { name: "postgres", freshUrl: freshPostgresUrl, databases: 1, kills: 4 },
])("an import killed with kill -9 on $name", ({ freshUrl, databases, kills }) => {
  it("is complete after it was run again: no event missing, none twice", async () => {
    let partial = 0;
    const total = TRACE?.total.events ?? 0;
    for (let round = 0; round < Math.max(databases, KILLS / kills); round += 1) {
      const url = await freshUrl();
      // The first one while it starts and makes the tables, the others between or in the midst of batches.
      await importUntil(url, setTimeout(50 + Math.random() * 350));
      for (let kill = 1; kill < kills; kill += 1) {
        const before = await eventsOnRecord(url);
        await importUntil(url, untilRecorded(url, before + 1 + (Math.random() * (total - before)) / 2));
        const events = await eventsOnRecord(url);
        if (events > before && events < total) partial += 1;
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
