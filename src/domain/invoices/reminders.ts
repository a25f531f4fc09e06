// Reminders of invoices that are not paid: once before they are due, then when they are overdue. Each step is taken once;
// after a pause only the latest is.

import { DAY_MS } from "../../kernel/index.ts";
import type { Store, Tx } from "../../store/index.ts";
import type { InvoiceContent, StoredInvoice } from "./invoice.ts";
import { documentOf, lockInvoice } from "./invoice-store.ts";
import { type InvoiceNotices, noticeOf } from "./notices.ts";
import {
  dueRemindersAcrossTenants,
  endReminders,
  hasDueRemindersAcrossTenants,
  insertReminder,
  moveReminder,
  type Reminder,
} from "./reminder-store.ts";

/** When an invoice is reminded of: days from its due date, in their order. */
const STEPS = [-3, 0, 7, 14] as const;
const AT_ONCE = 200;

/** Sets the first reminder of an invoice that was just issued: a step whose time has come by then is not taken. */
export async function scheduleReminders(
  { tenant, id, dueAt, finalizedAt }: StoredInvoice,
  tx: Tx,
): Promise<void> {
  if (dueAt === null || finalizedAt === null) throw new Error(`invoice ${id} is a draft`);
  const step = stepAfter(dueAt, finalizedAt);
  if (step !== undefined) await insertReminder({ tenant, invoice: id, step, at: momentOf(step, dueAt) }, tx);
}

/**
 * The job that reminds. Of an invoice that is paid, void or given up it does not, nor of a step that another process takes.
 *
 * @example
 * new Jobs(deps, [invoiceReminders({ store, notices })]);
 */
export function invoiceReminders({ store, notices }: { store: Store; notices: InvoiceNotices }) {
  return {
    name: "invoice reminders",
    every: 60_000,
    hasWork: (now: number) => store.read((reader) => hasDueRemindersAcrossTenants(now, reader)),
    runDue: async (now: number) => {
      let told = 0;
      const failed = new Map<string, unknown>();
      for (;;) {
        const limit = AT_ONCE + failed.size;
        const due = await store.read((reader) => dueRemindersAcrossTenants(now, limit, reader));
        const left = due.filter(({ invoice }) => !failed.has(invoice));
        if (left.length === 0) break;
        for (const reminder of left)
          try {
            if (await store.transaction((tx) => remind(reminder, now, notices, tx))) told += 1;
          } catch (error) {
            // One that cannot be told keeps no other one waiting.
            failed.set(reminder.invoice, error);
          }
      }
      for (const error of failed.values()) throw error;
      return told;
    },
  };
}

/** Takes the latest step that is due, and sets the next one. False: there is nothing to tell, or somebody else does. */
async function remind(reminder: Reminder, now: number, notices: InvoiceNotices, tx: Tx): Promise<boolean> {
  const { tenant, invoice: id } = reminder;
  // Whoever pays waits, or has paid: nobody is reminded of what is paid.
  const invoice = await lockInvoice(tenant, id, tx);
  if (invoice?.status !== "finalized" || invoice.dueAt === null) {
    await endReminders(reminder, tx);
    return false;
  }
  const { dueAt } = invoice;
  const next = stepAfter(dueAt, now);
  const isOurs =
    next === undefined
      ? await endReminders(reminder, tx)
      : await moveReminder(reminder, { step: next, at: momentOf(next, dueAt) }, tx);
  const step = STEPS.findLast((days) => momentOf(days, dueAt) <= now);
  if (!isOurs || step === undefined) return false;
  const document = await documentOf<InvoiceContent>(tenant, id, tx);
  if (document === undefined) throw new Error(`the document of ${id} is missing`);
  const notice = noticeOf(invoice, document);
  // Days of the calendar: it was due on all of its day.
  const daysOverdue = Math.ceil((now - dueAt) / DAY_MS);
  await (step < 0 ? notices.due(tx, notice) : notices.overdue(tx, { ...notice, step, daysOverdue }));
  return true;
}

function stepAfter(dueAt: number, now: number): number | undefined {
  return STEPS.find((days) => momentOf(days, dueAt) > now);
}

function momentOf(step: number, dueAt: number): number {
  return dueAt + step * DAY_MS;
}
