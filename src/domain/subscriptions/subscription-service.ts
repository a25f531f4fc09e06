import { BillingError, type Clock, decodeCursor, type Ids, type Page } from "../../kernel/index.ts";
import type { Reader, Store, Tx } from "../../store/index.ts";
import { type PageQuery, pageLimit, pageOf } from "../audit/index.ts";
import type { CommitParticipant } from "../metering/index.ts";
import {
  type Actor,
  actsForInstallation,
  changeOrganization,
  checkedActor,
  denied,
  lockOrganization,
  organizationNotFound,
  type PlanKeeper,
  requireAccess,
  requireOpen,
  requirePermission,
  seenBy,
} from "../organizations/index.ts";
import { planOf } from "../plans/index.ts";
import { CHANGES } from "./access.ts";
import { checkedChange, fieldsOf, totalOfInput } from "./change-input.ts";
import { stateAt } from "./due.ts";
import {
  type DirectChange,
  decide,
  decideDirectly,
  isUpgrade,
  type Outcome,
  type SubscriptionChange,
} from "./lifecycle.ts";
import { chargeBehind, totalOf } from "./line.ts";
import type { NoticeSink } from "./notice.ts";
import { foundState, type PlanLimits, SubscriptionRecord } from "./record.ts";
import { firstState, isTrialOver, periodOf, runsPaid, type SubscriptionState } from "./state.ts";
import {
  dueSubscriptionsAcrossTenants,
  latestLines,
  linesBefore,
  type StoredSubscription,
  statesOf,
  subscriptionOf,
} from "./subscription-store.ts";
import {
  changeView,
  lineView,
  type SubscriptionChangeView,
  type SubscriptionLineView,
  type SubscriptionView,
  subscriptionView,
} from "./subscription-view.ts";
import type { TenantPlan } from "./tenant-plan.ts";
import { subscriptionDifferences } from "./verify.ts";

const AT_ONCE = 200;

/**
 * What organizations have bought: one subscription each, from their creation on.
 *
 * A change names its actor first, then the organization. It is refused unless the actor may make it (the organization's
 * people with `org.billing`; some changes only operators), is made whole or not at all, and is in the audit log. Changes of
 * one organization come one after another, in every process. Periods, trials and what is scheduled end at their instants,
 * whether a job has run or not.
 */
export class SubscriptionService {
  readonly #store: Store;
  readonly #clock: Clock;
  readonly #ids: Ids;
  readonly #record: SubscriptionRecord;

  /**
   * @param parts `limits` keeps the debates budget of a plan, `notices` what people must hear; absent: nobody does.
   */
  constructor(parts: {
    readonly store: Store;
    readonly clock: Clock;
    readonly ids: Ids;
    readonly limits: PlanLimits;
    readonly notices?: NoticeSink | undefined;
  }) {
    this.#store = parts.store;
    this.#clock = parts.clock;
    this.#ids = parts.ids;
    this.#record = new SubscriptionRecord({ ...parts, notices: parts.notices });
  }

