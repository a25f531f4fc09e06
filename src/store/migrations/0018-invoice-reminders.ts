import type { Migration } from "../migration.ts";

const THREE_DAYS_MS = 3 * 86_400_000;

export const invoiceReminders: Migration = {
  version: 18,
  name: "invoice reminders",
  statements: ({ int, text, keyTable }) => [
    // The next reminder of an invoice: step is days from its due date. No row: none is left.
    `CREATE TABLE invoice_reminders (
      tenant ${text} NOT NULL,
      invoice ${text} NOT NULL,
      step ${int} NOT NULL,
      at ${int} NOT NULL,
      PRIMARY KEY (tenant, invoice)
    )${keyTable}`,
    "CREATE INDEX invoice_reminders_due ON invoice_reminders (at)",
    // Those that are open already begin with the first: whatever is due of them by now is one reminder.
    `INSERT INTO invoice_reminders (tenant, invoice, step, at)
     SELECT tenant, id, -3, due_at - ${THREE_DAYS_MS} FROM invoices WHERE status = 'finalized'`,
  ],
};
