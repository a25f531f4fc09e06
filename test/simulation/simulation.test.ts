import { afterAll, describe, expect, it } from "vitest";
import { freshPostgresUrl, freshSqliteUrl } from "../support/database.ts";
import { type Outcome, simulate } from "./simulation.ts";

// 200 seeds of 400 operations are `npm run sim -- --seeds 200`; these few are for every run of the tests.
const SEEDS = [2, 4, 5];
const DAYS = 60;
const OPERATIONS = 100;

describe("months of random operations", () => {
  const sqlite = new Map<number, Outcome>();

  afterAll(() => sqlite.clear());

  it.each(SEEDS)("agree with the auditor on SQLite (seed %i)", async (seed) => {
    const outcome = await simulate({
      seed,
      days: DAYS,
      operations: OPERATIONS,
      database: await freshSqliteUrl(),
    });
    sqlite.set(seed, outcome);
    expect(outcome.totals.length).toBeGreaterThan(200);
  });

  it.each(SEEDS)("agree on PostgreSQL too, and with SQLite to the last digit (seed %i)", async (seed) => {
    const database = await freshPostgresUrl();
    const { totals } = await simulate({ seed, days: DAYS, operations: OPERATIONS, database });
    expect(totals).toEqual(sqlite.get(seed)?.totals);
  });
});
