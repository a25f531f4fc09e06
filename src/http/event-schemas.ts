// Usage events on the wire.

import { Type } from "typebox";
import type { BillingEvent } from "../domain/metering/index.ts";
import { Count, Instant, Money, OptionalText, Strict, Text } from "./schemas.ts";

const Tokens = Type.Integer({ minimum: 0, maximum: 1_000_000_000 });

const EVENT_FIELDS = {
  type: Type.Optional(Text),
  timestamp: Type.Optional(
    Type.String({
      maxLength: 40,
      description: "When it was used, with an offset. Absent: now.",
      examples: ["2026-01-01T12:00:00Z"],
    }),
  ),
  provider: Type.Optional(Type.String({ maxLength: 256, examples: ["openai"] })),
  model: Type.Optional(Type.String({ maxLength: 256, examples: ["gpt-4o-mini"] })),
  workspace: Type.Optional(Type.String({ maxLength: 256 })),
  user: Type.Optional(Type.String({ maxLength: 256 })),
  agent: Type.Optional(Type.String({ maxLength: 256 })),
  debate: Type.Optional(Type.String({ maxLength: 256 })),
  tokensIn: Type.Optional({ ...Tokens, description: "All input tokens, cached ones included." }),
  cachedTokens: Type.Optional(Tokens),
  cacheWriteTokens: Type.Optional(Tokens),
  cacheWrite1hTokens: Type.Optional(Tokens),
  tokensOut: Type.Optional({ ...Tokens, description: "All output tokens, reasoning included." }),
  reasoningTokens: Type.Optional(Tokens),
  webSearches: Type.Optional(Tokens),
  serviceTier: Type.Optional(Type.String({ maxLength: 256 })),
  quantity: Type.Optional(Type.Integer({ minimum: 0, maximum: 1_000_000_000_000_000 })),
  usage: Type.Optional(
    Type.Object(
      {},
      {
        additionalProperties: true,
        description: "What usageFromResponse of the library read, in place of counts.",
      },
    ),
  ),
  usageState: Type.Optional(Type.Union([Type.String(), Type.Null()])),
  providerCostUsd: Type.Optional(Type.Union([Type.String({ maxLength: 60 }), Type.Number(), Type.Null()])),
  metadata: Type.Optional(
    Type.Record(Type.String(), Type.Union([Type.String(), Type.Number(), Type.Boolean()]), {
      maxProperties: 50,
    }),
  ),
};

const EventInput = Strict({
  id: Type.Optional({
    ...Text,
    description: "Unique per tenant, for ever: it makes sending an event again safe.",
  }),
  tenant: Type.Optional({ ...Text, description: "If given, the request's own tenant." }),
  holdId: Type.Optional(
    Type.String({ maxLength: 256, description: "The budget hold that this usage settles." }),
  ),
  ...EVENT_FIELDS,
});

/** What a correction may change. */
export const CorrectedValuesInput = Strict(EVENT_FIELDS);

export const EventsInput = Type.Union([
  EventInput,
  Type.Array(EventInput, { maxItems: 10_000 }),
  Strict({ events: Type.Array(EventInput, { maxItems: 10_000 }) }),
]);

export const EventResult = Strict({
  id: Type.String(),
  status: Type.Union([
    Type.Literal("accepted"),
    Type.Literal("duplicate"),
    Type.Literal("conflict"),
    Type.Literal("rejected"),
  ]),
  costUsd: Type.Optional(Money),
  price: Type.Optional(OptionalText),
  flags: Type.Optional(Type.Array(Type.String())),
  code: Type.Optional(Type.String()),
  field: Type.Optional(Type.String()),
  message: Type.Optional(Type.String()),
});

export const EventsReply = Strict({
  accepted: Count,
  duplicates: Count,
  conflicts: Count,
  rejected: Count,
  results: Type.Array(EventResult, { description: "One per event, in order." }),
  omittedResults: Type.Optional(
    Type.Integer({
      minimum: 0,
      description: "Of a long stream: results of recorded events that are left out.",
    }),
  ),
});

export const EventView = Strict({
  id: Type.String(),
  tenant: Type.String(),
  timestamp: Instant,
  type: Type.String(),
  provider: OptionalText,
  model: OptionalText,
  workspace: OptionalText,
  user: OptionalText,
  agent: OptionalText,
  debate: OptionalText,
  serviceTier: OptionalText,
  quantity: Type.Number(),
  tokensIn: Type.Integer(),
  cachedTokens: Type.Integer(),
  cacheWriteTokens: Type.Integer(),
  cacheWrite1hTokens: Type.Integer(),
  tokensOut: Type.Integer(),
  reasoningTokens: Type.Integer(),
  webSearches: Type.Integer(),
  costUsd: Money,
  chargeUsd: Money,
  price: OptionalText,
  chargePrice: OptionalText,
  flags: Type.Array(Type.String()),
  usageState: Type.String(),
  providerCostUsd: Type.Union([Money, Type.Null()]),
  isReversal: Type.Boolean(),
  corrects: OptionalText,
  adjustment: OptionalText,
  metadata: Type.Record(Type.String(), Type.Union([Type.String(), Type.Number(), Type.Boolean()])),
  recordedAt: Instant,
});

/** An event as it is shown. */
export function eventJson(event: BillingEvent) {
  return {
    ...event,
    timestamp: event.timestamp.toISOString(),
    recordedAt: event.recordedAt.toISOString(),
    costUsd: event.costUsd.toFixed(),
    chargeUsd: event.chargeUsd.toFixed(),
    providerCostUsd: event.providerCostUsd?.toFixed() ?? null,
    flags: [...event.flags],
  };
}

const TEXT_COLUMNS = [
  ...["id", "type", "provider", "model", "workspace", "user", "agent", "debate", "serviceTier"],
  ...["price", "chargePrice", "usageState", "corrects", "adjustment"],
] as const;
const NUMBER_COLUMNS = [
  ...["quantity", "tokensIn", "cachedTokens", "cacheWriteTokens", "cacheWrite1hTokens", "tokensOut"],
  ...["reasoningTokens", "webSearches"],
] as const;

/** The columns of an export, in order. */
export const EVENT_COLUMNS: readonly string[] = [
  "timestamp",
  ...TEXT_COLUMNS,
  ...NUMBER_COLUMNS,
  "costUsd",
  "chargeUsd",
  "providerCostUsd",
];

/** An event as cells under {@link EVENT_COLUMNS}. */
export function eventCells(event: BillingEvent) {
  const values = event as unknown as Record<string, string | number | null>;
  const number = (value: { toFixed(): string } | null) =>
    value === null ? null : { number: value.toFixed() };
  return [
    event.timestamp.toISOString(),
    ...TEXT_COLUMNS.map((name) => values[name] as string | null),
    ...NUMBER_COLUMNS.map((name) => ({ number: String(values[name]) })),
    number(event.costUsd),
    number(event.chargeUsd),
    number(event.providerCostUsd),
  ];
}
