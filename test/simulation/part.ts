// What the simulation is made of: parts, each with a model of its own, which chooses what happens next and knows what must
// be on record then.

import type { Billing } from "../../src/billing.ts";
import type { Names } from "./names.ts";
import type { ExpectedNotifications } from "./notifications.ts";
import type { Random } from "./random.ts";

/** What all parts share. */
export interface World {
  readonly random: Random;
  readonly now: () => number;
  readonly notifications: ExpectedNotifications;
  /** Who is compared: those of the workload, and who joined later. */
  readonly tenants: string[];
  /** The engine's ids of invoices, which other parts find in references. */
  readonly invoiceIds: Names;
}

export interface Part {
  /** How often it is its turn, beside the others. */
  readonly weight: number;
  /** What it does next. */
  next(): Move;
  /** The end of something, from now on; null: nothing of it ends. */
  nextEnd(): number | null;
  /** Does on the model what the part's jobs do that are due now; how many things each of them must do. */
  runJobs(): ReadonlyMap<string, number>;
  /** Compares what jobs can have touched, of every tenant. */
  inspectTenants(billing: Billing): Promise<void>;
  /** Compares all there is; returns it as lines, which must be the same on every engine. */
  inspectAll(billing: Billing): Promise<string[]>;
}

/** One operation, chosen and not done yet. */
export interface Move {
  /** As plain data: it can be printed and read. */
  readonly operation: { readonly do: string };
  /** Does it on the engine and on the model, and compares what they answer. */
  play(billing: Billing): Promise<void>;
  /** Compares what it can have touched. */
  inspect(billing: Billing): Promise<void>;
}

/** Whether a job that has so much work runs now: one without work does not, nor one that ran a moment ago. */
export class JobTimes {
  readonly #now: () => number;
  readonly #lastRuns = new Map<string, number>();

  constructor(now: () => number) {
    this.#now = now;
  }

  runs(job: string, everyMs: number, work: number): boolean {
    const last = this.#lastRuns.get(job);
    if (work === 0 || (last !== undefined && this.#now() < last + everyMs)) return false;
    this.#lastRuns.set(job, this.#now());
    return true;
  }
}
