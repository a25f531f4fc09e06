// A thousand cases each, beside models that are too plain to be wrong in the same way.

import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { BillingError, DAY_MS } from "../../kernel/index.ts";
import { type Plan, planOf, type SubscriptionTier } from "../plans/index.ts";
import { dueSteps, stateAt } from "./due.ts";
import { decide, decideDirectly, type SubscriptionChange } from "./lifecycle.ts";
import { linesBetween, restOf, totalOf } from "./line.ts";
import { firstState, monthAt, type SubscriptionState } from "./state.ts";

const RUNS = { numRuns: 1_000 };
const START = Date.UTC(2024, 0, 1);
const TEN_YEARS = 3_650 * DAY_MS;
const PAID = ["starter", "professional", "enterprise", "enterprise_plus"] as const;

/** The same day and time n months on, or the last day of a month without that day. */
function plainBoundary(anchor: number, n: number): number {
  const from = new Date(anchor);
  const month = from.getUTCMonth() + n;
  const lastDay = new Date(Date.UTC(from.getUTCFullYear(), month + 1, 0)).getUTCDate();
  const day = Math.min(from.getUTCDate(), lastDay);
  return Date.UTC(from.getUTCFullYear(), month, day) + (anchor % DAY_MS);
}

/** Instants on the 28th to 31st of a month, 29 February among them. */
const lateAnchor = fc
  .tuple(fc.integer({ min: 0, max: 119 }), fc.integer({ min: 28, max: 31 }), fc.nat(DAY_MS - 1))
  .map(([month, day, ms]) => Date.UTC(2024, month, day) + ms);

function bought(tier: (typeof PAID)[number], at: number): SubscriptionState {
  return decide(firstState(planOf("free"), at), { kind: "change_plan", tier }, at, planOf).next;
}

describe("periods", () => {
  it("start on the anchor's day and time for ten years, or on the last day of a shorter month", () => {
    fc.assert(
      fc.property(lateAnchor, fc.nat(119), (anchor, n) => {
        const start = plainBoundary(anchor, n);
        const end = plainBoundary(anchor, n + 1);
        expect(monthAt(start, anchor)).toEqual({ start, end });
        expect(monthAt(end - 1, anchor)).toEqual({ start, end });
      }),
      RUNS,
    );
  });

  it.each(["2024-01-28", "2023-01-29", "2024-01-30", "2024-01-31", "2024-02-29"])(
    "from %s are charged one after another for ten years, whenever somebody looks",
    (day) => {
      const anchor = Date.parse(`${day}T23:59:59.999Z`);
      const state = bought("professional", anchor);
      const steps = dueSteps(state, plainBoundary(anchor, 120), planOf);
      expect(steps.map(({ at }) => at)).toEqual(
        Array.from({ length: 120 }, (_, n) => plainBoundary(anchor, n + 1)),
      );
      let before = state;
      for (const { at, next } of steps) {
        const lines = linesBetween(before, next, at);
        before = next;
        expect(lines).toMatchObject([{ kind: "charge", amount: 29_900n, from: at, to: next.periodEnd }]);
      }
      const looked = [50, 51, 90, 120].reduce(
        (seen, n) => stateAt(seen, plainBoundary(anchor, n), planOf),
        state,
      );
      expect(looked).toEqual(steps.at(-1)?.next);
    },
  );
});

describe("proration", () => {
  const price = fc.bigInt({ min: 0n, max: 1_000_000_000_000n });

  it("cuts a price into parts that sum to it exactly, each within a cent of its share", () => {
    fc.assert(
      fc.property(
        lateAnchor,
        price,
        fc.array(fc.double({ min: 0, max: 1, noNaN: true }), { maxLength: 6 }),
        (anchor, whole, shares) => {
          const period = monthAt(anchor, anchor);
          const length = period.end - period.start;
          const inside = shares.map((share) => period.start + Math.floor(share * length));
          const cuts = [period.start, ...inside.sort((a, b) => a - b), period.end];
          let sum = 0n;
          for (const [index, to] of cuts.slice(1).entries()) {
            const from = cuts[index] as number;
            const part = restOf(whole, period, from) - restOf(whole, period, to);
            const seconds = BigInt(Math.floor(to / 1_000) - Math.floor(from / 1_000));
            const share = (whole * seconds * 1_000n) / BigInt(length);
            expect(part).toBeGreaterThanOrEqual(share - 1n);
            expect(part).toBeLessThanOrEqual(share + 2n);
            sum += part;
          }
          expect(sum).toBe(whole);
        },
      ),
      RUNS,
    );
  });

  it("gives nothing and takes nothing for up and down again within one second", () => {
    fc.assert(
      fc.property(
        lateAnchor,
        fc.nat(27 * 86_400),
        fc.nat(999),
        fc.nat(999),
        fc.nat(3),
        fc.nat(3),
        (anchor, second, first, later, a, b) => {
          fc.pre(a !== b);
          const [low, high] = [PAID[Math.min(a, b)], PAID[Math.max(a, b)]] as [
            (typeof PAID)[number],
            (typeof PAID)[number],
          ];
          const state = bought(low, anchor);
          const base = Math.ceil(anchor / 1_000) * 1_000 + second * 1_000;
          const [up, down] = [base + Math.min(first, later), base + Math.max(first, later)];
          const one = decide(state, { kind: "change_plan", tier: high }, up, planOf);
          const two = decide(one.next, { kind: "change_plan", tier: low, when: "now" }, down, planOf);
          expect(totalOf(one.lines)).toBeGreaterThanOrEqual(0n);
          expect(totalOf([...one.lines, ...two.lines])).toBe(0n);
          expect(two.next).toEqual(state);
        },
      ),
      RUNS,
    );
  });

  it("rounds a rest half up once: a half cent counts as one", () => {
    const period = { start: 0, end: 4_000 };
    expect(restOf(2n, period, 1_000)).toBe(2n); // 2 x 3/4 = 1.5
    expect(restOf(1n, period, 2_999)).toBe(1n); // the third second: 1 x 2/4 = 0.5
    expect(restOf(1n, period, 3_000)).toBe(0n); // 1 x 1/4
    expect(restOf(2n, period, 9_000)).toBe(0n);
    expect(restOf(2n, period, -9_000)).toBe(2n);
  });
});

