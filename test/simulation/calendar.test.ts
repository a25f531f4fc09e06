import { describe, expect, it } from "vitest";
import { type PeriodName, periodAround } from "./calendar.ts";

const shown = (at: string, name: PeriodName, zone: string, anchor?: string) => {
  const span = periodAround(Date.parse(at), name, zone, anchor === undefined ? null : Date.parse(anchor));
  return [span.start, span.end].map((instant) => new Date(instant).toISOString().slice(0, 16));
};

describe("the auditor's own calendar", () => {
  it("knows days of 23 and 25 hours", () => {
    expect(shown("2025-03-30T12:00Z", "daily", "Europe/Berlin")).toEqual([
      "2025-03-29T23:00",
      "2025-03-30T22:00",
    ]);
    expect(shown("2025-10-26T12:00Z", "daily", "Europe/Berlin")).toEqual([
      "2025-10-25T22:00",
      "2025-10-26T23:00",
    ]);
  });

  it("begins a day without a midnight at its first hour, and one with two at the first", () => {
    expect(shown("2025-09-07T12:00Z", "daily", "America/Santiago")).toEqual([
      "2025-09-07T04:00",
      "2025-09-08T03:00",
    ]);
    expect(shown("2025-11-02T12:00Z", "daily", "America/Havana")).toEqual([
      "2025-11-02T04:00",
      "2025-11-03T05:00",
    ]);
  });

  it("comes back to the 31st after a short month", () => {
    const anchor = "2025-01-31T10:00Z";
    expect(shown("2025-03-01T00:00Z", "monthly", "UTC", anchor)).toEqual([
      "2025-02-28T10:00",
      "2025-03-31T10:00",
    ]);
    expect(shown("2024-12-31T10:00Z", "monthly", "UTC", anchor)).toEqual([
      "2024-12-31T10:00",
      "2025-01-31T10:00",
    ]);
  });

  it("begins weeks on Monday and quarters in January", () => {
    expect(shown("2025-06-01T00:00Z", "weekly", "UTC")).toEqual(["2025-05-26T00:00", "2025-06-02T00:00"]);
    expect(shown("2025-06-01T00:00Z", "quarterly", "UTC")).toEqual(["2025-04-01T00:00", "2025-07-01T00:00"]);
  });
});
