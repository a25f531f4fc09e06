import { spawn } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import { describe, expect, it, onTestFinished } from "vitest";
import { differences, startBudgets } from "../../src/domain/budgets/fixtures.ts";
import { systemClock } from "../../src/kernel/index.ts";
import { HOLD_TTL_MS, type spendSevens } from "../support/budget-child.ts";
import { freshPostgresUrl, freshSqliteUrl } from "../support/database.ts";

const CHILD = fileURLToPath(new URL("../support/budget-child.ts", import.meta.url));
const REPEATS = Number(process.env.BUDGET_REPEATS ?? 1);
const KILLS = Number(process.env.BUDGET_KILLS ?? 3);

function startChild(...words: string[]) {
  const child = spawn(process.execPath, ["--import", "tsx", CHILD, ...words], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  onTestFinished(() => void child.kill("SIGKILL"));
  let printed = "";
  child.stdout.on("data", (data: Buffer) => {
    printed += data.toString();
  });
  return { child, printed: () => printed };
}

async function startHere(url: string) {
  const started = await startBudgets(url, { tenant: "acme", clock: systemClock });
  onTestFinished(() => started.store.close());
  return started;
}

describe.each([
  { name: "sqlite", freshUrl: freshSqliteUrl },
  { name: "postgres", freshUrl: freshPostgresUrl },
])("a budget shared by processes on $name", ({ freshUrl }) => {
  it("admits exactly 714 of 1,000 spends of 7 against 5,000 from two processes, and no lock error reaches a caller", async () => {
    for (let repeat = 0; repeat < REPEATS; repeat += 1) {
      const url = await freshUrl();
      const started = await startHere(url);
      const { id } = await started.budgets.create({ name: "shared", limit: 5_000, period: "total" });
      const children = [startChild("spend", url, "500"), startChild("spend", url, "500")];
      await Promise.all(children.map(({ child }) => once(child, "close")));
      const ends = children.map(
        ({ printed }) => JSON.parse(printed()) as Awaited<ReturnType<typeof spendSevens>>,
      );
      expect(ends.flatMap(({ others }) => others)).toEqual([]);
      expect(ends.reduce((sum, { admitted }) => sum + admitted, 0)).toBe(714);
      expect(ends.reduce((sum, { refused }) => sum + refused, 0)).toBe(286);
      expect((await started.budgets.status(id)).counters[0]?.spent.toString()).toBe("4998");
      expect(await differences(started)).toEqual([]);
    }
  });

  it("loses nothing that was spent and keeps no room when a process is killed between hold and capture", async () => {
    const url = await freshUrl();
    const started = await startHere(url);
    const { id } = await started.budgets.create({ name: "shared", limit: 1_000, period: "total" });
    let acknowledged = 0;
    for (let kill = 0; kill < KILLS; kill += 1) {
      const { child, printed } = startChild("hold", url);
      child.stdout.once("data", () => setTimeout(() => child.kill("SIGKILL"), Math.random() * 100));
      const [, signal] = await once(child, "close");
      expect(signal).toBe("SIGKILL");
      acknowledged += printed().split("\n").filter(Boolean).length;
      await new Promise((resolve) => setTimeout(resolve, HOLD_TTL_MS));
      await started.holds.expiry.runDue(systemClock.now());
      const [counter] = (await started.budgets.status(id)).counters;
      expect(counter?.held.toString()).toBe("0");
      expect(counter?.spent.times(100).toNumber()).toBeGreaterThanOrEqual(acknowledged);
      expect(await differences(started)).toEqual([]);
    }
  });
});
