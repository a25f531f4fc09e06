import { afterEach, describe, expect, it } from "vitest";
import { nthBoundary, type PeriodUnit, periodAt } from "./period.ts";
import { HOUR_MS, isoInstant, parseTimestamp } from "./time.ts";

const at = (text: string): number => parseTimestamp(text, "text");
const minutesText = (ms: number): string => isoInstant(ms).slice(0, 16);

function span(time: string, unit: PeriodUnit, options: { zone?: string; anchor?: string } = {}): string {
  const { anchor, ...rest } = options;
  const period = periodAt(at(time), unit, anchor === undefined ? rest : { ...rest, anchor: at(anchor) });
  return `${minutesText(period.start)} ${minutesText(period.end)}`;
}

function boundaries(anchor: string, count: number, unit: PeriodUnit, zone?: string): string[] {
  return Array.from({ length: count }, (_, n) => minutesText(nthBoundary(at(anchor), n, unit, zone)));
}

describe("calendar periods", () => {
  it.each([
    ["day", "2025-05-14T00:00 2025-05-15T00:00"],
    ["week", "2025-05-12T00:00 2025-05-19T00:00"],
    ["month", "2025-05-01T00:00 2025-06-01T00:00"],
    ["quarter", "2025-04-01T00:00 2025-07-01T00:00"],
    ["year", "2025-01-01T00:00 2026-01-01T00:00"],
  ] as [PeriodUnit, string][])("hold a Wednesday in May in its UTC %s", (unit, expected) => {
    expect(span("2025-05-14T15:16:17Z", unit)).toBe(expected);
  });

  it("give the instant at a boundary to the new period", () => {
    expect(span("2025-02-01T00:00:00.000Z", "month")).toBe("2025-02-01T00:00 2025-03-01T00:00");
    expect(span("2025-01-31T23:59:59.999Z", "month")).toBe("2025-01-01T00:00 2025-02-01T00:00");
  });

  it("start weeks on Monday, Sunday being the last day", () => {
    expect(span("2025-05-18T23:59:59Z", "week")).toBe("2025-05-12T00:00 2025-05-19T00:00");
    expect(span("2025-05-19T00:00:00Z", "week")).toBe("2025-05-19T00:00 2025-05-26T00:00");
  });

  it("know that 2100 is no leap year", () => {
    expect(span("2100-02-28T12:00:00Z", "month")).toBe("2100-02-01T00:00 2100-03-01T00:00");
    expect(span("2100-02-28T12:00:00Z", "day")).toBe("2100-02-28T00:00 2100-03-01T00:00");
  });

  it("reach back before 1970", () => {
    expect(span("1970-01-01T00:00:00Z", "week")).toBe("1969-12-29T00:00 1970-01-05T00:00");
  });

  it("are cut at local midnight in a zone", () => {
    expect(span("2025-01-31T18:14:00Z", "month", { zone: "Asia/Kathmandu" })).toBe(
      "2024-12-31T18:15 2025-01-31T18:15",
    );
    expect(span("2025-01-31T18:15:00Z", "month", { zone: "Asia/Kathmandu" })).toBe(
      "2025-01-31T18:15 2025-02-28T18:15",
    );
    expect(span("2025-01-01T12:00:00Z", "day", { zone: "Pacific/Kiritimati" })).toBe(
      "2025-01-01T10:00 2025-01-02T10:00",
    );
  });
});

describe("daylight saving", () => {
  it("makes local days of 23 and 25 hours", () => {
    const spring = periodAt(at("2025-03-09T12:00:00Z"), "day", { zone: "America/New_York" });
    const autumn = periodAt(at("2025-11-02T12:00:00Z"), "day", { zone: "America/New_York" });

    expect(spring).toEqual({ start: at("2025-03-09T00:00-05:00"), end: at("2025-03-10T00:00-04:00") });
    expect(autumn).toEqual({ start: at("2025-11-02T00:00-04:00"), end: at("2025-11-03T00:00-05:00") });
    expect([spring, autumn].map(({ start, end }) => (end - start) / HOUR_MS)).toEqual([23, 25]);
  });

  it("moves a boundary that does not exist later by the gap, and returns to the wall time after it", () => {
    const days = boundaries("2025-03-29T02:30+01:00", 3, "day", "Europe/Berlin");

    expect(days).toEqual(["2025-03-29T01:30", "2025-03-30T01:30", "2025-03-31T00:30"]);
  });

  it("takes the first of a boundary that exists twice", () => {
    const days = boundaries("2025-10-25T02:30+02:00", 3, "day", "Europe/Berlin");

    expect(days).toEqual(["2025-10-25T00:30", "2025-10-26T00:30", "2025-10-27T01:30"]);
  });

  it("starts a period at its anchor even when that is the second of two equal wall times", () => {
    const anchor = at("2025-10-26T02:30+01:00");

    expect(nthBoundary(anchor, 0, "month", "Europe/Berlin")).toBe(anchor);
    expect(periodAt(anchor - 1, "month", { anchor, zone: "Europe/Berlin" }).end).toBe(anchor);
  });

  it("starts the day where midnight does not exist", () => {
    expect(span("2018-11-04T12:00:00Z", "day", { zone: "America/Sao_Paulo" })).toBe(
      "2018-11-04T03:00 2018-11-05T02:00",
    );
  });

  it("counts the hour that St. John's repeated across midnight to one day only", () => {
    const zone = "America/St_Johns";

    expect(span("2010-11-07T03:00:00Z", "day", { zone })).toBe("2010-11-07T02:30 2010-11-08T03:30");
    expect(span("2010-11-07T02:29:00Z", "day", { zone })).toBe("2010-11-06T02:30 2010-11-07T02:30");
  });

  it("skips the day that Samoa skipped", () => {
    const zone = "Pacific/Apia";

    expect(span("2011-12-30T09:59:00Z", "day", { zone })).toBe("2011-12-29T10:00 2011-12-30T10:00");
    expect(span("2011-12-30T10:00:00Z", "day", { zone })).toBe("2011-12-30T10:00 2011-12-31T10:00");
  });
});

