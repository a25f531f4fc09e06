// When a notification that did not get through is tried again, and when it is given up.

import { digest, HOUR_MS } from "../../kernel/index.ts";

/** How long delivery is tried before a notification is dead: 72 hours. */
export const DEAD_AFTER_MS = 72 * HOUR_MS;

const FIRST_MS = 30_000;
const LONGEST_MS = HOUR_MS;

/**
 * The wait after the nth failed try: 30 s, doubled each time up to an hour, of which a random half is taken off so that
 * what failed together does not come back together. The randomness is that of the id.
 */
export function backoffMs(id: string, attempts: number): number {
  const full = Math.min(LONGEST_MS, FIRST_MS * 2 ** Math.min(attempts - 1, 20));
  return Math.round(full * (0.5 + spread(`${id}:${attempts}`) / 2));
}

/** When to try again after a failure; null when the time is up. The last try is at its very end. */
export function nextTry(id: string, attempts: number, now: number, deadAfter: number): number | null {
  if (now >= deadAfter) return null;
  return Math.min(now + backoffMs(id, attempts), deadAfter);
}

/** A number from 0 up to 1 that looks random and follows from a text. */
export function spread(text: string): number {
  return Number.parseInt(digest(text).slice(0, 8), 16) / 2 ** 32;
}
