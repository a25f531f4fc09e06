import { setImmediate as nextTurn } from "node:timers/promises";
import { type Static, Type } from "typebox";
import type { CorrectedValues, UsageEvent, Verdict } from "../../domain/metering/index.ts";
import { BillingError, csvLine, invalidInput } from "../../kernel/index.ts";
import { requireSameTenant } from "../auth.ts";
import { NDJSON, NdjsonBody, parseJson } from "../body.ts";
import type { ServerContext } from "../context.ts";
import {
  CorrectedValuesInput,
  EVENT_COLUMNS,
  EventsInput,
  EventsReply,
  EventView,
  eventCells,
  eventJson,
  type EventResult as Result,
} from "../event-schemas.ts";
import { HttpError } from "../problem.ts";
import { type Route, route, TextStream } from "../route.ts";
import { InstantInput, instantOf, PageOf, Strict } from "../schemas.ts";
import { IdParams, PageQuery, pageJson, pageQuery } from "./common.ts";

const PeriodQuery = { from: Type.Optional(InstantInput), to: Type.Optional(InstantInput) };
const Period = Strict(PeriodQuery);
const ListQuery = Strict({ ...PeriodQuery, ...PageQuery });
const CSV = "text/csv; charset=utf-8";
/** Lines of a stream that are committed together. */
const STREAM_BATCH = 500;
/** Results that the answer to a stream lists; beyond them only those of events that were not recorded. */
const STREAM_RESULTS = 10_000;
const EXPORT_CHUNK = 32_768;
/** Verdicts that are told without a pause. */
const ANSWERED_AT_ONCE = 1_000;

/** Recording, listing, exporting and correcting usage events. */
export function eventRoutes(context: ServerContext): readonly Route[] {
  const { metering } = context.services;
  const list = {
    method: "GET",
    tag: "events",
    access: "tenant",
    scopes: ["usage:read"],
    query: ListQuery,
    reply: PageOf(EventView),
    handler: async ({ query, tenant }: { query: Static<typeof ListQuery>; tenant: string }) =>
      pageJson(await metering.page({ tenant, ...periodOf(query), ...pageQuery(query) }), eventJson),
  } as const;
  return [
    route({
      method: "POST",
      path: "/v1/events",
      tag: "events",
      summary:
        "Record usage: one event, a list, { events: [...] }, or a stream of lines; answers once it is durable",
      access: "either",
      scopes: ["events:write"],
      write: "atomic",
      body: EventsInput,
      checksBody: true,
      consumes: [NDJSON],
      reply: EventsReply,
      handler: async ({ body, tenant, principal }) => {
        const recorder = new Recorder(context, tenant, tenant ?? principal.id);
        const given = body as unknown;
        if (given instanceof NdjsonBody) return recorder.stream(given);
        const events = eventsIn(given);
        await recorder.record(events);
        if (events.length === 1 && events[0] === given) recorder.refuseIfRefused();
        return recorder.reply();
      },
    }),
    route({ ...list, path: "/v1/events", summary: "Events in time order" }),
    route({
      ...list,
      path: "/v1/usage/events",
      summary: "Events in time order: the same list as /v1/events",
    }),
    route({
      method: "GET",
      path: "/v1/usage/export",
      tag: "usage",
      summary: "Events of a period as CSV, streamed",
      access: "tenant",
      scopes: ["usage:read"],
      query: Period,
      produces: CSV,
      reply: Type.String(),
      handler: async ({ query, tenant }) =>
        new TextStream(CSV, csvOf(context, tenant, query), {
          "content-disposition": 'attachment; filename="usage.csv"',
        }),
    }),
    route({
      method: "POST",
      path: "/v1/events/:id/corrections",
      tag: "events",
      summary:
        "Take an event back and, unless values is null, replace it by the right one; nothing stored is edited",
      access: "tenant",
      scopes: ["events:write"],
      write: "atomic",
      audit: "event.corrected",
      params: IdParams,
      body: Strict({
        values: Type.Union([CorrectedValuesInput, Type.Null()]),
        reason: Type.String({ minLength: 1, maxLength: 500 }),
        id: Type.Optional(Type.String({ minLength: 1, maxLength: 256 })),
      }),
      reply: Strict({
        id: Type.String(),
        status: Type.String(),
        reversal: Type.Union([EventView, Type.Null()]),
        replacement: Type.Union([EventView, Type.Null()]),
      }),
      handler: async ({ params, body, tenant, onceId }) => {
        const values = body.values as CorrectedValues | null;
        const id = body.id ?? onceId;
        const done = await metering.correct(params.id, values, body.reason, { tenant, id });
        return {
          id: done.id,
          status: done.status,
          reversal: done.reversal && eventJson(done.reversal),
          replacement: done.replacement && eventJson(done.replacement),
        };
      },
    }),
  ];
}

type EventResult = Static<typeof Result>;

/** Records events of one request and counts what becomes of them. */
class Recorder {
  readonly #context: ServerContext;
  readonly #tenant: string | null;
  readonly #lane: string;
  readonly #counts = { accepted: 0, duplicates: 0, conflicts: 0, rejected: 0 };
  readonly #results: EventResult[] = [];
  #omitted = 0;

  constructor(context: ServerContext, tenant: string | null, lane: string) {
    this.#context = context;
    this.#tenant = tenant;
    this.#lane = lane;
  }

