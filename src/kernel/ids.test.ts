import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { ManualClock } from "./clock.ts";
import { createIds, digest } from "./ids.ts";

const NEW_YEAR = Date.UTC(2025, 0, 1);

describe("createIds", () => {
  it("makes a prefix and a lower-case ULID whose first ten characters are the time", () => {
    const id = createIds(new ManualClock(NEW_YEAR)).next("inv");

    expect(id).toMatch(/^inv_[0-7][0-9a-hjkmnp-tv-z]{25}$/);
    expect(id.slice(4, 14)).toBe("01jgfjjz00");
  });

  it("orders ids by creation, whatever the clock does", () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: -(10 ** 12), max: 10 ** 10 }), { minLength: 2 }), (steps) => {
        const clock = new ManualClock(NEW_YEAR);
        const ids = createIds(clock);
        const made = steps.map((step) => {
          clock.advance(step);
          return ids.next("e");
        });
        expect([...made].sort()).toEqual(made);
        expect(new Set(made).size).toBe(made.length);
      }),
    );
  });

  it("takes its time from the clock only, also at the epoch", () => {
    expect(createIds(new ManualClock(0)).next("e").slice(2, 12)).toBe("0000000001");
  });

  it("repeats itself under the same randomness and differs by default", () => {
    const make = (randomness?: () => number) => createIds(new ManualClock(NEW_YEAR), randomness).next("e");

    expect(make(() => 0.5)).toBe(make(() => 0.5));
    expect(make(() => 0.5)).not.toBe(make(() => 0.25));
    expect(make()).not.toBe(make());
  });
});

describe("digest", () => {
  it("is the SHA-256 of the UTF-8 bytes in hex", () => {
    expect(digest("abc")).toBe("ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    expect(digest("ü")).not.toBe(digest("u"));
  });
});
