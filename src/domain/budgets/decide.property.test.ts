import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { DEFAULT_THRESHOLDS, THRESHOLD_ACTIONS, type Threshold } from "./budget.ts";
import { carryOf } from "./carry.ts";
import { ceilingOf, decide, type Terms, usedOf } from "./decide.ts";
import { refusesAtBps } from "./live-budget.ts";
import { compileScope, type counterKey, SCOPE_DIMENSIONS, ScopeIndex } from "./scope.ts";
import { hasReached, newlyReached, shareBps } from "./thresholds.ts";

const amount = fc.bigInt({ min: 0n, max: 9_000_000n * 10n ** 12n });
const signed = fc.bigInt({ min: -(10n ** 19n), max: 10n ** 19n });
const bps = fc.integer({ min: 1, max: 20_000 });
const thresholds = fc
  .uniqueArray(fc.record({ bps, action: fc.constantFrom(...THRESHOLD_ACTIONS) }), {
    selector: (one) => one.bps,
    maxLength: 6,
  })
  .map((list): Threshold[] => list.sort((a, b) => a.bps - b.bps));
const counter = fc.record({ spent: signed, held: amount, carry: amount });
const active = { status: "active", suspendedBy: "", overage: null } as const;

describe("a decision", () => {
  it("admits exactly what keeps spent and held at or below the ceiling", () => {
    fc.assert(
      fc.property(amount, thresholds, counter, amount, (limit, list, state, requested) => {
        const terms: Terms = { ...active, limit, refusesAtBps: refusesAtBps(list) };
        const { reason, ceiling } = decide(terms, state, { requested, needsRoom: false }, undefined);
        const fits = ceiling === null || (usedOf(state) + requested <= ceiling && ceiling > 0n);
        expect(reason === null).toBe(fits);
      }),
    );
  });

  it("refuses at a share below 100 % exactly where the multiplied integers say so", () => {
    fc.assert(
      fc.property(amount, bps, counter, amount, (limit, share, state, requested) => {
        const terms: Terms = { ...active, limit, refusesAtBps: share };
        const whole = limit + state.carry;
        const fits = (usedOf(state) + requested) * 10_000n <= whole * BigInt(share);
        const { reason, ceiling } = decide(terms, state, { requested, needsRoom: false }, undefined);
        expect(reason === null).toBe(fits && ceiling !== 0n);
      }),
    );
  });

  it("never refuses without a limit, without a refusing threshold, or with endless overage, unless suspended", () => {
    fc.assert(
      fc.property(counter, amount, amount, (state, requested, limit) => {
        const ask = (terms: Partial<Terms>) =>
          decide(
            { ...active, limit, refusesAtBps: 10_000, ...terms },
            state,
            { requested, needsRoom: true },
            undefined,
          ).reason;
        expect(ask({ limit: null })).toBeNull();
        expect(ask({ refusesAtBps: null })).toBeNull();
        expect(ask({ overage: { multiplier: "1", cap: null } })).toBeNull();
        expect(ask({ limit: null, status: "suspended", suspendedBy: "caller" })).toBe("budget_suspended");
      }),
    );
  });

  it("is never stricter with an override, which lifts a threshold's suspension and not a caller's", () => {
    fc.assert(
      fc.property(amount, counter, amount, fc.option(amount), (limit, state, requested, raised) => {
        const terms: Terms = { ...active, limit, refusesAtBps: 10_000 };
        const ask = { requested, needsRoom: false };
        const without = decide(terms, state, ask, undefined).reason;
        const within = decide(terms, state, ask, { limit: raised }).reason;
        if (without === null) expect(within).toBeNull();
        if (raised === null) expect(within).toBeNull();
        const suspended = { ...terms, status: "suspended" } as const;
        expect(
          decide({ ...suspended, suspendedBy: "threshold" }, state, ask, { limit: null }).reason,
        ).toBeNull();
        expect(decide({ ...suspended, suspendedBy: "caller" }, state, ask, { limit: null }).reason).toBe(
          "budget_suspended",
        );
      }),
    );
  });

  it("counts as overage just what is beyond the limit", () => {
    fc.assert(
      fc.property(amount, counter, amount, amount, (limit, state, requested, cap) => {
        const terms: Terms = { ...active, limit, refusesAtBps: 10_000, overage: { multiplier: "1", cap } };
        const { reason, overage } = decide(terms, state, { requested, needsRoom: false }, undefined);
        if (reason !== null) return;
        const beyond = (used: bigint) => (used > limit + state.carry ? used - limit - state.carry : 0n);
        expect(overage).toBe(beyond(usedOf(state) + requested) - beyond(usedOf(state)));
        expect(ceilingOf(terms, state.carry, undefined)).toBe(limit + state.carry + cap);
      }),
    );
  });
});

describe("thresholds", () => {
  it("are reached one by one as by hand, whatever the steps, and each once", () => {
    fc.assert(
      fc.property(amount, thresholds, fc.array(amount, { maxLength: 20 }), (limit, list, steps) => {
        let spent = 0n;
        let alerted = 0;
        const raised: number[] = [];
        for (const step of steps) {
          spent += step;
          for (const { bps: share } of newlyReached({ thresholds: list }, limit, spent, alerted))
            raised.push(share);
          alerted = Math.max(alerted, ...raised);
        }
        const expected = list
          .map(({ bps: share }) => share)
          .filter((share) => hasReached(spent, limit, share));
        expect(raised).toEqual(expected);
      }),
    );
  });

  it("of a limit of 0 are all reached by any spend and none by nothing", () => {
    expect(newlyReached({ thresholds: DEFAULT_THRESHOLDS }, 0n, 0n, 0)).toEqual([]);
    expect(newlyReached({ thresholds: DEFAULT_THRESHOLDS }, 0n, 1n, 0)).toEqual(DEFAULT_THRESHOLDS);
    expect(shareBps(1n, 0n)).toBe(10_000n);
  });
});

describe("a carried rest", () => {
  it("is at most one limit, never negative, and never lets two periods spend more than their limits", () => {
    fc.assert(
      fc.property(amount, counter, (limit, previous) => {
        const budget = { limit, compiled: compileScope({}) };
        const carry = carryOf(budget, previous);
        expect(carry >= 0n && carry <= limit).toBe(true);
        expect(usedOf(previous) + carry <= limit + previous.carry || carry === 0n).toBe(true);
      }),
    );
  });
});

describe("a scope", () => {
  it("finds through its index what comparing each budget finds", () => {
    const value = fc.constantFrom("", "a", "b", "each");
    const all = fc.record(Object.fromEntries(SCOPE_DIMENSIONS.map((name) => [name, value])));
    fc.assert(
      fc.property(fc.array(all, { maxLength: 30 }), all, (scopes, usage) => {
        const items = scopes.map((given) => {
          const scope = Object.fromEntries(Object.entries(given).filter(([, named]) => named !== ""));
          return { scope, compiled: compileScope(scope) };
        });
        const dimensions = usage as Parameters<typeof counterKey>[1];
        const found: unknown[] = [];
        new ScopeIndex(items).forEach(dimensions, (item) => found.push(item));
        const expected = items.filter(({ scope }) =>
          SCOPE_DIMENSIONS.every((name) => {
            const wanted = (scope as Record<string, string>)[name];
            return wanted === undefined || wanted === "each" || wanted === dimensions[name];
          }),
        );
        expect(new Set(found)).toEqual(new Set(expected));
      }),
    );
  });
});
