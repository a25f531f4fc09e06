import { setImmediate as nextTurn } from "node:timers/promises";
import {
  BillingError,
  type Clock,
  currentTenant,
  decodeCursor,
  type Ids,
  invalidInput,
  isoInstant,
  type Page,
} from "../../kernel/index.ts";
import type { Reader, Store } from "../../store/index.ts";
import { type PageQuery, pageLimit, pageOf } from "../audit/index.ts";
import type { PricingService } from "../pricing/index.ts";
import type { UnknownModelPolicy } from "../rating/index.ts";
import { type Adjustment, type CorrectedValues, reasonOf, requestText } from "./adjustment.ts";
import { adjustmentsOf, findAdjustment, insertAdjustment } from "./adjustment-store.ts";
import { type CommitRules, RecordUsage } from "./commit.ts";
import type { CommitParticipant } from "./commit-port.ts";
import { type CorrectionOutcome, correctEvent } from "./correction.ts";
import type { CheckedEvent, RatedEvent, UsageEvent } from "./event.ts";
import { type EventDefaults, parseEvent, tenantOf } from "./event-input.ts";
import { type EventPosition, pageOfEvents, positionOf } from "./event-store.ts";
import { type BillingEvent, billingEventOf } from "./event-view.ts";
import { type RerateProgress, Rerating, type TenantDifference } from "./rerating.ts";
import { rejected, type Verdict } from "./verdict.ts";
import { type Difference, type VerifyProgress, verifyUsage } from "./verify.ts";

export interface MeteringOptions {
  readonly tenant: string | undefined;
  readonly unknownModel: UnknownModelPolicy;
  readonly participants: readonly CommitParticipant[];
  /** The hold that events without a `holdId` settle; '' for none. */
  readonly currentHold?: (() => string) | undefined;
}

export interface EventQuery {
  readonly tenant?: string | undefined;
  /** Half-open: from `from`, before `to`. Absent: everything. */
  readonly from?: Date | undefined;
  readonly to?: Date | undefined;
}

/** What a correction did. */
export interface Correction {
  /** The correction's own id. */
  readonly id: string;
  /** `duplicate`: it was applied before. `unchanged`: the values are those on record, nothing was written. */
  readonly status: "accepted" | "duplicate" | "unchanged";
  readonly reversal: BillingEvent | null;
  /** Null when the event was taken back whole. */
  readonly replacement: BillingEvent | null;
}

/** Usage to price again: the half-open period [from, to). */
export interface RerateQuery {
  readonly from: Date;
  readonly to: Date;
  /** Exact id as on the events. Absent: every model. */
  readonly model?: string | undefined;
  readonly provider?: string | undefined;
  /** Absent: the tenant of `withTenant`, else every tenant. */
  readonly tenant?: string | undefined;
}

export interface RerateOptions {
  /** Compares only. */
  readonly dryRun?: boolean | undefined;
  /** Why; required unless `dryRun`. */
  readonly reason?: string | undefined;
  /** Makes a retry continue where it was interrupted. Absent: a new one is made. */
  readonly id?: string | undefined;
  readonly onProgress?: ((progress: RerateProgress) => void) | undefined;
}

export interface RerateReport {
  /** Null of a dry run. */
  readonly id: string | null;
  readonly dryRun: boolean;
  readonly examined: number;
  /** Events that today's book refuses to price (`unknownModel: "refuse"`): they keep their price. */
  readonly kept: number;
  /** Tenants with changes, by name. */
  readonly tenants: readonly TenantDifference[];
}

/** Why events on record were adjusted. */
export interface AdjustmentEntry {
  readonly id: string;
  readonly kind: Adjustment["kind"];
  readonly reason: string;
  /** What was asked for. */
  readonly request: unknown;
  readonly createdAt: Date;
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
/** Events that are checked without a pause: some milliseconds, in which nobody else is heard. */
const CHECKED_AT_ONCE = 1_000;

/** Records usage, exactly once and durably, and reads it back. */
export class MeteringService {
  readonly #store: Store;
  readonly #pricing: PricingService;
  readonly #participants: readonly CommitParticipant[];
  readonly #defaults: EventDefaults;
  readonly #rules: CommitRules;
  readonly #ids: Ids;
  readonly #operation: RecordUsage;
  readonly #currentHold: () => string;

