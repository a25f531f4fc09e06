import { BillingError, type Clock, invalidInput } from "../../kernel/index.ts";
import type { Reader, Store } from "../../store/index.ts";
import { type DebateInput, debatesOfPlan, type HoldService } from "../budgets/index.ts";
import { type OrganizationView, organizationOf } from "../organizations/index.ts";
import {
  barrierError,
  barrierOf,
  decideDebates,
  decideFeature,
  decideSeats,
  ENTITLEMENTS,
  type Entitlement,
  type EntitlementDecision,
  overruled,
} from "./entitlement.ts";
import type { PlanOfTenant, TenantPlan } from "./tenant-plan.ts";

/** A debate that was taken from the plan. The same for every retry. */
export interface StartedDebate {
  readonly id: string;
  readonly debate: string;
  readonly startedAt: Date;
  /** Id of the event that tells the same debate; null for none. */
  readonly eventId: string | null;
}

export interface EntitlementDeps {
  readonly store: Store;
  readonly clock: Clock;
  readonly holds: HoldService;
  readonly plan: PlanOfTenant;
  /** Writes what of a tenant's subscription is due, so that the budget of its plan is today's. */
  settle(tenant: string): Promise<void>;
}

/** What tenants may do by what they have bought. Whom nobody knows is refused, and so is whoever cannot be looked up. */
export class EntitlementService {
  readonly #store: Store;
  readonly #clock: Clock;
  readonly #holds: HoldService;
  readonly #plan: PlanOfTenant;
  readonly #settle: EntitlementDeps["settle"];

  constructor({ store, clock, holds, plan, settle }: EntitlementDeps) {
    this.#store = store;
    this.#clock = clock;
    this.#holds = holds;
    this.#plan = plan;
    this.#settle = settle;
  }

  /**
   * Whether a tenant may use a feature, begin one more debate or have one more member now. "No" is a value, with the
   * reason and the tier that would allow it. It takes nothing: where many ask at once, `startDebate` and an invitation's
   * acceptance decide.
   *
   * @throws BillingError not_found `organization_not_found`; invalid_input `unknown_entitlement`.
   * @example
   * const { allowed, upgradeTo } = await entitlements.may("org_123", "ssoEnabled"); // false, "enterprise"
   */
  async may(tenant: string, entitlement: Entitlement): Promise<EntitlementDecision> {
    if (!ENTITLEMENTS.includes(entitlement)) {
      const text = `entitlement must be one of ${ENTITLEMENTS.join(", ")}`;
      throw invalidInput("entitlement", "unknown_entitlement", text);
    }
    if (entitlement === "debates") return this.#mayDebate(tenant);
    return this.#store.read(async (reader) => {
      const { organization, plan } = await this.#seen(tenant, this.#clock.now(), reader);
      const decision =
        entitlement === "seats" ? decideSeats(plan, organization.members) : decideFeature(plan, entitlement);
      return overruled(decision, barrierOf(organization.status, plan));
    });
  }

  /**
   * What a tenant has bought and may use now.
   *
   * @throws BillingError not_found `organization_not_found`; forbidden `organization_suspended`; failed_precondition
   * `subscription_paused`.
   */
  async planOf(tenant: string): Promise<TenantPlan> {
    const { organization, plan } = await this.#store.read((reader) =>
      this.#seen(tenant, this.#clock.now(), reader),
    );
    const barrier = barrierOf(organization.status, plan);
    if (barrier !== undefined) throw barrierError(barrier);
    return plan;
  }

  /**
   * Takes one debate of a tenant's plan, checked and counted in one durable step: of any number of callers in any number
   * of processes exactly as many are admitted as the plan gives. A debate counts once per period: its id again has the
   * first answer and counts no more, also at the limit. The tenant's other budgets are met as by every spend.
   *
   * With an `eventId` the `debate` event of that id, of this debate and the plan's same period, tells the same, before or
   * after: it is not counted twice. The first call for a debate names it. Any other event tells something else.
   *
   * @throws BillingError limit_exceeded `debate_limit_reached` whose details name limit, used, resetsAt and upgradeTo, or
   * what another budget says; not_found `organization_not_found`; forbidden `organization_suspended`; failed_precondition
   * `subscription_paused`; invalid_input.
   * @example
   * await entitlements.startDebate("org_123", { debate: "debate_789", dimensions: { user: "user_456" } });
   */
  async startDebate(tenant: string, input: Omit<DebateInput, "tenant">): Promise<StartedDebate> {
    const plan = await this.planOf(tenant);
    try {
      const { id, at, eventId } = await this.#holds.startDebate({ ...input, tenant });
      return { id, debate: input.debate, startedAt: at, eventId };
    } catch (error) {
      throw limitReached(error, plan, input) ?? error;
    }
  }

  async #mayDebate(tenant: string): Promise<EntitlementDecision> {
    // Whom nobody knows is refused before anything is written for it.
    await this.#store.read((reader) => this.#seen(tenant, this.#clock.now(), reader));
    await this.#settle(tenant);
    return this.#store.read(async (reader) => {
      const at = this.#clock.now();
      const { organization, plan } = await this.#seen(tenant, at, reader);
      const debates = await debatesOfPlan(tenant, at, reader);
      if (debates === undefined) throw planBudgetMissing();
      return overruled(decideDebates(plan, debates), barrierOf(organization.status, plan));
    });
  }

  async #seen(
    tenant: string,
    at: number,
    reader: Reader,
  ): Promise<{ organization: OrganizationView; plan: TenantPlan }> {
    if (typeof tenant !== "string") throw organizationNotFound();
    const organization = await organizationOf(tenant, reader);
    if (organization === undefined || organization.status === "erased") throw organizationNotFound();
    const plan = await this.#plan(tenant, at, reader);
    if (plan === undefined) throw organizationNotFound();
    return { organization, plan };
  }
}

/** The plan's own refusal in words of the plan; undefined for any other error. */
function limitReached(
  error: unknown,
  plan: TenantPlan,
  input: { readonly debate: string },
): BillingError | undefined {
  if (!(error instanceof BillingError) || error.code !== "budget_exceeded") return undefined;
  if (error.details.owner !== "plan") return undefined;
  const of = (name: string) => BigInt(String(error.details[name]));
  const decision = decideDebates(plan, { limit: of("limit"), used: of("spent") + of("held") });
  const { message, tier, limit, used, remaining, resetsAt, upgradeTo } = decision;
  const details = {
    debate: input.debate,
    tier,
    limit,
    used,
    remaining,
    resetsAt: resetsAt?.toISOString(),
    upgradeTo,
  };
  return new BillingError("limit_exceeded", "debate_limit_reached", message, { details, cause: error });
}

function organizationNotFound(): BillingError {
  return new BillingError("not_found", "organization_not_found", "there is no such organization");
}

function planBudgetMissing(): BillingError {
  const text = "the budget of this organization's plan is missing: run the job of renewals";
  return new BillingError("failed_precondition", "plan_budget_missing", text);
}