describe("anchored periods", () => {
  it("come back to the 31st after every shorter month", () => {
    expect(boundaries("2025-01-31T10:00:00Z", 6, "month")).toEqual([
      "2025-01-31T10:00",
      "2025-02-28T10:00",
      "2025-03-31T10:00",
      "2025-04-30T10:00",
      "2025-05-31T10:00",
      "2025-06-30T10:00",
    ]);
  });

  it("end on 29 Feb in leap years", () => {
    expect(span("2024-02-10T00:00:00Z", "month", { anchor: "2024-01-31T00:00:00Z" })).toBe(
      "2024-01-31T00:00 2024-02-29T00:00",
    );
  });

  it("renew 29 Feb yearly on 28 Feb in common years, 2100 being one", () => {
    const anchor = at("2096-02-29T00:00:00Z");
    const days = [1, 3, 4, 5, 8].map((n) => isoInstant(nthBoundary(anchor, n, "year")).slice(0, 10));

    expect(days).toEqual(["2097-02-28", "2099-02-28", "2100-02-28", "2101-02-28", "2104-02-29"]);
  });

  it("count quarters by three months from the anchor", () => {
    expect(span("2025-03-01T00:00:00Z", "quarter", { anchor: "2024-11-30T00:00:00Z" })).toBe(
      "2025-02-28T00:00 2025-05-30T00:00",
    );
  });

  it("reach back before the anchor, with the same clamp", () => {
    expect(span("2024-03-01T00:00:00Z", "month", { anchor: "2025-01-31T00:00:00Z" })).toBe(
      "2024-02-29T00:00 2024-03-31T00:00",
    );
    expect(minutesText(nthBoundary(at("2025-01-31T00:00:00Z"), -2, "month"))).toBe("2024-11-30T00:00");
  });

  it("read the anchor as wall time in the zone", () => {
    // 31 Jan in Kiritimati, 30 Jan in UTC: only the zone makes this one clamp to 28 Feb.
    const months = boundaries("2025-01-30T10:00:00Z", 3, "month", "Pacific/Kiritimati");

    expect(months).toEqual(["2025-01-30T10:00", "2025-02-27T10:00", "2025-03-30T10:00"]);
  });

  it("keep the local hour of the anchor across daylight saving", () => {
    expect(boundaries("2025-01-15T09:00-05:00", 4, "month", "America/New_York")).toEqual([
      "2025-01-15T14:00",
      "2025-02-15T14:00",
      "2025-03-15T13:00",
      "2025-04-15T13:00",
    ]);
  });
});

describe("refusals", () => {
  it.each(["Mars/Olympus", "", "+05:45", "2025-01-01T00:00Z", "Europe/Berlin ", "x".repeat(1000)])(
    "name an unknown zone: %j",
    (zone) => {
      const unknownZone = expect.objectContaining({ code: "unknown_zone", details: { field: "zone" } });

      expect(() => periodAt(0, "day", { zone })).toThrow(unknownZone);
      expect(() => nthBoundary(0, 1, "day", zone)).toThrow(unknownZone);
    },
  );

  it.each([Number.NaN, Number.POSITIVE_INFINITY, 0.5, 9e15])("name an instant that is none: %d", (ms) => {
    const invalid = (field: string) =>
      expect.objectContaining({ code: "invalid_timestamp", details: { field } });

    expect(() => periodAt(ms, "day")).toThrow(invalid("at"));
    expect(() => periodAt(0, "day", { anchor: ms })).toThrow(invalid("anchor"));
    expect(() => nthBoundary(ms, 0, "day")).toThrow(invalid("anchor"));
    expect(() => nthBoundary(0, ms, "day")).toThrow(invalid("n"));
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
  ])("changes no period under %s", (zone, offset) => {
    process.env.TZ = zone;
    expect(new Date(Date.UTC(2025, 0, 1)).getTimezoneOffset()).toBe(offset);

    expect(span("2025-01-31T23:30:00Z", "month")).toBe("2025-01-01T00:00 2025-02-01T00:00");
    expect(span("2025-01-31T23:30:00Z", "day", { zone: "Europe/Berlin" })).toBe(
      "2025-01-31T23:00 2025-02-01T23:00",
    );
    expect(boundaries("2025-01-31T00:00:00Z", 3, "month")).toEqual([
      "2025-01-31T00:00",
      "2025-02-28T00:00",
      "2025-03-31T00:00",
    ]);
  });
});
