import fc from "fast-check";
import { Temporal } from "temporal-polyfill";
import { describe, expect, it } from "vitest";
import { nthBoundary, type PeriodUnit, periodAt } from "./period.ts";
import { DAY_MS } from "./time.ts";

const ZONES = ["UTC", "Asia/Kathmandu", "Pacific/Kiritimati", "America/New_York", "Europe/Berlin"];
const UNITS: readonly PeriodUnit[] = ["day", "week", "month", "quarter", "year"];

// St. John's changed its clocks at 00:01, Samoa skipped a day, Havana repeats midnight, São Paulo skipped it.
const ODD_ZONES = ["America/St_Johns", "Pacific/Apia", "America/Havana", "America/Sao_Paulo"];

const zone = fc.constantFrom(...ZONES, ...ODD_ZONES);
const unit = fc.constantFrom(...UNITS);
const instant = fc.integer({ min: 0, max: Date.UTC(2060, 0, 1) });

describe("periods", () => {
  it("contain the instant that was asked for and tile the time line in both directions", () => {
    fc.assert(
      fc.property(instant, unit, zone, fc.option(instant), (at, length, place, anchor) => {
        const options = anchor === null ? { zone: place } : { zone: place, anchor };
        const period = periodAt(at, length, options);
        expect(period.start).toBeLessThanOrEqual(at);
        expect(period.end).toBeGreaterThan(at);
        expect(periodAt(period.start, length, options)).toEqual(period);
        expect(periodAt(period.end - 1, length, options)).toEqual(period);
        expect(periodAt(period.end, length, options).start).toBe(period.end);
        expect(periodAt(period.start - 1, length, options).end).toBe(period.start);
      }),
      { numRuns: 400 },
    );
  });

  it("start and end at boundaries of their anchor", () => {
    fc.assert(
      fc.property(instant, unit, zone, fc.integer({ min: -60, max: 60 }), (anchor, length, place, n) => {
        const start = nthBoundary(anchor, n, length, place);
        const end = nthBoundary(anchor, n + 1, length, place);
        fc.pre(start < end); // Samoa's skipped day is empty
        expect(periodAt(start, length, { anchor, zone: place })).toEqual({ start, end });
      }),
    );
  });

  it("begin at local midnight of the calendar in zones that always have one", () => {
    fc.assert(
      fc.property(instant, unit, fc.constantFrom(...ZONES), (at, length, place) => {
        const { start } = periodAt(at, length, { zone: place });
        const local = Temporal.Instant.fromEpochMilliseconds(start).toZonedDateTimeISO(place);
        // Kiritimati skipped 1 January 1995: its new year began on the 2nd. Kathmandu skipped a quarter of an hour of 1986.
        fc.pre(!(place === "Pacific/Kiritimati" && local.year === 1995 && local.dayOfYear <= 2));
        fc.pre(!(place === "Asia/Kathmandu" && local.year === 1986 && local.dayOfYear === 1));
        expect(local.toPlainTime().toString()).toBe("00:00:00");
        expect(local.dayOfWeek === 1 || length !== "week").toBe(true);
        expect(local.day === 1 || length === "day" || length === "week").toBe(true);
        expect(local.month % 3 === 1 || length !== "quarter").toBe(true);
        expect(local.month === 1 || length !== "year").toBe(true);
      }),
    );
  });
});

describe("monthly boundaries", () => {
  it.each(ZONES)("never drift over 48 months from the 28th to the 31st in %s", (place) => {
    for (const anchorDay of [28, 29, 30, 31]) {
      const local = Temporal.PlainDateTime.from({ year: 2023, month: 12, day: anchorDay, hour: 9 });
      const anchor = local.toZonedDateTime(place).epochMilliseconds;
      for (let n = -48; n <= 48; n += 1) {
        const boundary = nthBoundary(anchor, n, "month", place);
        const landed = Temporal.Instant.fromEpochMilliseconds(boundary).toZonedDateTimeISO(place);
        expect(landed.day).toBe(Math.min(anchorDay, landed.daysInMonth));
        expect(landed.hour).toBe(9);
        expect(landed.year * 12 + landed.month).toBe(2023 * 12 + 12 + n);
      }
    }
  });
});

describe("daily periods", () => {
  it("are 24 hours in UTC, whatever the anchor", () => {
    fc.assert(
      fc.property(instant, instant, (at, anchor) => {
        const { start, end } = periodAt(at, "day", { anchor });
        expect(end - start).toBe(DAY_MS);
        expect(Math.abs(start - anchor) % DAY_MS).toBe(0);
      }),
    );
  });
});
