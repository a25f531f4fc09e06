// The bundled real traces and their truths, which were computed independently of this program.

import { readFileSync } from "node:fs";
import { gunzipSync } from "node:zlib";
import type { PriceEntryInput, UsageEvent } from "../../src/index.ts";

export interface Truth {
  readonly events: number;
  readonly input_tokens: number;
  readonly cached_tokens: number;
  readonly output_tokens: number;
  readonly cost_usd_ignoring_cache: string;
  readonly cost_usd_cached_at_10pct: string;
}

/** Which of the two truths a price list leads to. */
export type CacheRule = "cost_usd_ignoring_cache" | "cost_usd_cached_at_10pct";

export interface TraceTruth {
  readonly dataset: string;
  readonly file: string;
  readonly first_timestamp: string;
  readonly last_timestamp: string;
  readonly total: Truth;
  readonly by_tenant: Readonly<Record<string, Truth>>;
  readonly by_model: Readonly<Record<string, Truth>>;
  readonly by_provider: Readonly<Record<string, Truth>>;
  readonly by_agent: Readonly<Record<string, Truth>>;
  readonly by_day?: Readonly<Record<string, Truth>>;
  readonly by_hour?: Readonly<Record<string, Truth>>;
  readonly by_tenant_model: Readonly<Record<string, Truth>>;
  readonly by_tenant_month?: Readonly<Record<string, Truth>>;
  readonly by_tenant_day_cost_ignoring_cache?: Readonly<Record<string, string>>;
  readonly debates: number;
  readonly top_10_debates_by_cost_ignoring_cache: Readonly<Record<string, Truth>>;
  readonly by_debate_sha256: string;
}

interface TruthFile {
  readonly price_table_usd_per_1M_tokens: Readonly<
    Record<string, { provider: string; input: string; output: string }>
  >;
  readonly traces: readonly TraceTruth[];
}

const FOLDER = new URL("../../data/llm-traces/", import.meta.url);
const truth = JSON.parse(readFileSync(new URL("truth.json", FOLDER), "utf8")) as TruthFile;

export const TRACES: readonly TraceTruth[] = truth.traces;

/** The seven models' prices, with cached input at the full price or at a tenth of it. */
export function pricesFor(rule: CacheRule): PriceEntryInput[] {
  return Object.entries(truth.price_table_usd_per_1M_tokens).map(([model, { provider, input, output }]) => ({
    provider,
    model,
    input,
    output,
    cachedInput: rule === "cost_usd_ignoring_cache" ? input : tenth(input),
  }));
}

/** The events of a trace, in file order. */
export function eventsOf(trace: TraceTruth): UsageEvent[] {
  const text = gunzipSync(readFileSync(new URL(trace.file, FOLDER))).toString("utf8");
  const [header, ...lines] = text.trimEnd().split("\n");
  if (
    header !==
    "event_id,timestamp,tenant_id,debate_id,agent_id,provider,model,input_tokens,cached_tokens,output_tokens"
  ) {
    throw new Error(`unexpected header in ${trace.file}`);
  }
  return lines.map((line) => {
    const [id, timestamp, tenant, debate, agent, provider, model, tokensIn, cachedTokens, tokensOut] =
      line.split(",");
    return {
      ...{ id, timestamp, tenant, debate, agent, provider, model },
      ...{ tokensIn: Number(tokensIn), cachedTokens: Number(cachedTokens), tokensOut: Number(tokensOut) },
    };
  });
}

function tenth(price: string): string {
  const [whole = "", fraction = ""] = price.split(".");
  const digits = `${whole.padStart(2, "0")}`;
  return `${digits.slice(0, -1)}.${digits.slice(-1)}${fraction}`;
}
