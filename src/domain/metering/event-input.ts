// The edge: everything a caller can get wrong about an event is found here, before anything is written.

import { type Clock, currentTenant, type Ids, invalidInput, parseTimestamp } from "../../kernel/index.ts";
import type { CheckedEvent, UsageEvent } from "./event.ts";
import { providerCostOf, usageStateOf, withUsage } from "./event-usage.ts";

/** What fills the gaps of an event: the instance's tenant, the time, new ids, the hold it runs under. */
export interface EventDefaults {
  readonly tenant: string | undefined;
  readonly clock: Clock;
  readonly ids: Ids;
}

const MAX_TOKENS = 1_000_000_000;
const MAX_QUANTITY = 1_000_000_000_000_000;
/** How far a clock may run ahead of ours. */
const MAX_FUTURE_MS = 5 * 60_000;

const MAX_ID = 256;
const MAX_METADATA_KEYS = 50;
const MAX_METADATA = 4_096;
const FORBIDDEN_KEYS = new Set(["__proto__", "constructor", "prototype"]);
const FIELDS = new Set<string>(
  Object.keys({
    id: 1,
    tenant: 1,
    type: 1,
    timestamp: 1,
    provider: 1,
    model: 1,
    workspace: 1,
    user: 1,
    agent: 1,
    debate: 1,
    tokensIn: 1,
    cachedTokens: 1,
    cacheWriteTokens: 1,
    cacheWrite1hTokens: 1,
    tokensOut: 1,
    reasoningTokens: 1,
    webSearches: 1,
    serviceTier: 1,
    quantity: 1,
    usage: 1,
    usageState: 1,
    providerCostUsd: 1,
    holdId: 1,
    metadata: 1,
  } satisfies Record<keyof UsageEvent, 1>),
);

/**
 * Checks one event and fills its gaps.
 *
 * @throws BillingError invalid_input; `details.field` names the field. Nothing is rounded, clamped or dropped.
 */
export function parseEvent(reported: UsageEvent, defaults: EventDefaults): CheckedEvent {
  if (typeof reported !== "object" || reported === null || Array.isArray(reported)) {
    throw invalidInput("event", "invalid_type", "an event must be an object");
  }
  for (const key in reported) {
    if (!FIELDS.has(key) && Object.hasOwn(reported, key)) {
      const name = key.slice(0, 80);
      throw invalidInput(name, "unknown_field", `${JSON.stringify(name)} is not a field of an event`);
    }
  }
  const input = withUsage(reported);
  const now = defaults.clock.now();
  const timestampGiven = input.timestamp !== undefined;
  const ts = timestampGiven ? parseTimestamp(input.timestamp as Date | string, "timestamp") : now;
  if (ts > now + MAX_FUTURE_MS) {
    throw invalidInput("timestamp", "timestamp_in_future", "timestamp is more than 5 minutes in the future");
  }
  const tokensIn = count(input.tokensIn, "tokensIn", MAX_TOKENS);
  const cacheReadTokens = count(input.cachedTokens, "cachedTokens", MAX_TOKENS);
  const cacheWrites = count(input.cacheWriteTokens, "cacheWriteTokens", MAX_TOKENS);
  const cacheWrite1hTokens = count(input.cacheWrite1hTokens, "cacheWrite1hTokens", MAX_TOKENS);
  const tokensOut = count(input.tokensOut, "tokensOut", MAX_TOKENS);
  const reasoningTokens = count(input.reasoningTokens, "reasoningTokens", MAX_TOKENS);
  if (cacheReadTokens + cacheWrites > tokensIn) {
    const field = cacheReadTokens > tokensIn ? "cachedTokens" : "cacheWriteTokens";
    const text = "cachedTokens and cacheWriteTokens are parts of tokensIn, so together at most tokensIn";
    throw invalidInput(field, "cached_exceeds_input", text);
  }
  if (cacheWrite1hTokens > cacheWrites) {
    const text = "cacheWrite1hTokens is a part of cacheWriteTokens, so at most that";
    throw invalidInput("cacheWrite1hTokens", "cached_exceeds_input", text);
  }
  if (reasoningTokens > tokensOut) {
    const text = "reasoningTokens is a part of tokensOut, so at most that";
    throw invalidInput("reasoningTokens", "reasoning_exceeds_output", text);
  }
  const provider = dimension(input.provider, "provider");
  return {
    type: input.type === undefined ? "tokens" : required(input.type, "type"),
    provider: provider.toLowerCase(),
    model: dimension(input.model, "model"),
    ts,
    serviceTier: dimension(input.serviceTier, "serviceTier"),
    quantity: input.quantity === undefined ? 1 : count(input.quantity, "quantity", MAX_QUANTITY),
    inputTokens: tokensIn - cacheReadTokens - cacheWrites,
    cacheReadTokens,
    cacheWriteTokens: cacheWrites - cacheWrite1hTokens,
    cacheWrite1hTokens,
    outputTokens: tokensOut - reasoningTokens,
    reasoningTokens,
    webSearches: count(input.webSearches, "webSearches", MAX_TOKENS),
    id: input.id === undefined ? defaults.ids.next("evt") : required(input.id, "id"),
    tenant: tenantOf(input.tenant, defaults.tenant),
    workspace: dimension(input.workspace, "workspace"),
    user: dimension(input.user, "user"),
    agent: dimension(input.agent, "agent"),
    debate: dimension(input.debate, "debate"),
    metadata: input.metadata === undefined ? "" : metadataText(input.metadata),
    usageState: usageStateOf(input.usageState),
    providerCost: providerCostOf(input.providerCostUsd),
    hold: dimension(input.holdId, "holdId"),
    timestampGiven,
  };
}

