// What subscriptions must be, from docs/subscriptions.md: one record per organization that time and people move on, and the
// lines that come of it.

import { periodAround, type Span } from "../calendar.ts";
import { rankOf, SOLD, type Tier, TRIAL_DAYS } from "./catalogue.ts";

export type Status = "trialing" | "active" | "past_due" | "paused" | "canceled";
export type When = "now" | "period_end";

export type Change =
  | { readonly kind: "start_trial"; readonly tier?: Tier }
  | { readonly kind: "extend_trial" }
  | { readonly kind: "convert_trial"; readonly tier?: Tier }
  | { readonly kind: "change_plan"; readonly tier: Tier; readonly when?: When }
  | { readonly kind: "cancel"; readonly when?: When }
  | { readonly kind: "resume" | "pause" | "unpause" | "mark_past_due" | "mark_paid" };

export type By = "owner" | "operator" | "stranger";

export interface Line {
  readonly kind: "charge" | "credit";
  readonly tier: Tier;
  readonly from: number;
  readonly period: Span;
  /** Cents; negative in a credit. */
  readonly cents: number;
  readonly at: number;
}

export interface Subscription {
  status: Status;
  tier: Tier;
  /** Where months are counted from. */
  anchor: number;
  /** Of a trial the trial; of a pause the one that it cut off. */
  period: Span;
  /** The monthly price that the period was charged at. */
  paid: number;
  scheduled: Tier | null;
  trial: { readonly start: number; end: number; isExtended: boolean } | null;
  /** Days before the trial's end at which people are still to be told. */
  toTell: number[];
  lines: Line[];
  /** Since when which tier, the first first. */
  tiers: { readonly since: number; readonly tier: Tier; readonly isTrial: boolean }[];
}

/** What people are told. */
export type Notice = "trial_ending" | "subscription_canceled" | "subscription_downgraded";

export interface Changed {
  readonly after: Subscription;
  /** Those that the change itself makes. */
  readonly lines: readonly Line[];
  readonly effectiveAt: number;
  readonly notices: readonly Notice[];
}

export interface Failure {
  readonly code: string;
}

const DAY = 86_400_000;
const ENDS_TOLD = [3, 1];
const OF_OPERATORS = ["extend_trial", "pause", "unpause", "mark_past_due", "mark_paid"];
const POSSIBLE: Readonly<Record<Status | "free", readonly Change["kind"][]>> = {
  free: ["start_trial", "change_plan"],
  canceled: ["start_trial", "change_plan"],
  trialing: ["extend_trial", "convert_trial", "cancel"],
  active: ["change_plan", "cancel", "resume", "pause", "mark_past_due"],
  past_due: ["cancel", "resume", "mark_paid"],
  paused: ["unpause", "cancel"],
};

export function begin(tier: Tier, at: number): Subscription {
  return {
    ...{ status: "active", tier, anchor: at, period: monthAround(at, at), paid: 0 },
    ...{ scheduled: null, trial: null, toTell: [], lines: [] },
    tiers: [{ since: at, tier, isTrial: false }],
  };
}

/** Whether tokens are billed at an instant; before the first tier, by that. A trial is for nothing. */
export function billsTokens({ tiers }: Subscription, instant: number): boolean {
  const last = tiers.findLast(({ since }) => since <= instant) ?? tiers[0];
  return last?.tier === "enterprise_plus" && !last.isTrial;
}

/** When time changes it next; null: never. */
export function nextMoment({ status, tier, period, toTell }: Subscription): number | null {
  if (status === "trialing") return Math.min(period.end, ...toTell.map((days) => period.end - days * DAY));
  return isPaid(status, tier) ? period.end : null;
}

/** As it is at an instant, and what people are told of what has happened until then, if it is written now. */
export function at(before: Subscription, now: number): { after: Subscription; notices: Notice[] } {
  const after = copyOf(before);
  const notices: Notice[] = [];
  if (after.status === "trialing") {
    const due = after.toTell.filter((days) => after.period.end - days * DAY <= now);
    after.toTell = after.toTell.filter((days) => !due.includes(days));
    if (after.period.end <= now) {
      notices.push("subscription_downgraded");
      toFree(after, after.period.end);
    } else if (due.length > 0) notices.push("trial_ending");
  }
  while (isPaid(after.status, after.tier) && after.period.end <= now) {
    const { end } = after.period;
    if (after.scheduled === "free") {
      toFree(after, end);
      break;
    }
    after.tier = after.scheduled ?? after.tier;
    after.scheduled = null;
    after.tiers.push({ since: end, tier: after.tier, isTrial: false });
    after.period = monthAround(end, after.anchor);
    charge(after, end);
  }
  return { after, notices };
}

