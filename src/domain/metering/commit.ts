// The one place where usage becomes a fact: rate, insert, roll up, let the participants follow, answer.

import { BillingError, invalidInput } from "../../kernel/index.ts";
import type { Operation, Tx } from "../../store/index.ts";
import type { PriceBook, PricingService } from "../pricing/index.ts";
import { rate, type UnknownModelPolicy } from "../rating/index.ts";
import type { CommitParticipant } from "./commit-port.ts";
import { eventKey, sameContent, withFingerprint } from "./content.ts";
import { type CheckedEvent, type Entry, type RatedEvent, REPORTED } from "./event.ts";
import { findEventsAcrossTenants, insertEvents } from "./event-store.ts";
import { USAGE_FLAGS } from "./usage-flags.ts";
import { conflicted, rejected, Verdict } from "./verdict.ts";

/** $1,000,000 in pico-USD: beyond that an event is a mistake, and no sum of ours could overflow. */
const MAX_EVENT_COST = 1_000_000n * 10n ** 12n;

export interface CommitRules {
  readonly pricing: PricingService;
  readonly unknownModel: UnknownModelPolicy;
  readonly participants: readonly CommitParticipant[];
  readonly now: () => number;
}

/**
 * Records batches of checked events in one transaction, whoever sent them: a verdict per event, in order.
 *
 * Rated inside the transaction, so an event takes the price that is in the book when it is committed. An event with an
 * id that is on record is compared with it and never applied again.
 */
export class RecordUsage implements Operation<readonly CheckedEvent[], readonly Verdict[]> {
  readonly name = "record usage";
  readonly #rules: CommitRules;

  constructor(rules: CommitRules) {
    this.#rules = rules;
  }

  size(events: readonly CheckedEvent[]): number {
    return events.length;
  }

  async apply(tx: Tx, batches: readonly (readonly CheckedEvent[])[]): Promise<Verdict[][]> {
    const { pricing, unknownModel, participants, now } = this.#rules;
    const book = await pricing.book(tx);
    const recordedAt = now();
    const events = batches.flat();
    const outcomes = events.map((event) => rateEvent(book, event, unknownModel, recordedAt, REPORTED));
    const rated = outcomes.filter((outcome) => !(outcome instanceof BillingError)) as RatedEvent[];

    const isNew = await commitRated(tx, rated, participants);
    const repeated = rated.filter((_, index) => !isNew[index]).map(({ event }) => event);
    const onRecord = await recordedByKey(tx, repeated);

    let next = 0;
    const verdicts = outcomes.map((outcome, index) => {
      const event = events[index] as CheckedEvent;
      if (outcome instanceof BillingError) return rejected(event.id, outcome);
      const wasNew = isNew[next];
      next += 1;
      return wasNew
        ? new Verdict(event.id, "accepted", outcome)
        : compare(event, onRecord.get(eventKey(event.id, event.tenant)));
    });
    let start = 0;
    return batches.map(({ length }) => {
      start += length;
      return verdicts.slice(start - length, start);
    });
  }
}

/** Inserts rows, rolls up the new ones and lets the participants follow; tells for each row whether it was new. */
export async function commitRated(
  tx: Tx,
  rated: readonly RatedEvent[],
  participants: readonly CommitParticipant[],
): Promise<boolean[]> {
  if (rated.length === 0) return [];
  for (const participant of participants) await participant.prepare?.(tx, rated);
  const isNew = await insertEvents(tx, rated);
  const accepted = rated.filter((_, index) => isNew[index]);
  if (accepted.length > 0) for (const participant of participants) await participant.apply(tx, accepted);
  return isNew;
}

/** A row ready to be inserted, or why there can be none. */
export function rateEvent(
  book: PriceBook,
  event: CheckedEvent,
  policy: UnknownModelPolicy,
  recordedAt: number,
  entry: Entry,
): RatedEvent | BillingError {
  const rating = rate(book, event, policy);
  if (rating === null) {
    const name = event.model === "" ? "tokens without a model" : `${event.provider}/${event.model}`;
    return invalidInput(
      "model",
      "unknown_model",
      `no price for ${name} at the event's time; add one to the price book`,
    );
  }
  const { price, cost, chargePrice, charge } = rating;
  if (cost > MAX_EVENT_COST || charge > MAX_EVENT_COST) {
    return invalidInput(
      "tokensIn",
      "cost_too_large",
      "one event costs more than $1,000,000; split it or check its counts",
    );
  }
  const flags = rating.flags | USAGE_FLAGS[event.usageState];
  const { sign, corrects, adjustment } = entry;
  const money = { price, chargePrice, cost, charge };
  return withFingerprint({ event, ...money, flags, recordedAt, sign, corrects, adjustment, fingerprint: 0 });
}

async function recordedByKey(tx: Tx, events: readonly CheckedEvent[]): Promise<Map<string, RatedEvent>> {
  const recorded = await findEventsAcrossTenants(events, tx);
  return new Map(recorded.map((rated) => [eventKey(rated.event.id, rated.event.tenant), rated]));
}

function compare(event: CheckedEvent, recorded: RatedEvent | undefined): Verdict {
  if (recorded === undefined) {
    throw new BillingError("internal", "event_missing", "an event on record cannot be read");
  }
  return sameContent(event, recorded.event)
    ? new Verdict(event.id, "duplicate", recorded)
    : conflicted(event.id);
}
