import { describe, expect, it } from "vitest";
import { BillingError, createIds, ManualClock, withTenant } from "../../kernel/index.ts";
import type { UsageEvent } from "./event.ts";
import { parseEvent } from "./event-input.ts";

const clock = new ManualClock("2026-01-01T00:00:00Z");
const defaults = { tenant: "acme", clock, ids: createIds(clock) };

function refusal(input: unknown): { field: unknown; code: string } | "accepted" {
  try {
    parseEvent(input as UsageEvent, defaults);
    return "accepted";
  } catch (error) {
    expect(error).toBeInstanceOf(BillingError);
    const { details, code, kind } = error as BillingError;
    expect(kind).toBe("invalid_input");
    return { field: details.field, code };
  }
}

describe("parseEvent", () => {
  it("splits tokens into disjoint buckets", () => {
    const event = parseEvent(
      {
        tokensIn: 100,
        cachedTokens: 30,
        cacheWriteTokens: 20,
        cacheWrite1hTokens: 5,
        tokensOut: 50,
        reasoningTokens: 10,
      },
      defaults,
    );
    expect(event).toMatchObject({
      inputTokens: 50,
      cacheReadTokens: 30,
      cacheWriteTokens: 15,
      cacheWrite1hTokens: 5,
      outputTokens: 40,
      reasoningTokens: 10,
    });
  });

  it("fills in the id, tenant, time, type and quantity", () => {
    const event = parseEvent({}, defaults);
    expect(event).toMatchObject({
      tenant: "acme",
      type: "tokens",
      quantity: 1,
      ts: clock.now(),
      timestampGiven: false,
    });
    expect(event.id).toMatch(/^evt_[0-9a-z]{26}$/);
    expect(parseEvent({}, defaults).id > event.id).toBe(true);
  });

  it("takes the tenant of the call, else of withTenant, else of the instance", () => {
    expect(parseEvent({ tenant: "named" }, defaults).tenant).toBe("named");
    expect(withTenant("around", () => parseEvent({}, defaults).tenant)).toBe("around");
    expect(withTenant("around", () => parseEvent({ tenant: "named" }, defaults).tenant)).toBe("named");
    expect(() => parseEvent({}, { ...defaults, tenant: undefined })).toThrow(/no tenant/);
  });

  it("writes a provider in lower case and keeps a model as it is", () => {
    expect(parseEvent({ provider: "OpenAI", model: "GPT-4o" }, defaults)).toMatchObject({
      provider: "openai",
      model: "GPT-4o",
    });
  });

  it("accepts a clock that runs 5 minutes ahead and no more", () => {
    expect(refusal({ timestamp: "2026-01-01T00:05:00.000Z" })).toBe("accepted");
    expect(refusal({ timestamp: "2026-01-01T00:05:00.001Z" })).toEqual({
      field: "timestamp",
      code: "timestamp_in_future",
    });
  });

  it("accepts usage of any age", () => {
    expect(refusal({ timestamp: "1999-12-31T23:59:59+14:00" })).toBe("accepted");
  });

  const long = "x".repeat(10_240);
  it.each<[string, unknown, string, string]>([
    ["negative tokens", { tokensIn: -1 }, "tokensIn", "negative"],
    ["fractional tokens", { tokensOut: 1.5 }, "tokensOut", "not_whole"],
    ["2^53", { tokensIn: 2 ** 53 }, "tokensIn", "too_large"],
    ["more than 10^9 tokens", { tokensIn: 1_000_000_001 }, "tokensIn", "too_large"],
    ["NaN", { tokensIn: Number.NaN }, "tokensIn", "not_whole"],
    ["infinity", { quantity: Number.POSITIVE_INFINITY }, "quantity", "not_whole"],
    ["a number as text", { tokensIn: "7" }, "tokensIn", "invalid_type"],
    ["a bigint", { tokensIn: 7n }, "tokensIn", "invalid_type"],
    ["a boolean", { cachedTokens: true }, "cachedTokens", "invalid_type"],
    ["an object as a number", { tokensIn: { valueOf: () => 5 } }, "tokensIn", "invalid_type"],
    ["cached above input", { tokensIn: 5, cachedTokens: 6 }, "cachedTokens", "cached_exceeds_input"],
    [
      "cached and written above input",
      { tokensIn: 5, cachedTokens: 3, cacheWriteTokens: 3 },
      "cacheWriteTokens",
      "cached_exceeds_input",
    ],
    [
      "1h writes above all writes",
      { tokensIn: 5, cacheWriteTokens: 1, cacheWrite1hTokens: 2 },
      "cacheWrite1hTokens",
      "cached_exceeds_input",
    ],
    [
      "reasoning above output",
      { tokensOut: 1, reasoningTokens: 2 },
      "reasoningTokens",
      "reasoning_exceeds_output",
    ],
    ["an impossible date", { timestamp: "2025-02-29T00:00:00Z" }, "timestamp", "invalid_timestamp"],
    ["a time without a zone", { timestamp: "2025-02-28T00:00:00" }, "timestamp", "timestamp_without_zone"],
    ["an invalid Date", { timestamp: new Date("x") }, "timestamp", "invalid_timestamp"],
    ["a number as a time", { timestamp: 1_735_689_600_000 }, "timestamp", "invalid_timestamp"],
    ["an empty id", { id: "" }, "id", "required"],
    ["a 10 KB id", { id: long }, "id", "too_long"],
    ["a null byte in an id", { id: "a\u0000b" }, "id", "invalid_characters"],
    ["a newline in a tenant", { tenant: "a\nb" }, "tenant", "invalid_characters"],
    ["a lone surrogate", { user: "\ud800" }, "user", "invalid_characters"],
    ["an empty tenant", { tenant: "" }, "tenant", "required"],
    ["a number as an id", { id: 7 }, "id", "invalid_type"],
    ["an unknown field", { tokens_in: 7 }, "tokens_in", "unknown_field"],
    ["a prototype key", JSON.parse('{"__proto__":{"polluted":1}}'), "__proto__", "unknown_field"],
    ["a constructor key", { constructor: {} }, "constructor", "unknown_field"],
    ["a prototype key in metadata", { metadata: JSON.parse('{"__proto__":"x"}') }, "metadata", "invalid_key"],
    ["nested metadata", { metadata: { a: {} } }, "metadata.a", "invalid_type"],
    ["NaN in metadata", { metadata: { a: Number.NaN } }, "metadata.a", "invalid_type"],
    ["large metadata", { metadata: { a: long } }, "metadata", "too_long"],
    ["a list as an event", [], "event", "invalid_type"],
    ["null as an event", null, "event", "invalid_type"],
    ["text as an event", "event", "event", "invalid_type"],
  ])("refuses %s and names the field", (_, input, field, code) => {
    expect(refusal(input)).toEqual({ field, code });
    expect(({} as Record<string, unknown>).polluted).toBeUndefined();
  });
});