describe("an old version of a plan", () => {
  // Of version 2 every tier costs a dollar more.
  const plans = (tier: SubscriptionTier, version = 2): Plan => {
    const plan = planOf(tier);
    const { limits } = plan;
    const priceMonthlyCents = limits.priceMonthlyCents + (version - 1) * 100;
    return { ...plan, version, limits: { ...limits, priceMonthlyCents } };
  };

  it("is renewed at its own price until another one is bought", () => {
    const old = decide(
      firstState(planOf("free"), START),
      { kind: "change_plan", tier: "starter" },
      START,
      planOf,
    ).next;
    const [renewal] = dueSteps(old, old.periodEnd, plans);
    expect(renewal?.next.planVersion).toBe(1);
    const renewed = renewal?.next as SubscriptionState;
    expect(linesBetween(old, renewed, old.periodEnd)).toMatchObject([{ amount: 9_900n, planVersion: 1 }]);
    const moved = decide(old, { kind: "change_plan", tier: "starter" }, START, plans);
    expect(moved.next).toMatchObject({ tier: "starter", planVersion: 2, paid: 10_000n });
    expect(totalOf(moved.lines)).toBe(100n);
    const paused = decide(old, { kind: "pause" }, START, plans).next;
    expect(decide(paused, { kind: "unpause" }, START + 1, plans).next).toMatchObject({
      planVersion: 1,
      paid: 9_900n,
    });
  });
});

/** What the lifecycle is, in a few lines that share nothing with it. */
interface Plain {
  state: string;
  tier: SubscriptionTier;
  next: SubscriptionTier | null;
  end: number;
  anchor: number;
  n: number;
  hadTrial: boolean;
  extended: boolean;
}

const rank = (tier: string) => ["free", ...PAID].indexOf(tier);

function plainTime(m: Plain, at: number): void {
  while (m.end <= at && m.state !== "free" && m.state !== "canceled" && m.state !== "paused") {
    const ended = m.end;
    if (m.state === "trialing") toFree(m, "free");
    else if (m.next === "free") toFree(m, "canceled");
    else {
      m.tier = m.next ?? m.tier;
      m.next = null;
      m.n += 1;
      m.end = plainBoundary(m.anchor, m.n);
    }
    expect(m.end).toBeGreaterThan(ended);
  }
}

function toFree(m: Plain, state: string): void {
  Object.assign(m, { state, tier: "free", next: null, end: Number.MAX_SAFE_INTEGER });
}

function buy(m: Plain, tier: SubscriptionTier, at: number): void {
  Object.assign(m, { state: "active", tier, next: null, anchor: at, n: 1, end: plainBoundary(at, 1) });
}

