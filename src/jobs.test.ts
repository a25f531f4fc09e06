import { describe, expect, it, onTestFinished } from "vitest";
import { ENGINES } from "../test/support/database.ts";
import { startHttpSink } from "../test/support/http-sink.ts";
import { alertFor, START, serviceOn, storeWithNotifications } from "./domain/notifications/fixtures.ts";
import { type Job, type JobRun, Jobs } from "./jobs.ts";
import { BillingError, createIds, DAY_MS, HOUR_MS, ManualClock, systemClock } from "./kernel/index.ts";
import { acquireLease, type Store } from "./store/index.ts";

function jobsOn(store: Store, clock: ManualClock, jobs: readonly Job[]): Jobs {
  const made = new Jobs({ store, clock, ids: createIds(clock) }, jobs);
  onTestFinished(() => made.stop());
  return made;
}

/** A job that counts its runs, and waits in them for `gate`. */
function counting(name: string, every: number, gate: Promise<unknown> = Promise.resolve()) {
  const runs: number[] = [];
  const job: Job = {
    name,
    every,
    runDue: async (now) => {
      runs.push(now);
      await gate;
      return runs.length;
    },
  };
  return { job, runs };
}

function gate(): { promise: Promise<void>; open: () => void } {
  let open = () => {};
  const promise = new Promise<void>((resolve) => {
    open = resolve;
  });
  return { promise, open };
}

describe.each(ENGINES)("jobs on $name", ({ name, freshUrl }) => {
  it("run when they are due, through time", async () => {
    const store = await storeWithNotifications(await freshUrl());
    const clock = new ManualClock(START);
    const [hourly, daily] = [counting("hourly", HOUR_MS), counting("daily", DAY_MS)];
    const jobs = jobsOn(store, clock, [hourly.job, daily.job]);
    const idle = { ran: false, done: 0 };
    expect(await jobs.runDue()).toEqual([
      { name: "hourly", ran: true, done: 1 },
      { name: "daily", ran: true, done: 1 },
    ]);
    expect(await jobs.runDue()).toEqual([
      { name: "hourly", ...idle },
      { name: "daily", ...idle },
    ]);
    for (let hour = 0; hour < 48; hour += 1) {
      clock.advance(HOUR_MS);
      await jobs.runDue();
    }
    expect([hourly.runs.length, daily.runs.length]).toEqual([49, 3]);
    clock.advance(-30 * DAY_MS);
    expect((await jobs.runDue()).map(({ ran }) => ran)).toEqual([true, true]);
  });

  it("are done once by two processes at once, and again by nobody before they are due", async () => {
    const url = await freshUrl();
    const store = await storeWithNotifications(url);
    const other = name === "sqlite memory" ? store : await storeWithNotifications(url);
    const clock = new ManualClock(START);
    const { promise, open } = gate();
    const [first, second] = [counting("job", 1_000, promise), counting("job", 1_000)];
    const [one, two] = [jobsOn(store, clock, [first.job]), jobsOn(other, clock, [second.job])];
    const running = one.runDue();
    await expect.poll(() => first.runs.length).toBe(1);
    expect(await two.runDue()).toEqual([{ name: "job", ran: false, done: 0 }]);
    expect(await one.runDue()).toEqual([{ name: "job", ran: false, done: 0 }]);
    expect((await two.list())[0]?.leaseHolder).toMatch(/^run_/);
    open();
    expect(await running).toEqual([{ name: "job", ran: true, done: 1 }]);
    expect(await two.runDue()).toEqual([{ name: "job", ran: false, done: 0 }]);
    expect([first.runs.length, second.runs.length]).toEqual([1, 0]);
    clock.advance(1_000);
    const both = (await Promise.all([one.runDue(), two.runDue()])).flat();
    expect(both.filter(({ ran }) => ran)).toHaveLength(1);
  });

  it("are done by others after the lease of a process that died", async () => {
    const store = await storeWithNotifications(await freshUrl());
    const clock = new ManualClock(START);
    const { job, runs } = counting("job", 1_000);
    const lease = { name: "job:job", owner: "killed", now: clock.now(), ttlMs: 60_000 };
    await store.transaction((tx) => acquireLease(tx, lease));
    const jobs = jobsOn(store, clock, [job]);
    clock.advance(59_999);
    expect(await jobs.runDue()).toEqual([{ name: "job", ran: false, done: 0 }]);
    clock.advance(1);
    expect(await jobs.runDue()).toEqual([{ name: "job", ran: true, done: 1 }]);
    expect(runs).toHaveLength(1);
  });

  it("note nothing of a run whose lease went to another process meanwhile", async () => {
    const store = await storeWithNotifications(await freshUrl());
    const clock = new ManualClock(START);
    const { promise, open } = gate();
    const [slept, awake] = [counting("job", HOUR_MS, promise), counting("job", HOUR_MS)];
    const running = jobsOn(store, clock, [slept.job]).runDue();
    await expect.poll(() => slept.runs.length).toBe(1);
    clock.advance(60_000);
    const other = jobsOn(store, clock, [awake.job]);
    expect(await other.runDue()).toEqual([{ name: "job", ran: true, done: 1 }]);
    open();
    await running;
    expect((await other.list())[0]?.lastRunAt).toBe("2025-03-01T12:01:00.000Z");
  });

  it("that fail are reported, stop no other, and are due again like any", async () => {
    const store = await storeWithNotifications(await freshUrl());
    const clock = new ManualClock(START);
    const { job, runs } = counting("good", 1_000);
    const refusal = new BillingError("unavailable", "bank_closed", "the bank is closed");
    const bad = (name: string, error: unknown): Job => ({
      name,
      every: 1_000,
      runDue: async () => {
        throw error;
      },
    });
    const jobs = jobsOn(store, clock, [
      bad("bad", refusal),
      bad("worse", new Error("boom")),
      bad("odd", 7),
      job,
    ]);
    expect(await jobs.runDue()).toEqual([
      { name: "bad", ran: true, done: 0, error: "bank_closed: the bank is closed" },
      { name: "worse", ran: true, done: 0, error: "boom" },
      { name: "odd", ran: true, done: 0, error: "unknown failure" },
      { name: "good", ran: true, done: 1 },
    ]);
    expect(runs).toHaveLength(1);
    expect((await jobs.list()).map(({ lastError }) => lastError)).toEqual([
      "bank_closed: the bank is closed",
      "boom",
      "unknown failure",
      null,
    ]);
    clock.advance(1_000);
    expect((await jobs.runDue()).map(({ ran }) => ran)).toEqual([true, true, true, true]);
  });

  it("write nothing while there is nothing to do", async () => {
    const store = await storeWithNotifications(await freshUrl());
    const clock = new ManualClock(START);
    const { job, runs } = counting("job", 1_000);
    let hasWork = false;
    const jobs = jobsOn(store, clock, [{ ...job, hasWork: async () => hasWork }]);
    expect(await jobs.runDue()).toEqual([{ name: "job", ran: false, done: 0 }]);
    expect(await store.read((reader) => reader.all("SELECT name FROM leases"))).toEqual([]);
    hasWork = true;
    expect(await jobs.runDue()).toEqual([{ name: "job", ran: true, done: 1 }]);
    expect(runs).toHaveLength(1);
  });

  it("list their last run, their next and who is at it", async () => {
    const store = await storeWithNotifications(await freshUrl());
    const clock = new ManualClock(START);
    const jobs = jobsOn(store, clock, [counting("job", HOUR_MS).job]);
    const never = { name: "job", every: HOUR_MS, lastRunAt: null, lastError: null, nextRunAt: null };
    expect(await jobs.list()).toEqual([{ ...never, leaseHolder: null }]);
    await jobs.runDue();
    const ran = { ...never, lastRunAt: "2025-03-01T12:00:00.000Z", leaseHolder: null };
    expect(await jobs.list()).toEqual([{ ...ran, nextRunAt: "2025-03-01T13:00:00.000Z" }]);
    clock.advance(HOUR_MS);
    expect(await jobs.list()).toEqual([ran]);
  });

  it("deliver notifications that were written inside other transactions", async () => {
    const store = await storeWithNotifications(await freshUrl());
    const http = await startHttpSink();
    const { service, clock } = serviceOn(store, { globalUrl: http.url });
    const jobs = jobsOn(store, clock, [service.deliveryJob()]);
    http.answer = () => ({ status: 503 });
    await service.notify(alertFor("acme"));
    expect(await jobs.runDue()).toEqual([{ name: "notifications", ran: false, done: 0 }]);
    http.answer = () => ({ status: 200 });
    clock.advance(60_000);
    expect(await jobs.runDue()).toEqual([{ name: "notifications", ran: true, done: 1 }]);
    expect(http.calls).toHaveLength(2);
  });
});

