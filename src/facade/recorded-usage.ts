// How every class of the facade records: one event through the engine, its verdict as an answer or an error.

import type { Decimal } from "decimal.js";
import type { Billing } from "../billing.ts";
import type { Metadata, Rejection, UsageEvent } from "../domain/metering/index.ts";
import type { RatingFlag } from "../domain/rating/index.ts";
import { BillingError } from "../kernel/index.ts";

/** What was recorded and what it cost. */
export interface RecordedUsage {
  readonly id: string;
  readonly type: string;
  /** False when this very event was on record already. */
  readonly isNew: boolean;
  readonly costUsd: Decimal;
  /** What deserves a second look: a model the price book does not know, tokens without a price of their own. */
  readonly flags: readonly RatingFlag[];
}

/** What a class calls a field of an event, where it differs. */
export type FieldNames = Readonly<Partial<Record<keyof UsageEvent, string>>>;

/** The specification's names of whom and what usage belongs to. */
export const ID_NAMES: FieldNames = Object.freeze({
  tenant: "tenantId",
  workspace: "workspaceId",
  user: "userId",
  debate: "debateId",
});

const NOT_RECORDED: Rejection = { code: "not_recorded", field: null, message: "nothing was recorded" };

/**
 * Records one event: durable when it resolves, idempotent by `id`. An engine's verdict is a value; a facade answers with
 * what was recorded or throws.
 *
 * @throws BillingError invalid_input naming the field as the caller knows it; conflict `event_conflict` when another
 * event has the id; unavailable when the database cannot commit.
 */
export async function recordUsageEvent(
  billing: Billing,
  event: UsageEvent,
  names: FieldNames = {},
): Promise<RecordedUsage> {
  const verdict = await billing.metering.record(event);
  const { id, status, rejection, costUsd, flags } = verdict;
  if (rejection !== null || costUsd === null) {
    const { code, field, message } = rejection ?? NOT_RECORDED;
    const named = names[field as keyof UsageEvent] ?? field;
    const text = field !== null && message.startsWith(field) ? named + message.slice(field.length) : message;
    throw new BillingError(status === "conflict" ? "conflict" : "invalid_input", code, text, {
      details: { field: named },
    });
  }
  return { id, type: event.type ?? "tokens", isNew: status === "accepted", costUsd, flags };
}

/** Metadata with what a class adds to it by name; absent values stay away, and what is no object is left to the engine. */
export function withExtras(metadata: Metadata | undefined, extras: Record<string, unknown>): Metadata {
  if (metadata !== undefined && (typeof metadata !== "object" || Array.isArray(metadata))) return metadata;
  const given = Object.entries(extras).filter(([, value]) => value !== undefined);
  return { ...metadata, ...Object.fromEntries(given) } as Metadata;
}
