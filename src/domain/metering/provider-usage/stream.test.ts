import { describe, expect, it } from "vitest";
import type { BillingError } from "../../../kernel/index.ts";
import { type UsageShape, usageFromStream } from "./index.ts";

const word = { model: "gpt-4o", choices: [{ delta: { content: "a" }, finish_reason: null }], usage: null };
const stop = { model: "gpt-4o", choices: [{ delta: {}, finish_reason: "stop" }] };
const chatUsage = { prompt_tokens: 7, completion_tokens: 3, total_tokens: 10 };

describe("usageFromStream, of chat completions", () => {
  it("takes the usage of the last chunk", () => {
    const chunks = [word, stop, { model: "gpt-4o", choices: [], usage: chatUsage }, "[DONE]"];
    for (const shape of ["openai-chat", "openrouter-chat", "deepseek"] as UsageShape[]) {
      expect(usageFromStream(shape, chunks)).toMatchObject({
        model: "gpt-4o",
        tokensIn: 7,
        tokensOut: 3,
        usageState: "reported",
        issues: [],
      });
    }
  });

  it("is missing, not 0, where no usage came", () => {
    expect(usageFromStream("openai-chat", [word, word])).toMatchObject({
      model: "gpt-4o",
      tokensIn: 0,
      usageState: "missing",
    });
    expect(usageFromStream("openai-chat", [], { aborted: true }).usageState).toBe("missing");
  });

  it("takes the last of repeated usages, as an estimate until a choice has finished", () => {
    const first = { ...word, usage: { prompt_tokens: 7, completion_tokens: 1 } };
    const second = { ...word, usage: { prompt_tokens: 7, completion_tokens: 2 } };
    const cut = usageFromStream("openai-chat", [first, second]);
    expect(cut).toMatchObject({ tokensIn: 7, tokensOut: 2, usageState: "estimated" });
    const whole = usageFromStream("openai-chat", [first, second, { ...stop, usage: chatUsage }]);
    expect(whole).toMatchObject({ tokensOut: 3, usageState: "reported" });
  });

  it("is an estimate when it was aborted, whatever came", () => {
    const chunks = [word, { choices: [], usage: chatUsage }];
    expect(usageFromStream("openai-chat", chunks, { aborted: true })).toMatchObject({
      tokensIn: 7,
      usageState: "estimated",
    });
  });

  it("finds Groq's usage", () => {
    expect(usageFromStream("openai-chat", [{ ...stop, x_groq: { usage: chatUsage } }])).toMatchObject({
      tokensIn: 7,
      usageState: "reported",
    });
  });
});

describe("usageFromStream, of the responses API", () => {
  const usage = { input_tokens: 7, output_tokens: 3, total_tokens: 10 };
  const created = { type: "response.created", response: { model: "gpt-5", usage: null } };

  it.each(["response.completed", "response.incomplete", "response.failed"])(
    "takes the usage of %s",
    (type) => {
      const chunks = [
        created,
        { type: "response.output_text.delta", delta: "a" },
        { type, response: { usage } },
      ];
      expect(usageFromStream("openai-responses", chunks)).toMatchObject({
        model: "gpt-5",
        tokensIn: 7,
        tokensOut: 3,
        usageState: "reported",
      });
    },
  );

  it("is missing where it broke off", () => {
    expect(usageFromStream("openrouter-responses", [created])).toMatchObject({
      model: "gpt-5",
      usageState: "missing",
    });
  });
});

describe("usageFromStream, of Anthropic", () => {
  const start = {
    type: "message_start",
    message: {
      model: "claude-sonnet-4-5",
      usage: {
        input_tokens: 3,
        cache_read_input_tokens: 7,
        cache_creation_input_tokens: 31_490,
        cache_creation: { ephemeral_5m_input_tokens: 31_490, ephemeral_1h_input_tokens: 0 },
        output_tokens: 1,
        service_tier: "standard",
      },
    },
  };
  const delta = (usage: object, stop_reason: string | null = null) => ({
    type: "message_delta",
    delta: { stop_reason },
    usage,
  });

  it("takes the input of the start and the last cumulative output, adding neither", () => {
    const chunks = [start, delta({ output_tokens: 20 }), delta({ output_tokens: 55 }, "end_turn")];
    expect(usageFromStream("anthropic", [...chunks, { type: "message_stop" }])).toMatchObject({
      model: "claude-sonnet-4-5",
      tokensIn: 31_500,
      cachedTokens: 7,
      cacheWriteTokens: 31_490,
      tokensOut: 55,
      serviceTier: "standard",
      usageState: "reported",
      issues: [],
    });
  });

  it("takes inputs that grew, and counts writes outside the first split as 5 minutes", () => {
    const grown = { input_tokens: 5, cache_creation_input_tokens: 184_457, output_tokens: 55 };
    const usage = usageFromStream("anthropic", [start, delta(grown, "end_turn")]);
    expect(usage).toMatchObject({ tokensIn: 184_469, cacheWriteTokens: 184_457, cacheWrite1hTokens: 0 });
    expect(usage.issues[0]).toMatch(/^cache_write_split_mismatch: /);
  });

  it("keeps the input where a delta repeats it as 0 or null", () => {
    const usage = { input_tokens: 0, cache_read_input_tokens: null, output_tokens: 55 };
    expect(usageFromStream("anthropic", [start, delta(usage, "end_turn")]).tokensIn).toBe(31_500);
  });

  it("is an estimate where it broke off: input known, output as far as reported", () => {
    expect(usageFromStream("anthropic", [start])).toMatchObject({
      tokensIn: 31_500,
      tokensOut: 1,
      usageState: "estimated",
    });
    expect(usageFromStream("anthropic", [start, delta({ output_tokens: 20 })])).toMatchObject({
      tokensOut: 20,
      usageState: "estimated",
    });
  });

  it("is not led astray by the names of prototypes", () => {
    const hostile = JSON.parse('{"output_tokens":9,"__proto__":{"input_tokens":5},"constructor":4}');
    expect(usageFromStream("anthropic", [start, delta(hostile, "end_turn")])).toMatchObject({
      tokensIn: 31_500,
      tokensOut: 9,
    });
  });
});