/** Whether the change is made. */
function plainChange(m: Plain, change: SubscriptionChange, at: number): boolean {
  const isPaying = m.state === "active" || m.state === "past_due";
  const isFree = m.state === "free" || m.state === "canceled";
  switch (change.kind) {
    case "start_trial":
      if (!isFree || m.hadTrial) return false;
      Object.assign(m, {
        state: "trialing",
        tier: change.tier ?? "professional",
        end: at + 7 * DAY_MS,
        hadTrial: true,
      });
      return true;
    case "extend_trial":
      if (m.state !== "trialing" || m.extended) return false;
      Object.assign(m, { end: m.end + 7 * DAY_MS, extended: true });
      return true;
    case "convert_trial":
      if (m.state !== "trialing") return false;
      buy(m, change.tier ?? m.tier, at);
      return true;
    case "change_plan": {
      if (isFree && change.when !== "period_end") buy(m, change.tier, at);
      else if (m.state !== "active" || change.tier === m.tier) return false;
      else if ((change.when ?? (rank(change.tier) > rank(m.tier) ? "now" : "period_end")) === "now")
        Object.assign(m, { tier: change.tier, next: null });
      else m.next = change.tier;
      return true;
    }
    case "cancel":
      if (isFree || (!isPaying && change.when === "period_end")) return false;
      if (isPaying && change.when !== "now") m.next = "free";
      else toFree(m, m.state === "trialing" ? "free" : "canceled");
      return true;
    case "resume":
      if (!isPaying || m.next === null) return false;
      m.next = null;
      return true;
    case "pause":
      if (m.state !== "active" || m.next !== null) return false;
      m.state = "paused";
      return true;
    case "unpause":
      if (m.state !== "paused") return false;
      buy(m, m.tier, at);
      return true;
    case "mark_past_due":
      if (m.state !== "active") return false;
      m.state = "past_due";
      return true;
    case "mark_paid":
      if (m.state !== "past_due") return false;
      m.state = "active";
      return true;
  }
}

const tier = fc.constantFrom(...PAID);
const when = fc.constantFrom(undefined, "now" as const, "period_end" as const);
const change: fc.Arbitrary<SubscriptionChange> = fc.oneof(
  fc.record({ kind: fc.constant("start_trial" as const), tier: fc.option(tier, { nil: undefined }) }),
  fc.record({ kind: fc.constant("convert_trial" as const), tier: fc.option(tier, { nil: undefined }) }),
  fc.record({ kind: fc.constant("change_plan" as const), tier, when }),
  fc.record({ kind: fc.constant("cancel" as const), when }),
  fc
    .constantFrom("extend_trial", "resume", "pause", "unpause", "mark_past_due", "mark_paid")
    .map((kind) => ({ kind }) as SubscriptionChange),
);

describe("the lifecycle", () => {
  it("never leaves its table: any sequence of changes and waits is what a plain model says", () => {
    const step = fc.tuple(change, fc.oneof(fc.nat(10 * DAY_MS), fc.nat(70 * DAY_MS)));
    fc.assert(
      fc.property(fc.array(step, { minLength: 1, maxLength: 12 }), (steps) => {
        let at = START;
        let state = firstState(planOf("free"), at);
        const m: Plain = {
          state: "free",
          tier: "free",
          next: null,
          end: Number.MAX_SAFE_INTEGER,
          anchor: at,
          n: 0,
          hadTrial: false,
          extended: false,
        };
        for (const [wanted, wait] of steps) {
          at += wait;
          state = stateAt(state, at, planOf);
          plainTime(m, at);
          let lines = 0;
          try {
            const outcome = decide(state, wanted, at, planOf);
            state = outcome.next;
            lines = outcome.lines.length;
            expect(plainChange(m, wanted, at), `${wanted.kind} was made`).toBe(true);
          } catch (error) {
            if (!(error instanceof BillingError)) throw error;
            expect(["failed_precondition", "invalid_input"]).toContain(error.kind);
            expect(plainChange(m, wanted, at), error.message).toBe(false);
          }
          const status = m.state === "free" ? "active" : m.state;
          expect(state).toMatchObject({ status, tier: m.tier });
          expect(state.scheduled?.tier ?? null).toBe(m.next);
          if (m.tier !== "free" && m.state !== "paused") expect(state.periodEnd).toBe(m.end);
          expect(state.paid >= 0n && lines <= 2).toBe(true);
        }
      }),
      RUNS,
    );
  });

  it("lets an operator give any tier in every state, and the end of an organization ends what is charged", () => {
    fc.assert(
      fc.property(
        fc.array(fc.tuple(change, fc.nat(40 * DAY_MS)), { maxLength: 6 }),
        fc.constantFrom("free" as const, ...PAID),
        (steps, given) => {
          let at = START;
          let state = firstState(planOf("free"), at);
          for (const [wanted, wait] of steps) {
            at += wait;
            state = stateAt(state, at, planOf);
            try {
              state = decide(state, wanted, at, planOf).next;
            } catch (error) {
              if (!(error instanceof BillingError)) throw error;
            }
          }
          const set = decideDirectly(state, { kind: "set_tier", tier: given }, at, planOf);
          // The tier that it is on already: nothing changes.
          const stays =
            given !== "free" && given === state.tier && ["active", "past_due"].includes(state.status);
          expect(set).toMatchObject({ tier: given, scheduled: stays ? state.scheduled : null });
          expect(["active", "past_due", "canceled"]).toContain(set.status);
          const ended = decideDirectly(set, { kind: "end" }, at, planOf);
          expect(dueSteps(ended, at + TEN_YEARS, planOf)).toEqual([]);
          expect(ended.tier).toBe("free");
        },
      ),
      RUNS,
    );
  });
});
