// What the client takes from where it runs. Nothing else in this folder reads a clock or draws a random number.

export interface Platform {
  /** Milliseconds since 1970. */
  readonly wallClock: () => number;
  /** Milliseconds since some instant; it never steps back. */
  readonly monotonic: () => number;
  /** From 0, below 1. */
  readonly random: () => number;
  readonly uuid: () => string;
}

export const PLATFORM: Platform = Object.freeze({
  wallClock: () => Date.now(),
  monotonic: () => performance.now(),
  random: () => Math.random(),
  uuid: () => crypto.randomUUID(),
});