  constructor(
    deps: { store: Store; clock: Clock; ids: Ids; pricing: PricingService },
    options: MeteringOptions,
  ) {
    const { store, clock, ids, pricing } = deps;
    const { tenant, unknownModel, participants, currentHold = () => "" } = options;
    this.#store = store;
    this.#pricing = pricing;
    this.#participants = participants;
    this.#defaults = { tenant, clock, ids };
    this.#rules = { pricing, unknownModel, participants, now: () => clock.now() };
    this.#ids = ids;
    this.#operation = new RecordUsage(this.#rules);
    this.#currentHold = currentHold;
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

  /**
   * A page of one tenant's events in time order. What is recorded meanwhile moves no page: a late event that belongs
   * before the place where a reader is, is in no later page.
   *
   * @throws BillingError invalid_input `invalid_limit`, `invalid_timestamp`; `invalid_cursor` for one that names no event
   * of this tenant.
   * @example
   * const { items, nextCursor } = await billing.metering.page({ tenant: "acme", limit: 50 });
   */
  async page({ cursor, limit, ...query }: EventQuery & PageQuery = {}): Promise<Page<BillingEvent>> {
    const size = pageLimit(limit);
    const { tenant, from, to } = this.#range(query);
    const rows = await this.#store.read(async (reader) => {
      const after = cursor === undefined ? undefined : await cursorPosition(tenant, cursor, reader);
      return pageOfEvents(tenant, { from, to, after, limit: size + 1 }, reader);
    });
    return pageOf(rows, size, ({ event }) => [event.id], billingEventOf);
  }

  /** One tenant's events in time order, read page by page: memory stays flat however many there are. */
  async *events(query: EventQuery = {}): AsyncGenerator<BillingEvent, void, undefined> {
    const { tenant, from, to } = this.#range(query);
    let after: EventPosition | undefined;
    for (;;) {
      const range = { from, to, after, limit: PAGE };
      const page = await this.#store.read((reader) => pageOfEvents(tenant, range, reader));
      for (const stored of page) yield billingEventOf(stored);
      const end = page.at(-1);
      if (end === undefined || page.length < PAGE) return;
      after = { tenant, ts: end.event.ts, seq: end.seq };
    }
  }

