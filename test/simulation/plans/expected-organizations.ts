// Organizations with what they have bought, what of it is written, their debates, and what they may do.

import type { Auditor } from "../auditor.ts";
import type { Budget, Threshold } from "../expected-budgets.ts";
import type { Names } from "../expected-usage.ts";
import { JobTimes } from "../part.ts";
import {
  FEATURES,
  type Feature,
  hasRoom,
  type Limit,
  rankOf,
  SOLD,
  type Tier,
  TRIAL_DEBATES,
  tierWithMore,
} from "./catalogue.ts";
import {
  at,
  type By,
  begin,
  type Change,
  type Changed,
  changed,
  type Failure,
  type Notice,
  nextMoment,
  periodAt,
  type Subscription,
  tierSet,
} from "./expected-plans.ts";

export interface Organization {
  readonly id: string;
  /** As it is on record; time may have gone on. */
  written: Subscription;
  readonly notices: Notice[];
}

export interface Started {
  readonly debate: string;
  readonly eventId: string | null;
  readonly startedAt: number;
}

export interface Decision {
  readonly reason: string | null;
  readonly tier: Tier;
  readonly limit: Limit | null;
  readonly used: number | null;
  readonly remaining: Limit | null;
  readonly resetsAt: number | null;
  readonly upgradeTo: Tier | null;
}

const RENEWALS = "subscriptions.renewals";
const RENEWALS_EVERY_MS = 60_000;
const THRESHOLDS: readonly Threshold[] = [
  { bps: 7_500, action: "warn" },
  { bps: 9_000, action: "soft_limit" },
  { bps: 10_000, action: "hard_limit" },
];
/** Only the owner. */
const MEMBERS = 1;
const NAMELESS: Names = { workspace: "", user: "", agent: "", debate: "", provider: "", model: "" };

export class ExpectedOrganizations {
  readonly all: Organization[] = [];
  readonly #auditor: Auditor;
  readonly #now: () => number;
  readonly #jobs: JobTimes;
  /** By organization, start of the period and debate. */
  readonly #debates = new Map<string, Started>();

  constructor(auditor: Auditor) {
    this.#auditor = auditor;
    this.#now = auditor.now;
    this.#jobs = new JobTimes(auditor.now);
  }

  /** All that are compared, organizations or not. */
  get tenants(): readonly string[] {
    return this.#auditor.tenants;
  }

  find(id: string): Organization {
    const known = this.all.find((one) => one.id === id);
    if (known === undefined) throw new Error(`no organization ${id}`);
    return known;
  }

