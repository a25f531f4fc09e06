// Subscriptions beside their change log, their lines and their organizations.

import type { Reader } from "../../store/index.ts";
import type { SubscriptionLine } from "./line.ts";
import { linesWhereAcrossTenants, SUBSCRIPTION_CURRENCY } from "./subscription-store.ts";

const LISTED = 100;

/** A change as it is on record. */
export interface LoggedChange {
  readonly tenant: string;
  readonly number: bigint;
  readonly kind: string;
  /** The state after it. */
  readonly state: string;
  readonly total: bigint;
  readonly at: bigint;
}

/** Changes by tenant and number, after one. */
export async function changesAcrossTenants(
  after: { readonly tenant: string; readonly number: bigint },
  limit: number,
  reader: Reader,
): Promise<LoggedChange[]> {
  return reader.all(
    `SELECT tenant, number, kind, state, total, at FROM subscription_changes WHERE (tenant, number) > (?, ?)
     ORDER BY tenant, number LIMIT ?`,
    [after.tenant, after.number, limit],
  );
}

/** The lines of changes from one to another, both included, in the order of tenants and changes. */
export async function linesOfChangesAcrossTenants(
  from: LoggedChange,
  to: LoggedChange,
  reader: Reader,
): Promise<SubscriptionLine[]> {
  return linesWhereAcrossTenants(
    "(tenant, change) >= (?, ?) AND (tenant, change) <= (?, ?) ORDER BY tenant, change, number",
    [from.tenant, from.number, to.tenant, to.number],
    reader,
  );
}

export interface LineCount {
  readonly tenant: string;
  readonly stored: bigint | null;
  readonly counted: bigint;
  readonly last: bigint;
}

/** Tenants whose lines are not as many as their subscription says, or not numbered without a gap. */
export async function wrongLineCountsAcrossTenants(reader: Reader): Promise<LineCount[]> {
  return reader.all(
    `SELECT tenant, max(stored) AS stored, sum(one) AS counted, max(number) AS last FROM (
       SELECT tenant, lines AS stored, 0 AS one, 0 AS number FROM subscriptions
       UNION ALL SELECT tenant, NULL, 1, number FROM subscription_lines
     ) AS both_sides GROUP BY tenant
     HAVING max(stored) IS NULL OR max(stored) <> sum(one) OR max(number) <> sum(one) ORDER BY tenant LIMIT ${LISTED}`,
  );
}

/** Lines of changes that there are not, or in another currency. */
export async function strayLinesAcrossTenants(
  reader: Reader,
): Promise<{ readonly tenant: string; readonly number: bigint }[]> {
  return reader.all(
    `SELECT l.tenant, l.number FROM subscription_lines AS l
     LEFT JOIN subscription_changes AS c ON c.tenant = l.tenant AND c.number = l.change
     WHERE c.tenant IS NULL OR l.currency <> ? ORDER BY l.tenant, l.number LIMIT ${LISTED}`,
    [SUBSCRIPTION_CURRENCY],
  );
}

export interface TierPair {
  readonly tenant: string;
  /** Null: there is none. */
  readonly organization: string | null;
  readonly subscription: string | null;
}

/** Organizations that are on another tier, or version, than their subscription, or have none. */
export async function wrongTiersAcrossTenants(reader: Reader): Promise<TierPair[]> {
  return reader.all(
    `SELECT tenant, max(organization) AS organization, max(subscription) AS subscription FROM (
       SELECT id AS tenant, tier || ' version ' || plan_version AS organization, NULL AS subscription FROM organizations
       UNION ALL SELECT tenant, NULL, tier || ' version ' || plan_version FROM subscriptions
     ) AS both_sides GROUP BY tenant
     HAVING max(organization) IS NULL OR max(subscription) IS NULL OR max(organization) <> max(subscription)
     ORDER BY tenant LIMIT ${LISTED}`,
  );
}

/** Trials that began without their claim, and claims that are not of the trial that began. */
export async function wrongTrialsAcrossTenants(reader: Reader): Promise<{ readonly tenant: string }[]> {
  return reader.all(
    `SELECT tenant FROM (
       SELECT tenant, trial_start AS started FROM subscriptions WHERE trial_start IS NOT NULL
       UNION ALL SELECT tenant, started_at FROM subscription_trials
     ) AS both_sides GROUP BY tenant HAVING count(*) <> 2 OR min(started) <> max(started)
     ORDER BY tenant LIMIT ${LISTED}`,
  );
}
