// An event as a row, and back.

import { dayOf } from "../../kernel/index.ts";
import type { Value } from "../../store/index.ts";
import type { RatedEvent } from "./event.ts";
import { usageStateIn } from "./usage-flags.ts";

/** The stored columns, in binding order. `seq` is given by the database. */
export const EVENT_COLUMNS: readonly (readonly [column: string, kind: "text" | "int"])[] = [
  ["id", "text"],
  ["tenant", "text"],
  ["day", "int"],
  ["ts", "int"],
  ["type", "text"],
  ["provider", "text"],
  ["model", "text"],
  ["workspace", "text"],
  ['"user"', "text"],
  ["agent", "text"],
  ["debate", "text"],
  ["service_tier", "text"],
  ["quantity", "int"],
  ["input_tokens", "int"],
  ["cache_read_tokens", "int"],
  ["cache_write_tokens", "int"],
  ["cache_write_1h_tokens", "int"],
  ["output_tokens", "int"],
  ["reasoning_tokens", "int"],
  ["web_searches", "int"],
  ["price", "text"],
  ["charge_price", "text"],
  ["cost", "int"],
  ["charge", "int"],
  ["flags", "int"],
  ["metadata", "text"],
  ["fingerprint", "int"],
  ["recorded_at", "int"],
  ["sign", "int"],
  ["corrects", "text"],
  ["adjustment", "text"],
  ["provider_cost", "int"],
];

export const EVENT_COLUMN_LIST = EVENT_COLUMNS.map(([column]) => column).join(", ");

export function eventRow(rated: RatedEvent): Value[] {
  const { event } = rated;
  return [
    event.id,
    event.tenant,
    dayOf(event.ts),
    event.ts,
    event.type,
    event.provider,
    event.model,
    event.workspace,
    event.user,
    event.agent,
    event.debate,
    event.serviceTier,
    event.quantity,
    event.inputTokens,
    event.cacheReadTokens,
    event.cacheWriteTokens,
    event.cacheWrite1hTokens,
    event.outputTokens,
    event.reasoningTokens,
    event.webSearches,
    rated.price,
    rated.chargePrice,
    rated.cost,
    rated.charge,
    rated.flags,
    event.metadata,
    rated.fingerprint,
    rated.recordedAt,
    rated.sign,
    rated.corrects,
    rated.adjustment,
    event.providerCost,
  ];
}

/** A row as the database gives it back: integers are bigints. */
export interface EventRow {
  readonly seq: bigint;
  readonly id: string;
  readonly tenant: string;
  readonly day: bigint;
  readonly ts: bigint;
  readonly type: string;
  readonly provider: string;
  readonly model: string;
  readonly workspace: string;
  readonly user: string;
  readonly agent: string;
  readonly debate: string;
  readonly service_tier: string;
  readonly quantity: bigint;
  readonly input_tokens: bigint;
  readonly cache_read_tokens: bigint;
  readonly cache_write_tokens: bigint;
  readonly cache_write_1h_tokens: bigint;
  readonly output_tokens: bigint;
  readonly reasoning_tokens: bigint;
  readonly web_searches: bigint;
  readonly price: string;
  readonly charge_price: string;
  readonly cost: bigint;
  readonly charge: bigint;
  readonly flags: bigint;
  readonly metadata: string;
  readonly fingerprint: bigint;
  readonly recorded_at: bigint;
  readonly sign: bigint;
  readonly corrects: string;
  readonly adjustment: string;
  readonly provider_cost: bigint | null;
}

export function ratedEventOf(row: EventRow): RatedEvent {
  return {
    event: {
      type: row.type,
      provider: row.provider,
      model: row.model,
      ts: Number(row.ts),
      serviceTier: row.service_tier,
      quantity: Number(row.quantity),
      inputTokens: Number(row.input_tokens),
      cacheReadTokens: Number(row.cache_read_tokens),
      cacheWriteTokens: Number(row.cache_write_tokens),
      cacheWrite1hTokens: Number(row.cache_write_1h_tokens),
      outputTokens: Number(row.output_tokens),
      reasoningTokens: Number(row.reasoning_tokens),
      webSearches: Number(row.web_searches),
      id: row.id,
      tenant: row.tenant,
      workspace: row.workspace,
      user: row.user,
      agent: row.agent,
      debate: row.debate,
      metadata: row.metadata,
      usageState: usageStateIn(Number(row.flags)),
      providerCost: row.provider_cost,
      hold: "",
      timestampGiven: true,
    },
    price: row.price,
    chargePrice: row.charge_price,
    cost: row.cost,
    charge: row.charge,
    flags: Number(row.flags),
    recordedAt: Number(row.recorded_at),
    fingerprint: Number(row.fingerprint),
    sign: row.sign === 1n ? 1 : -1,
    corrects: row.corrects,
    adjustment: row.adjustment,
  };
}
