import { invalidInput } from "../../../kernel/index.ts";
import { aiSdkUsage } from "./ai-sdk.ts";
import { anthropicUsage } from "./anthropic.ts";
import { bedrockUsage } from "./bedrock.ts";
import { Fields } from "./counts.ts";
import { deepSeekUsage } from "./deepseek.ts";
import { googleUsage } from "./google.ts";
import { openAiChatUsage, openAiResponsesUsage } from "./openai.ts";
import { openRouterChatUsage, openRouterResponsesUsage } from "./openrouter.ts";
import { collectorFor } from "./stream.ts";
import type { ProviderUsage, UsageShape } from "./types.ts";

/**
 * Reads what a provider's response says it used, in the terms of a `UsageEvent`.
 *
 * Takes the parsed response, or its usage object alone. Pure; the body is not changed. Absent is not zero: without a
 * usage object the state is `missing`. What does not add up is in `issues`, and the counts stay as reported.
 *
 * @throws BillingError invalid_input naming the field: an unknown `shape`, a `body` that is no object, a count that is
 * negative, fractional, above 10^9 or no number.
 * @example
 * usageFromResponse("openai-chat", { model: "gpt-4o", usage: { prompt_tokens: 7, completion_tokens: 3 } }).tokensIn; // 7
 */
export function usageFromResponse(shape: UsageShape, body: unknown): ProviderUsage {
  return readerOf(shape)(Fields.of(body, ""));
}

export interface StreamUsageOptions {
  /** The stream was given up before its end: the counts are an estimate, whatever came. */
  readonly aborted?: boolean | undefined;
}

/**
 * Reads the usage of a stream from its parsed chunks, in order: all of them, or those up to where it broke off.
 *
 * The last usage wins; cumulative counts are never added. A stream that was aborted or did not reach its end settles as
 * `estimated` with what is known, or as `missing` when no usage came.
 *
 * @throws BillingError invalid_input as `usageFromResponse`; `chunks` for what is no list of objects.
 * @example
 * usageFromStream("openai-chat", [{ choices: [], usage: { prompt_tokens: 7, completion_tokens: 3 } }]).tokensOut; // 3
 */
export function usageFromStream(
  shape: UsageShape,
  chunks: Iterable<unknown>,
  options: StreamUsageOptions = {},
): ProviderUsage {
  const read = readerOf(shape);
  const collector = collectorFor(shape);
  let index = 0;
  for (const chunk of listed(chunks)) {
    if (chunk !== END_OF_EVENTS) collector.take(Fields.of(chunk, `chunks[${index}]`));
    index += 1;
  }
  const usage = read(Fields.of(collector.body(), ""));
  const isFinal = collector.isComplete() && options.aborted !== true;
  return isFinal || usage.usageState === "missing" ? usage : { ...usage, usageState: "estimated" };
}

/** What OpenAI's event streams end with. */
const END_OF_EVENTS = "[DONE]";

const READERS: ReadonlyMap<unknown, (body: Fields) => ProviderUsage> = new Map(
  Object.entries({
    anthropic: anthropicUsage,
    "openai-chat": openAiChatUsage,
    "openai-chat-compatible": openAiChatUsage,
    "openai-responses": openAiResponsesUsage,
    "openrouter-chat": openRouterChatUsage,
    "openrouter-responses": openRouterResponsesUsage,
    google: googleUsage,
    deepseek: deepSeekUsage,
    "bedrock-converse": bedrockUsage,
    "ai-sdk": aiSdkUsage,
  } satisfies Record<UsageShape, (body: Fields) => ProviderUsage>),
);

function readerOf(shape: UsageShape): (body: Fields) => ProviderUsage {
  const reader = READERS.get(shape);
  if (reader !== undefined) return reader;
  const names = [...READERS.keys()].filter((name) => name !== "openai-chat-compatible");
  throw invalidInput("shape", "unknown_shape", `shape must be one of ${names.join(", ")}`);
}

function listed(chunks: Iterable<unknown>): Iterable<unknown> {
  if (typeof chunks !== "string" && typeof Object(chunks)[Symbol.iterator] === "function") return chunks;
  throw invalidInput("chunks", "invalid_type", "chunks must be a list: collect an asynchronous stream first");
}