  found(id: string, tier: Tier): Organization {
    const organization: Organization = { id, written: begin(tier, this.#now()), notices: [] };
    this.all.push(organization);
    this.#auditor.tenants.push(id);
    this.#limitDebates(organization, this.#now());
    return organization;
  }

  /** As of now, written or not. */
  present({ written }: Organization): Subscription {
    return at(written, this.#now()).after;
  }

  /** Writes what time has done. */
  settle(organization: Organization): void {
    const { after, notices } = at(organization.written, this.#now());
    organization.written = after;
    organization.notices.push(...notices);
    this.#limitDebates(organization, after.period.start);
  }

  /** @param total what the change must cost; null: whatever it does. */
  change(
    organization: Organization,
    { change, by, total }: { readonly change: Change; readonly by: By; readonly total: number | null },
  ): Changed | Failure {
    const now = this.#now();
    const { after: present, notices } = at(organization.written, now);
    const made = changed(present, change, by, now);
    if ("code" in made) return made;
    if (total !== null && total !== totalOf(made)) return { code: "total_moved" };
    organization.written = made.after;
    organization.notices.push(...notices, ...made.notices);
    this.#limitDebates(organization, now);
    return made;
  }

  /** What a change would come to. */
  preview(organization: Organization, change: Change, by: By): Changed | Failure {
    return changed(this.present(organization), change, by, this.#now());
  }

  setTier(organization: Organization, tier: Tier): void {
    const now = this.#now();
    const { after, notices } = at(organization.written, now);
    // Time alone has done it then, at its own moment.
    if (tier === "free" && after.tier === "free") {
      this.settle(organization);
      return;
    }
    organization.notices.push(...notices);
    organization.written = tierSet(after, tier, now);
    this.#limitDebates(organization, now);
  }

  /** How many the job of renewals does now. */
  runJobs(): ReadonlyMap<string, number> {
    const due = this.all.filter(({ written }) => (nextMoment(written) ?? Infinity) <= this.#now());
    const isRun = this.#jobs.runs(RENEWALS, RENEWALS_EVERY_MS, due.length);
    if (isRun) for (const organization of due) this.settle(organization);
    return new Map([[RENEWALS, isRun ? due.length : 0]]);
  }

  // Debates

  startDebate(organization: Organization, debate: string, eventId: string | null): Started | Failure {
    const { id: tenant } = organization;
    if (this.present(organization).status === "paused") return { code: "subscription_paused" };
    this.settle(organization);
    const { budgets, holds, usage } = this.#auditor;
    const now = this.#now();
    const { start } = budgets.periodOf(this.#budgetOf(organization), now);
    const key = `${tenant} ${start} ${debate}`;
    const known = this.#debates.get(key);
    if (known !== undefined) return known;
    const amounts = { cost: 0n, charge: 0n, tokens: 0n, debates: 1n, calls: 1n };
    const asked = { tenant, names: { ...NAMELESS, debate }, at: now, amounts };
    const answer = holds.spend(
      {
        ...{ ...asked, unknownUsd: false, unknownTokens: true, key: `debate ${start} ${debate}` },
        ...{ eventId: eventId ?? "", isEnforced: true, request: "", asked: null },
      },
      eventId === null ? undefined : usage.find(tenant, eventId),
    );
    if ("code" in answer)
      return { code: answer.code === "budget_exceeded" ? "debate_limit_reached" : answer.code };
    const started = { debate, eventId, startedAt: now };
    this.#debates.set(key, started);
    return started;
  }

  // What it may do

  may(organization: Organization, what: Feature | "debates" | "seats"): Decision {
    if (what === "debates") this.settle(organization);
    const present = this.present(organization);
    const decision = this.#decision(organization, present, what);
    return present.status === "paused"
      ? { ...decision, reason: "subscription_paused", resetsAt: null, upgradeTo: null }
      : decision;
  }

  #decision(
    organization: Organization,
    present: Subscription,
    what: Feature | "debates" | "seats",
  ): Decision {
    const { tier, status, trial } = present;
    const none = { limit: null, used: null, remaining: null, resetsAt: null };
    if (what !== "debates" && what !== "seats") {
      const since = FEATURES[what];
      if (rankOf(tier) >= rankOf(since)) return { reason: null, tier, ...none, upgradeTo: null };
      const isOver = trial !== null && status === "active" && tier === "free";
      const lost = status === "canceled" ? "subscription_canceled" : "tier_insufficient";
      return { reason: isOver ? "trial_expired" : lost, tier, ...none, upgradeTo: since };
    }
    const isDebates = what === "debates";
    const limit = isDebates ? debatesOf(present) : SOLD[tier].seats;
    const used = isDebates ? this.#debatesUsed(organization) : MEMBERS;
    const isAllowed = hasRoom(limit, used);
    return {
      reason: isAllowed ? null : isDebates ? "debate_limit_reached" : "seat_limit_reached",
      ...{ tier, limit, used },
      remaining: limit === "unlimited" ? limit : Math.max(0, limit - used),
      resetsAt: isDebates ? periodAt(present, this.#now()).end : null,
      upgradeTo: isAllowed ? null : tierWithMore(what, used, tier),
    };
  }

  #debatesUsed(organization: Organization): number {
    const { budgets } = this.#auditor;
    const budget = this.#budgetOf(organization);
    const { start } = budgets.periodOf(budget, this.#now());
    return Math.max(0, Number(budgets.spent({ budget, key: "", start })));
  }

  #budgetOf({ id }: Organization): Budget {
    return this.#auditor.budgets.open(id)[0] as Budget;
  }

  /** Another limit changes the budget of the plan, other months begin a new one. */
  #limitDebates({ id: tenant, written }: Organization, now: number): void {
    const { budgets } = this.#auditor;
    const [open] = budgets.open(tenant);
    const debates = debatesOf(written);
    const limit = debates === "unlimited" ? null : BigInt(debates);
    if (open?.anchor === written.anchor) {
      if (open.limit !== limit) budgets.update(open, { limit }, now);
      return;
    }
    if (open !== undefined) budgets.close(open);
    const earlier = budgets.budgets.filter((budget) => budget.tenant === tenant).length;
    const terms = {
      tenant,
      id: `plan_debates_${earlier + 1}`,
      scope: {},
      measure: "debates",
      limit,
    } as const;
    budgets.create(
      {
        ...{ ...terms, money: "cost", period: "monthly", zone: "UTC", anchor: written.anchor },
        ...{ rollover: false, from: null, thresholds: THRESHOLDS, overage: null, emails: [] },
      },
      now,
    );
  }
}

export function totalOf({ lines }: Pick<Changed, "lines">): number {
  return lines.reduce((sum, { cents }) => sum + cents, 0);
}

function debatesOf({ status, tier }: Subscription): Limit {
  return status === "trialing" ? TRIAL_DEBATES : SOLD[tier].debates;
}
