// What happens next to organizations and their plans: follows from the seed and the model, never from the engine.

import type { World } from "../part.ts";
import { FEATURES, type Feature, TIERS, type Tier } from "./catalogue.ts";
import type { ExpectedOrganizations, Organization } from "./expected-organizations.ts";
import { type By, type Change, nextMoment, type Status, type When } from "./expected-plans.ts";

export type PlanOperation =
  | { readonly do: "found"; readonly organization: string; readonly tier: Tier }
  | {
      readonly do: "subscribe";
      readonly organization: string;
      readonly by: By;
      readonly change: Change;
      /** What the change is told that it costs: nothing, what the preview says, or a cent more. */
      readonly total: "none" | "preview" | "wrong";
    }
  | { readonly do: "setTier"; readonly organization: string; readonly tier: Tier }
  | {
      readonly do: "startDebates";
      readonly organization: string;
      readonly debates: readonly string[];
      /** Of the event that tells the first of them. */
      readonly event: string | null;
    }
  | {
      readonly do: "tellDebate";
      readonly organization: string;
      readonly debate: string;
      readonly event: string;
    }
  | {
      readonly do: "may";
      readonly organization: string;
      readonly what: Feature | "debates" | "seats";
    }
  | { readonly do: "use"; readonly organization: string };

const MOST_ORGANIZATIONS = 3;
const PAID = TIERS.slice(1);
const WEIGHTS = { subscribe: 12, setTier: 1.2, startDebates: 5, tellDebate: 2, may: 3, use: 7 };
const KINDS = [
  ...["start_trial", "extend_trial", "convert_trial", "change_plan", "cancel"],
  ...["resume", "pause", "unpause", "mark_past_due", "mark_paid"],
] as readonly Change["kind"][];
/** What people do in a state, most of the time. */
const USUAL: Readonly<Record<Status | "free", readonly Change["kind"][]>> = {
  free: ["start_trial", "change_plan", "change_plan"],
  canceled: ["start_trial", "change_plan", "change_plan"],
  trialing: ["extend_trial", "convert_trial", "cancel"],
  active: ["change_plan", "change_plan", "change_plan", "cancel", "resume", "pause", "mark_past_due"],
  past_due: ["mark_paid", "cancel", "resume"],
  paused: ["unpause", "unpause", "cancel"],
};

export class PlanChoices {
  readonly #world: World;
  readonly #organizations: ExpectedOrganizations;
  /** Debates with the ids of the events that tell them. */
  readonly #told: { readonly organization: string; readonly debate: string; readonly event: string }[] = [];
  #debates = 0;

  constructor(world: World, organizations: ExpectedOrganizations) {
    this.#world = world;
    this.#organizations = organizations;
  }

  next(): PlanOperation {
    const { random } = this.#world;
    const { all } = this.#organizations;
    if (all.length === 0 || (all.length < MOST_ORGANIZATIONS && random.chance(0.06))) {
      const tier = random.chance(0.7) ? "free" : random.pick(TIERS);
      return { do: "found", organization: `org-${all.length + 1}`, tier };
    }
    const one = random.pick(all);
    const { id: organization } = one;
    const kind = random.weighted(WEIGHTS);
    switch (kind) {
      case "subscribe":
        return this.#subscribe(one);
      case "setTier":
        return { do: "setTier", organization, tier: random.pick(TIERS) };
      case "startDebates":
        return this.#startDebates(organization);
      case "tellDebate": {
        const mine = this.#told.filter((told) => told.organization === organization);
        if (mine.length === 0) return this.#startDebates(organization);
        const { debate, event } = random.pick(mine.slice(-6));
        return { do: "tellDebate", organization, debate, event };
      }
      case "may": {
        const features = Object.keys(FEATURES) as Feature[];
        const what = random.weighted({ debates: 3, seats: 1, feature: 3 });
        return { do: "may", organization, what: what === "feature" ? random.pick(features) : what };
      }
      case "use":
        return { do: "use", organization };
    }
  }

  /** Of a period or a trial, or when people are told. */
  nextEnd(): number | null {
    const ends = this.#organizations.all.flatMap((one) => {
      const present = this.#organizations.present(one);
      return nextMoment(present) ?? [];
    });
    return ends.length === 0 ? null : this.#world.random.pick(ends);
  }

  #subscribe(one: Organization): PlanOperation {
    const { random } = this.#world;
    const { status, tier } = this.#organizations.present(one);
    const usual = USUAL[status === "active" && tier === "free" ? "free" : status];
    const kind = random.pick(random.chance(0.85) ? usual : KINDS);
    const by = random.weighted({ operator: 12, owner: 7, stranger: 0.4 });
    const total = random.weighted({ none: 3, preview: 6, wrong: 0.6 });
    return { do: "subscribe", organization: one.id, by, change: this.#change(kind), total };
  }

  #change(kind: Change["kind"]): Change {
    const { random } = this.#world;
    const tier = random.chance(0.02) ? "free" : random.pick(PAID);
    switch (kind) {
      case "start_trial":
      case "convert_trial":
        return { kind, ...(random.chance(0.5) && { tier }) };
      case "change_plan":
        return { kind, tier, ...this.#when(0.4) };
      case "cancel":
        return { kind, ...this.#when(0.5) };
      default:
        return { kind };
    }
  }

  #when(share: number): { readonly when?: When } {
    const { random } = this.#world;
    return random.chance(share) ? { when: random.pick(["now", "period_end"] as const) } : {};
  }

  #startDebates(organization: string): PlanOperation {
    const { random } = this.#world;
    const count = random.chance(0.5) ? 1 : random.chance(0.85) ? random.int(2, 6) : random.int(7, 20);
    // One that tells another debate tells no second one.
    const other =
      this.#told.length > 0 && random.chance(0.1) ? random.pick(this.#told.slice(-6)).event : null;
    const event = random.chance(0.4) ? (other ?? `debate-event-${this.#debates + 1}`) : null;
    const debates = Array.from({ length: count }, () => {
      // One that has begun already counts no more, or once more in another period.
      if (this.#debates > 0 && random.chance(0.2))
        return `debate-${random.int(Math.max(1, this.#debates - 20), this.#debates)}`;
      this.#debates += 1;
      return `debate-${this.#debates}`;
    });
    if (event !== null) this.#told.push({ organization, debate: debates[0] as string, event });
    return { do: "startDebates", organization, debates, event };
  }
}
