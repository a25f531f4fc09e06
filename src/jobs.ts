// Due work: what must happen when its time has come, whoever is there to do it. Any number of processes may run the same
// jobs on one database; a lease makes one of them do each at a time.

import { BillingError, type Clock, type Ids, invalidInput, isoInstant } from "./kernel/index.ts";
import {
  acquireLease,
  type LastRun,
  lastJobRun,
  leaseHolder,
  recordJobRun,
  releaseLease,
  type Store,
  type Tx,
} from "./store/index.ts";

/** A piece of due work. */
export interface Job {
  /** Unique, and for ever: the lease and the last run are kept under it. */
  readonly name: string;
  /** Milliseconds from one run's beginning to the next one's. */
  readonly every: number;
  /**
   * Does what is due at `now` and tells how many things that was. It may be cut off at any point and run again by another
   * process, so what it does must be harmless to repeat.
   */
  readonly runDue: (now: number) => Promise<number>;
  /** A cheap look: when it says false, no lease is taken, nothing runs and nothing is written. */
  readonly hasWork?: (now: number) => Promise<boolean>;
}

/** What one call of `runDue` did for a job. */
export interface JobRun {
  readonly name: string;
  /** False when it was not due, had nothing to do, or another process is at it. */
  readonly ran: boolean;
  readonly done: number;
  /** Why it failed; other jobs ran all the same. */
  readonly error?: string;
}

export interface JobStatus {
  readonly name: string;
  readonly every: number;
  readonly lastRunAt: string | null;
  readonly lastError: string | null;
  /** When it is due; null: now. */
  readonly nextRunAt: string | null;
  /** Who is at it now. */
  readonly leaseHolder: string | null;
}

/** A process that died leaves its job to others after this time. */
const LEASE_MS = 60_000;
/** Prolonged that often, while a job runs. */
const RENEW_MS = LEASE_MS / 3;
const SHORTEST_MS = 100;

export class Jobs {
  readonly #store: Store;
  readonly #clock: Clock;
  readonly #ids: Ids;
  readonly #jobs: readonly Job[];
  readonly #onRun: (run: JobRun) => void;
  readonly #underWay = new Set<Promise<unknown>>();
  #timer: NodeJS.Timeout | undefined;
  #isStarted = false;

  /**
   * `onRun` is told of every run and failure in the background.
   *
   * @throws BillingError invalid_input `invalid_job` for a name used twice or a time that is none.
   */
  constructor(
    { store, clock, ids }: { store: Store; clock: Clock; ids: Ids },
    jobs: readonly Job[],
    onRun: (run: JobRun) => void = () => undefined,
  ) {
    const names = new Set(jobs.map(({ name }) => name));
    if (names.size !== jobs.length) throw invalidInput("jobs", "invalid_job", "two jobs have one name");
    for (const { name, every } of jobs) {
      if (!Number.isSafeInteger(every) || every < 1) {
        throw invalidInput("every", "invalid_job", `job ${name}: every must be whole milliseconds from 1 up`);
      }
    }
    this.#store = store;
    this.#clock = clock;
    this.#ids = ids;
    this.#jobs = jobs;
    this.#onRun = onRun;
  }

