import type { Reader, Tx, Value } from "../../store/index.ts";
import type { Actor } from "../organizations/index.ts";
import type { SubscriptionTier } from "../plans/index.ts";
import type { SubscriptionLine } from "./line.ts";
import { type SubscriptionState, type SubscriptionStatus, stateOfText, stateText } from "./state.ts";

/** Invoices are in it too: the catalogue's prices are in this currency. */
export const SUBSCRIPTION_CURRENCY = "USD";

/** A subscription as it is on record; time may have made more of it. */
export interface StoredSubscription {
  readonly tenant: string;
  readonly state: SubscriptionState;
  /** Epoch ms; null: never. */
  readonly dueAt: number | null;
  /** How many changes and lines there are. No change yet: it was found when subscriptions came, and nobody looked at it. */
  readonly changes: number;
  readonly lines: number;
}

/** A change to put on record, with the state after it. */
export interface ChangeRow {
  readonly number: number;
  readonly kind: string;
  readonly actor: Pick<Actor, "kind" | "id">;
  readonly state: SubscriptionState;
  readonly total: bigint;
  readonly at: number;
}

const STATE_COLUMNS = `status, tier, plan_version, anchor, period_start, period_end, paid, trial_start, trial_end,
  trial_extended, trial_notice, scheduled_tier, scheduled_version`;
const COLUMNS = `tenant, ${STATE_COLUMNS}, due_at, changes, lines`;
const LINE_COLUMNS = `tenant, number, id, change, kind, tier, plan_version, from_at, to_at, period_start, period_end, amount,
  currency, description, at`;

/** Undefined: there is no such organization. */
export async function subscriptionOf(
  tenant: string,
  reader: Reader,
): Promise<StoredSubscription | undefined> {
  const row = await reader.get<SubscriptionRow>(`SELECT ${COLUMNS} FROM subscriptions WHERE tenant = ?`, [
    tenant,
  ]);
  return row === undefined ? undefined : storedOf(row);
}

/** Subscriptions by tenant, after one. */
export async function subscriptionsAcrossTenants(
  after: string,
  limit: number,
  reader: Reader,
): Promise<StoredSubscription[]> {
  const rows = await reader.all<SubscriptionRow>(
    `SELECT ${COLUMNS} FROM subscriptions WHERE tenant > ? ORDER BY tenant LIMIT ?`,
    [after, limit],
  );
  return rows.map(storedOf);
}

/** Tenants whose subscription time has changed, after one; those that have waited longest first. */
export async function dueSubscriptionsAcrossTenants(
  now: number,
  page: { readonly after: { readonly dueAt: number; readonly tenant: string }; readonly limit: number },
  reader: Reader,
): Promise<{ readonly tenant: string; readonly dueAt: number }[]> {
  const rows = await reader.all<{ tenant: string; due_at: bigint }>(
    `SELECT tenant, due_at FROM subscriptions WHERE due_at IS NOT NULL AND due_at <= ? AND (due_at, tenant) > (?, ?)
     ORDER BY due_at, tenant LIMIT ?`,
    [now, page.after.dueAt, page.after.tenant, page.limit],
  );
  return rows.map(({ tenant, due_at }) => ({ tenant, dueAt: Number(due_at) }));
}

export async function insertSubscription(stored: StoredSubscription, tx: Tx): Promise<void> {
  const values = [stored.tenant, ...rowOf(stored)];
  const marks = values.map(() => "?").join(", ");
  await tx.run(`INSERT INTO subscriptions (${COLUMNS}) VALUES (${marks})`, values);
}

/** Changes a subscription of a locked organization that is still as it was read. False: it is not. */
export async function updateSubscription(
  stored: StoredSubscription,
  changesBefore: number,
  tx: Tx,
): Promise<boolean> {
  const set = COLUMNS.split(",")
    .slice(1)
    .map((column) => `${column.trim()} = ?`);
  const values = [...rowOf(stored), stored.tenant, changesBefore];
  return (
    (await tx.run(`UPDATE subscriptions SET ${set.join(", ")} WHERE tenant = ? AND changes = ?`, values)) ===
    1
  );
}

/** Takes the one trial of an organization. False: it had it. */
export async function claimTrial(tenant: string, state: SubscriptionState, tx: Tx): Promise<boolean> {
  const added = await tx.run(
    `INSERT INTO subscription_trials (tenant, tier, started_at) SELECT ?, ?, CAST(? AS BIGINT)
     WHERE NOT EXISTS (SELECT 1 FROM subscription_trials WHERE tenant = ?)`,
    [tenant, state.tier, state.trialStart, tenant],
  );
  return added === 1;
}

export async function appendSubscriptionChanges(
  tenant: string,
  changes: readonly ChangeRow[],
  tx: Tx,
): Promise<void> {
  await tx.many(
    `INSERT INTO subscription_changes (tenant, number, kind, actor_kind, actor_id, state, total, at)
     VALUES (?, ?, ?, ?, ?, ?, ?, ?)`,
    changes.map(({ number, kind, actor, state, total, at }) => [
      ...[tenant, number, kind, actor.kind, actor.id],
      ...[stateText(state), total, at],
    ]),
  );
}

