// What a debate may spend, and what it has spent, as `CostTracker` asks and tells it: by the debate's id alone.

import type { Decimal } from "decimal.js";
import type { Billing } from "../billing.ts";
import {
  type BudgetCheck,
  type BudgetDecision,
  type BudgetRecord,
  EACH,
  type RecordedSpend,
} from "../domain/budgets/index.ts";
import { type DecimalInput, digest, periodAt, usdToDecimal } from "../kernel/index.ts";
import { checkFields, named, tenantNamed } from "./checked-call.ts";
import { costBudgetId, DEBATE_LIMIT } from "./cost-budget.ts";
import { dimensionValue, putBudget, storedBudget } from "./stored-budget.ts";

/** Whose debate it is. */
export interface DebateTenant {
  /** Absent: the tenant of `withTenant`, else the instance's. */
  readonly tenantId?: string | undefined;
  /** The same as `tenantId`. */
  readonly orgId?: string | undefined;
}

/** Where a debate is, for those who know. */
export interface DebatePlace extends DebateTenant {
  /**
   * Absent: the workspace against whose limit per debate it has spent. Of a debate that has spent nothing: the one with
   * the smallest such limit, unless the debate has a limit of its own.
   */
  readonly workspaceId?: string | undefined;
  /** Whose limit per agent is asked, or counts, as well. */
  readonly agentName?: string | undefined;
  /** Whose overrides hold. */
  readonly userId?: string | undefined;
}

/** May a debate spend? Amounts are exact decimal text. */
export interface DebateBudgetStatus {
  readonly debateId: string;
  readonly allowed: boolean;
  readonly reason: BudgetCheck["reason"];
  readonly message: string;
  /** Of the budget that refuses, else of the one on the debate that has least room. */
  readonly currentCost: string;
  /** What open holds keep of that budget. */
  readonly held: string;
  /** Of that budget; `"unlimited"` where there is none. */
  readonly limit: string;
  readonly remaining: string;
  readonly warnings: readonly string[];
  /** Every budget that was asked, those on workspace, agent and tenant included. */
  readonly budgets: readonly BudgetDecision[];
}

interface Place {
  readonly tenant?: string | undefined;
  readonly workspace?: string | undefined;
  readonly agent?: string | undefined;
  readonly user?: string | undefined;
}

const PLACE_FIELDS = ["tenantId", "orgId", "workspaceId", "agentName", "userId"] as const;
const UNLIMITED = "unlimited";
/** Counts what each debate of a tenant costs, where no limit does. */
const LEDGER = costBudgetId("debates");
const LONGEST_ID = 200;

export async function checkDebate(
  billing: Billing,
  debateId: string,
  options: DebatePlace & { readonly estimatedCostUsd?: DecimalInput | undefined },
): Promise<DebateBudgetStatus> {
  checkFields(options, [...PLACE_FIELDS, "estimatedCostUsd"], "options");
  const debate = dimensionValue(debateId, "debateId");
  const { tenant, ...dimensions } = await placeOf(billing, debate, options);
  const check = await billing.holds.check({
    ...{ tenant, dimensions: { ...dimensions, debate } },
    ...(options.estimatedCostUsd !== undefined && { estimatedCostUsd: options.estimatedCostUsd }),
  });
  const { allowed, reason, warnings, budgets } = check;
  const refusing = budgets.filter((decision) => !decision.allowed);
  const shown = tightest(refusing) ?? tightest(budgets.filter((decision) => isAbout(decision, debate)));
  const spent = shown?.spent ?? (await costOnRecord(billing, debate, tenant));
  const limit = shown?.limit?.toFixed() ?? UNLIMITED;
  return {
    ...{ debateId, allowed, reason, warnings, budgets, limit },
    message: allowed ? allowedText(check, spent, limit) : check.message,
    currentCost: spent.toFixed(),
    held: shown?.held.toFixed() ?? "0",
    remaining: shown?.remaining?.toFixed() ?? UNLIMITED,
  };
}

export async function limitDebate(
  billing: Billing,
  debateId: string,
  limit: DecimalInput,
  options: DebateTenant,
): Promise<void> {
  checkFields(options, ["tenantId", "orgId"], "options");
  const tenant = tenantNamed(options);
  const debate = dimensionValue(debateId, "debateId");
  const { id, isFirst } = await ownBudgetOf(billing, debate, tenant);
  // The first limit counts all that the debate has spent; one set after the debate was cleared begins anew.
  const from = isFirst ? new Date(0) : new Date(billing.clock.now());
  const terms = { name: `limit of ${label(debate)}`, scope: { debate }, period: "total" as const, from };
  await named({ limit: "limit" }, () => putBudget(billing, { id, tenant, limit, ...terms }));
}

export async function recordDebateSpend(
  billing: Billing,
  debateId: string,
  amount: DecimalInput,
  options: DebatePlace & { readonly id?: string | undefined; readonly eventId?: string | undefined },
): Promise<RecordedSpend> {
  checkFields(options, [...PLACE_FIELDS, "id", "eventId"], "options");
  const debate = dimensionValue(debateId, "debateId");
  const { tenant, ...dimensions } = await placeOf(billing, debate, options);
  const { id: key, eventId } = options;
  const spend = await named({ amountUsd: "amount", estimatedCostUsd: "amount", key: "id" }, () =>
    billing.holds.recordSpend({
      ...{ tenant, dimensions: { ...dimensions, debate }, amountUsd: amount },
      ...(eventId !== undefined && { eventId }),
      ...(key !== undefined && { key }),
    }),
  );
  const isKept = (budgets: readonly BudgetDecision[]) =>
    budgets.some((decision) => isAbout(decision, debate));
  if (spend.counted && !isKept(spend.budgets)) {
    // A retry is told of no budgets.
    const { budgets } = await billing.holds.check({ tenant, dimensions: { ...dimensions, debate } });
    if (!isKept(budgets)) await keepLedger(billing, tenant);
  }
  return spend;
}

