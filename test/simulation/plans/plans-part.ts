// Organizations and their plans in the simulation: each operation on the engine and on the models, and what is on record
// then.

import type { Billing } from "../../../src/billing.ts";
import type {
  LineView,
  SubscriptionChangeView,
  SubscriptionView,
} from "../../../src/domain/subscriptions/index.ts";
import { attempt, codeOf } from "../attempt.ts";
import type { Span } from "../calendar.ts";
import { same } from "../disagreement.ts";
import type { Move, Part, World } from "../part.ts";
import type { UsagePart } from "../usage-part.ts";
import { SOLD, type Tier, VERSION } from "./catalogue.ts";
import { ExpectedOrganizations, type Organization, totalOf } from "./expected-organizations.ts";
import { type By, type Changed, type Line, periodAt, type Subscription } from "./expected-plans.ts";
import { PlanChoices, type PlanOperation } from "./plan-choices.ts";

type Subscribe = Extract<PlanOperation, { readonly do: "subscribe" }>;

const OPERATOR = { kind: "operator", id: "simulation" } as const;
/** More than a simulation makes. */
const ALL_LINES = 500;

export class PlansPart implements Part {
  readonly weight = 40;
  readonly #now: () => number;
  readonly #random: World["random"];
  readonly #usage: UsagePart;
  readonly #organizations: ExpectedOrganizations;
  readonly #choices: PlanChoices;

  constructor(world: World, usage: UsagePart) {
    this.#now = world.now;
    this.#random = world.random;
    this.#usage = usage;
    this.#organizations = new ExpectedOrganizations(usage.auditor);
    this.#choices = new PlanChoices(world, this.#organizations);
    world.notifications.add(() =>
      this.#organizations.all.flatMap(({ id: tenant, notices }) =>
        notices.map((kind) => ({ tenant, kind, count: 1 })),
      ),
    );
  }

  get organizations(): ExpectedOrganizations {
    return this.#organizations;
  }

  next(): Move {
    const operation = this.#choices.next();
    const { organization } = operation;
    const { workload } = this.#usage;
    if (operation.do === "use") return this.#usage.move(workload.usageOf(organization));
    if (operation.do === "tellDebate")
      return this.#usage.move(workload.toldDebate(organization, operation.debate, operation.event));
    // Whoever looks at lines writes what is due: that must not be needed.
    const withLines = this.#random.chance(0.4);
    return {
      operation: operation.do === "subscribe" ? { ...operation, do: operation.change.kind } : operation,
      play: (billing) => this.#play(billing, operation),
      inspect: async (billing) => {
        await this.#inspect(billing, organization, withLines);
        await this.#usage.inspect(billing, [organization]);
      },
    };
  }

  nextEnd(): number | null {
    return this.#choices.nextEnd();
  }

  runJobs(): ReadonlyMap<string, number> {
    return this.#organizations.runJobs();
  }

  async inspectTenants(billing: Billing): Promise<void> {
    for (const { id } of this.#organizations.all) await this.#inspect(billing, id, false);
  }

  async inspectAll(billing: Billing): Promise<string[]> {
    const lines: string[] = [];
    for (const { id } of this.#organizations.all) lines.push(...(await this.#inspect(billing, id, true)));
    return lines;
  }

  async #play(
    billing: Billing,
    operation: Exclude<PlanOperation, { do: "use" | "tellDebate" }>,
  ): Promise<void> {
    const { organization: id } = operation;
    if (operation.do === "found") {
      const { tier } = operation;
      await billing.organizations.createOrganization(OPERATOR, { id, name: id, ownerId: ownerOf(id), tier });
      this.#organizations.found(id, tier);
      return;
    }
    const known = this.#organizations.find(id);
    switch (operation.do) {
      case "subscribe":
        return this.#subscribe(billing, known, operation);
      case "setTier": {
        const answer = await attempt(() => billing.organizations.setTier(OPERATOR, id, operation.tier));
        this.#organizations.setTier(known, operation.tier);
        return same("setTier", codeOf(answer), "done");
      }
      case "startDebates":
        for (const [index, debate] of operation.debates.entries())
          await this.#startDebate(billing, known, debate, index === 0 ? operation.event : null);
        return;
      case "may": {
        const { reason, tier, limit, used, remaining, resetsAt, upgradeTo, allowed } =
          await billing.entitlements.may(id, operation.what);
        const expected = this.#organizations.may(known, operation.what);
        const end = expected.resetsAt === null ? null : new Date(expected.resetsAt);
        same(
          "may",
          { allowed, reason, tier, limit, used, remaining, resetsAt, upgradeTo },
          {
            ...{ allowed: expected.reason === null, reason: expected.reason, tier: expected.tier },
            ...{ limit: expected.limit, used: expected.used, remaining: expected.remaining },
            ...{ resetsAt: end, upgradeTo: expected.upgradeTo },
          },
        );
      }
    }
  }

  /** A look at what it would be, then the change. */
  async #subscribe({ subscriptions }: Billing, known: Organization, operation: Subscribe): Promise<void> {
    const { organization: id, by, change, total } = operation;
    const actor = actorOf(by, id);
    const preview = await attempt(() => subscriptions.preview(actor, id, change));
    const foreseen = this.#organizations.preview(known, change, by);
    this.#sameChange("preview", id, preview, foreseen);
    const said = "value" in preview && total !== "none" ? preview.value.totalCents : null;
    const expectedTotalCents = said === null ? null : said + (total === "wrong" ? 1 : 0);
    const options = expectedTotalCents === null ? {} : { expectedTotalCents };
    const answer = await attempt(() => subscriptions.change(actor, id, change, options));
    const made = this.#organizations.change(known, { change, by, total: expectedTotalCents });
    this.#sameChange(change.kind, id, answer, made);
  }

  #sameChange(
    what: string,
    id: string,
    answer: Awaited<ReturnType<typeof attempt<SubscriptionChangeView>>>,
    expected: Changed | { readonly code: string },
  ): void {
    if ("code" in answer || "code" in expected) {
      same(what, codeOf(answer), codeOf(expected));
      return;
    }
    const { subscription, lines, totalCents, effectiveAt } = answer.value;
    same(
      what,
      [viewLine(subscription), lines.map(lineLine), totalCents, effectiveAt],
      [
        expectedView(id, expected.after, this.#now()),
        ...[expected.lines.map(expectedLine), totalOf(expected), new Date(expected.effectiveAt)],
      ],
    );
  }

  async #startDebate(
    billing: Billing,
    known: Organization,
    debate: string,
    event: string | null,
  ): Promise<void> {
    const input = { debate, ...(event !== null && { eventId: event }) };
    const answer = await attempt(() => billing.entitlements.startDebate(known.id, input));
    const expected = this.#organizations.startDebate(known, debate, event);
    if ("code" in answer || "code" in expected) return same("startDebate", codeOf(answer), codeOf(expected));
    const { startedAt, eventId } = answer.value;
    same(
      debate,
      [answer.value.debate, eventId, startedAt.getTime()],
      [debate, expected.eventId, expected.startedAt],
    );
  }

  /** The subscription as of now, the tier of the organization as it was last written, and the lines. */
  async #inspect(billing: Billing, id: string, withLines: boolean): Promise<string[]> {
    const known = this.#organizations.find(id);
    const view = viewLine(await billing.subscriptions.get(OPERATOR, id));
    same(`subscription of ${id}`, view, expectedView(id, this.#organizations.present(known), this.#now()));
    const { tier } = await billing.organizations.get(OPERATOR, id);
    same(`tier of ${id}`, tier, known.written.tier);
    if (!withLines) return [];
    const { items } = await billing.subscriptions.lines(OPERATOR, id, { limit: ALL_LINES });
    this.#organizations.settle(known);
    const lines = items.map((line) => `${line.number} ${lineLine(line)} ${line.at.toISOString()}`);
    same(`lines of ${id}`, lines, numbered(known.written.lines));
    return [view, ...lines.map((line) => `${id} ${line}`)];
  }
}