  async record(events: readonly UsageEvent[]): Promise<void> {
    for (const event of events) requireSameTenant((event as UsageEvent | null)?.tenant, this.#tenant);
    const { services, gate, metrics } = this.#context;
    // The tenant of events that name none is that of `withTenant`, which every handler runs in.
    const verdicts = await gate.run(this.#lane, events.length, () => services.metering.record(events));
    for (const [index, verdict] of verdicts.entries()) {
      if (index > 0 && index % ANSWERED_AT_ONCE === 0) await nextTurn();
      this.#note(verdict);
      metrics.countEvent(verdict.status);
    }
  }

  /** Lines in parts, each of them durable before the next is read. */
  async stream(body: NdjsonBody) {
    let batch: UsageEvent[] = [];
    const flush = async () => {
      const events = batch;
      batch = [];
      if (events.length > 0) await this.record(events);
    };
    try {
      let number = 0;
      for await (const line of body.lines()) {
        number += 1;
        const event = parsedLine(line, number);
        if (event instanceof HttpError) {
          await flush();
          this.#reject(event);
        } else {
          batch.push(event);
        }
        if (batch.length >= STREAM_BATCH) await flush();
      }
      await flush();
    } catch (error) {
      throw this.#interrupted(error);
    }
    return this.reply();
  }

  reply() {
    const { accepted, duplicates, conflicts, rejected } = this.#counts;
    return {
      ...{ accepted, duplicates, conflicts, rejected },
      results: this.#results,
      ...(this.#omitted > 0 && { omittedResults: this.#omitted }),
    };
  }

  /** A request that is one event succeeds or fails with it. */
  refuseIfRefused(): void {
    const [result] = this.#results;
    if (result?.status !== "rejected" && result?.status !== "conflict") return;
    const { code = "rejected", message = "the event was not recorded", field } = result;
    const status = result.status === "conflict" ? 409 : 422;
    throw new HttpError(status, code, message, { field, extensions: this.reply() });
  }

  #note(verdict: Verdict): void {
    if (verdict.status === "accepted") this.#counts.accepted += 1;
    else if (verdict.status === "duplicate") this.#counts.duplicates += 1;
    else if (verdict.status === "conflict") this.#counts.conflicts += 1;
    else this.#counts.rejected += 1;
    this.#add(resultOf(verdict));
  }

  #reject({ code, message, field }: HttpError): void {
    this.#counts.rejected += 1;
    this.#context.metrics.countEvent("rejected");
    this.#add({ id: "", status: "rejected", code, message, ...(field !== undefined && { field }) });
  }

  #add(result: EventResult): void {
    const isRecorded = result.status === "accepted" || result.status === "duplicate";
    const limit = isRecorded ? STREAM_RESULTS : 2 * STREAM_RESULTS;
    if (this.#results.length < limit) this.#results.push(result);
    else this.#omitted += 1;
  }

  /** The failure of a stream, with what was recorded before it. */
  #interrupted(error: unknown): unknown {
    const { accepted, duplicates, conflicts, rejected } = this.#counts;
    if (accepted + duplicates + conflicts + rejected === 0) return error;
    const extensions = { accepted, duplicates, conflicts, rejected };
    if (error instanceof HttpError) {
      const { status, code, message, field, headers } = error;
      return new HttpError(status, code, message, { field, headers, extensions, cause: error });
    }
    return error instanceof BillingError ? new StreamError(error, extensions) : error;
  }
}

/** An engine's error in the middle of a stream. */
class StreamError extends BillingError {
  constructor(cause: BillingError, recorded: Readonly<Record<string, number>>) {
    const { kind, code, message, details, retryable } = cause;
    super(kind, code, message, { details: { ...details, recorded }, retryable, cause });
  }
}

function eventsIn(body: unknown): readonly UsageEvent[] {
  if (Array.isArray(body)) return body;
  if (!isObject(body)) {
    throw invalidInput(
      "body",
      "invalid_type",
      "the body must be an event, a list of events or { events: [...] }",
    );
  }
  if (!Object.hasOwn(body, "events")) return [body as UsageEvent];
  const { events, ...rest } = body as { events: unknown };
  const [unknown] = Object.keys(rest);
  if (unknown !== undefined) {
    throw invalidInput(
      unknown.slice(0, 80),
      "unknown_field",
      `${JSON.stringify(unknown.slice(0, 80))} is not a field beside events`,
    );
  }
  if (!Array.isArray(events)) throw invalidInput("events", "invalid_type", "events must be a list");
  return events;
}

function parsedLine(line: Buffer, number: number): UsageEvent | HttpError {
  try {
    return parseJson(line, `line ${number}`) as UsageEvent;
  } catch (error) {
    if (error instanceof HttpError) return error;
    throw error;
  }
}

function isObject(value: unknown): value is object {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** Through the verdict's own JSON: its amounts are text there without a detour. */
function resultOf(verdict: Verdict): EventResult {
  const result = verdict.toJSON();
  if (result.field === null) delete result.field;
  return result as EventResult;
}

function periodOf({ from, to }: Static<typeof Period>) {
  return { from: instantOf(from, "from"), to: instantOf(to, "to") };
}

async function* csvOf(
  { services: { metering } }: ServerContext,
  tenant: string,
  period: Static<typeof Period>,
): AsyncGenerator<string, void, undefined> {
  let chunk = csvLine(EVENT_COLUMNS);
  for await (const event of metering.events({ tenant, ...periodOf(period) })) {
    chunk += csvLine(eventCells(event));
    if (chunk.length < EXPORT_CHUNK) continue;
    yield chunk;
    chunk = "";
    // A fast reader never makes this wait, and SQLite does not either: others get their turn here.
    await nextTurn();
  }
  if (chunk !== "") yield chunk;
}
