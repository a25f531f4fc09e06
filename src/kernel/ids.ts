import { createHash, randomBytes } from "node:crypto";
import { monotonicFactory } from "ulid";
import type { Clock } from "./clock.ts";

/** Where all of the engine takes its identifiers from. */
export interface Ids {
  /**
   * Returns `<prefix>_<26-character lower-case ULID>`. Ids sort by the order in which they were made, within a
   * process, also when the clock steps back.
   */
  next(prefix: string): string;
}

/**
 * Returns a source of ids on a clock. Their random part comes from the system's secure generator, unless
 * `randomness` (numbers from 0 up to 1) makes them repeatable in a test.
 *
 * @example
 * createIds(systemClock).next("inv"); // "inv_01jgfjjz00..."
 */
export function createIds(clock: Clock, randomness?: () => number): Ids {
  const nextUlid = monotonicFactory(randomness);
  return {
    next(prefix) {
      // The library reads 0 as "no time given" and would take the machine's.
      const ms = Math.max(1, Math.trunc(clock.now()));
      return `${prefix}_${nextUlid(ms).toLowerCase()}`;
    },
  };
}

/**
 * Returns the SHA-256 of a text's UTF-8 bytes in lower-case hex, for ids that follow from their content.
 *
 * @example
 * digest("abc"); // "ba7816bf8f01cfea..."
 */
export function digest(text: string): string {
  return createHash("sha256").update(text, "utf8").digest("hex");
}

/**
 * Returns so many bytes from the system's secure generator: for what nobody may guess, like keys.
 *
 * @example
 * secureRandom(32).length; // 32
 */
export function secureRandom(bytes: number): Uint8Array {
  return randomBytes(bytes);
}
