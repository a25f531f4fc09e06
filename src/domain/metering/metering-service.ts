import { BillingError, type Clock, dayOf, type Ids, invalidInput } from "../../kernel/index.ts";
import type { Reader, Store } from "../../store/index.ts";
import type { PricingService } from "../pricing/index.ts";
import type { UnknownModelPolicy } from "../rating/index.ts";
import { RecordUsage } from "./commit.ts";
import type { CommitParticipant } from "./commit-port.ts";
import type { CheckedEvent, UsageEvent } from "./event.ts";
import { type EventDefaults, parseEvent, tenantOf } from "./event-input.ts";
import { type EventPosition, eventDaysAcrossTenants, pageOfDay } from "./event-store.ts";
import { type BillingEvent, billingEventOf } from "./event-view.ts";
import { rejected, type Verdict } from "./verdict.ts";
import { type Difference, type VerifyProgress, verifyUsage } from "./verify.ts";

export interface MeteringOptions {
  readonly tenant: string | undefined;
  readonly unknownModel: UnknownModelPolicy;
  readonly participants: readonly CommitParticipant[];
}

export interface EventQuery {
  readonly tenant?: string | undefined;
  /** Half-open: from `from`, before `to`. Absent: everything. */
  readonly from?: Date | undefined;
  readonly to?: Date | undefined;
}

export interface VerifyReport {
  /** True when nothing differs. */
  readonly ok: boolean;
  readonly events: number;
  readonly differences: readonly Difference[];
}

/** Events of one call commit together; beyond this a call would hold the writer for too long. */
const MAX_BATCH = 10_000;
const PAGE = 1_000;

/** Records usage, exactly once and durably, and reads it back. */
export class MeteringService {
  readonly #store: Store;
  readonly #pricing: PricingService;
  readonly #participants: readonly CommitParticipant[];
  readonly #defaults: EventDefaults;
  readonly #operation: RecordUsage;

  constructor(
    deps: { store: Store; clock: Clock; ids: Ids; pricing: PricingService },
    options: MeteringOptions,
  ) {
    const { store, clock, ids, pricing } = deps;
    const { tenant, unknownModel, participants } = options;
    this.#store = store;
    this.#pricing = pricing;
    this.#participants = participants;
    this.#defaults = { tenant, clock, ids };
    this.#operation = new RecordUsage({ pricing, unknownModel, participants, now: () => clock.now() });
  }

  /**
   * Records one event, or up to 10,000 in one transaction: a verdict for each, in order.
   *
   * When it resolves, what was accepted is durable (fsynced), counted in every rollup and visible to every query. Events
   * are priced by their own time and keep that price. Idempotent by (tenant, id): the same event again is `duplicate`,
   * another one under a recorded id is `conflict`. A bad event is `rejected` and fails no neighbour.
   *
   * @throws BillingError unavailable when the database cannot commit: nothing was acknowledged, and a retry with the
   * same ids is safe (a connection lost during the commit may have recorded all of it). invalid_input `batch_too_large`.
   * @example
   * const verdict = await billing.metering.record({
   *   id: "call-1", tenant: "acme", provider: "anthropic", model: "claude-opus-4", tokensIn: 5000, tokensOut: 2000,
   * });
   * verdict.costUsd?.toString(); // "0.225"
   */
  record(event: UsageEvent): Promise<Verdict>;
  record(events: readonly UsageEvent[]): Promise<Verdict[]>;
  async record(input: UsageEvent | readonly UsageEvent[]): Promise<Verdict | Verdict[]> {
    const batch = isBatch(input) ? input : [input];
    if (batch.length > MAX_BATCH) {
      const text = `a call takes at most ${MAX_BATCH} events, this one has ${batch.length}: send several calls`;
      throw invalidInput("events", "batch_too_large", text);
    }
    const verdicts = await this.#recordAll(batch);
    return isBatch(input) ? verdicts : (verdicts[0] as Verdict);
  }

  /** One tenant's events in time order, read page by page: memory stays flat however many there are. */
  async *events(query: EventQuery = {}): AsyncGenerator<BillingEvent, void, undefined> {
    const tenant = tenantOf(query.tenant, this.#defaults.tenant);
    const from = query.from?.getTime() ?? 0;
    const to = query.to?.getTime() ?? Number.MAX_SAFE_INTEGER;
    if (Number.isNaN(from) || Number.isNaN(to))
      throw invalidInput("from", "invalid_timestamp", "from and to must be dates");
    const days = await this.#store.read(eventDaysAcrossTenants);
    if (days === undefined) return;
    const last = Math.min(days.last, dayOf(to - 1));
    for (let day = Math.max(days.first, dayOf(from)); day <= last; day += 1) {
      let after: EventPosition | undefined;
      for (;;) {
        const range = { day, from, to, after, limit: PAGE };
        const page = await this.#store.read((reader) => pageOfDay(tenant, range, reader));
        for (const stored of page) yield billingEventOf(stored);
        const end = page.at(-1);
        if (end === undefined || page.length < PAGE) break;
        after = { tenant, ts: end.event.ts, seq: end.seq };
      }
    }
  }

  /** Recomputes prices, events and rollups on one snapshot and lists what differs; changes nothing. */
  async verify(onProgress: (progress: VerifyProgress) => void = () => undefined): Promise<VerifyReport> {
    return this.#store.read(async (reader: Reader) => {
      const prices = await this.#pricing.differences(reader);
      const { events, differences } = await verifyUsage(reader, await this.#pricing.book(reader), onProgress);
      const all = [...prices, ...differences];
      for (const participant of this.#participants) all.push(...(await participant.differences(reader)));
      return { ok: all.length === 0, events, differences: all };
    });
  }

  async #recordAll(batch: readonly UsageEvent[]): Promise<Verdict[]> {
    const verdicts = new Array<Verdict>(batch.length);
    const events: CheckedEvent[] = [];
    const places: number[] = [];
    for (const [index, input] of batch.entries()) {
      try {
        events.push(parseEvent(input, this.#defaults));
        places.push(index);
      } catch (error) {
        if (!(error instanceof BillingError)) throw error;
        verdicts[index] = rejected(typeof input?.id === "string" ? input.id : "", error);
      }
    }
    if (events.length > 0) {
      await this.#pricing.keepShipped();
      const answers = await this.#store.submit(this.#operation, events);
      for (const [position, index] of places.entries()) verdicts[index] = answers[position] as Verdict;
    }
    return verdicts;
  }
}

function isBatch(input: UsageEvent | readonly UsageEvent[]): input is readonly UsageEvent[] {
  return Array.isArray(input);
}