export async function appendSubscriptionLines(
  tenant: string,
  lines: readonly SubscriptionLine[],
  tx: Tx,
): Promise<void> {
  if (lines.length === 0) return;
  await tx.many(
    `INSERT INTO subscription_lines (${LINE_COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
    lines.map((line) => [
      ...[
        tenant,
        line.number,
        line.id,
        line.change,
        line.kind,
        line.tier,
        line.planVersion,
        line.from,
        line.to,
      ],
      ...[line.periodStart, line.periodEnd, line.amount, SUBSCRIPTION_CURRENCY, line.description, line.at],
    ]),
  );
}

/** A tenant's lines, the latest first, before a number. */
export async function latestLines(
  tenant: string,
  { before, limit }: { readonly before: number; readonly limit: number },
  reader: Reader,
): Promise<SubscriptionLine[]> {
  const rows = await reader.all<LineRow>(
    `SELECT ${LINE_COLUMNS} FROM subscription_lines WHERE tenant = ? AND number < ? ORDER BY number DESC LIMIT ?`,
    [tenant, before, limit],
  );
  return rows.map(lineOf);
}

/** A tenant's lines that were made before an instant, the oldest first. */
export async function linesBefore(
  tenant: string,
  before: number,
  reader: Reader,
): Promise<SubscriptionLine[]> {
  const rows = await reader.all<LineRow>(
    `SELECT ${LINE_COLUMNS} FROM subscription_lines WHERE tenant = ? AND at < ? ORDER BY number`,
    [tenant, before],
  );
  return rows.map(lineOf);
}

/** The states that a tenant's changes made, the oldest first; without one that cannot be read, which `verify` names. */
export async function statesOf(
  tenant: string,
  reader: Reader,
): Promise<{ readonly at: number; readonly state: SubscriptionState }[]> {
  const rows = await reader.all<{ at: bigint; state: string }>(
    "SELECT at, state FROM subscription_changes WHERE tenant = ? ORDER BY number",
    [tenant],
  );
  return rows.flatMap((row) => {
    const state = stateOfText(row.state);
    return state === undefined ? [] : [{ at: Number(row.at), state }];
  });
}

/** Lines that a condition and an order name: for proofs over all tenants. */
export async function linesWhereAcrossTenants(
  condition: string,
  values: readonly Value[],
  reader: Reader,
): Promise<SubscriptionLine[]> {
  const rows = await reader.all<LineRow>(
    `SELECT ${LINE_COLUMNS} FROM subscription_lines WHERE ${condition}`,
    values,
  );
  return rows.map(lineOf);
}

interface SubscriptionRow {
  readonly tenant: string;
  readonly status: SubscriptionStatus;
  readonly tier: SubscriptionTier;
  readonly plan_version: bigint;
  readonly anchor: bigint;
  readonly period_start: bigint;
  readonly period_end: bigint;
  readonly paid: bigint;
  readonly trial_start: bigint | null;
  readonly trial_end: bigint | null;
  readonly trial_extended: bigint;
  readonly trial_notice: bigint | null;
  readonly scheduled_tier: SubscriptionTier | "";
  readonly scheduled_version: bigint;
  readonly due_at: bigint | null;
  readonly changes: bigint;
  readonly lines: bigint;
}

interface LineRow {
  readonly tenant: string;
  readonly number: bigint;
  readonly id: string;
  readonly change: bigint;
  readonly kind: "charge" | "credit";
  readonly tier: SubscriptionTier;
  readonly plan_version: bigint;
  readonly from_at: bigint;
  readonly to_at: bigint;
  readonly period_start: bigint;
  readonly period_end: bigint;
  readonly amount: bigint;
  readonly currency: string;
  readonly description: string;
  readonly at: bigint;
}

/** In the order of the columns, without the tenant. */
function rowOf({ state, dueAt, changes, lines }: StoredSubscription): Value[] {
  const { status, tier, planVersion, anchor, periodStart, periodEnd, paid, scheduled } = state;
  const { trialStart, trialEnd, isTrialExtended, trialNotice } = state;
  return [
    ...[status, tier, planVersion, anchor, periodStart, periodEnd, paid],
    ...[trialStart, trialEnd, isTrialExtended ? 1 : 0, trialNotice],
    ...[scheduled?.tier ?? "", scheduled?.planVersion ?? 0, dueAt, changes, lines],
  ];
}

function storedOf(row: SubscriptionRow): StoredSubscription {
  const { tenant, status, tier, paid, scheduled_tier } = row;
  const planVersion = Number(row.scheduled_version);
  const state: SubscriptionState = {
    ...{ status, tier, planVersion: Number(row.plan_version), anchor: Number(row.anchor) },
    ...{ periodStart: Number(row.period_start), periodEnd: Number(row.period_end), paid },
    ...{ trialStart: numberOf(row.trial_start), trialEnd: numberOf(row.trial_end) },
    ...{ isTrialExtended: row.trial_extended === 1n, trialNotice: numberOf(row.trial_notice) },
    scheduled: scheduled_tier === "" ? null : { tier: scheduled_tier, planVersion },
  };
  const counts = { changes: Number(row.changes), lines: Number(row.lines) };
  return { tenant, state, dueAt: numberOf(row.due_at), ...counts };
}

function lineOf(row: LineRow): SubscriptionLine {
  const { id, tenant, kind, tier, amount, description } = row;
  return {
    ...{ id, tenant, number: Number(row.number), change: Number(row.change), kind, tier },
    ...{ planVersion: Number(row.plan_version), from: Number(row.from_at), to: Number(row.to_at) },
    ...{ periodStart: Number(row.period_start), periodEnd: Number(row.period_end) },
    ...{ amount, description, at: Number(row.at) },
  };
}

function numberOf(value: bigint | null): number | null {
  return value === null ? null : Number(value);
}