  /**
   * The subscription as of now. For every member.
   *
   * @throws BillingError not_found `organization_not_found`.
   */
  get(actor: Actor, tenant: string): Promise<SubscriptionView> {
    return this.#store.read(async (reader) => {
      await seenBy(checkedActor(actor), tenant, reader);
      const at = this.#clock.now();
      return subscriptionView(tenant, await currentState(tenant, at, reader), at);
    });
  }

  /**
   * What a change would make of the subscription now: lines, their sum, when it takes effect. Writes nothing. The change
   * itself is worked out by the same function.
   *
   * @throws BillingError as {@link change}.
   */
  preview(actor: Actor, tenant: string, change: SubscriptionChange): Promise<SubscriptionChangeView> {
    const checked = checkedChange(change);
    return this.#store.read(async (reader) => {
      const { organization, standing } = await seenBy(checkedActor(actor), tenant, reader);
      requireAccess(standing, CHANGES[checked.kind], false);
      requireOpen(organization, actor);
      const at = this.#clock.now();
      return changeView(tenant, decideFor(actor, await currentState(tenant, at, reader), checked, at), at);
    });
  }

  /**
   * Changes the subscription: what is possible in which state is the table in docs/subscriptions.md. With
   * `expectedTotalCents`, that of a preview, it is refused when the sum of its lines is another one by now.
   *
   * @throws BillingError failed_precondition `transition_refused` naming the state and what is possible in it, `trial_used`,
   * `trial_extended`, `nothing_scheduled`, `change_scheduled`, `nothing_to_change`, `total_moved`; forbidden
   * `permission_denied`, `organization_suspended`; not_found `organization_not_found`; invalid_input naming the field.
   * @example
   * const { totalCents } = await billing.subscriptions.preview(owner, "acme", { kind: "change_plan", tier: "enterprise" });
   * await billing.subscriptions.change(owner, "acme", { kind: "change_plan", tier: "enterprise" }, { expectedTotalCents: totalCents });
   */
  async change(
    actor: Actor,
    tenant: string,
    change: SubscriptionChange,
    options: { readonly expectedTotalCents?: number | undefined } = {},
  ): Promise<SubscriptionChangeView> {
    const checked = checkedChange(change);
    fieldsOf(options, ["expectedTotalCents"], "options");
    const expected = totalOfInput(options.expectedTotalCents);
    const context = { store: this.#store, clock: this.#clock, ids: this.#ids };
    const { kind } = checked;
    return changeOrganization(
      context,
      { mutation: CHANGES[kind], actor, tenant },
      async ({ tx, at, note }) => {
        const stored = await requireStored(tenant, tx);
        const state = stateAt(foundState(stored, at), at, planOf);
        const outcome = decideFor(actor, state, checked, at);
        const total = totalOf(outcome.lines);
        if (expected !== undefined && expected !== total) throw totalMoved(expected, total);
        await this.#record.write(tx, stored, at, [{ kind, actor, at, ...outcome }]);
        const { tier, status } = outcome.next;
        const effectiveAt = outcome.effectiveAt;
        note(`subscription.${kind}`, tenant, {
          from: state.tier,
          tier,
          status,
          totalCents: Number(total),
          effectiveAt,
        });
        return changeView(tenant, outcome, at);
      },
    );
  }

  /**
   * Lines, the latest first: 100, or `limit` up to 500. Lines that are made meanwhile are in no later page. What is due now
   * is among them. For those who see its billing.
   *
   * @throws BillingError not_found `organization_not_found`; forbidden `permission_denied`; invalid_input
   * `invalid_limit`, `invalid_cursor`.
   */
  async lines(actor: Actor, tenant: string, query: PageQuery = {}): Promise<Page<SubscriptionLineView>> {
    const limit = pageLimit(query.limit);
    const before =
      query.cursor === undefined
        ? Number.MAX_SAFE_INTEGER
        : Number(decodeCursor(query.cursor, ["number"])[0]);
    const look = async (reader: Reader) => {
      const { standing } = await seenBy(checkedActor(actor), tenant, reader);
      requirePermission(standing, ["org.billing"]);
    };
    await this.#store.read(look);
    await this.settle(tenant);
    return this.#store.read(async (reader) => {
      await look(reader);
      const rows = await latestLines(tenant, { before, limit: limit + 1 }, reader);
      return pageOf(rows, limit, ({ number }) => [number], lineView);
    });
  }

  /**
   * A tenant's lines that were made before an instant, the oldest first, and of a credit the charge that it gives a part of
   * back: for who settled before and bills them.
   */
  async linesBefore(tenant: string, before: number, reader: Reader) {
    const lines = await linesBefore(tenant, before, reader);
    return lines.map((line) => {
      const charge = line.kind === "credit" ? chargeBehind(line, lines) : undefined;
      return { ...line, takesBack: charge && { line: charge.id, at: charge.at } };
    });
  }

  /** What a tenant has at an instant, what is due by then done; undefined where there is no such organization. */
  async plan(tenant: string, at: number, reader: Reader): Promise<TenantPlan | undefined> {
    const stored = await subscriptionOf(tenant, reader);
    if (stored === undefined) return undefined;
    const state = stateAt(foundState(stored, at), at, planOf);
    const { tier, planVersion, status } = state;
    const { start: periodStart, end: periodEnd } = periodOf(state, at);
    const trialEndsAt = status === "trialing" ? state.periodEnd : null;
    return { tier, planVersion, status, trialEndsAt, trialEnded: isTrialOver(state), periodStart, periodEnd };
  }

  /**
   * For each instant whether the plan that a tenant had then bills tokens, also long ago; of a tenant without one they are
   * billed, in a trial not. Before an organization's first plan, that plan says. For who settled before.
   */
  async metersTokens(tenant: string, instants: readonly number[], reader: Reader): Promise<boolean[]> {
    const states = await statesOf(tenant, reader);
    const stored = states.length === 0 ? await subscriptionOf(tenant, reader) : undefined;
    return instants.map((at) => {
      const last = states.findLast((change) => change.at <= at) ?? states[0];
      const state = last?.state ?? (stored && stateAt(foundState(stored, at), at, planOf));
      if (state === undefined) return true;
      return state.status !== "trialing" && planOf(state.tier, state.planVersion).tokens === "metered";
    });
  }

  /** Writes what is due of a tenant, so that its lines, its tier and its budget are those of now. */
  async settle(tenant: string): Promise<void> {
    const now = this.#clock.now();
    const stored = await this.#store.read((reader) => subscriptionOf(tenant, reader));
    if (stored !== undefined && stored.dueAt !== null && stored.dueAt <= now) await this.#settleOne(tenant);
  }

  /**
   * Writes what is due of all tenants: renewals, ends of trials, scheduled changes, each at its own time, those that were
   * missed one by one. Returns how many tenants that was. One that fails does not keep the others waiting.
   */
  async settleDue(): Promise<number> {
    const { tenants, failures } = await this.#settleEvery();
    if (failures[0] !== undefined) throw failures[0].error;
    return tenants;
  }

  /** {@link settleDue}, telling who failed instead of throwing. */
  async settleAll(): Promise<readonly { readonly tenant: string; readonly error: unknown }[]> {
    return (await this.#settleEvery()).failures;
  }

  /** The job that does {@link settleDue}. */
  get renewals() {
    const page = { after: { dueAt: -1, tenant: "" }, limit: 1 };
    return {
      name: "subscriptions.renewals",
      every: 60_000,
      hasWork: async (now: number) =>
        (await this.#store.read((reader) => dueSubscriptionsAcrossTenants(now, page, reader))).length > 0,
      runDue: () => this.settleDue(),
    };
  }

  /** To be joined to organizations: every one has a subscription from its creation on. */
  get keeper(): PlanKeeper {
    return {
      created: (tx, { tenant, tier, at, actor }) =>
        this.#record.begin(tx, tenant, firstState(planOf(tier), at), actor, at),
      tierSet: (tx, { tenant, tier, at, actor }) =>
        this.#direct(tx, tenant, { kind: "set_tier", tier }, at, actor),
      settle: (tx, tenant) => this.#settleWithin(tx, tenant),
      erased: (tx, { tenant, at, actor }) => this.#direct(tx, tenant, { kind: "end" }, at, actor),
    };
  }

  /** To be joined to metering, so that `verify` proves the subscriptions too: events change none. */
  get participant(): CommitParticipant {
    return { name: "subscriptions", apply: async () => undefined, differences: subscriptionDifferences };
  }

  async #direct(tx: Tx, tenant: string, change: DirectChange, at: number, actor: Actor): Promise<void> {
    const stored = await requireStored(tenant, tx);
    const state = stateAt(foundState(stored, at), at, planOf);
    const next = decideDirectly(state, change, at, planOf);
    const { kind } = change;
    await this.#record.write(tx, stored, at, [{ kind, actor, at, next, notice: null }]);
  }

  async #settleEvery() {
    const now = this.#clock.now();
    const failures: { tenant: string; error: unknown }[] = [];
    let tenants = 0;
    for (let after = { dueAt: -1, tenant: "" }; ; ) {
      const page = { after, limit: AT_ONCE };
      const due = await this.#store.read((reader) => dueSubscriptionsAcrossTenants(now, page, reader));
      for (const { tenant } of due) {
        await this.#settleOne(tenant).catch((error: unknown) => failures.push({ tenant, error }));
      }
      tenants += due.length;
      const last = due.at(-1);
      if (last === undefined || due.length < AT_ONCE) return { tenants, failures };
      after = last;
    }
  }

  #settleOne(tenant: string): Promise<void> {
    return this.#store.transaction(async (tx) => {
      await lockOrganization(tenant, tx);
      await this.#settleWithin(tx, tenant);
    });
  }

  /** With the organization locked; another process may have been here before us. Nothing where it has no subscription. */
  async #settleWithin(tx: Tx, tenant: string): Promise<void> {
    const stored = await subscriptionOf(tenant, tx);
    if (stored !== undefined) await this.#record.write(tx, stored, this.#clock.now(), []);
  }
}

function decideFor(actor: Actor, state: SubscriptionState, change: SubscriptionChange, at: number): Outcome {
  const outcome = decide(state, change, at, planOf);
  const isDownNow =
    change.kind === "change_plan" &&
    change.when === "now" &&
    runsPaid(state) &&
    !isUpgrade(state, outcome.next, planOf);
  if (isDownNow && !actsForInstallation(actor)) throw denied(null);
  return outcome;
}

async function requireStored(tenant: string, reader: Reader): Promise<StoredSubscription> {
  const stored = await subscriptionOf(tenant, reader);
  if (stored === undefined) throw organizationNotFound();
  return stored;
}

async function currentState(tenant: string, at: number, reader: Reader): Promise<SubscriptionState> {
  return stateAt(foundState(await requireStored(tenant, reader), at), at, planOf);
}

function totalMoved(expected: bigint, total: bigint): BillingError {
  const text = `the change costs ${total} cents by now, not ${expected}: look at a new preview`;
  const details = { expectedTotalCents: Number(expected), totalCents: Number(total) };
  return new BillingError("failed_precondition", "total_moved", text, { details });
}