/**
 * The tenant of a call: the named one, else `withTenant`'s, else the instance's.
 *
 * @throws BillingError invalid_input `tenant_required`: an event or query without a tenant is refused, never guessed.
 */
export function tenantOf(named: string | undefined, fallback: string | undefined): string {
  const tenant = named ?? currentTenant() ?? fallback;
  if (tenant === undefined) {
    const text =
      "no tenant: name one in the call, run it inside withTenant(id, fn), or set createBilling({ tenant })";
    throw invalidInput("tenant", "tenant_required", text);
  }
  return required(tenant, "tenant");
}

function required(value: unknown, field: string): string {
  const text = dimension(value, field);
  if (text === "") throw invalidInput(field, "required", `${field} must not be empty`);
  return text;
}

function dimension(value: unknown, field: string): string {
  if (value === undefined || value === null) return "";
  if (typeof value !== "string") throw invalidInput(field, "invalid_type", `${field} must be text`);
  if (value.length > MAX_ID) {
    throw invalidInput(
      field,
      "too_long",
      `${field} has ${value.length} characters, at most ${MAX_ID} are allowed`,
    );
  }
  if (!isClean(value)) {
    throw invalidInput(field, "invalid_characters", `${field} has control characters or broken Unicode`);
  }
  return value;
}

/** Control characters break exports and logs; a lone surrogate does not survive UTF-8. */
function isClean(text: string): boolean {
  for (let index = 0; index < text.length; index += 1) {
    const unit = text.charCodeAt(index);
    if (unit < 0x20 || (unit >= 0x7f && unit <= 0x9f)) return false;
    if (unit >= 0xd800 && unit <= 0xdfff) return text.isWellFormed() && !/\p{Cc}/u.test(text);
  }
  return true;
}

function count(value: unknown, field: string, maximum: number): number {
  if (value === undefined || value === null) return 0;
  if (typeof value !== "number") throw invalidInput(field, "invalid_type", `${field} must be a number`);
  if (!Number.isInteger(value)) throw invalidInput(field, "not_whole", `${field} must be a whole number`);
  if (value < 0) throw invalidInput(field, "negative", `${field} must not be negative`);
  if (value > maximum) throw invalidInput(field, "too_large", `${field} must be at most ${maximum}`);
  return value;
}

function metadataText(metadata: unknown): string {
  const field = "metadata";
  if (typeof metadata !== "object" || metadata === null || Array.isArray(metadata)) {
    throw invalidInput(field, "invalid_type", "metadata must be an object");
  }
  const entries = Object.entries(metadata);
  if (entries.length === 0) return "";
  if (entries.length > MAX_METADATA_KEYS) {
    throw invalidInput(field, "too_long", `metadata has more than ${MAX_METADATA_KEYS} keys`);
  }
  const parts = entries
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([key, value]) => {
      const known = typeof value === "string" || typeof value === "boolean" || Number.isFinite(value);
      if (FORBIDDEN_KEYS.has(key) || key === "" || key.length > 100) {
        throw invalidInput(
          field,
          "invalid_key",
          `metadata has a key that is not allowed: ${JSON.stringify(key.slice(0, 80))}`,
        );
      }
      if (!known) {
        throw invalidInput(
          `metadata.${key}`,
          "invalid_type",
          `metadata.${key} must be text, a number or a boolean`,
        );
      }
      return `${JSON.stringify(key)}:${JSON.stringify(value)}`;
    });
  const text = `{${parts.join(",")}}`;
  if (text.length > MAX_METADATA) {
    throw invalidInput(
      field,
      "too_long",
      `metadata has ${text.length} characters, at most ${MAX_METADATA} are allowed`,
    );
  }
  return text;
}
