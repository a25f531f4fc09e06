import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { ENGINES } from "../../../test/support/database.ts";
import { DAY_MS, ManualClock } from "../../kernel/index.ts";
import { type Store, storeAt, type Tx } from "../../store/index.ts";
import { creditsOver } from "./fixtures.ts";
import { creditExpiryNotices } from "./index.ts";
import type { ExpiringCredit } from "./notices.ts";

const DAYS_APART = 100;

describe.each(ENGINES)("notices of credit that ends on $name", ({ freshUrl }) => {
  let store: Store;
  let tenants = 0;

  beforeAll(async () => {
    store = storeAt(await freshUrl());
  });

  afterAll(() => store.close());

  /** A tenant of its own at a time of its own, when the credit of all others has ended. */
  function start(expiring?: (credit: ExpiringCredit) => void) {
    tenants += 1;
    const t0 = Date.parse("2026-01-15T12:00:00Z") + tenants * DAYS_APART * DAY_MS;
    const clock = new ManualClock(t0);
    const tenant = `tenant ${tenants}`;
    const { credits } = creditsOver(store, { tenant, clock });
    const told: ExpiringCredit[] = [];
    const notices = {
      expiring: async (_: Tx, credit: ExpiringCredit) => {
        expiring?.(credit);
        told.push(credit);
      },
    };
    const job = creditExpiryNotices({ store, clock, notices });
    const issue = async (amountCents: number, expiresInDays?: number) =>
      (await credits.issue({ tenant, amountCents, type: "promotional", expiresInDays })).id;
    const goTo = (days: number) => clock.set(t0 + days * DAY_MS);
    /** What a run of the job tells: cents and days from the beginning. */
    const run = async () => {
      const hadWork = await job.hasWork(clock.now());
      expect([await job.runDue(), hadWork]).toEqual([told.length, told.length > 0]);
      expect(await job.hasWork(clock.now())).toBe(false);
      return told.splice(0).map(({ amount, expiresAt }) => [Number(amount), (expiresAt - t0) / DAY_MS]);
    };
    return { tenant, credits, clock, job, issue, run, told, t0, goTo };
  }

  it("are told 7 days before a lot ends, not a millisecond earlier, and once", async () => {
    const { clock, issue, run, credits, goTo } = start();
    await issue(500, 10);
    await issue(300);
    goTo(3);
    clock.advance(-1);
    expect(await run()).toEqual([]);
    clock.advance(1);
    expect(await run()).toEqual([[500, 10]]);
    clock.advance(DAY_MS);
    expect(await run()).toEqual([]);
    await credits.deduct({ amountCents: 100 });
    goTo(10);
    expect(await run()).toEqual([]);
  });

  it("are told at the next run of a lot that is granted for less, however it came", async () => {
    const { issue, run, credits, goTo } = start();
    await issue(500, 2);
    await credits.adjust({ amountCents: 70, expiresInDays: 7 });
    await issue(90, 8);
    expect(await run()).toEqual([
      [500, 2],
      [70, 7],
    ]);
    goTo(2);
    expect(await run()).toEqual([[90, 8]]);
  });

  it("tell what is left at that moment, and nothing of lots that are used up, void or ended", async () => {
    const { clock, issue, run, credits, goTo } = start();
    await issue(100, 8);
    await issue(200, 9);
    const lotId = await issue(400, 10);
    await issue(800, 11);
    await credits.deduct({ amountCents: 150 });
    await credits.void({ lotId });
    goTo(4);
    await issue(1_600, 1);
    // The job has paused: what ended meanwhile is lost.
    clock.advance(DAY_MS);
    expect(await run()).toEqual([
      [150, 9],
      [800, 11],
    ]);
  });

  it("tell of what comes back to a lot that was used up, unless it was told of", async () => {
    const { issue, run, credits, goTo } = start();
    await issue(100, 8);
    await issue(200, 9);
    const { transactionId } = await credits.deduct({ amountCents: 150 });
    goTo(2);
    expect(await run()).toEqual([[150, 9]]);
    await credits.reverse({ transactionId });
    expect(await run()).toEqual([[100, 8]]);
    expect(await run()).toEqual([]);
  });

  it("are one for all lots that end at an instant, with their sum; a lot that joins them later has its own", async () => {
    const { issue, run, credits, goTo, t0 } = start();
    await Promise.all(Array.from({ length: 30 }, (_, n) => issue(100 + n, 9)));
    await credits.deduct({ amountCents: 150 });
    goTo(2);
    expect(await run()).toEqual([[3_285, 9]]);
    for (const amountCents of [3_285, 3_285]) {
      const expiresAt = new Date(t0 + 9 * DAY_MS);
      await credits.issue({ amountCents, type: "refund", expiresAt });
      expect(await run()).toEqual([[3_285, 9]]);
    }
  });

  it("name another lot each, whatever they are the sum of", async () => {
    const { issue, job, told, t0 } = start();
    const lots: string[][] = [[], []];
    for (const [index, days] of [5, 5, 6, 6].entries()) lots[index >> 1]?.push(await issue(10, days));
    await job.runDue();
    expect(told.map(({ lot, expiresAt }) => lots[(expiresAt - t0) / DAY_MS - 5]?.includes(lot))).toEqual([
      ...[true, true],
    ]);
  });

  it("are told after a failure, which keeps no other one waiting", async () => {
    let isDown = true;
    const { issue, run, job, told, clock } = start(({ amount }) => {
      if (isDown && amount < 3n) throw new Error(`no room for ${amount}`);
    });
    for (const cents of [1, 2, 3, 4]) await issue(cents, cents);
    await expect(job.runDue()).rejects.toThrow("no room for 1");
    expect(told.splice(0).map(({ amount }) => Number(amount))).toEqual([3, 4]);
    isDown = false;
    clock.advance(60_000);
    expect(await run()).toEqual([
      [1, 1],
      [2, 2],
    ]);
  });

  it("do not tell of a lot that ends while others are told of", async () => {
    const { issue, job, told, clock } = start(() => void clock.advance(2 * DAY_MS));
    for (const days of [1, 2, 3, 4]) await issue(days, days);
    expect(await job.runDue()).toBe(2);
    expect(told.map(({ amount }) => Number(amount))).toEqual([1, 3]);
  });

  it("are told of more ends than one look holds, of many tenants at one instant", async () => {
    const { tenant, credits, run, told, job, t0 } = start();
    const expiresAt = new Date(t0 + DAY_MS);
    const others = Array.from({ length: 230 }, (_, n) => `${tenant}, ${n}`);
    const add = (whose: string) =>
      credits.issue({ tenant: whose, amountCents: 5, type: "refund", expiresAt });
    await Promise.all(others.flatMap((whose) => [add(whose), add(whose)]));
    expect(await job.runDue()).toBe(230);
    expect(told.splice(0).map(({ tenant, amount }) => `${tenant} ${amount}`)).toEqual(
      others.map((whose) => `${whose} 10`).sort(),
    );
    expect(await run()).toEqual([]);
  });
});