describe("usageFromStream, of Google", () => {
  const chunk = (candidatesTokenCount: number, finishReason?: string) => ({
    modelVersion: "gemini-2.5-pro",
    candidates: [{ content: {}, finishReason }],
    usageMetadata: { promptTokenCount: 10, candidatesTokenCount, totalTokenCount: 10 + candidatesTokenCount },
  });

  it("takes the last of the repeated usages", () => {
    expect(usageFromStream("google", [chunk(1), chunk(5), chunk(9, "STOP")])).toMatchObject({
      model: "gemini-2.5-pro",
      tokensIn: 10,
      tokensOut: 9,
      usageState: "reported",
      issues: [],
    });
  });

  it("is an estimate where it broke off", () => {
    expect(usageFromStream("google", [chunk(1), chunk(5)])).toMatchObject({
      tokensOut: 5,
      usageState: "estimated",
    });
  });
});

describe("usageFromStream, of Bedrock", () => {
  it("takes the usage of the metadata event", () => {
    const usage = { inputTokens: 3, cacheReadInputTokens: 7, outputTokens: 5, totalTokens: 15 };
    const chunks = [{ messageStop: { stopReason: "end_turn" } }, { metadata: { usage, metrics: {} } }];
    expect(usageFromStream("bedrock-converse", chunks)).toMatchObject({
      tokensIn: 10,
      tokensOut: 5,
      usageState: "reported",
    });
    expect(usageFromStream("bedrock-converse", chunks.slice(0, 1)).usageState).toBe("missing");
  });
});

describe("usageFromStream, of the AI SDK", () => {
  const step = {
    type: "finish-step",
    usage: { inputTokens: 7, inputTokenDetails: {}, outputTokens: 3, outputTokenDetails: {} },
    response: { modelId: "gpt-5" },
  };
  const finish = { type: "finish", totalUsage: { ...step.usage, inputTokens: 14, outputTokens: 6 } };

  it("adds steps, each a call of its own", () => {
    const sum = { model: "gpt-5", tokensIn: 14, tokensOut: 6 };
    expect(usageFromStream("ai-sdk", [step, step, finish])).toMatchObject({ ...sum, usageState: "reported" });
    expect(usageFromStream("ai-sdk", [step, step])).toMatchObject({ ...sum, usageState: "estimated" });
  });

  it("takes the total where no step came, and nothing where nothing came", () => {
    expect(usageFromStream("ai-sdk", [finish])).toMatchObject({ tokensIn: 14, usageState: "reported" });
    expect(usageFromStream("ai-sdk", [{ type: "text-delta", text: "a" }]).usageState).toBe("missing");
  });
});

describe("usageFromStream", () => {
  it.each([undefined, null, 7, "[]", {}])("refuses %j in place of chunks", (chunks) => {
    expect(fieldOf(() => usageFromStream("google", chunks as Iterable<unknown>))).toBe("chunks");
  });

  it("names a chunk that is no object, a bad count, and an unknown shape", () => {
    expect(fieldOf(() => usageFromStream("google", [{}, 7]))).toBe("chunks[1]");
    expect(fieldOf(() => usageFromStream("openai-chat", [{ usage: { prompt_tokens: -1 } }]))).toBe(
      "usage.prompt_tokens",
    );
    expect(fieldOf(() => usageFromStream("toString" as UsageShape, []))).toBe("shape");
  });

  it("takes any iterable", () => {
    function* chunks() {
      yield { choices: [], usage: chatUsage };
    }
    expect(usageFromStream("openai-chat", chunks()).tokensIn).toBe(7);
  });
});

function fieldOf(act: () => unknown): unknown {
  try {
    act();
  } catch (error) {
    return (error as BillingError).details.field;
  }
  throw new Error("nothing was thrown");
}
