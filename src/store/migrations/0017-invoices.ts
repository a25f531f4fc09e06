import type { Migration } from "../migration.ts";

export const invoices: Migration = {
  version: 17,
  name: "invoices",
  statements: ({ int, text, table, keyTable }) => {
    const sums = SUMS.map((column) => `${column} ${int} NOT NULL`).join(", ");
    const names = SUMS.join(", ");
    return [
      // Rated usage that no invoice has taken yet. source: '' as committed, or the void invoice that gave it back, whose
      // events are those with after_seq < seq <= upto_seq.
      `CREATE TABLE unbilled_usage (
        tenant ${text} NOT NULL,
        day ${int} NOT NULL,
        provider ${text} NOT NULL,
        model ${text} NOT NULL,
        type ${text} NOT NULL,
        price ${text} NOT NULL,
        charge_price ${text} NOT NULL,
        source ${text} NOT NULL,
        after_seq ${int} NOT NULL,
        upto_seq ${int} NOT NULL,
        ${sums},
        PRIMARY KEY (tenant, day, provider, model, type, price, charge_price, source)
      )${keyTable}`,
      `INSERT INTO unbilled_usage
        (tenant, day, provider, model, type, price, charge_price, source, after_seq, upto_seq, ${names})
       SELECT tenant, day, provider, model, type, price, charge_price, '', 0, 0, ${names} FROM usage_by_day`,
      // What invoices took of it: metered, or included in a plan. Void ones too: what they gave back is a source again.
      `CREATE TABLE invoice_usage (
        tenant ${text} NOT NULL,
        invoice ${text} NOT NULL,
        day ${int} NOT NULL,
        provider ${text} NOT NULL,
        model ${text} NOT NULL,
        type ${text} NOT NULL,
        price ${text} NOT NULL,
        charge_price ${text} NOT NULL,
        source ${text} NOT NULL,
        after_seq ${int} NOT NULL,
        upto_seq ${int} NOT NULL,
        metered ${int} NOT NULL,
        ${sums},
        PRIMARY KEY (tenant, invoice, day, provider, model, type, price, charge_price, source)
      )${keyTable}`,
      // terms: how the draft is computed, JSON. usage_upto: the last event that was there when it was finalized.
      `CREATE TABLE invoices (
        tenant ${text} NOT NULL,
        id ${text} NOT NULL,
        period_start ${int} NOT NULL,
        period_end ${int} NOT NULL,
        terms ${text} NOT NULL,
        status ${text} NOT NULL,
        total ${int} NOT NULL,
        credited ${int} NOT NULL,
        paid ${int} NOT NULL,
        noted ${int} NOT NULL,
        usage_upto ${int} NOT NULL,
        created_at ${int} NOT NULL,
        finalized_at ${int},
        due_at ${int},
        settled_at ${int},
        PRIMARY KEY (tenant, id),
        CHECK (paid >= 0 AND credited >= 0 AND noted >= 0),
        CHECK (status IN ('draft', 'finalized', 'paid', 'void', 'uncollectible'))
      )${keyTable}`,
      "CREATE UNIQUE INDEX invoices_of_period ON invoices (tenant, period_start) WHERE status <> 'void'",
      "CREATE INDEX invoices_by_time ON invoices (tenant, created_at, id)",
      "CREATE INDEX invoices_open ON invoices (due_at) WHERE status = 'finalized'",
      // What was issued, for ever: an invoice or a credit note, as JSON text, and its SHA-256.
      `CREATE TABLE invoice_documents (
        tenant ${text} NOT NULL,
        id ${text} NOT NULL,
        kind ${text} NOT NULL,
        number ${text} NOT NULL UNIQUE,
        invoice ${text} NOT NULL,
        content ${text} NOT NULL,
        digest ${text} NOT NULL,
        issued_at ${int} NOT NULL,
        PRIMARY KEY (tenant, id)
      )${keyTable}`,
      "CREATE INDEX invoice_documents_of_invoice ON invoice_documents (tenant, invoice)",
      // The last number of a series, taken inside the transaction that issues: none is lost, none is given twice.
      `CREATE TABLE invoice_series (
        series ${text} NOT NULL PRIMARY KEY,
        last ${int} NOT NULL
      )${keyTable}`,
      "INSERT INTO invoice_series (series, last) VALUES ('INV', 0), ('CN', 0)",
      // Which subscription lines are on an invoice that is not void.
      `CREATE TABLE invoice_subscription_lines (
        tenant ${text} NOT NULL,
        line ${text} NOT NULL,
        invoice ${text} NOT NULL,
        PRIMARY KEY (tenant, line)
      )${keyTable}`,
      "CREATE INDEX invoice_subscription_lines_of_invoice ON invoice_subscription_lines (tenant, invoice)",
      ...(table === "" ? POSTGRES_ISSUED : SQLITE_ISSUED),
    ];
  },
};

