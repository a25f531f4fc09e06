import type { Migration } from "../migration.ts";

export const webhookEndpoints: Migration = {
  version: 9,
  name: "webhook endpoints",
  statements: ({ int, text, keyTable }) => [
    // How many endpoints a tenant has: a conditional step on it keeps the limit, and changes of them in one order.
    `CREATE TABLE webhook_endpoint_counts (
      tenant ${text} NOT NULL PRIMARY KEY,
      endpoints ${int} NOT NULL
    )${keyTable}`,
    // The secret signs, so it is kept as it is; it is here and nowhere else.
    `CREATE TABLE webhook_endpoints (
      tenant ${text} NOT NULL,
      id ${text} NOT NULL,
      url ${text} NOT NULL,
      description ${text} NOT NULL,
      events ${text} NOT NULL,
      enabled ${int} NOT NULL,
      secret ${text} NOT NULL,
      created_at ${int} NOT NULL,
      updated_at ${int} NOT NULL,
      PRIMARY KEY (tenant, id)
    )${keyTable}`,
    // What an endpoint was sent is found by its address in place of a URL.
    "CREATE INDEX notifications_to_endpoint ON notifications (tenant, recipient, seq) WHERE recipient_type = 'webhook'",
  ],
};
