import { describe, expect, it, onTestFinished } from "vitest";
import { differences, eventOf, startBudgets, totals } from "../../src/domain/budgets/fixtures.ts";
import { BillingError, parseUsd, systemClock } from "../../src/kernel/index.ts";
import { ENGINES } from "../support/database.ts";

async function startHere(url: string) {
  const started = await startBudgets(url, { tenant: "acme", clock: systemClock });
  onTestFinished(() => started.store.close());
  return started;
}

const sleep = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

describe.each(ENGINES)("a budget under load on $name", ({ freshUrl }) => {
  it("never has more spent and held than its limit, and holds nothing a second after the last end", async () => {
    const started = await startHere(await freshUrl());
    const { budgets, holds, store } = started;
    await budgets.create({ name: "load", limit: "20", period: "total" });
    const limit = parseUsd("20", "limit");
    let running = true;
    let most = 0n;
    const sampler = (async () => {
      while (running) {
        const { spent, held } = await totals(store);
        if (spent + held > most) most = spent + held;
        await sleep(20);
      }
    })();
    const caller = async () => {
      for (let call = 0; call < 40; call += 1) {
        const cents = 1 + Math.floor(Math.random() * 20);
        const asked = await holds
          .authorize({ estimatedCostUsd: (cents / 100).toFixed(2), ttlMs: 300 })
          .catch((error: unknown) => error);
        if (asked instanceof BillingError) {
          expect(asked.code).toBe("budget_exceeded");
          continue;
        }
        const { id } = asked as { id: string };
        const fate = Math.random();
        if (fate < 0.2) await holds.release(id);
        else if (fate < 0.9)
          await holds.capture(id, { costUsd: (Math.floor(Math.random() * (cents + 1)) / 100).toFixed(2) });
      }
    };
    await Promise.all(Array.from({ length: 32 }, caller));
    await sleep(300);
    await holds.expiry.runDue(systemClock.now());
    running = false;
    await sampler;
    expect(most).toBeLessThanOrEqual(limit);
    expect(most).toBeGreaterThan(limit / 2n);
    expect((await totals(store)).held).toBe(0n);
    expect(await differences(started)).toEqual([]);
  });

  it("answers everybody when events, holds and spends of the same budgets come at once from two engines", async () => {
    const url = await freshUrl();
    const first = await startHere(url);
    const engines = url === "sqlite::memory:" ? [first] : [first, await startHere(url)];
    for (const scope of [{}, { workspace: "w" }, { user: "each" }, { debate: "each" }])
      await first.budgets.create({ name: JSON.stringify(scope), limit: "100000", scope, period: "total" });
    const dimensions = (index: number) => ({
      workspace: "w",
      user: `u${index % 5}`,
      debate: `d${index % 3}`,
    });
    await Promise.all(
      engines.flatMap(({ holds, metering }) =>
        Array.from({ length: 24 }, async (_, caller) => {
          for (let call = 0; call < 8; call += 1) {
            const index = caller * 7 + call;
            const hold = await holds.authorize({ dimensions: dimensions(index), estimatedCostUsd: "1" });
            if (index % 3 === 0)
              await metering.record(eventOf(1_000, { ...dimensions(index), holdId: hold.id }));
            else if (index % 3 === 1) await holds.capture(hold.id, { costUsd: "0.5" });
            else await holds.release(hold.id);
            await metering.record(eventOf(1_000, dimensions(index + 1)));
            await holds.recordSpend({ dimensions: dimensions(index + 2), amountUsd: "0.1" });
          }
        }),
      ),
    );
    expect(await differences(first)).toEqual([]);
    expect((await totals(first.store)).held).toBe(0n);
    if (first.store.dialect !== "postgres") return;
    // The server's own count comes a second late.
    await sleep(1_200);
    const row = await first.store.read((reader) =>
      reader.get<{ deadlocks: bigint }>(
        "SELECT deadlocks FROM pg_stat_database WHERE datname = current_database()",
      ),
    );
    expect(row?.deadlocks).toBe(0n);
  });
});
