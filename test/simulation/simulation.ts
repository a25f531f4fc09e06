// One seed lived through: months of random operations on one database, each compared with the models of the parts.

import { type Billing, createBilling } from "../../src/billing.ts";
import { ManualClock } from "../../src/kernel/index.ts";
import { TENANTS } from "./choices.ts";
import { CreditsPart } from "./credits/credits-part.ts";
import { Disagreement, same } from "./disagreement.ts";
import { DiscountsPart } from "./discounts/discounts-part.ts";
import { InvoicesPart } from "./invoices/invoices-part.ts";
import { Names } from "./names.ts";
import { ExpectedNotifications } from "./notifications.ts";
import { Pace } from "./pace.ts";
import type { Move, Part } from "./part.ts";
import { PlansPart } from "./plans/plans-part.ts";
import { Random } from "./random.ts";
import { textOf } from "./requests.ts";
import { changeOneRow } from "./tampering.ts";
import { UsagePart } from "./usage-part.ts";

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

interface Step {
  /** How far the clock moves before it, in milliseconds. */
  readonly advance: number;
  /** Which of the two engines on the database does it. */
  readonly engine: 0 | 1;
  readonly move: Move;
}

/** The engine and a model did not agree. */
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
/** How often due jobs run and an engine is opened again, beside the parts. */
const OWN_WEIGHTS = { jobs: 5, reopen: 1 };

/** @throws FailedSeed when the engine and a model differ. */
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
  readonly #random: Random;
  readonly #clock: ManualClock;
  readonly #notifications: ExpectedNotifications;
  readonly #parts: readonly Part[];
  readonly #pace: Pace;
  readonly #engines: Billing[];
  readonly #logged: string[] = [];
  readonly #done: Record<string, number> = {};

  constructor(options: SimulationOptions) {
    this.#options = options;
    const random = new Random(options.seed);
    const start = EARLIEST + random.int(0, START_DAYS) * DAY + random.int(0, 24 * HOUR);
    this.#random = random;
    this.#clock = new ManualClock(start);
    const now = () => this.#clock.now();
    this.#notifications = new ExpectedNotifications(now);
    const world = {
      ...{ random, now, notifications: this.#notifications },
      ...{ tenants: [...TENANTS], invoiceIds: new Names() },
    };
    const usage = new UsagePart(world);
    const plans = new PlansPart(world, usage);
    const credits = new CreditsPart(world);
    const discounts = new DiscountsPart(world);
    const invoices = new InvoicesPart(world, { usage, plans, credits, discounts });
    this.#parts = [usage, credits, discounts, plans, invoices];
    this.#pace = new Pace(world, { ...options, start }, () => random.pick(this.#parts).nextEnd());
    this.#engines = [this.#open(), this.#open()];
  }

  async run(): Promise<Outcome> {
    const { seed, operations, onStep } = this.#options;
    for (let done = 0; done < operations; done += 1) {
      let step: Step | undefined;
      try {
        const advance = this.#pace.advance();
        this.#clock.advance(advance);
        step = { advance, engine: this.#random.chance(0.25) ? 1 : 0, move: this.#next() };
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

  #next(): Move {
    const weights = Object.fromEntries(this.#parts.map(({ weight }, index) => [index, weight]));
    const turn = this.#random.weighted<string>({ ...weights, ...OWN_WEIGHTS });
    if (turn === "jobs") return this.#jobs();
    if (turn === "reopen") return this.#reopening();
    return (this.#parts[Number(turn)] as Part).next();
  }

  async #take({ engine, move }: Step): Promise<void> {
    const { operation } = move;
    this.#done[operation.do] = (this.#done[operation.do] ?? 0) + 1;
    await move.play(this.#engine(engine));
    // The other engine on the same database must see it at once.
    await move.inspect(this.#engine(engine === 0 ? 1 : 0));
  }

  /** All that is due is done, then everything is compared, and a row changed behind the engine's back is found. */
  async #finish(): Promise<Outcome> {
    this.#clock.advance(DAY);
    await this.#jobs().play(this.#engine(0));
    const totals = await this.#inspect();
    same("lines in the log", this.#logged.length, this.#notifications.delivered);
    await this.close();
    const change = await changeOneRow(this.#options.database, this.#options.seed);
    this.#engines[0] = this.#open();
    const { differences } = await this.#engine(0).verify();
    if (differences.length === 0) throw new Disagreement(`verify saw nothing of this change: ${change}`);
    return { totals: [...totals].sort(), done: this.#done };
  }

  /** All due jobs, of every part. */
  #jobs(): Move {
    return {
      operation: { do: "jobs" },
      play: async (billing) => {
        const waiting = this.#notifications.waiting();
        const runs = await billing.jobs.runDue();
        const done = new Map(runs.map(({ name, done, error }) => [name, error ?? done]));
        const expected = this.#parts.flatMap((part) => [...part.runJobs()]);
        // Of the others no model knows anything.
        const known = expected.map(([name]) => [name, done.get(name)]);
        same("jobs", known, expected);
        for (const run of runs) if (run.name === "notifications") this.#notifications.delivery(waiting, run);
      },
      inspect: async (billing) => {
        for (const part of this.#parts) await part.inspectTenants(billing);
      },
    };
  }

  #reopening(): Move {
    return {
      operation: { do: "reopen" },
      play: async (billing) => {
        await billing.close();
        this.#engines[this.#engines.indexOf(billing)] = this.#open();
      },
      inspect: async () => undefined,
    };
  }

  async #inspect(): Promise<string[]> {
    const lines: string[] = [];
    for (const part of this.#parts) lines.push(...(await part.inspectAll(this.#engine(0))));
    await this.#notifications.inspect(this.#engine(0));
    same("verify", (await this.#engine(0).verify()).differences, []);
    return lines;
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

/** A step as one line. */
function stepText({ advance, engine, move }: Step): string {
  return textOf({ advance, engine, operation: move.operation });
}
