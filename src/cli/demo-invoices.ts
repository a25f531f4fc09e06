// The demo's invoices: the months of its trace, the greatest of them as a PDF, and how its cents come out of the events.

import { lstat, readFile, writeFile } from "node:fs/promises";
import { parse, resolve } from "node:path";
import { setImmediate as nextTurn } from "node:timers/promises";
import type { Billing } from "../billing.ts";
import type { InvoiceView, LineExplanation } from "../domain/invoices/index.ts";
import { formatUsd } from "../kernel/index.ts";
import { centsText } from "./credits-flags.ts";
import { explanationLines, invoiceLines } from "./invoice-table.ts";
import { counted, grouped, say } from "./output.ts";
import { startProgress } from "./progress.ts";
import { type TableColumn, tableLines } from "./table.ts";

export interface DemoInvoices {
  readonly months: readonly {
    readonly period: string;
    readonly invoices: number;
    readonly totalCents: number;
  }[];
  readonly totalCents: number;
  readonly lines: number;
  /** What the lines of usage were before each was rounded, in US dollars. */
  readonly exactUsd: string;
  /** Undefined where the trace's usage is on invoices of other months. */
  readonly greatest: DemoInvoice | undefined;
}

interface DemoInvoice {
  /** Of its PDF. */
  readonly path: string;
  readonly invoice: InvoiceView;
  /** Of its greatest line. */
  readonly explanation: LineExplanation;
}

// By name: what a database has of other tenants is not the demo's to bill.
const TENANTS = Array.from({ length: 12 }, (_, index) => `tenant_${String(index + 1).padStart(2, "0")}`);
const MONTHS = ["2025-01", "2025-02"];
const SHOWN_EVENTS = 3;
const COLUMNS: readonly TableColumn[] = [
  { title: "month", align: "left" },
  { title: "invoices", align: "right" },
  { title: "total", align: "right" },
];

/** Issues the trace's invoices, those that are missing; undefined once it was interrupted: what was issued stays. */
export async function invoiceTrace(
  billing: Billing,
  { json, signal }: { readonly json: boolean; readonly signal: AbortSignal },
): Promise<DemoInvoices | undefined> {
  const wanted = MONTHS.flatMap((period) => TENANTS.map((tenant) => ({ tenant, period })));
  const progress = startProgress(wanted.length, "invoices", json);
  const invoices: InvoiceView[] = [];
  try {
    for (const [done, month] of wanted.entries()) {
      // On SQLite nothing here waits, and a Ctrl-C that came meanwhile is heard in the next turn only.
      await nextTurn();
      if (signal.aborted) return undefined;
      const invoice = await issuedInvoice(billing, month);
      if (invoice !== undefined) invoices.push(invoice);
      progress.update(done + 1, done + 1);
    }
  } finally {
    progress.stop();
  }
  const [first, ...rest] = invoices;
  const greatest =
    first && rest.reduce((best, one) => (one.totalCents > best.totalCents ? one : best), first);
  return { ...sumsOf(invoices), greatest: greatest && (await explained(billing, greatest)) };
}

/** The invoices for programs. */
export function invoicesJson({ greatest, ...sums }: DemoInvoices) {
  return { ...sums, greatest: greatest ?? null };
}

/** The invoices for people. */
export function sayInvoices({ months, totalCents, lines, exactUsd, greatest }: DemoInvoices): void {
  if (greatest === undefined) {
    say("No invoices: all of the trace's usage is on those of other months");
    return;
  }
  const all = months.reduce((sum, { invoices }) => sum + invoices, 0);
  const rows = months.map((month) => [month.period, grouped(month.invoices), centsText(month.totalCents)]);
  say(`The invoices of the months that are over: ${centsText(totalCents)} on ${grouped(all)} of them`);
  say("");
  for (const line of tableLines(COLUMNS, rows, ["total", grouped(all), centsText(totalCents)])) say(line);
  say("");
  say(`${counted(lines, "line")} of usage, exactly $${grouped(exactUsd)}, each rounded to cents once`);
  const { path, invoice, explanation } = greatest;
  say("");
  say(`The greatest of them, as a PDF: ${path}`);
  say("");
  for (const line of invoiceLines(withoutDetails(invoice))) say(line);
  say("");
  say("Its greatest line, from the events to the cents:");
  // The page of events ends in words of its own: there is no --limit here.
  for (const line of explanationLines({ ...explanation, nextCursor: null })) say(line);
  const hidden = (explanation.usage?.events ?? 0) - explanation.events.length;
  if (hidden > 0) say(`  … and ${counted(hidden, "more event")}`);
}

/** Prices per million and the like are in the PDF; here they would make its lines too wide. */
function withoutDetails({ content, ...invoice }: InvoiceView): InvoiceView {
  return {
    ...invoice,
    content: { ...content, lines: content.lines.map((line) => ({ ...line, detail: "" })) },
  };
}

/** The invoice of a month, as it was issued or is now. Undefined: none was issued, and there is nothing to put on one. */
async function issuedInvoice(
  { invoices }: Billing,
  { tenant, period }: { readonly tenant: string; readonly period: string },
): Promise<InvoiceView | undefined> {
  // The trace is of metered calls, also where the database knows a plan that would include them.
  const wanted = { tenant, period, alwaysMetered: true };
  const seen = await invoices.preview(wanted);
  if (seen.status !== "draft") return seen;
  if (seen.content.lines.length === 0) return undefined;
  const { id } = await invoices.create(wanted);
  return invoices.finalize({ tenant, invoiceId: id });
}

function sumsOf(invoices: readonly InvoiceView[]): Omit<DemoInvoices, "greatest"> {
  const total = (some: readonly InvoiceView[]) => some.reduce((sum, { totalCents }) => sum + totalCents, 0);
  const sources = invoices.flatMap(({ content }) => content.lines.map(({ source }) => source));
  const usage = sources.filter((source) => source.kind === "usage");
  return {
    months: MONTHS.map((period) => {
      const some = invoices.filter((invoice) => invoice.period === period);
      return { period, invoices: some.length, totalCents: total(some) };
    }),
    totalCents: total(invoices),
    lines: usage.length,
    exactUsd: formatUsd(usage.reduce((sum, { chargePico }) => sum + BigInt(chargePico), 0n)),
  };
}

async function explained({ invoices }: Billing, invoice: InvoiceView): Promise<DemoInvoice> {
  const { tenant, id: invoiceId, content } = invoice;
  const line = content.lines.reduce((best, one) => (one.amount > best.amount ? one : best));
  const explanation = await invoices.explain({ tenant, invoiceId, lineId: line.id, limit: SHOWN_EVENTS });
  const { filename, content: pdf } = await invoices.file({ tenant, invoiceId, format: "pdf" });
  return { path: await writeHere(filename, pdf), invoice, explanation };
}

/**
 * Writes a file into the present folder, under its name or, where another file has that, the name with -2, -3 …; returns
 * its path. Nothing that is there is written over.
 */
async function writeHere(filename: string, content: Uint8Array): Promise<string> {
  const { name, ext } = parse(filename);
  for (let number = 1; ; number += 1) {
    const path = resolve(number === 1 ? filename : `${name}-${number}${ext}`);
    try {
      await writeFile(path, content, { flag: "wx", mode: 0o600 });
      return path;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw error;
      if (await holds(path, content)) return path;
    }
  }
}

async function holds(path: string, content: Uint8Array): Promise<boolean> {
  const present = await lstat(path);
  return present.isFile() && present.size === content.length && (await readFile(path)).equals(content);
}
