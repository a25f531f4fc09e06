// A stream says its usage in pieces. Each family's collector keeps the last word of every piece, puts them together as
// the response that was not streamed, and knows whether the stream came to its end.

import type { Fields } from "./counts.ts";
import type { UsageShape } from "./types.ts";

/** Takes the chunks of one stream. */
export interface UsageCollector {
  take(chunk: Fields): void;
  /** The response so far, in the shape of one that was not streamed. */
  body(): object;
  /** Whether the provider has said its last word about usage. */
  isComplete(): boolean;
}

/** A new collector for a stream of this shape. */
export function collectorFor(shape: UsageShape): UsageCollector {
  switch (shape) {
    case "anthropic":
      return new AnthropicCollector();
    case "openai-responses":
    case "openrouter-responses":
      return new ResponsesCollector();
    case "google":
      return new ChoicesCollector(GOOGLE);
    case "bedrock-converse":
      return new BedrockCollector();
    case "ai-sdk":
      return new AiSdkCollector();
    default:
      return new ChoicesCollector(CHAT);
  }
}

interface ChoicesNames {
  readonly about: readonly string[];
  readonly usage: string;
  readonly choices: string;
  readonly finish: string;
}

const CHAT: ChoicesNames = {
  about: ["model", "service_tier"],
  usage: "usage",
  choices: "choices",
  finish: "finish_reason",
};
const GOOGLE: ChoicesNames = {
  about: ["modelVersion"],
  usage: "usageMetadata",
  choices: "candidates",
  finish: "finishReason",
};

/**
 * Chat completions and Gemini: the last usage wins. Some servers repeat it on every chunk, so it is final only when a
 * choice has finished, or when its chunk carries no choice.
 */
class ChoicesCollector implements UsageCollector {
  readonly #names: ChoicesNames;
  readonly #body: Record<string, unknown> = {};
  #hasFinished = false;
  #usageStandsAlone = false;

  constructor(names: ChoicesNames) {
    this.#names = names;
  }

  take(chunk: Fields): void {
    const { about, usage, choices, finish } = this.#names;
    keep(this.#body, chunk, about);
    const open = chunk.list(choices);
    if (open.some((choice) => choice.text(finish) !== null)) this.#hasFinished = true;
    const found =
      chunk.value(usage) ?? (chunk.hasPart("x_groq") ? chunk.part("x_groq")?.value("usage") : null);
    if (found !== null && found !== undefined) this.#body[usage] = found;
    if (open.length > 0) this.#usageStandsAlone = false;
    else if (found !== null && found !== undefined) this.#usageStandsAlone = true;
  }

  body(): object {
    return this.#body;
  }

  isComplete(): boolean {
    return this.#hasFinished || this.#usageStandsAlone;
  }
}

const RESPONSE_ENDS = new Set(["response.completed", "response.incomplete", "response.failed"]);

/** The responses API: an event that carries the response tells its usage; the last one is final. */
class ResponsesCollector implements UsageCollector {
  readonly #body: Record<string, unknown> = {};
  #isComplete = false;

  take(event: Fields): void {
    const response = event.hasPart("response") ? event.part("response") : null;
    if (response !== null) keep(this.#body, response, ["model", "service_tier", "usage"]);
    if (RESPONSE_ENDS.has(event.text("type") ?? "")) this.#isComplete = true;
  }

  body(): object {
    return this.#body;
  }

  isComplete(): boolean {
    return this.#isComplete;
  }
}

/**
 * Anthropic: `message_start` has the input, every `message_delta` the counts so far. Nothing is added; a zero does not
 * replace a count, as counts so far cannot fall.
 */
class AnthropicCollector implements UsageCollector {
  readonly #body: Record<string, unknown> = {};
  #usage: Record<string, unknown> | null = null;
  #isComplete = false;

  take(event: Fields): void {
    const message = event.hasPart("message") ? event.part("message") : null;
    if (message !== null) {
      keep(this.#body, message, ["model"]);
      this.#merge(message.part("usage"));
    }
    if (event.text("type") === "message_delta") {
      this.#merge(event.part("usage"));
      if (event.part("delta")?.text("stop_reason")) this.#isComplete = true;
    }
    if (event.text("type") === "message_stop") this.#isComplete = true;
  }

  #merge(usage: Fields | null): void {
    if (usage === null) return;
    this.#usage ??= Object.create(null) as Record<string, unknown>;
    for (const name of usage.names()) {
      const value = usage.value(name);
      if (value === null || (value === 0 && name in this.#usage)) continue;
      this.#usage[name] = value;
    }
  }

  body(): object {
    return this.#usage === null ? this.#body : { ...this.#body, usage: this.#usage };
  }

  isComplete(): boolean {
    return this.#isComplete;
  }
}

/** Bedrock: usage comes once, in the `metadata` event that ends the stream. */
class BedrockCollector implements UsageCollector {
  readonly #body: Record<string, unknown> = {};

  take(event: Fields): void {
    const metadata = event.hasPart("metadata") ? event.part("metadata") : event;
    if (metadata !== null) keep(this.#body, metadata, ["usage", "serviceTier"]);
  }

  body(): object {
    return this.#body;
  }

  isComplete(): boolean {
    return "usage" in this.#body;
  }
}

/** The AI SDK: every step ends with its usage, the stream with everything's. */
class AiSdkCollector implements UsageCollector {
  readonly #body: Record<string, unknown> = {};
  readonly #steps: unknown[] = [];
  #hasFinished = false;

  take(part: Fields): void {
    switch (part.text("type")) {
      case "response-metadata":
        keep(this.#body, part, ["modelId"]);
        break;
      case "finish-step":
        this.#steps.push(picked(part, ["usage", "providerMetadata", "response"]));
        break;
      case "finish":
        keep(this.#body, part, ["usage", "totalUsage", "providerMetadata"]);
        this.#hasFinished = true;
        break;
      case "abort":
        this.#hasFinished = false;
        break;
    }
  }

  body(): object {
    return { ...this.#body, steps: this.#steps };
  }

  isComplete(): boolean {
    return this.#hasFinished;
  }
}

function picked(fields: Fields, names: readonly string[]): Record<string, unknown> {
  const target: Record<string, unknown> = {};
  keep(target, fields, names);
  return target;
}

/** What is not there does not replace what was. */
function keep(target: Record<string, unknown>, fields: Fields, names: readonly string[]): void {
  for (const name of names) {
    const value = fields.value(name);
    if (value !== null) target[name] = value;
  }
}
