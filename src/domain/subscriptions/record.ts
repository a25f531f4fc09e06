// How what happened to a subscription is written: all of it in one transaction, with its organization locked.

import { type Clock, DAY_MS, type Ids } from "../../kernel/index.ts";
import { OvertakenError, type Tx } from "../../store/index.ts";
import { type Actor, putPlan, record } from "../organizations/index.ts";
import { planOf } from "../plans/index.ts";
import { dueAt, dueSteps } from "./due.ts";
import { trialUsed } from "./lifecycle.ts";
import { linesBetween, totalOf } from "./line.ts";
import type { NoticeSink, NoticeTerms } from "./notice.ts";
import { debateLimit, firstState, isFree, monthAt, type SubscriptionState, stateText } from "./state.ts";
import {
  appendSubscriptionChanges,
  appendSubscriptionLines,
  claimTrial,
  insertSubscription,
  type StoredSubscription,
  updateSubscription,
} from "./subscription-store.ts";

/** Makes or changes the one debates budget that a plan owns, inside the caller's transaction. */
export interface PlanLimits {
  put(
    tx: Tx,
    limit: {
      readonly tenant: string;
      /** Null: unlimited. */
      readonly limit: bigint | null;
      readonly anchor: number;
      readonly at: number;
    },
  ): Promise<void>;
}

export interface RecordParts {
  readonly clock: Clock;
  readonly ids: Ids;
  readonly limits: PlanLimits;
  readonly notices: NoticeSink | undefined;
}

/** One thing that happened, by whom and when. */
export interface Happening {
  readonly kind: string;
  readonly actor: Actor;
  readonly at: number;
  readonly next: SubscriptionState;
  readonly notice: NoticeTerms | null;
}

type Written = Happening & { readonly number: number };

/** Who does what time has made due. */
const TIME: Actor = { kind: "system", id: "subscriptions.renewals" };

export class SubscriptionRecord {
  readonly #parts: RecordParts;

  constructor(parts: RecordParts) {
    this.#parts = parts;
  }

  /** Writes an organization's first subscription, and its budget. */
  async begin(tx: Tx, tenant: string, first: SubscriptionState, actor: Actor, at: number): Promise<void> {
    const stored = { tenant, state: first, dueAt: null, changes: 0, lines: 0 };
    await insertSubscription(stored, tx);
    await this.#write(tx, stored, [{ kind: "created", actor, at, next: first, notice: null }]);
  }

  /** What is due of a subscription at an instant, as it will be written. */
  due(stored: StoredSubscription, now: number): Happening[] {
    const found = foundState(stored, now);
    const adopted = { kind: "adopted", actor: TIME, at: now, next: found, notice: null };
    const steps = dueSteps(found, now, planOf).map((step) => ({ ...step, actor: TIME }));
    return stored.changes === 0 ? [adopted, ...steps] : steps;
  }

  /** Writes what is due, then what is done now; each at its own time. Nothing where nothing happened. */
  async write(tx: Tx, stored: StoredSubscription, now: number, done: readonly Happening[]): Promise<void> {
    const due = this.due(stored, now);
    const last = due.at(-1)?.next ?? stored.state;
    const real = done.filter(({ next }) => stateText(next) !== stateText(last));
    const all = [...due, ...real];
    if (all.length > 0) await this.#write(tx, stored, all);
    await this.#audit(tx, stored.tenant, now, due);
  }

  async #write(tx: Tx, stored: StoredSubscription, all: readonly Happening[]): Promise<void> {
    const { tenant } = stored;
    const written = all.map((one, index) => {
      // What came first has no state before it, and charges nothing.
      const before = index === 0 && stored.changes === 0 ? one.next : (all[index - 1]?.next ?? stored.state);
      const lines = linesBetween(before, one.next, one.at);
      return { ...one, number: stored.changes + index + 1, lines, state: one.next, total: totalOf(lines) };
    });
    const lines = written
      .flatMap(({ lines, number: change, at }) => lines.map((line) => ({ ...line, change, at })))
      .map((line, index) => {
        const number = stored.lines + index + 1;
        return { ...line, tenant, id: this.#parts.ids.next("subl"), number };
      });
    const last = written.at(-1) as Written;
    const next: StoredSubscription = {
      ...{ tenant, state: last.next, dueAt: dueAt(last.next) },
      ...{ changes: last.number, lines: stored.lines + lines.length },
    };
    for (const { next: state, kind } of all)
      if (kind === "start_trial" && !(await claimTrial(tenant, state, tx))) throw trialUsed();
    // The organization's lock keeps others away; whoever goes past it must not write over what it has not seen.
    if (!(await updateSubscription(next, stored.changes, tx))) throw new OvertakenError();
    await appendSubscriptionChanges(tenant, written, tx);
    await appendSubscriptionLines(tenant, lines, tx);
    await this.#follow(tx, stored, last);
    await this.#notify(tx, tenant, written);
  }

  /** What must be as the subscription is: the organization's tier, and the budget. */
  async #follow(tx: Tx, { tenant, state, changes }: StoredSubscription, last: Happening): Promise<void> {
    const { tier, planVersion: version } = last.next;
    if (tier !== state.tier || version !== state.planVersion)
      await putPlan(tenant, { tier, version, at: this.#parts.clock.now() }, tx);
    const limit = debateLimit(last.next, planOf);
    const { anchor } = last.next;
    if (changes === 0 || anchor !== state.anchor || limit !== debateLimit(state, planOf))
      await this.#parts.limits.put(tx, { tenant, limit, anchor, at: last.at });
  }

  async #notify(tx: Tx, tenant: string, written: readonly Written[]): Promise<void> {
    const { notices, clock } = this.#parts;
    if (notices === undefined) return;
    const now = clock.now();
    const endings = written.filter(({ notice }) => notice?.kind === "trial_ending");
    for (const { notice, number } of written) {
      if (notice === null) continue;
      if (notice.kind !== "trial_ending") {
        await notices.notify(tx, { ...notice, tenant, change: number });
        continue;
      }
      // Late ones say what is true now, once, and nothing when the trial is over.
      if (number !== endings.at(-1)?.number || now >= notice.endsAt) continue;
      const daysRemaining = Math.ceil((notice.endsAt - now) / DAY_MS);
      await notices.notify(tx, { ...notice, daysRemaining, tenant, change: number });
    }
  }

  /** What time did; what people do is noted by the change that they make. */
  async #audit(tx: Tx, tenant: string, at: number, due: readonly Happening[]): Promise<void> {
    const notes = due
      .filter(({ kind }) => kind !== "trial_notice")
      .map(({ kind, next, at: since }) => ({
        ...{ action: `subscription.${kind}`, target: tenant },
        details: { tier: next.tier, status: next.status, since },
      }));
    if (notes.length > 0) await record(tx, { ids: this.#parts.ids, at, tenant, actor: TIME }, notes);
  }
}

/** The state on record; of an organization found when subscriptions came, the period that it is in, with nothing charged. */
export function foundState(stored: StoredSubscription, now: number): SubscriptionState {
  const { state, changes } = stored;
  if (changes > 0) return state;
  const first = firstState(planOf(state.tier, state.planVersion), state.anchor);
  if (isFree(first) || now < first.periodEnd) return first;
  const { start, end } = monthAt(now, first.anchor);
  return { ...first, periodStart: start, periodEnd: end };
}