export async function clearDebate(billing: Billing, debateId: string, options: DebateTenant): Promise<void> {
  checkFields(options, ["tenantId", "orgId"], "options");
  const tenant = tenantNamed(options);
  const { id, isStored } = await ownBudgetOf(billing, dimensionValue(debateId, "debateId"), tenant);
  if (isStored) await billing.budgets.close(id, { reason: "the debate was cleared" }, tenant);
}

/** The budget of a debate's own limit that is open, or that is still to be made: closed ones are never opened again. */
async function ownBudgetOf(billing: Billing, debate: string, tenant: string | undefined) {
  for (let n = 1; ; n += 1) {
    const id = `${DEBATE_LIMIT}${label(debate)}:${n}`;
    const known = await storedBudget(billing, id, tenant);
    if (known?.status !== "closed") return { id, isFirst: n === 1, isStored: known !== undefined };
  }
}

/** Where a debate is judged and counted: both in the same place, so that what is counted is what is judged. */
async function placeOf(billing: Billing, debate: string, options: DebatePlace): Promise<Place> {
  const { workspaceId, agentName: agent, userId: user } = options;
  const tenant = tenantNamed(options);
  return { tenant, agent, user, workspace: workspaceId ?? (await workspaceOf(billing, debate, tenant)) };
}

async function workspaceOf(
  billing: Billing,
  debate: string,
  tenant: string | undefined,
): Promise<string | undefined> {
  const all = await billing.budgets.list(tenant === undefined ? {} : { tenant });
  const limits = all.filter(({ scope, limit }) => scope.debate === EACH && limit !== null);
  const workspaces = [...new Set(limits.map(({ scope }) => scope.workspace))].filter(isNamed);
  // One that has a limit of its own needs no other.
  const isLimited = all.some(({ scope }) => scope.debate === debate);
  if (workspaces.length > 1 || isLimited) {
    const asked = await Promise.all(
      workspaces.map(async (workspace) => {
        const check = await billing.holds.check({ tenant, dimensions: { workspace, debate } });
        return check.budgets.filter(({ budget }) => idsIn(limits, workspace).has(budget));
      }),
    );
    const spent = tightest(asked.flat().filter(({ spent, held }) => !spent.isZero() || !held.isZero()));
    if (spent !== undefined) return limits.find(({ id }) => id === spent.budget)?.scope.workspace;
  }
  return isLimited ? undefined : limits.reduce<BudgetRecord | undefined>(smaller, undefined)?.scope.workspace;
}

function idsIn(records: readonly BudgetRecord[], workspace: string): Set<string> {
  return new Set(records.filter(({ scope }) => scope.workspace === workspace).map(({ id }) => id));
}

function smaller(least: BudgetRecord | undefined, record: BudgetRecord): BudgetRecord {
  return least?.limit != null && record.limit?.lt(least.limit) !== true ? least : record;
}

function isNamed(workspace: string | undefined): workspace is string {
  return workspace !== undefined && workspace !== EACH;
}

/** Of what a debate's usage has met: whether it is on the debate alone. */
function isAbout({ budget, counter }: BudgetDecision, debate: string): boolean {
  return counter.debate === debate || budget.startsWith(DEBATE_LIMIT);
}

/** The one with the least room; one without a limit only where there is no other. */
function tightest(decisions: readonly BudgetDecision[]): BudgetDecision | undefined {
  return decisions.reduce<BudgetDecision | undefined>((least, decision) => {
    if (least === undefined || least.remaining === null) return decision;
    return decision.remaining?.lt(least.remaining) ? decision : least;
  }, undefined);
}

function allowedText({ message, reason }: BudgetCheck, spent: Decimal, limit: string): string {
  if (reason !== null) return message;
  return limit === UNLIMITED ? "no limit is set" : `$${spent.toFixed()} of $${limit} spent`;
}

/** What this month's events of a debate cost that no budget counts. */
async function costOnRecord(billing: Billing, debate: string, tenant: string | undefined): Promise<Decimal> {
  const from = monthStart(billing);
  const { groups } = await billing.analytics.usage({
    ...(tenant !== undefined && { tenant }),
    from,
    by: ["debate"],
  });
  return groups.find(({ key }) => key.debate === debate)?.costUsd ?? usdToDecimal(0n);
}

async function keepLedger(billing: Billing, tenant: string | undefined): Promise<void> {
  const terms = { name: "debates without a limit", scope: { debate: EACH }, period: "total" as const };
  await billing.budgets.create({ id: LEDGER, tenant, ...terms, from: monthStart(billing), thresholds: [] });
}

function monthStart(billing: Billing): Date {
  return new Date(periodAt(billing.clock.now(), "month").start);
}

/** An id that fits into another one. */
function label(debate: string): string {
  return debate.length <= LONGEST_ID ? debate : digest(debate);
}