/** The months of `free` follow from the anchor. */
export function periodAt({ tier, status, anchor, period }: Subscription, now: number): Span {
  return tier === "free" && status !== "trialing" ? monthAround(now, anchor) : period;
}

/** What a change makes of what is now. */
export function changed(present: Subscription, change: Change, by: By, now: number): Changed | Failure {
  if (by === "stranger") return { code: "organization_not_found" };
  if (by === "owner" && OF_OPERATORS.includes(change.kind)) return { code: "permission_denied" };
  const { status, tier } = present;
  const situation = status === "active" && tier === "free" ? "free" : status;
  if (!POSSIBLE[situation].includes(change.kind)) return { code: "transition_refused" };
  const after = copyOf(present);
  const made = { after, effectiveAt: now, notices: [] as Notice[] };
  const answer = apply(made, change, by, now);
  after.tiers.push({ since: now, tier: after.tier, isTrial: after.status === "trialing" });
  return answer ?? { ...made, lines: after.lines.slice(present.lines.length) };
}

/** A tier by hand. */
export function tierSet(present: Subscription, tier: Tier, now: number): Subscription {
  const after = copyOf(present);
  if (tier === "free") {
    if (present.tier !== "free") toFree(after, now);
    return after;
  }
  if (tier === present.tier && isPaid(after.status, after.tier)) return after;
  after.tiers.push({ since: now, tier, isTrial: false });
  if (isPaid(after.status, after.tier)) return { ...after, tier, scheduled: null };
  endTrial(after, now);
  Object.assign(after, { status: "active", tier, scheduled: null, paid: 0 });
  Object.assign(after, { anchor: now, period: monthAround(now, now) });
  return after;
}

/** A failure, or nothing: then `made` is what came of it. */
function apply(
  made: { readonly after: Subscription; effectiveAt: number; readonly notices: Notice[] },
  change: Change,
  by: By,
  now: number,
): Failure | undefined {
  const { after } = made;
  switch (change.kind) {
    case "start_trial": {
      const { tier = "professional" } = change;
      if (tier === "free") return { code: "not_applicable" };
      if (after.trial !== null) return { code: "trial_used" };
      const end = now + TRIAL_DAYS * DAY;
      Object.assign(after, { status: "trialing", tier, anchor: now, period: { start: now, end }, paid: 0 });
      Object.assign(after, { trial: { start: now, end, isExtended: false }, toTell: [...ENDS_TOLD] });
      return undefined;
    }
    case "extend_trial": {
      if (after.trial?.isExtended === true) return { code: "trial_extended" };
      const end = after.period.end + TRIAL_DAYS * DAY;
      after.period = { ...after.period, end };
      Object.assign(after, { trial: { ...after.trial, end, isExtended: true }, toTell: [...ENDS_TOLD] });
      return undefined;
    }
    case "convert_trial":
      if (change.tier === "free") return { code: "not_applicable" };
      endTrial(after, now);
      return buy(after, change.tier ?? after.tier, now);
    case "change_plan":
      return changePlan(made, change, by, now);
    case "cancel":
      return cancel(made, change.when, now);
    case "resume":
      if (after.scheduled === null) return { code: "nothing_scheduled" };
      after.scheduled = null;
      return undefined;
    case "pause":
      if (after.scheduled !== null) return { code: "change_scheduled" };
      exchange(after, after.tier, 0, now);
      Object.assign(after, { status: "paused", paid: 0 });
      return undefined;
    case "unpause":
      return buy(after, after.tier, now);
    case "mark_past_due":
      after.status = "past_due";
      return undefined;
    case "mark_paid":
      after.status = "active";
      return undefined;
  }
}