function numbered(lines: readonly Line[]): string[] {
  return lines.map((line, index) => `${index + 1} ${expectedLine(line)} ${iso(line.at)}`).reverse();
}

function viewLine(view: SubscriptionView): string {
  const { tenant, status, tier, planVersion, priceMonthlyCents, scheduled, trial } = view;
  return viewText({
    ...{ tenant, status, tier, planVersion, priceMonthlyCents, trial },
    period: { start: view.periodStart.getTime(), end: view.periodEnd.getTime() },
    scheduled: scheduled === null ? null : `${scheduled.tier} at ${scheduled.at.toISOString()}`,
  });
}

function expectedView(tenant: string, subscription: Subscription, now: number): string {
  const { status, tier, scheduled, trial } = subscription;
  const period = periodAt(subscription, now);
  return viewText({
    ...{ tenant, status, tier, planVersion: VERSION, priceMonthlyCents: SOLD[tier].cents, period },
    scheduled: scheduled === null ? null : `${scheduled} at ${iso(period.end)}`,
    trial: trial && { ...trial, start: new Date(trial.start), end: new Date(trial.end) },
  });
}

function viewText(view: {
  readonly tenant: string;
  readonly status: string;
  readonly tier: Tier;
  readonly planVersion: number;
  readonly priceMonthlyCents: number;
  readonly period: Span;
  readonly scheduled: string | null;
  readonly trial: { readonly start: Date; readonly end: Date; readonly isExtended: boolean } | null;
}): string {
  const { tenant, status, tier, planVersion, priceMonthlyCents, period, scheduled, trial } = view;
  const tried =
    trial === null
      ? "no trial"
      : `trial ${trial.start.toISOString()} to ${trial.end.toISOString()}${trial.isExtended ? " extended" : ""}`;
  const what = `${tenant} ${status} on ${tier} ${planVersion} for ${priceMonthlyCents}`;
  return `${what}, ${spanText(period)}, then ${scheduled ?? "the same"}, ${tried}`;
}

function lineLine({
  kind,
  tier,
  planVersion,
  from,
  to,
  periodStart,
  periodEnd,
  amountCents,
}: LineView): string {
  const period = { start: periodStart.getTime(), end: periodEnd.getTime() };
  const span = spanText({ start: from.getTime(), end: to.getTime() });
  return `${kind} ${tier} ${planVersion} ${span} of ${spanText(period)}: ${amountCents}`;
}

function expectedLine({ kind, tier, from, period, cents }: Line): string {
  const span = spanText({ start: from, end: period.end });
  return `${kind} ${tier} ${VERSION} ${span} of ${spanText(period)}: ${cents}`;
}

function actorOf(by: By, organization: string) {
  return by === "operator"
    ? OPERATOR
    : ({ kind: "user", id: by === "owner" ? ownerOf(organization) : "stranger" } as const);
}

function ownerOf(organization: string): string {
  return `owner of ${organization}`;
}

function spanText({ start, end }: Span): string {
  return `${iso(start)} to ${iso(end)}`;
}

function iso(instant: number): string {
  return new Date(instant).toISOString();
}