  /** Runs due jobs in the background from now on. Keeps no process alive by itself. Idempotent. */
  start(): void {
    if (this.#isStarted) return;
    this.#isStarted = true;
    this.#schedule(0);
  }

  /** Ends the background work and waits for every run under way. `start` may follow. */
  async stop(): Promise<void> {
    this.#isStarted = false;
    clearTimeout(this.#timer);
    while (this.#underWay.size > 0) await Promise.allSettled(this.#underWay);
  }

  /**
   * Runs every job that is due once, side by side, and tells about each. Never rejects: a job's failure, or that of the
   * database, is the `error` of its run. Other processes that call it at the same time run what this one does not.
   *
   * @example
   * for (const { name, error } of await billing.jobs.runDue()) if (error) alertOperator(name, error);
   */
  async runDue(): Promise<JobRun[]> {
    const runs = Promise.all(this.#jobs.map((job) => this.#run(job)));
    this.#underWay.add(runs);
    try {
      return await runs;
    } finally {
      this.#underWay.delete(runs);
    }
  }

  /** All jobs, with their last run by any process. */
  list(): Promise<JobStatus[]> {
    const now = this.#clock.now();
    return this.#store.read(async (reader) => {
      const all: JobStatus[] = [];
      for (const { name, every } of this.#jobs) {
        const last = await lastJobRun(reader, name);
        all.push({
          name,
          every,
          lastRunAt: last === undefined ? null : isoInstant(last.at),
          lastError: last?.error || null,
          nextRunAt: last === undefined || isDue(last, every, now) ? null : isoInstant(last.at + every),
          leaseHolder: (await leaseHolder(reader, leaseName(name), now)) ?? null,
        });
      }
      return all;
    });
  }

  #schedule(waitMs: number): void {
    if (!this.#isStarted) return;
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => {
      void this.runDue().then((runs) => {
        for (const run of runs) if (run.ran || run.error !== undefined) this.#onRun(run);
        this.#schedule(Math.max(SHORTEST_MS, Math.min(...this.#jobs.map(({ every }) => every))));
      });
    }, waitMs);
    this.#timer.unref();
  }

  async #run(job: Job): Promise<JobRun> {
    const { name } = job;
    try {
      const now = this.#clock.now();
      const last = await this.#store.read((reader) => lastJobRun(reader, name));
      if (!isDue(last, job.every, now) || (await job.hasWork?.(now)) === false) return idle(name);
      // An owner of its own for every run: two runs of one process exclude each other too.
      const owner = this.#ids.next("run");
      if (!(await this.#store.transaction((tx) => this.#begin(tx, job, owner)))) return idle(name);
      return await this.#runHeld(job, owner, now);
    } catch (error) {
      return { name, ran: false, done: 0, error: textOf(error) };
    }
  }

  /** Takes the lease, unless another run took place since we looked. */
  async #begin(tx: Tx, { name, every }: Job, owner: string): Promise<boolean> {
    const now = this.#clock.now();
    const lease = { name: leaseName(name), owner, now, ttlMs: LEASE_MS };
    if ((await acquireLease(tx, lease)) === null) return false;
    if (isDue(await lastJobRun(tx, name), every, now)) return true;
    await releaseLease(tx, lease.name, owner);
    return false;
  }

  async #runHeld(job: Job, owner: string, now: number): Promise<JobRun> {
    const { name } = job;
    const renewal = setInterval(() => this.#renew(name, owner), RENEW_MS);
    renewal.unref();
    let run: JobRun;
    try {
      run = { name, ran: true, done: await job.runDue(now) };
    } catch (error) {
      run = { name, ran: true, done: 0, error: textOf(error) };
    } finally {
      clearInterval(renewal);
    }
    await this.#store.transaction(async (tx) => {
      // Whoever took over after our lease ended has its own run to note.
      if (await releaseLease(tx, leaseName(name), owner)) {
        await recordJobRun(tx, name, { at: now, done: run.done, error: run.error ?? "" });
      }
    });
    return run;
  }

  #renew(name: string, owner: string): void {
    const lease = { name: leaseName(name), owner, now: this.#clock.now(), ttlMs: LEASE_MS };
    const renewed = this.#store.transaction((tx) => acquireLease(tx, lease)).catch(() => undefined);
    this.#underWay.add(renewed);
    void renewed.finally(() => this.#underWay.delete(renewed));
  }
}

function isDue(last: LastRun | undefined, every: number, now: number): boolean {
  // A clock that stepped back must not put a job off by as much.
  return last === undefined || now >= last.at + every || now < last.at;
}

function idle(name: string): JobRun {
  return { name, ran: false, done: 0 };
}

function leaseName(job: string): string {
  return `job:${job}`;
}

function textOf(error: unknown): string {
  if (error instanceof BillingError) return `${error.code}: ${error.message}`;
  return error instanceof Error ? error.message : "unknown failure";
}
