import { spawn } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import { MeteringService } from "../../src/domain/metering/index.ts";
import { PricingService } from "../../src/domain/pricing/index.ts";
import { createIds, systemClock } from "../../src/kernel/index.ts";
import { open, type Store } from "../../src/store/index.ts";
import { countingParticipant, createCountsTable, readCounts } from "../support/counting-participant.ts";
import { freshPostgresUrl, freshSqliteUrl } from "../support/database.ts";
import { BATCH, batchOf } from "../support/recording-child.ts";

const CHILD = fileURLToPath(new URL("../support/recording-child.ts", import.meta.url));
const KILLS = 8;

/** Runs the recorder, kills it without warning a moment after its first batch, and returns what it acknowledged. */
async function recordUntilKilled(url: string, run: string): Promise<number> {
  const child = spawn(process.execPath, ["--import", "tsx", CHILD, url, run], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  let printed = "";
  child.stdout.on("data", (data: Buffer) => {
    printed += data.toString();
  });
  child.stdout.once("data", () => setTimeout(() => child.kill("SIGKILL"), Math.random() * 120));
  const [, signal] = await once(child, "close");
  expect(signal).toBe("SIGKILL");
  return printed.split("\n").filter(Boolean).length;
}

function meteringOn(store: Store): MeteringService {
  const pricing = new PricingService(store, systemClock);
  return new MeteringService(
    { store, clock: systemClock, ids: createIds(systemClock), pricing },
    { tenant: undefined, unknownModel: "refuse", participants: [countingParticipant()] },
  );
}

describe.each([
  { name: "sqlite", freshUrl: freshSqliteUrl },
  { name: "postgres", freshUrl: freshPostgresUrl },
])("a recorder killed with kill -9 on $name", ({ freshUrl }) => {
  it("leaves every acknowledged batch, whole batches only, and a participant that agrees with the events", async () => {
    const url = await freshUrl();
    const store = await open(url);
    await createCountsTable(store);
    await store.close();

    for (let run = 0; run < KILLS; run += 1) {
      const acknowledged = await recordUntilKilled(url, `${run}`);
      const after = await open(url);
      const metering = meteringOn(after);
      expect(await metering.verify()).toMatchObject({ ok: true });

      const rows = await after.read((reader) =>
        reader.all<{ id: string }>("SELECT id FROM usage_events WHERE id LIKE ?", [`run${run}-%`]),
      );
      expect(rows.length % BATCH).toBe(0);
      expect(rows.length).toBeGreaterThanOrEqual(acknowledged * BATCH);
      const ids = new Set(rows.map(({ id }) => id));
      for (let batch = 0; batch < acknowledged; batch += 1) {
        for (const { id } of batchOf(`${run}`, batch)) expect(ids.has(id)).toBe(true);
      }
      const all = await after.read((reader) =>
        reader.get<{ n: bigint }>("SELECT count(*) AS n FROM usage_events"),
      );
      const counted = Object.values(await readCounts(after)).reduce((sum, n) => sum + n, 0);
      expect(counted).toBe(Number(all?.n));
      await after.close();
    }
  });
});