function changePlan(
  made: { readonly after: Subscription; effectiveAt: number; readonly notices: Notice[] },
  { tier, when }: { readonly tier: Tier; readonly when?: When },
  by: By,
  now: number,
): Failure | undefined {
  const { after } = made;
  if (tier === "free") return { code: "not_applicable" };
  if (after.tier === "free") {
    if (when === "period_end") return { code: "not_applicable" };
    return buy(after, tier, now);
  }
  if (tier === after.tier) return { code: "nothing_to_change" };
  const isUp = rankOf(tier) > rankOf(after.tier);
  const isNow = when === "now" || (when === undefined && isUp);
  // Asked again, they are told no more.
  if (!isUp && (isNow || after.scheduled !== tier)) made.notices.push("subscription_downgraded");
  if (!isNow) {
    after.scheduled = tier;
    made.effectiveAt = after.period.end;
    return undefined;
  }
  if (!isUp && by !== "operator") return { code: "permission_denied" };
  exchange(after, tier, SOLD[tier].cents, now);
  Object.assign(after, { tier, paid: SOLD[tier].cents, scheduled: null });
  return undefined;
}

function cancel(
  made: { readonly after: Subscription; effectiveAt: number; readonly notices: Notice[] },
  when: When | undefined,
  now: number,
): Failure | undefined {
  const { after } = made;
  const runs = isPaid(after.status, after.tier);
  if (when === "period_end" && !runs) return { code: "not_applicable" };
  if (runs && when !== "now") {
    if (after.scheduled !== "free") made.notices.push("subscription_canceled");
    after.scheduled = "free";
    made.effectiveAt = after.period.end;
    return undefined;
  }
  made.notices.push("subscription_canceled");
  toFree(after, now);
  return undefined;
}

function buy(after: Subscription, tier: Tier, now: number): undefined {
  Object.assign(after, { status: "active", tier, scheduled: null });
  Object.assign(after, { anchor: now, period: monthAround(now, now) });
  charge(after, now);
}

/** A whole period, in advance. */
function charge(after: Subscription, now: number): void {
  const { tier, period } = after;
  after.paid = SOLD[tier].cents;
  after.lines.push({ kind: "charge", tier, from: period.start, period, cents: after.paid, at: now });
}

/** The rest of what was charged goes back, the rest of another price is charged. */
function exchange(after: Subscription, tier: Tier, cents: number, now: number): void {
  const { period, paid } = after;
  if (cents === paid) return;
  const [back, forward] = [restOf(paid, period, now), restOf(cents, period, now)];
  const rest = { from: now, period, at: now };
  if (back > 0) after.lines.push({ ...rest, kind: "credit", tier: after.tier, cents: -back });
  if (forward > 0) after.lines.push({ ...rest, kind: "charge", tier, cents: forward });
}

/** By whole seconds, of the whole period; half a cent up. */
function restOf(cents: number, { start, end }: Span, now: number): number {
  const second = (instant: number) => Math.floor(instant / 1_000);
  const [left, whole] = [second(end) - second(now), second(end) - second(start)];
  // cents * left is below 2^53 for every price and month.
  const [full, over] = [Math.floor((cents * left) / whole), (cents * left) % whole];
  return full + (2 * over >= whole ? 1 : 0);
}

function toFree(after: Subscription, now: number): void {
  const status = after.status === "trialing" ? "active" : "canceled";
  endTrial(after, now);
  Object.assign(after, { status, tier: "free", scheduled: null, paid: 0 });
  after.tiers.push({ since: now, tier: "free", isTrial: false });
  Object.assign(after, { anchor: now, period: monthAround(now, now) });
}

function endTrial(after: Subscription, now: number): void {
  if (after.status !== "trialing" || after.trial === null) return;
  after.trial = { ...after.trial, end: now };
  after.toTell = [];
}

function isPaid(status: Status, tier: Tier): boolean {
  return tier !== "free" && (status === "active" || status === "past_due");
}

function monthAround(now: number, anchor: number): Span {
  return periodAround(now, "monthly", "UTC", anchor);
}

function copyOf(subscription: Subscription): Subscription {
  return { ...subscription, lines: [...subscription.lines], tiers: [...subscription.tiers] };
}