  /**
   * Corrects one event on record: appends a reversal that takes its present row back and a replacement with the new
   * values, in one transaction. Nothing stored is edited; both rows fall into the event's own period, and every sum is
   * right at once. What `values` does not name stays. The replacement is priced by its own time, as a late event is.
   *
   * @param values the fields that were wrong; null when the event never happened.
   * @param reason kept for ever in the audit entry.
   * @param options `id` makes a retry safe; `tenant` as in `record`.
   * @throws BillingError not_found `event_not_found`; failed_precondition `event_voided`; conflict `adjustment_conflict`
   * for another correction under the same id; invalid_input as `record`.
   * @example
   * await billing.metering.correct("call-1", { tokensOut: 1_800 }, "the provider's log shows 1,800", { tenant: "acme" });
   */
  async correct(
    eventId: string,
    values: CorrectedValues | null,
    reason: string,
    options: { readonly tenant?: string | undefined; readonly id?: string | undefined } = {},
  ): Promise<Correction> {
    const tenant = tenantOf(options.tenant, this.#defaults.tenant);
    const id = idOf(options.id) ?? this.#ids.next("adj");
    const adjustment: Adjustment = {
      ...{ id, tenant, kind: "correction", reason: reasonOf(reason) },
      request: requestText({ eventId, values }),
      createdAt: this.#rules.now(),
    };
    await this.#pricing.keepShipped();
    const deps = { rules: this.#rules, defaults: this.#defaults, ids: this.#ids };
    const outcome: CorrectionOutcome = await this.#store.transaction((tx) =>
      correctEvent(tx, eventId, values, adjustment, deps),
    );
    const view = (rated: RatedEvent | null) => rated && billingEventOf(rated);
    const { status, reversal, replacement } = outcome;
    return { id, status, reversal: view(reversal), replacement: view(replacement) };
  }

  /**
   * Prices what is on record of a period again by the book and the rules of today, each event by its own time. With
   * `dryRun` it only tells the differences, per tenant; else it appends a reversal and a replacement for every event that
   * differs, under one audit entry. Nothing stored is edited. Committed in parts of 1,000 events, each of them whole; run
   * again (with the same `id`, or another) it goes on, and never changes an event twice.
   *
   * For operators: without a tenant it looks at all of them.
   *
   * @throws BillingError invalid_input naming `from`, `to` or `reason`; conflict `adjustment_conflict`.
   * @example
   * const period = { from: new Date("2026-01-01"), to: new Date("2026-02-01"), model: "gpt-4o" };
   * const preview = await billing.metering.rerate(period, { dryRun: true });
   * await billing.metering.rerate(period, { reason: "contract of 2026, signed late" });
   */
  async rerate(query: RerateQuery, options: RerateOptions = {}): Promise<RerateReport> {
    const from = timeOf(query.from, "from");
    const to = timeOf(query.to, "to");
    if (from >= to) throw invalidInput("to", "invalid_period", "to must be after from");
    const tenant = query.tenant ?? currentTenant() ?? "";
    const selection = {
      ...{ from, to, tenant },
      provider: query.provider?.toLowerCase() ?? "",
      model: query.model ?? "",
    };
    const { dryRun = false, onProgress = () => undefined } = options;
    const id = dryRun ? null : (idOf(options.id) ?? this.#ids.next("adj"));
    await this.#pricing.keepShipped();
    if (id !== null) {
      const request = requestText({ ...selection, from: isoInstant(from), to: isoInstant(to) });
      const reason = reasonOf(options.reason);
      await this.#announce({ id, tenant, kind: "rerating", reason, request, createdAt: this.#rules.now() });
    }
    const rerating = new Rerating({ store: this.#store, rules: this.#rules, ids: this.#ids });
    return { id, dryRun, ...(await rerating.run(selection, id, onProgress)) };
  }

  /** The last 1,000 corrections of a tenant's events and re-ratings that changed them, newest first. */
  async adjustments(query: { readonly tenant?: string | undefined } = {}): Promise<AdjustmentEntry[]> {
    const tenant = tenantOf(query.tenant, this.#defaults.tenant);
    const found = await this.#store.read((reader) => adjustmentsOf(tenant, PAGE, reader));
    return found.map(({ id, kind, reason, request, createdAt }) => {
      return { id, kind, reason, request: JSON.parse(request), createdAt: new Date(createdAt) };
    });
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

  #range(query: EventQuery): { readonly tenant: string; readonly from: number; readonly to: number } {
    return {
      tenant: tenantOf(query.tenant, this.#defaults.tenant),
      from: query.from === undefined ? 0 : timeOf(query.from, "from"),
      to: query.to === undefined ? Number.MAX_SAFE_INTEGER : timeOf(query.to, "to"),
    };
  }

  /** Writes the audit entry of a re-rating, or finds that of the run it continues. */
  #announce(adjustment: Adjustment): Promise<void> {
    return this.#store.transaction(async (tx) => {
      if (await insertAdjustment(tx, adjustment)) return;
      const known = await findAdjustment(adjustment.tenant, adjustment.id, tx);
      if (known?.request === adjustment.request && known.kind === adjustment.kind) return;
      const text = `another adjustment has the id ${JSON.stringify(adjustment.id)}; this one was not applied`;
      throw new BillingError("conflict", "adjustment_conflict", text, { details: { field: "id" } });
    });
  }

  async #recordAll(batch: readonly UsageEvent[]): Promise<Verdict[]> {
    const verdicts = new Array<Verdict>(batch.length);
    const events: CheckedEvent[] = [];
    const places: number[] = [];
    for (const [index, input] of batch.entries()) {
      if (index > 0 && index % CHECKED_AT_ONCE === 0) await nextTurn();
      try {
        const event = parseEvent(input, this.#defaults);
        const hold = event.hold === "" ? this.#currentHold() : event.hold;
        events.push(hold === event.hold ? event : { ...event, hold });
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

async function cursorPosition(tenant: string, cursor: string, reader: Reader): Promise<EventPosition> {
  const [id] = decodeCursor(cursor, ["string"]);
  const position = await positionOf(tenant, String(id), reader);
  if (position !== undefined) return position;
  throw invalidInput("cursor", "invalid_cursor", "cursor must be one that this list has returned");
}

function isBatch(input: UsageEvent | readonly UsageEvent[]): input is readonly UsageEvent[] {
  return Array.isArray(input);
}

const ADJUSTMENT_ID = /^[^\p{Cc}\p{Cs}]{1,256}$/u;

function idOf(id: string | undefined): string | undefined {
  if (id === undefined || (typeof id === "string" && ADJUSTMENT_ID.test(id))) return id;
  throw invalidInput("id", "invalid_text", "id must be 1 to 256 characters without control characters");
}

function timeOf(value: Date, field: string): number {
  if (value instanceof Date && !Number.isNaN(value.getTime())) return value.getTime();
  throw invalidInput(field, "invalid_timestamp", `${field} must be a valid Date`);
}
