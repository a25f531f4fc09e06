// When a call is sent again, and when it is given up. Pure.

import { AragoraApiError, AragoraNetworkError } from "./errors.ts";

/** A server that asks for a longer wait is not waited for: the call fails at once, and says how long it would be. */
const MAX_RETRY_AFTER_MS = 30_000;
/** After its first attempt a call goes on for at most so long, plus the time of one attempt. */
export const RETRY_WINDOW_MS = 60_000;
const BASE_MS = 100;
const MAX_BACKOFF_MS = 5_000;
/** A request under way elsewhere under the same idempotency key is a 503, so no 4xx but 429 is sent again. */
const RETRIED: ReadonlySet<number> = new Set([429, 502, 503, 504]);

/**
 * Milliseconds to wait before the next attempt, undefined if there must be none. Waits grow from 100 ms to 5 s and are
 * spread evenly from zero up, so that callers that failed together do not come back together; none is shorter than what
 * the server asked for.
 *
 * @param attempt attempts made so far, from 1
 * @param random from 0, below 1
 */
export function retryDelayMs(error: unknown, attempt: number, random: number): number | undefined {
  const spread = random * Math.min(MAX_BACKOFF_MS, BASE_MS * 2 ** (attempt - 1));
  if (error instanceof AragoraNetworkError) return spread;
  if (!(error instanceof AragoraApiError) || !RETRIED.has(error.status)) return undefined;
  if (error.retryAfterMs === undefined) return spread;
  if (error.retryAfterMs > MAX_RETRY_AFTER_MS) return undefined;
  return error.retryAfterMs + random * BASE_MS;
}

/**
 * Milliseconds that `Retry-After` asks for, in seconds or until a date; undefined if it says neither.
 *
 * @param now milliseconds since 1970 by the clock that the date is compared with: the server's own, if it is known
 */
export function retryAfterMs(header: string | null, now: number): number | undefined {
  if (header === null) return undefined;
  const text = header.trim();
  if (/^\d{1,9}$/.test(text)) return Number(text) * 1_000;
  // Dates of HTTP begin with a day's name; Date.parse would also take "-5" or "1.5" for one.
  const at = /^[A-Z][a-z]{2}/.test(text) ? Date.parse(text) : Number.NaN;
  return Number.isNaN(at) ? undefined : Math.max(0, at - now);
}