const SUMS = [
  ...[
    "events",
    "quantity",
    "input_tokens",
    "cache_read_tokens",
    "cache_write_tokens",
    "cache_write_1h_tokens",
  ],
  ...["output_tokens", "reasoning_tokens", "web_searches", "charge_hi", "charge_lo"],
];

const ISSUED = ["invoice_documents", "invoice_usage"];
// What an issued invoice is stays: only its settlement moves, and never back to a draft.
const SAME_TERMS = ["tenant", "id", "period_start", "period_end", "terms", "total", "credited"]
  .concat("usage_upto", "created_at", "finalized_at", "due_at")
  .map((column) => `NEW.${column} IS NOT DISTINCT FROM OLD.${column}`)
  .join(" AND ");

const POSTGRES_ISSUED = [
  `CREATE FUNCTION issued_invoices_never_change() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN RAISE EXCEPTION 'what was issued never changes: void it, or issue a credit note'; END $$`,
  ...ISSUED.map(
    (name) => `CREATE TRIGGER ${name}_issued BEFORE UPDATE OR DELETE OR TRUNCATE ON ${name}
      FOR EACH STATEMENT EXECUTE FUNCTION issued_invoices_never_change()`,
  ),
  `CREATE TRIGGER invoices_issued BEFORE UPDATE ON invoices FOR EACH ROW
    WHEN (OLD.status <> 'draft' AND NOT (NEW.status <> 'draft' AND ${SAME_TERMS}))
    EXECUTE FUNCTION issued_invoices_never_change()`,
  `CREATE TRIGGER invoices_kept BEFORE DELETE ON invoices FOR EACH ROW
    WHEN (OLD.status <> 'draft') EXECUTE FUNCTION issued_invoices_never_change()`,
  `CREATE TRIGGER invoices_not_truncated BEFORE TRUNCATE ON invoices
    FOR EACH STATEMENT EXECUTE FUNCTION issued_invoices_never_change()`,
];

const ABORT =
  "BEGIN SELECT RAISE(ABORT, 'what was issued never changes: void it, or issue a credit note'); END";
// INSERT OR REPLACE deletes without firing a DELETE trigger, hence the third of each.
const SQLITE_ISSUED = [
  ...[
    ["invoice_documents", "(tenant, id) = (NEW.tenant, NEW.id) OR number = NEW.number"],
    [
      "invoice_usage",
      `(tenant, invoice, day, provider, model, type, price, charge_price, source) =
       (NEW.tenant, NEW.invoice, NEW.day, NEW.provider, NEW.model, NEW.type, NEW.price, NEW.charge_price, NEW.source)`,
    ],
  ].flatMap(([name, same]) => [
    `CREATE TRIGGER ${name}_no_update BEFORE UPDATE ON ${name} ${ABORT}`,
    `CREATE TRIGGER ${name}_no_delete BEFORE DELETE ON ${name} ${ABORT}`,
    `CREATE TRIGGER ${name}_no_replace BEFORE INSERT ON ${name}
      WHEN EXISTS (SELECT 1 FROM ${name} WHERE ${same}) ${ABORT}`,
  ]),
  `CREATE TRIGGER invoices_issued BEFORE UPDATE ON invoices
    WHEN OLD.status <> 'draft' AND NOT (NEW.status <> 'draft' AND ${SAME_TERMS.replaceAll("IS NOT DISTINCT FROM", "IS")}) ${ABORT}`,
  `CREATE TRIGGER invoices_kept BEFORE DELETE ON invoices WHEN OLD.status <> 'draft' ${ABORT}`,
  `CREATE TRIGGER invoices_no_replace BEFORE INSERT ON invoices
    WHEN EXISTS (SELECT 1 FROM invoices WHERE (tenant, id) = (NEW.tenant, NEW.id) AND status <> 'draft') ${ABORT}`,
];
