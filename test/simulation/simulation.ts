// One seed lived through: months of random operations on one database, each compared with the auditor's model.

import { type Billing, createBilling } from "../../src/billing.ts";
import { ManualClock } from "../../src/kernel/index.ts";
import { Auditor } from "./auditor.ts";
import { TENANTS } from "./choices.ts";
import { Disagreement, same } from "./disagreement.ts";
import { inspectAll, inspectTenant } from "./inspection.ts";
import { type Operation, type Step, stepText } from "./operations.ts";
import { Player } from "./player.ts";
import { Random } from "./random.ts";
import { changeOneRow } from "./tampering.ts";
import { Workload } from "./workload.ts";

export interface SimulationOptions {
  readonly seed: number;
  readonly days: number;
  readonly operations: number;
  /** A new, empty database: `sqlite:PATH` or `postgres://…`. */
  readonly database: string;
  readonly onStep?: ((done: number) => void) | undefined;
}

export interface Outcome {
  /** All that is on record in the end, as text: the same seed gives the same on every engine. */
  readonly totals: readonly string[];
  /** How often each operation was done. */
  readonly done: Readonly<Record<string, number>>;
}

/** The engine and the auditor did not agree. */
export class FailedSeed extends Error {
  readonly seed: number;
  readonly operation: number;

  constructor(seed: number, operation: number, step: Step | undefined, cause: unknown) {
    const what = cause instanceof Error ? cause.message : String(cause);
    const where = step === undefined ? "at the end" : `operation ${operation}: ${stepText(step)}`;
    super(`seed ${seed}, ${where}\n${what}`, { cause });
    this.seed = seed;
    this.operation = operation;
  }
}

const HOUR = 3_600_000;
const DAY = 24 * HOUR;
const EARLIEST = Date.UTC(2024, 0, 1);
const START_DAYS = 900;
/** Everything is compared that often, and in the end. */
const INSPECT_EVERY = 80;

/** @throws FailedSeed when the engine and the auditor differ. */
export async function simulate(options: SimulationOptions): Promise<Outcome> {
  const simulation = new Simulation(options);
  try {
    return await simulation.run();
  } finally {
    await simulation.close();
  }
}

class Simulation {
  readonly #options: SimulationOptions;
  readonly #clock: ManualClock;
  readonly #auditor: Auditor;
  readonly #player: Player;
  readonly #workload: Workload;
  readonly #engines: Billing[];
  readonly #logged: string[] = [];
  readonly #done: Record<string, number> = {};

  constructor(options: SimulationOptions) {
    this.#options = options;
    const random = new Random(options.seed);
    const start = EARLIEST + random.int(0, START_DAYS) * DAY + random.int(0, 24 * HOUR);
    this.#clock = new ManualClock(start);
    this.#auditor = new Auditor(() => this.#clock.now());
    this.#player = new Player(this.#auditor);
    this.#workload = new Workload(random, this.#auditor, { ...options, start });
    this.#engines = [this.#open(), this.#open()];
  }

  async run(): Promise<Outcome> {
    const { seed, operations, onStep } = this.#options;
    for (let done = 0; done < operations; done += 1) {
      let step: Step | undefined;
      try {
        const advance = this.#workload.advance();
        this.#clock.advance(advance);
        step = this.#workload.next(advance);
        await this.#take(step);
        if ((done + 1) % INSPECT_EVERY === 0) await this.#inspect();
      } catch (error) {
        throw new FailedSeed(seed, done + 1, step, error);
      }
      onStep?.(done + 1);
    }
    try {
      return await this.#finish();
    } catch (error) {
      throw new FailedSeed(seed, operations, undefined, error);
    }
  }

  async close(): Promise<void> {
    for (const engine of this.#engines) await engine.close();
  }

  async #take({ engine, operation }: Step): Promise<void> {
    this.#done[operation.do] = (this.#done[operation.do] ?? 0) + 1;
    if (operation.do === "reopen") await this.#reopen(engine);
    else await this.#player.play(this.#engine(engine), operation);
    // The other engine on the same database must see it at once.
    const other = this.#engine(engine === 0 ? 1 : 0);
    for (const tenant of tenantsOf(operation)) await inspectTenant(other, this.#auditor, tenant);
  }

  /** All that is due is done, then everything is compared, and a row changed behind the engine's back is found. */
  async #finish(): Promise<Outcome> {
    this.#clock.advance(DAY);
    await this.#player.play(this.#engine(0), { do: "jobs" });
    const totals = await this.#inspect();
    same("lines in the log", this.#logged.length, this.#auditor.delivered);
    await this.close();
    const change = await changeOneRow(this.#options.database, this.#options.seed);
    await this.#reopen(0);
    const { differences } = await this.#engine(0).verify();
    if (differences.length === 0) throw new Disagreement(`verify saw nothing of this change: ${change}`);
    return { totals: [...totals].sort(), done: this.#done };
  }

  #inspect(): Promise<string[]> {
    return inspectAll(this.#engine(0), this.#auditor, this.#player);
  }

  async #reopen(index: 0 | 1): Promise<void> {
    await this.#engine(index).close();
    this.#engines[index] = this.#open();
  }

  #open(): Billing {
    return createBilling({
      database: this.#options.database,
      clock: this.#clock,
      notifications: { log: (line) => this.#logged.push(line) },
    });
  }

  #engine(index: 0 | 1): Billing {
    return this.#engines[index] as Billing;
  }
}

function tenantsOf(operation: Operation): readonly string[] {
  if ("tenant" in operation) return [operation.tenant];
  if ("request" in operation) return [operation.request.tenant];
  if (operation.do === "record") return [...new Set(operation.events.map(({ use }) => use.tenant))];
  if (operation.do === "create") return [operation.terms.tenant];
  return operation.do === "rerate" || operation.do === "jobs" ? TENANTS : [];
}
