// Correcting one event: its present row is taken back and, unless it never happened, replaced by the right one.

import { BillingError, type Ids, invalidInput } from "../../kernel/index.ts";
import { OvertakenError, type Tx } from "../../store/index.ts";
import { type Adjustment, type CorrectedValues, correctedInput, reversalOf } from "./adjustment.ts";
import { eventsOfAdjustment, findAdjustment, insertAdjustment, successorsOf } from "./adjustment-store.ts";
import { type CommitRules, commitRated, rateEvent } from "./commit.ts";
import { sameContent } from "./content.ts";
import type { RatedEvent } from "./event.ts";
import { type EventDefaults, parseEvent } from "./event-input.ts";
import { findEventsAcrossTenants } from "./event-store.ts";

/** What a correction wrote. */
export interface CorrectionOutcome {
  readonly status: "accepted" | "duplicate" | "unchanged";
  readonly reversal: RatedEvent | null;
  /** Null when the event never happened. */
  readonly replacement: RatedEvent | null;
}

/**
 * Appends a reversal and a replacement of one event in the caller's transaction.
 *
 * @param values null: the event never happened.
 */
export async function correctEvent(
  tx: Tx,
  eventId: string,
  values: CorrectedValues | null,
  adjustment: Adjustment,
  deps: { readonly rules: CommitRules; readonly defaults: EventDefaults; readonly ids: Ids },
): Promise<CorrectionOutcome> {
  const { tenant } = adjustment;
  const known = await findAdjustment(tenant, adjustment.id, tx);
  if (known !== undefined) return repeated(tx, known, adjustment);
  const current = await presentRow(tx, tenant, eventId);
  const recordedAt = deps.rules.now();
  const rows = [reversalOf(current, { id: deps.ids.next("rev"), adjustment: adjustment.id, recordedAt })];
  if (values !== null) {
    const input = correctedInput(current.event, values);
    const event = parseEvent({ ...input, id: deps.ids.next("rpl"), tenant }, deps.defaults);
    const entry = { sign: 1 as const, corrects: current.event.id, adjustment: adjustment.id };
    const book = await deps.rules.pricing.book(tx);
    const replacement = rateEvent(book, event, deps.rules.unknownModel, recordedAt, entry);
    if (replacement instanceof BillingError) throw replacement;
    if (isSame(current, replacement)) return { status: "unchanged", reversal: null, replacement: null };
    rows.push(replacement);
  }
  // A concurrent request with the same id waits here, then finds the entry when it runs again.
  if (!(await insertAdjustment(tx, adjustment))) throw new OvertakenError();
  const isNew = await commitRated(tx, rows, deps.rules.participants);
  if (isNew.includes(false)) throw new OvertakenError();
  return { status: "accepted", reversal: rows[0] as RatedEvent, replacement: rows[1] ?? null };
}

/** Whether a replacement would say and cost the same as the row on record. */
function isSame(current: RatedEvent, replacement: RatedEvent): boolean {
  return (
    sameContent(replacement.event, current.event) &&
    replacement.price === current.price &&
    replacement.chargePrice === current.chargePrice &&
    replacement.cost === current.cost &&
    replacement.charge === current.charge &&
    replacement.flags === current.flags
  );
}

async function repeated(tx: Tx, known: Adjustment, asked: Adjustment): Promise<CorrectionOutcome> {
  if (known.request !== asked.request || known.kind !== asked.kind) {
    throw new BillingError(
      "conflict",
      "adjustment_conflict",
      `another ${known.kind} has the id ${JSON.stringify(asked.id)}; this one was not applied`,
      { details: { field: "id" } },
    );
  }
  const rows = await eventsOfAdjustment(asked.tenant, asked.id, tx);
  const of = (sign: number) => rows.find((row) => row.sign === sign) ?? null;
  return { status: "duplicate", reversal: of(-1), replacement: of(1) };
}

/** The row that counts today: the event itself or the last replacement of it. */
async function presentRow(tx: Tx, tenant: string, eventId: string): Promise<RatedEvent> {
  let [row] = await findEventsAcrossTenants([{ id: eventId, tenant }], tx);
  if (row === undefined) {
    const text = `there is no event ${JSON.stringify(eventId)} of this tenant`;
    throw new BillingError("not_found", "event_not_found", text, { details: { field: "eventId" } });
  }
  if (row.sign === -1) {
    const text = `${JSON.stringify(eventId)} is a reversal: correct the event it belongs to`;
    throw invalidInput("eventId", "not_correctable", text);
  }
  for (;;) {
    const successors: RatedEvent[] = await successorsOf(tenant, row.event.id, tx);
    if (successors.length === 0) return row;
    row = successors.find(({ sign }) => sign === 1);
    if (row === undefined) {
      const text = `${JSON.stringify(eventId)} was taken back by an earlier correction; record the usage as a new event`;
      throw new BillingError("failed_precondition", "event_voided", text, { details: { field: "eventId" } });
    }
  }
}
