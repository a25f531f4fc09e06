import type { Migration } from "../migration.ts";

export const usage: Migration = {
  version: 3,
  name: "usage events and rollups",
  statements: ({ int, text, arrival, table, keyTable }) => {
    // Money sums are two integers, sum(x / 1000000) and sum(x % 1000000): SQL adds them without overflow.
    const sums = [
      "events",
      "quantity",
      "input_tokens",
      "cache_read_tokens",
      "cache_write_tokens",
      "cache_write_1h_tokens",
      "output_tokens",
      "reasoning_tokens",
      "web_searches",
      "flagged_events",
      "cost_hi",
      "cost_lo",
      "charge_hi",
      "charge_lo",
    ]
      .map((column) => `${column} ${int} NOT NULL`)
      .join(", ");
    return [
      // '' is "none" in every dimension. UNIQUE starts with the id: ordered ids then append to one b-tree edge.
      `CREATE TABLE usage_events (
        seq ${arrival},
        id ${text} NOT NULL,
        tenant ${text} NOT NULL,
        day ${int} NOT NULL,
        ts ${int} NOT NULL,
        type ${text} NOT NULL,
        provider ${text} NOT NULL,
        model ${text} NOT NULL,
        workspace ${text} NOT NULL,
        "user" ${text} NOT NULL,
        agent ${text} NOT NULL,
        debate ${text} NOT NULL,
        service_tier ${text} NOT NULL,
        quantity ${int} NOT NULL,
        input_tokens ${int} NOT NULL,
        cache_read_tokens ${int} NOT NULL,
        cache_write_tokens ${int} NOT NULL,
        cache_write_1h_tokens ${int} NOT NULL,
        output_tokens ${int} NOT NULL,
        reasoning_tokens ${int} NOT NULL,
        web_searches ${int} NOT NULL,
        price ${text} NOT NULL,
        charge_price ${text} NOT NULL,
        cost ${int} NOT NULL,
        charge ${int} NOT NULL,
        flags ${int} NOT NULL,
        metadata ${text} NOT NULL,
        fingerprint ${int} NOT NULL,
        recorded_at ${int} NOT NULL,
        UNIQUE (id, tenant)
      )${table}`,
      "CREATE INDEX usage_events_by_day ON usage_events (day, tenant, ts)",
      `CREATE TABLE usage_by_day (
        day ${int} NOT NULL,
        tenant ${text} NOT NULL,
        provider ${text} NOT NULL,
        model ${text} NOT NULL,
        type ${text} NOT NULL,
        price ${text} NOT NULL,
        charge_price ${text} NOT NULL,
        ${sums},
        PRIMARY KEY (day, tenant, provider, model, type, price, charge_price)
      )${keyTable}`,
      `CREATE TABLE usage_by_dimension (
        day ${int} NOT NULL,
        tenant ${text} NOT NULL,
        dimension ${text} NOT NULL,
        value ${text} NOT NULL,
        ${sums},
        PRIMARY KEY (day, tenant, dimension, value)
      )${keyTable}`,
    ];
  },
};
