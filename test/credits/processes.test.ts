import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type Started, startCredits } from "../../src/domain/credits/fixtures.ts";
import { DAY_MS, systemClock } from "../../src/kernel/index.ts";
import { freshPostgresUrl, freshSqliteUrl } from "../support/database.ts";
import { race } from "../support/race.ts";
import { DEDUCTIONS, RETRIES, type Seen } from "./credits-child.ts";

const CHILD = fileURLToPath(new URL("./credits-child.ts", import.meta.url));

describe.each([
  { name: "sqlite", freshUrl: freshSqliteUrl },
  { name: "postgres", freshUrl: freshPostgresUrl },
])("credits shared by two processes on $name", ({ freshUrl }) => {
  let here: Started;
  let seen: Seen[];
  /** Cents by lot, in the order in which they must be used. */
  let lots: [id: string, cents: number][];

  beforeAll(async () => {
    const url = await freshUrl();
    here = await startCredits(url, { clock: systemClock });
    const issue = async (tenant: string, amountCents: number, days?: number) => {
      const expiresInDays = days;
      const { id } = await here.credits.issue({ tenant, amountCents, type: "purchase", expiresInDays });
      return [id, amountCents] as [string, number];
    };
    const never = await issue("race", 1_000);
    const third = await issue("race", 2_500, 30);
    const first = await issue("race", 3_000, 10);
    const second = await issue("race", 3_500, 20);
    lots = [first, second, third, never];
    await issue("retry", 100);
    seen = await race(CHILD, url);
  });

  afterAll(() => here.store.close());

  it("give exactly 10,000 to 500 deductions of 30 at once: 333 in full, one the last 10, and no error", async () => {
    expect(seen.flatMap(({ errors }) => errors)).toEqual([]);
    const taken = seen.flatMap(({ taken }) => taken);
    expect(taken).toHaveLength(2 * DEDUCTIONS);
    const count = (cents: number) => taken.filter((one) => one === cents).length;
    expect([count(30), count(10), count(0)]).toEqual([333, 1, 166]);
    expect(await here.credits.balance("race")).toMatchObject({ balanceCents: 0, usedCents: 10_000 });
  });

  it("empty the lot that ends soonest before they touch the next one", async () => {
    const used: [string, number][] = [];
    let cursor: string | undefined;
    do {
      const page = await here.credits.transactions({ tenant: "race", limit: 500, cursor });
      for (const { type, lots: parts } of page.items) {
        if (type !== "usage") continue;
        for (const { lotId, amountCents } of [...parts].reverse()) {
          const last = used[0];
          if (last?.[0] === lotId) last[1] -= amountCents;
          else used.unshift([lotId, -amountCents]);
        }
      }
      cursor = page.nextCursor ?? undefined;
    } while (cursor !== undefined);
    expect(used).toEqual(lots);
    expect(used.map(([, cents]) => cents)).toEqual([3_000, 3_500, 2_500, 1_000]);
  });

  it("are taken once by 100 retries of one deduction at once, and all have the same answer", async () => {
    const answers = seen.flatMap(({ retried }) => retried);
    expect(answers).toHaveLength(2 * RETRIES);
    expect(new Set(answers).size).toBe(1);
    expect(await here.credits.balance("retry")).toMatchObject({ balanceCents: 30, usedCents: 70 });
  });

  it("add up while deductions, reversals, ends of lots and the sweep race", async () => {
    // The last lots live on for a moment.
    await here.credits.issue({ tenant: "mixed", amountCents: 1, type: "purchase", expiresAt: soon() });
    await new Promise((resolve) => setTimeout(resolve, 200));
    const account = await here.credits.balance("mixed");
    expect(account.balanceCents).toBe(0);
    const sum = (of: (one: Seen) => number) => seen.reduce((total, one) => total + of(one), 0);
    expect(account.usedCents).toBe(sum(({ deducted }) => deducted) - sum(({ returned }) => returned));
    expect(account.issuedCents).toBe(account.usedCents + account.expiredCents);
    expect(
      Math.min(
        account.usedCents,
        account.expiredCents,
        sum(({ returned }) => returned),
      ),
    ).toBeGreaterThan(0);
    await here.credits.expireDue();
    expect(await here.credits.balance("mixed")).toEqual(account);
    expect(await here.differences()).toEqual([]);
  });
});

function soon(): Date {
  return new Date(systemClock.now() + DAY_MS / 1_000_000);
}
