import { invalidInput } from "./errors.ts";
import { parseTimestamp } from "./time.ts";

/** Where all of the engine takes its time from. */
export interface Clock {
  /** Returns the current time in epoch milliseconds. It may step back: order by sequence, not by time. */
  now(): number;
}

/** The machine's clock. */
export const systemClock: Clock = Object.freeze({ now: () => Date.now() });

/**
 * A clock that moves only when told, so that a year of renewals runs in a test in milliseconds.
 *
 * @example
 * const clock = new ManualClock("2025-01-31T00:00:00Z");
 * clock.advance(28 * DAY_MS);
 */
export class ManualClock implements Clock {
  #now: number;

  constructor(start: Date | string | number) {
    this.#now = instant(start);
  }

  now(): number {
    return this.#now;
  }

  /** Jumps to a time, also back. Text needs an offset, a number is epoch milliseconds. */
  set(to: Date | string | number): void {
    this.#now = instant(to);
  }

  /** Moves by milliseconds; negative ones step back. */
  advance(ms: number): void {
    this.#now = instant(this.#now + ms);
  }
}

function instant(time: Date | string | number): number {
  if (typeof time !== "number") {
    return parseTimestamp(time, "time");
  }
  if (!Number.isSafeInteger(time)) {
    throw invalidInput("time", "invalid_timestamp", "time must be whole epoch milliseconds");
  }
  return time;
}
