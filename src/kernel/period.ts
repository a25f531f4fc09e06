// Billing periods. Boundary n is always counted from the anchor, never from boundary n - 1, so a period
// that starts on the 31st comes back to the 31st after February.

import { Temporal } from "temporal-polyfill";
import { type BillingError, invalidInput } from "./errors.ts";
import { DAY_MS } from "./time.ts";

/** A half-open span [start, end) in epoch milliseconds: an instant at `end` belongs to the next period. */
export interface Period {
  readonly start: number;
  readonly end: number;
}

export type PeriodUnit = "day" | "week" | "month" | "quarter" | "year";

/**
 * Returns the period that contains an instant. Periods of one unit, zone and anchor tile the time line.
 *
 * Without `anchor`: calendar periods in `zone` (default UTC), weeks from Monday. With `anchor` (epoch
 * milliseconds, read as wall time in the zone): period n starts at anchor + n units, clamped to the month's
 * last day (31 Jan, 28 Feb, 31 Mar; 29 Feb yearly is 28 Feb in common years), also before the anchor.
 *
 * A boundary whose wall time does not exist moves later by the gap; of one that exists twice the first counts
 * (Temporal's "compatible"). So a local day may have 23 or 25 hours.
 *
 * @throws BillingError invalid_input `unknown_zone`, or `invalid_timestamp` for `at` or `anchor`.
 * @example
 * periodAt(Date.UTC(2025, 1, 10), "month"); // 1 Feb to 1 Mar
 * periodAt(Date.UTC(2025, 1, 10), "month", { anchor: Date.UTC(2025, 0, 31) }); // 31 Jan to 28 Feb
 */
export function periodAt(
  at: number,
  unit: PeriodUnit,
  options: { readonly zone?: string; readonly anchor?: number } = {},
): Period {
  requireInstant(at, "at");
  const anchor = zonedAnchor(options.anchor, options.zone);
  let n = Math.floor((at - anchor.epochMilliseconds) / MEAN_LENGTH_MS[unit]);
  let start = boundary(anchor, n, unit);
  let end = boundary(anchor, n + 1, unit);
  // The mean length only guesses n: months differ in length and days shift with daylight saving.
  while (at >= end) {
    n += 1;
    start = end;
    end = boundary(anchor, n + 1, unit);
  }
  while (at < start) {
    n -= 1;
    end = start;
    start = boundary(anchor, n, unit);
  }
  return { start, end };
}

/**
 * Returns where period n of an anchor starts, in epoch milliseconds: anchor + n units of wall time in `zone`
 * (default UTC), clamped to the month's last day. Boundary 0 is the anchor; n may be negative.
 *
 * @throws BillingError invalid_input `unknown_zone`, or `invalid_timestamp` for `anchor` or a boundary out of range.
 * @example
 * nthBoundary(Date.UTC(2025, 0, 31), 1, "month"); // 28 Feb 2025
 */
export function nthBoundary(anchor: number, n: number, unit: PeriodUnit, zone?: string): number {
  return boundary(zonedAnchor(anchor, zone), n, unit);
}

// Starts a year, a quarter, a month and, being a Monday, a week: one anchor for every calendar period.
const CALENDAR_ANCHOR = Temporal.PlainDate.from("2024-01-01");

// An IANA name. Temporal would also take an offset or a whole timestamp as a zone.
const ZONE_NAME = /^[A-Za-z][A-Za-z0-9._+/-]{0,63}$/;

// Inside Temporal's range, with room for the period around it.
const MAX_INSTANT_MS = 8_000_000_000_000_000;

const MEAN_LENGTH_MS: Readonly<Record<PeriodUnit, number>> = {
  day: DAY_MS,
  week: 7 * DAY_MS,
  month: 30.436875 * DAY_MS,
  quarter: 91.310625 * DAY_MS,
  year: 365.2425 * DAY_MS,
};

function zonedAnchor(anchor: number | undefined, zone = "UTC"): Temporal.ZonedDateTime {
  if (anchor !== undefined) {
    requireInstant(anchor, "anchor");
  }
  if (!ZONE_NAME.test(zone)) {
    throw unknownZone();
  }
  try {
    return anchor === undefined
      ? CALENDAR_ANCHOR.toZonedDateTime(zone)
      : Temporal.Instant.fromEpochMilliseconds(anchor).toZonedDateTimeISO(zone);
  } catch (error) {
    throw error instanceof RangeError ? unknownZone() : error;
  }
}

function boundary(anchor: Temporal.ZonedDateTime, n: number, unit: PeriodUnit): number {
  try {
    return anchor.add(duration(n, unit)).epochMilliseconds;
  } catch (error) {
    if (error instanceof RangeError) {
      throw invalidInput("n", "invalid_timestamp", "the period's boundary is out of range");
    }
    throw error;
  }
}

function duration(n: number, unit: PeriodUnit): Temporal.DurationLike {
  switch (unit) {
    case "day":
      return { days: n };
    case "week":
      return { weeks: n };
    case "month":
      return { months: n };
    case "quarter":
      return { months: 3 * n };
    case "year":
      return { years: n };
  }
}

function requireInstant(ms: number, field: string): void {
  if (!Number.isInteger(ms) || Math.abs(ms) > MAX_INSTANT_MS) {
    throw invalidInput(field, "invalid_timestamp", `${field} must be whole epoch milliseconds`);
  }
}

function unknownZone(): BillingError {
  return invalidInput("zone", "unknown_zone", "zone must be an IANA time zone, like Europe/Berlin");
}
