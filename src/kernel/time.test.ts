import fc from "fast-check";
import { afterEach, describe, expect, it } from "vitest";
import { DAY_MS, dayOf, isoInstant, parseTimestamp } from "./time.ts";

const NEW_YEAR = Date.UTC(2025, 0, 1);
const RANGE_END = Date.UTC(10000, 0, 1);

const invalidTimestamp = expect.objectContaining({
  kind: "invalid_input",
  code: "invalid_timestamp",
  details: { field: "at" },
});
const withoutZone = expect.objectContaining({ code: "timestamp_without_zone", details: { field: "at" } });

describe("parseTimestamp", () => {
  it.each([
    ["2025-01-01T00:00:00.000Z", NEW_YEAR],
    ["2025-01-01T00:00:00Z", NEW_YEAR],
    ["2025-01-01T00:00Z", NEW_YEAR],
    ["2025-01-01t00:00:00z", NEW_YEAR],
    ["2025-01-01 00:00:00Z", NEW_YEAR],
    ["2025-01-01T00:00:00+00:00", NEW_YEAR],
    ["2025-01-01T00:00:00-00:00", NEW_YEAR],
    ["2025-01-01T05:45:00+05:45", NEW_YEAR],
    ["2025-01-01T05:45+0545", NEW_YEAR],
    ["2024-12-31T19:00:00-05:00", NEW_YEAR],
    ["2024-12-31T19:00:00-0500", NEW_YEAR],
    ["2025-01-01T14:00:00+14:00", NEW_YEAR],
    ["2025-01-01T18:00:00+18:00", NEW_YEAR],
    ["2025-01-01T00:00:00.1Z", NEW_YEAR + 100],
    ["2025-01-01T00:00:00.12Z", NEW_YEAR + 120],
    ["2025-01-01T00:00:00.007Z", NEW_YEAR + 7],
    ["2025-01-01T00:00:00.123999999Z", NEW_YEAR + 123],
    ["2025-01-01T00:00:00.123999999+00:00", NEW_YEAR + 123],
    ["2025-01-01T23:59:59.999Z", NEW_YEAR + DAY_MS - 1],
    ["2024-02-29T00:00:00Z", Date.UTC(2024, 1, 29)],
    ["2000-02-29T00:00:00Z", Date.UTC(2000, 1, 29)],
    ["1970-01-01T00:00:00Z", 0],
    ["1969-12-31T20:00:00-05:00", 3_600_000],
    ["9999-12-31T23:59:59.999Z", RANGE_END - 1],
  ])("reads %s", (text, expected) => {
    expect(parseTimestamp(text, "at")).toBe(expected);
  });

  it.each([
    "2025-02-29T00:00:00Z",
    "2100-02-29T00:00:00Z",
    "2025-04-31T00:00:00Z",
    "2025-06-31T00:00:00Z",
    "2025-09-31T00:00:00Z",
    "2025-11-31T00:00:00Z",
    "2025-01-32T00:00:00Z",
    "2025-13-01T00:00:00Z",
    "2025-00-01T00:00:00Z",
    "2025-01-00T00:00:00Z",
    "2025-01-01T24:00:00Z",
    "2025-01-01T00:60:00Z",
    "2025-01-01T23:59:60Z",
    "2025-01-01T00:00:00+18:01",
    "2025-01-01T00:00:00+19:00",
    "2025-01-01T00:00:00+05:60",
    "2025-01-01T00:00:00+05",
    "2025-01-01T00:00:00+5:45",
    "2025-01-01T00:00:00+05:4",
    "2025-01-01T00:00:00+05:450",
    "2025-01-01T00:00:00+05:45Z",
    "2025-01-01T00:00:00+05450",
    "2025-01-01T00:00:00 05:45",
    "2025-01-01T00:00:00ZZ",
    "2025-01-01T00:00:00Z ",
    " 2025-01-01T00:00:00Z",
    "2025-01-01T00:00:00Z\n",
    "2025-01-01  00:00:00Z",
    "2025-01-01_00:00:00Z",
    "2025-01-01T00Z",
    "2025-01-01T0000Z",
    "2025-01-01T00:0Z",
    "2025-01-01T00:00:0Z",
    "2025-01-01T00:00:Z",
    "2025-01-01T00:00.5Z",
    "2025-01-01T00:00:00.Z",
    "2025-01-01T00:00:00,5Z",
    "2025-01-01T00:00:00.1234567890Z",
    "2025-1-1T00:00:00Z",
    "20250101T000000Z",
    "2025/01/01T00:00:00Z",
    "+02025-01-01T00:00:00Z",
    "25-01-01T00:00:00Z",
    "0025-01-01T00:00:00Z",
    "0070-01-01T00:00:00Z",
    "0099-12-31T00:00:00Z",
    "1969-12-31T23:59:59.999Z",
    "1970-01-01T00:00:00+00:01",
    "9999-12-31T23:59:00-00:01",
    "10000-01-01T00:00:00Z",
    "２０２５-01-01T00:00:00Z",
    "2025-01-01T00:00:00Z[Europe/Berlin]",
    "1735689600000",
    "Wed, 01 Jan 2025 00:00:00 GMT",
    "now",
    "Z",
    "",
  ])("refuses %j", (text) => {
    expect(() => parseTimestamp(text, "at")).toThrow(invalidTimestamp);
  });

  it.each([
    "2025-01-01T00:00:00.000",
    "2025-01-01T00:00:00.123456789",
    "2025-01-01T00:00:00",
    "2025-01-01 00:00",
    "2025-01-01",
  ])("asks for the missing offset of %j", (text) => {
    expect(() => parseTimestamp(text, "at")).toThrow(withoutZone);
  });

  it("refuses a text with any one character replaced by one that does not belong there", () => {
    const good = "2025-10-21T13:45:06.789+05:45";
    const neighboursOfDigits = ["/", ":"];
    const accepted: string[] = [];
    for (let position = 0; position < good.length; position += 1) {
      for (const wrong of [...neighboursOfDigits, "-", "+", ".", "_", "a", "０"]) {
        const text = good.slice(0, position) + wrong + good.slice(position + 1);
        try {
          parseTimestamp(text, "at");
          accepted.push(text);
        } catch (error) {
          expect(error).toEqual(invalidTimestamp);
        }
      }
    }
    // These replace a character by itself, or turn the offset's sign around.
    expect(new Set(accepted)).toEqual(new Set([good, "2025-10-21T13:45:06.789-05:45"]));
  });

  it("calls an impossible date without offset impossible", () => {
    expect(() => parseTimestamp("2025-02-29T00:00:00", "at")).toThrow(invalidTimestamp);
  });

  it("takes Date objects in range and refuses the others", () => {
    expect(parseTimestamp(new Date(NEW_YEAR + 7), "at")).toBe(NEW_YEAR + 7);
    expect(parseTimestamp(new Date(0), "at")).toBe(0);
    for (const ms of [Number.NaN, -1, RANGE_END]) {
      expect(() => parseTimestamp(new Date(ms), "at")).toThrow(invalidTimestamp);
    }
  });

  it.each([[NEW_YEAR], [null], [undefined], [{}], [["2025-01-01T00:00:00Z"]], [true]])(
    "refuses the type of %j",
    (value) => {
      expect(() => parseTimestamp(value as never, "at")).toThrow(invalidTimestamp);
    },
  );

  it("reads back every instant that isoInstant wrote", () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: RANGE_END - 1 }), (ms) => {
        expect(parseTimestamp(isoInstant(ms), "at")).toBe(ms);
      }),
    );
  });

  it("reads a wall time with any offset as the instant it is", () => {
    const minutes = fc.integer({ min: -18 * 60, max: 18 * 60 });
    fc.assert(
      fc.property(fc.integer({ min: DAY_MS, max: RANGE_END - 1 - DAY_MS }), minutes, (ms, offset) => {
        const wall = isoInstant(ms + offset * 60_000).slice(0, -1);
        const hours = String(Math.floor(Math.abs(offset) / 60)).padStart(2, "0");
        const rest = String(Math.abs(offset) % 60).padStart(2, "0");
        expect(parseTimestamp(`${wall}${offset < 0 ? "-" : "+"}${hours}:${rest}`, "at")).toBe(ms);
      }),
    );
  });

  it("accepts a date exactly when the calendar has it", () => {
    const field = (max: number) => fc.integer({ min: 0, max });
    fc.assert(
      fc.property(fc.integer({ min: 1970, max: 9999 }), field(14), field(33), (year, month, day) => {
        const rolled = new Date(Date.UTC(year, month - 1, day));
        const exists = rolled.getUTCMonth() === month - 1 && rolled.getUTCDate() === day;
        const text = `${year}-${String(month).padStart(2, "0")}-${String(day).padStart(2, "0")}T00:00:00Z`;
        if (exists) {
          expect(parseTimestamp(text, "at")).toBe(rolled.getTime());
        } else {
          expect(() => parseTimestamp(text, "at")).toThrow(invalidTimestamp);
        }
      }),
      { numRuns: 1000 },
    );
  });

  it("never throws anything but its own refusal, whatever the text", () => {
    const nearly = fc.stringMatching(/^[0-9]{4}-[0-9]{2}-[0-9]{2}[Tt ][0-9]{2}:[0-9]{2}[:.Z+0-9-]{0,12}$/);
    fc.assert(
      fc.property(fc.oneof(fc.string({ unit: "binary" }), nearly), (text) => {
        try {
          expect(parseTimestamp(text, "at")).toBeGreaterThanOrEqual(0);
        } catch (error) {
          expect(error).toMatchObject({ kind: "invalid_input" });
        }
      }),
      { numRuns: 500 },
    );
  });
});

describe("the process time zone", () => {
  const original = process.env.TZ;

  afterEach(() => {
    if (original === undefined) {
      delete process.env.TZ;
    } else {
      process.env.TZ = original;
    }
  });

  it.each([
    ["UTC", 0],
    ["America/New_York", 300],
    ["Pacific/Kiritimati", -840],
    ["Asia/Kathmandu", -345],
  ])("changes no result under %s", (zone, offset) => {
    process.env.TZ = zone;
    expect(new Date(NEW_YEAR).getTimezoneOffset()).toBe(offset);

    expect(parseTimestamp("2025-01-01T00:00:00.000Z", "at")).toBe(NEW_YEAR);
    expect(() => parseTimestamp("2025-01-01T00:00:00", "at")).toThrow(withoutZone);
    expect(isoInstant(NEW_YEAR)).toBe("2025-01-01T00:00:00.000Z");
    expect(dayOf(NEW_YEAR)).toBe(20089);
  });
});

describe("dayOf", () => {
  it("changes exactly at midnight UTC, also before 1970", () => {
    expect([-DAY_MS - 1, -1, 0, DAY_MS - 1, DAY_MS].map(dayOf)).toEqual([-2, -1, 0, 0, 1]);
  });
});
