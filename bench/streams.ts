// The three streams of usage that every ingest figure is about, the same in every run: no clock, no Math.random.

import { readFileSync } from "node:fs";
import { gunzipSync } from "node:zlib";
import type { UsageEvent } from "../src/index.ts";

export const STREAMS = ["trace", "bursty", "uniform"] as const;
export type StreamName = (typeof STREAMS)[number];

/** Whether ids come in the order of arrival (as ULIDs do) or in none (as random UUIDs do). */
export const ID_ORDERS = ["ordered", "random"] as const;
export type IdOrder = (typeof ID_ORDERS)[number];

export interface StreamOptions {
  readonly name: StreamName;
  readonly events: number;
  readonly ids: IdOrder;
  /** Time between two events of bursty and uniform. Default: 5 million events in 45 days. */
  readonly stepMs?: number | undefined;
}

const TRACE = new URL("../data/llm-traces/composite-61d-a.csv.gz", import.meta.url);
export const TRACE_DAYS = 45;
export const DAY_MS = 86_400_000;
export const START = Date.parse("2025-01-01T00:00:00Z");

const STEP_MS = (TRACE_DAYS * DAY_MS) / 5_000_000;
const TENANTS = 1_000;
const RUNNING_DEBATES = 60;
const CALLS_OF_A_DEBATE = 20;
const DUPLICATES = 0.005;
/** How far back the retry of a call may lie. */
const RETRIED = 500;
const AGENTS = ["proposer", "critic", "judge", "moderator", "synthesizer"];
const MODELS: readonly (readonly [provider: string, model: string])[] = [
  ["anthropic", "claude-opus-4"],
  ["anthropic", "claude-sonnet-4"],
  ["anthropic", "claude-sonnet-4-0"],
  ["openai", "gpt-4o"],
  ["openai", "gpt-4o-mini"],
  ["google", "gemini-pro"],
  ["deepseek", "deepseek-v3"],
  ["openrouter", "default"],
];

/**
 * The events of a stream, in order of arrival, as a caller would send them.
 *
 * - trace: the composite LLM trace, repeated with new ids and moved by 45 days per repetition, the last one ending in
 *   2025: 12 tenants, debates of 40.
 * - bursty: 1,000 tenants, 60 debates running at once, 20 calls each, 10 users, 5 agents, 8 models, 0.5 % duplicates.
 * - uniform: the same with all 1,000 tenants interleaved call by call, the worst case for rollups.
 */
export function stream(options: StreamOptions): Generator<UsageEvent> {
  return options.name === "trace" ? trace(options) : debates(options);
}

/** Cuts events into batches; the last one may be shorter. */
export function* batchesOf(events: Iterable<UsageEvent>, size: number): Generator<readonly UsageEvent[]> {
  let batch: UsageEvent[] = [];
  for (const event of events) {
    batch.push(event);
    if (batch.length < size) continue;
    yield batch;
    batch = [];
  }
  if (batch.length > 0) yield batch;
}

/** A repeatable source of numbers from 0 up to 1 (mulberry32). */
export function seeded(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}

let traceLines: readonly string[] | undefined;

function* trace({ events, ids }: StreamOptions): Generator<UsageEvent> {
  traceLines ??= gunzipSync(readFileSync(TRACE)).toString("utf8").trimEnd().split("\n").slice(1);
  const lines = traceLines;
  const nextId = idsIn(ids);
  const repetitions = Math.ceil(events / lines.length);
  for (let index = 0; index < events; index += 1) {
    const repetition = Math.floor(index / lines.length);
    const shift = (repetition + 1 - repetitions) * TRACE_DAYS * DAY_MS;
    const [, time = "", tenant, debate, agent, provider, model, tokensIn, cached, tokensOut] = (
      lines[index % lines.length] as string
    ).split(",");
    yield {
      id: nextId(index),
      tenant,
      timestamp: new Date(Date.parse(time) + shift).toISOString(),
      agent,
      debate: repetition === 0 ? debate : `${debate}-${repetition}`,
      provider,
      model,
      tokensIn: Number(tokensIn),
      cachedTokens: Number(cached),
      tokensOut: Number(tokensOut),
    };
  }
}

interface Debate {
  readonly tenant: number;
  readonly name: string;
  readonly user: string;
  readonly firstModel: number;
  calls: number;
}

function* debates({ name, events, ids, stepMs = STEP_MS }: StreamOptions): Generator<UsageEvent> {
  const random = seeded(name === "bursty" ? 11 : 13);
  const upTo = (limit: number) => Math.floor(random() * limit);
  const nextId = idsIn(ids);
  const slots = name === "bursty" ? RUNNING_DEBATES : TENANTS;
  const running = new Array<Debate>(slots);
  const recent: UsageEvent[] = [];
  let begun = 0;
  for (let index = 0; index < events; index += 1) {
    const retried = random() < DUPLICATES ? recent[upTo(recent.length)] : undefined;
    if (retried !== undefined) {
      yield retried;
      continue;
    }
    const slot = name === "bursty" ? upTo(slots) : index % slots;
    let debate = running[slot];
    if (debate === undefined || debate.calls === CALLS_OF_A_DEBATE) {
      const tenant = name === "bursty" ? upTo(TENANTS) : slot;
      debate = { tenant, name: `debate-${begun}`, user: `user-${upTo(10)}`, firstModel: upTo(8), calls: 0 };
      running[slot] = debate;
      begun += 1;
    }
    const agent = debate.calls % AGENTS.length;
    const [provider, model] = MODELS[(debate.firstModel + agent) % MODELS.length] as readonly [
      string,
      string,
    ];
    const tokensIn = 200 + upTo(8_000);
    const event: UsageEvent = {
      id: nextId(index),
      tenant: `tenant-${String(debate.tenant).padStart(4, "0")}`,
      timestamp: new Date(START + Math.floor(index * stepMs)).toISOString(),
      workspace: `workspace-${debate.tenant % 3}`,
      user: debate.user,
      agent: AGENTS[agent],
      debate: debate.name,
      provider,
      model,
      tokensIn,
      cachedTokens: random() < 0.3 ? upTo(tokensIn) : 0,
      tokensOut: 50 + upTo(1_500),
    };
    debate.calls += 1;
    recent[index % RETRIED] = event;
    yield event;
  }
}

/** Ids as long as the engine's own, in or out of order. */
function idsIn(order: IdOrder): (index: number) => string {
  if (order === "ordered") return (index) => `evt_${index.toString(32).padStart(26, "0")}`;
  const random = seeded(17);
  const part = () =>
    Math.floor(random() * 2 ** 30)
      .toString(32)
      .padStart(6, "0");
  return (index) => `evt_${part()}${part()}${part()}${index.toString(32).padStart(8, "0")}`;
}
