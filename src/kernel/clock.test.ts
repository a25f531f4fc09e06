import { describe, expect, it } from "vitest";
import { ManualClock, systemClock } from "./clock.ts";

const NEW_YEAR = Date.UTC(2025, 0, 1);

describe("ManualClock", () => {
  it.each([["2025-01-01T01:00:00+01:00"], [new Date(NEW_YEAR)], [NEW_YEAR]])("starts at %s", (start) => {
    expect(new ManualClock(start).now()).toBe(NEW_YEAR);
  });

  it("stands still until it is told to move, forward or back", () => {
    const clock = new ManualClock(NEW_YEAR);
    expect(clock.now()).toBe(NEW_YEAR);
    clock.advance(1500);
    expect(clock.now()).toBe(NEW_YEAR + 1500);
    clock.advance(-2000);
    expect(clock.now()).toBe(NEW_YEAR - 500);
    clock.set("2024-01-01T00:00:00Z");
    expect(clock.now()).toBe(Date.UTC(2024, 0, 1));
  });

  it("refuses a time that is none, and keeps the one it had", () => {
    const invalidTime = expect.objectContaining({ kind: "invalid_input", code: "invalid_timestamp" });
    const clock = new ManualClock(NEW_YEAR);

    expect(() => new ManualClock(Number.NaN)).toThrow(invalidTime);
    expect(() => clock.set("2025-02-29T00:00:00Z")).toThrow(invalidTime);
    expect(() => clock.advance(0.5)).toThrow(invalidTime);
    expect(clock.now()).toBe(NEW_YEAR);
  });
});

describe("systemClock", () => {
  it("reads the machine's time in whole milliseconds", () => {
    const before = Date.now();
    const now = systemClock.now();

    expect(Number.isInteger(now)).toBe(true);
    expect(now).toBeGreaterThanOrEqual(before);
    expect(now).toBeLessThanOrEqual(Date.now());
  });
});
