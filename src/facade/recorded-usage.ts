// How every class of the facade records: one event through the engine, its verdict as an answer or an error.

import type { Decimal } from "decimal.js";
import type { Billing } from "../billing.ts";
import type { Rejection, UsageEvent } from "../domain/metering/index.ts";
import type { RatingFlag } from "../domain/rating/index.ts";
import { BillingError } from "../kernel/index.ts";
import { type CallForm, eventOfCall } from "./call-form.ts";

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

/** The specification's names of whom and what usage belongs to. */
export const ID_NAMES = Object.freeze({
  tenantId: "tenant",
  workspaceId: "workspace",
  userId: "user",
  debateId: "debate",
} as const satisfies Record<string, keyof UsageEvent>);

const NO_NAMES: CallForm["names"] = new Map();
const NOT_RECORDED: Rejection = { code: "not_recorded", field: null, message: "nothing was recorded" };

/** Records what a call of a class tells, as {@link recordUsageEvent} does. */
export async function recordCall(billing: Billing, call: object, form: CallForm): Promise<RecordedUsage> {
  return recordUsageEvent(billing, eventOfCall(call, form), form.names);
}

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
  names: CallForm["names"] = NO_NAMES,
): Promise<RecordedUsage> {
  const verdict = await billing.metering.record(event);
  const { id, status, rejection, costUsd, flags } = verdict;
  if (rejection !== null || costUsd === null) {
    const { code, field, message } = rejection ?? NOT_RECORDED;
    const named = names.get(field ?? "") ?? field;
    const text = field !== null && message.startsWith(field) ? named + message.slice(field.length) : message;
    throw new BillingError(status === "conflict" ? "conflict" : "invalid_input", code, text, {
      details: { field: named },
    });
  }
  return { id, type: event.type ?? "tokens", isNew: status === "accepted", costUsd, flags };
}