describe("jobs in the background", () => {
  async function background(every: number) {
    const store = await storeWithNotifications("sqlite::memory:");
    const reported: JobRun[] = [];
    const { job, runs } = counting("job", every);
    const ids = createIds(systemClock);
    const jobs = new Jobs({ store, clock: systemClock, ids }, [job], (run) => reported.push(run));
    onTestFinished(() => jobs.stop());
    return { jobs, runs, reported };
  }

  it("run again and again until they are stopped, and tell of it", async () => {
    const { jobs, runs, reported } = await background(1);
    jobs.start();
    jobs.start();
    await expect.poll(() => runs.length, { timeout: 5_000 }).toBeGreaterThanOrEqual(3);
    await jobs.stop();
    const count = runs.length;
    expect(reported).toHaveLength(count);
    await new Promise((resolve) => setTimeout(resolve, 300));
    expect(runs).toHaveLength(count);
    jobs.start();
    await expect.poll(() => runs.length, { timeout: 5_000 }).toBeGreaterThan(count);
  });

  it("that are under way are waited for by stop", async () => {
    const store = await storeWithNotifications("sqlite::memory:");
    const { promise, open } = gate();
    let isDone = false;
    const job: Job = {
      name: "long",
      every: 1_000,
      runDue: async () => {
        await promise;
        isDone = true;
        return 1;
      },
    };
    const jobs = jobsOn(store, new ManualClock(START), [job]);
    const running = jobs.runDue();
    const stopped = jobs.stop().then(() => isDone);
    setTimeout(open, 50);
    expect(await stopped).toBe(true);
    expect(await running).toEqual([{ name: "long", ran: true, done: 1 }]);
  });

  it("report a database that is closed, and do not throw", async () => {
    const store = await storeWithNotifications("sqlite::memory:");
    const jobs = jobsOn(store, new ManualClock(START), [counting("job", 1_000).job]);
    await store.close();
    expect(await jobs.runDue()).toEqual([
      { name: "job", ran: false, done: 0, error: expect.stringContaining("store_closed") },
    ]);
  });

  it("have names of their own and times that are some", async () => {
    const store = await storeWithNotifications("sqlite::memory:");
    const { job } = counting("job", 1_000);
    const clock = new ManualClock(START);
    expect(() => jobsOn(store, clock, [job, job])).toThrow("two jobs have one name");
    for (const every of [0, -1, 0.5, Number.NaN]) {
      expect(() => jobsOn(store, clock, [{ ...job, every }])).toThrow("whole milliseconds");
    }
  });
});
