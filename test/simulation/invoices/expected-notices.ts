// What people must be told of invoices, from docs/notifications.md: once each, and of what is due the latest alone.

import type { Told } from "../notifications.ts";
import { JobTimes } from "../part.ts";
import type { Invoice } from "./expected-invoices.ts";

const DAY = 86_400_000;
/** Days from the due date. */
const STEPS = [-3, 0, 7, 14];
const EVERY_MS = 60_000;

export class ExpectedNotices {
  readonly told: Told[] = [];
  readonly #now: () => number;
  readonly #times: JobTimes;
  /** When each invoice is to be reminded of next. */
  readonly #next = new Map<Invoice, number>();

  constructor(now: () => number) {
    this.#now = now;
    this.#times = new JobTimes(now);
  }

  tell({ tenant }: Invoice, kind: string): void {
    this.told.push({ tenant, kind, count: 1 });
  }

  issued(invoice: Invoice): void {
    if ((invoice.content?.total ?? 0) <= 0) return;
    this.tell(invoice, invoice.status === "paid" ? "payment_received" : "invoice_issued");
    if (invoice.status !== "paid") this.#schedule(invoice);
  }

  /** The next reminder, from now on. */
  nextEnd(): number {
    return Math.min(...[...this.#next.values()].map((at) => Math.max(at, this.#now())));
  }

  runJobs(): ReadonlyMap<string, number> {
    const due = [...this.#next].filter(([, at]) => at <= this.#now()).map(([invoice]) => invoice);
    if (!this.#times.runs("invoice reminders", EVERY_MS, due.length))
      return new Map([["invoice reminders", 0]]);
    const open = due.filter(({ status }) => status === "finalized");
    for (const invoice of due) this.#next.delete(invoice);
    for (const invoice of open) {
      this.tell(invoice, this.#now() < (invoice.dueAt ?? 0) ? "invoice_due" : "invoice_overdue");
      this.#schedule(invoice);
    }
    return new Map([["invoice reminders", open.length]]);
  }

  #schedule(invoice: Invoice): void {
    const at = STEPS.map((days) => (invoice.dueAt ?? 0) + days * DAY).find((step) => step > this.#now());
    if (at !== undefined) this.#next.set(invoice, at);
  }
}
