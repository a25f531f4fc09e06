// How far the clock moves between operations.

import type { Setting } from "./choices.ts";
import type { World } from "./part.ts";

const MINUTE = 60_000;
const DAY = 86_400_000;

export class Pace {
  readonly #world: World;
  readonly #end: number;
  readonly #nextEnd: () => number | null;
  #left: number;

  /** @param nextEnd the end of something: the clock likes to stop there. */
  constructor(world: World, setting: Setting, nextEnd: () => number | null) {
    this.#world = world;
    this.#nextEnd = nextEnd;
    this.#end = setting.start + setting.days * DAY;
    this.#left = setting.operations;
  }

  /** Mostly little, sometimes by weeks, all days in the end. */
  advance(): number {
    const { random, now } = this.#world;
    const rest = Math.max(0, this.#end - now());
    const mean = rest / Math.max(1, this.#left);
    this.#left -= 1;
    if (this.#left === 0) return rest;
    switch (random.weighted({ none: 30, minutes: 25, boundary: 12, hours: 32, weeks: 1 })) {
      case "none":
        return random.int(0, 3);
      case "minutes":
        return random.int(1, 20) * MINUTE;
      case "boundary":
        return Math.min(rest, this.#toBoundary());
      case "hours":
        return Math.min(rest, Math.floor(-Math.log(1 - random.next()) * mean * 2));
      case "weeks":
        return Math.min(rest, random.int(7, 16) * DAY);
    }
  }

  /** To where something ends, or a millisecond beside it. */
  #toBoundary(): number {
    const { random, now } = this.#world;
    const end = this.#nextEnd();
    return end === null ? 0 : Math.max(0, Math.min(end - now(), 20 * DAY) + random.int(-1, 1));
  }
}
