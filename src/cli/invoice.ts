// aragora-billing invoice: from usage to a document that explains every cent.

import { type Command, Option } from "commander";
import type { InvoiceTermsInput } from "../domain/invoices/index.ts";
import { writeExport } from "../facade/invoice-file.ts";
import { asFlags, collect } from "./budget-flags.ts";
import {
  type DatabaseFlags,
  onExisting,
  type TenantFlags,
  wholeFlag,
  withDatabaseFlags,
  withTenantFlags,
} from "./credits-flags.ts";
import { asCreditCommand } from "./invoice-credit.ts";
import {
  creditNoteLines,
  explanationLines,
  invoiceLines,
  invoiceListLines,
  monthEndLines,
} from "./invoice-table.ts";
import { counted, say, writeJson } from "./output.ts";
import { startProgress } from "./progress.ts";

interface TermFlags {
  readonly period: string;
  readonly taxRate?: string;
  readonly taxExempt?: string;
  readonly reverseCharge?: true;
  readonly code: readonly string[];
  readonly dueInDays?: number;
  readonly note: readonly string[];
}

type Format = "pdf" | "html" | "csv" | "json";

const HELP = `
A draft is computed anew at every look; finalized, it never changes. Amounts are US dollars.

Exit codes: 4 no such invoice, 5 not possible in this state, 1 a run that left some out.

Examples:
  $ aragora-billing invoice preview --tenant acme --period 2025-01 --tax-rate 0.19
  $ aragora-billing invoice run --period 2025-01 --tax-rate 0.19
  $ aragora-billing invoice list --tenant acme
  $ aragora-billing invoice explain INVOICE L1 --tenant acme
  $ aragora-billing invoice credit INVOICE --tenant acme --line L1 --amount-cents 500 --reason "outage" --reference t-7
  $ aragora-billing invoice export INVOICE --tenant acme --format pdf --folder invoices`;
const NAMES = {
  taxRate: "tax-rate",
  taxExempt: "tax-exempt",
  reverseCharge: "reverse-charge",
  discountCodes: "code",
  dueInDays: "due-in-days",
  notes: "note",
  amountCents: "amount-cents",
};
const ACTOR = { kind: "operator", id: "cli" } as const;

export function addInvoiceCommand(program: Command): void {
  const invoice = program
    .command("invoice")
    .summary("preview, issue, explain, credit and export invoices")
    .description("Makes invoices of what tenants used and owe, and shows why they say what they say.")
    .addHelpText("after", HELP);
  const command = (name: string, json: string) =>
    withTenantFlags(invoice.command(name), "whose invoice", `print ${json} as JSON`);
  const terms = (made: Command) =>
    made
      .option("--tax-rate <fraction>", "the tax on every line: 0.19 is 19 % (default: none)")
      .option("--tax-exempt <reason>", "no tax, and why; printed")
      .option("--reverse-charge", "no tax: the buyer owes it")
      .option("--code <code>", "a discount code; may be given several times", collect, [])
      .option("--due-in-days <days>", "from its issue on (default: 30)", wholeFlag)
      .option("--note <text>", "printed below the totals; may be given several times", collect, []);
  const ofMonth = (made: Command) =>
    terms(made.requiredOption("--period <month>", "the month, as in 2025-01, cut in UTC"));
  ofMonth(command("preview", "the invoice"))
    .description("Prints what the invoice of a month would say now; writes nothing.")
    .action(runPreview);
  ofMonth(command("create", "the draft")).description("Makes the draft of a month.").action(runCreate);
  terms(command("update", "the draft"))
    .description("Gives a draft other terms: all of them, as they would be given when it is made.")
    .argument("<id>", "the draft's id")
    .action(runUpdate);
  command("delete", "the draft's id")
    .description("Deletes a draft: its month can be made anew, and no longer waits for it.")
    .argument("<id>", "the draft's id")
    .action(runDelete);
  ofMonth(withDatabaseFlags(invoice.command("run"), "print what was done as JSON"))
    .description("Issues the month's invoices of all tenants; may be killed and run again.")
    .action(runMonthEnd);
  command("list", "the invoices")
    .description("Prints invoices, the newest first.")
    .addOption(
      new Option("--status <status>", "only these").choices([
        "draft",
        "finalized",
        "paid",
        "void",
        "uncollectible",
      ]),
    )
    .option("--limit <count>", "so many at most, up to 500 (default: 100)", wholeFlag)
    .action(runList);
  command("show", "the invoice")
    .description("Prints an invoice with every part of its total, and its credit notes.")
    .argument("<id>", "the invoice's id")
    .action(runShow);
  command("finalize", "the invoice")
    .description("Issues a draft: it gets its number, and never changes again.")
    .argument("<id>", "the draft's id")
    .action(runFinalize);
  command("void", "the invoice")
    .description("Takes an issued invoice back; what was on it is unbilled again.")
    .argument("<id>", "the invoice's id")
    .requiredOption("--reason <text>", "why; kept for ever")
    .action(runVoid);
  command("pay", "the invoice")
    .description("Counts a payment, once per reference.")
    .argument("<id>", "the invoice's id")
    .requiredOption("--reference <key>", "that of the payment")
    .option("--amount-cents <cents>", "of the payment (default: all that is due)", wholeFlag)
    .option("--method <text>", "how it was paid")
    .action(runPay);
  asCreditCommand(command("credit", "the credit note"));
  command("explain", "the explanation")
    .description("Prints why a line says what it says, down to its events.")
    .argument("<id>", "the invoice's id")
    .argument("<line>", "the line's id, as in L1")
    .option("--limit <count>", "so many events at most, up to 500 (default: 20)", wholeFlag)
    .action(runExplain);
  command("export", "the file's path")
    .description("Writes an invoice or a credit note into a file that is named after its number.")
    .argument("<id>", "the invoice's id, or the credit note's")
    .addOption(
      new Option("--format <format>", "of the file").choices(["pdf", "html", "csv", "json"]).default("pdf"),
    )
    .option("--folder <path>", "where to (default: here)")
    .action(runExport);
}

async function runPreview(flags: TenantFlags & TermFlags): Promise<void> {
  const input = { tenant: flags.tenant, period: flags.period, ...termsOf(flags) };
  show(flags, await onExisting(flags, ({ invoices }) => asFlags(NAMES, () => invoices.preview(input))));
}

async function runCreate(flags: TenantFlags & TermFlags): Promise<void> {
  const input = { tenant: flags.tenant, period: flags.period, ...termsOf(flags), actor: ACTOR };
  show(flags, await onExisting(flags, ({ invoices }) => asFlags(NAMES, () => invoices.create(input))));
}

async function runUpdate(invoiceId: string, flags: TenantFlags & Omit<TermFlags, "period">): Promise<void> {
  const input = { tenant: flags.tenant, invoiceId, ...termsOf(flags), actor: ACTOR };
  show(flags, await onExisting(flags, ({ invoices }) => asFlags(NAMES, () => invoices.update(input))));
}

async function runDelete(invoiceId: string, flags: TenantFlags): Promise<void> {
  await onExisting(flags, ({ invoices }) =>
    invoices.deleteDraft({ tenant: flags.tenant, invoiceId, actor: ACTOR }),
  );
  if (flags.json) writeJson({ deleted: invoiceId });
  else say(`${invoiceId} is deleted`);
}

async function runMonthEnd(flags: DatabaseFlags & TermFlags): Promise<void> {
  const progress = startProgress(undefined, "tenants", flags.json === true);
  try {
    const input = { period: flags.period, ...termsOf(flags), actor: ACTOR };
    const report = await onExisting(flags, ({ invoices }) =>
      asFlags(NAMES, () => invoices.runMonthEnd(input, ({ tenants }) => progress.update(tenants, tenants))),
    );
    progress.stop();
    if (flags.json) writeJson(report);
    else for (const line of monthEndLines(report)) say(line);
    if (report.failures.length > 0) process.exitCode = 1;
  } finally {
    progress.stop();
  }
}

async function runList(
  flags: TenantFlags & { readonly status?: "draft"; readonly limit?: number },
): Promise<void> {
  const { tenant, status, limit } = flags;
  const { items, nextCursor } = await onExisting(flags, ({ invoices }) =>
    invoices.list({ tenant, status, limit }),
  );
  if (flags.json) {
    writeJson(items);
    return;
  }
  for (const line of invoiceListLines(items)) say(line);
  say(`${counted(items.length, "invoice")}${nextCursor === null ? "" : ", and older ones: see --limit"}`);
}

async function runShow(invoiceId: string, flags: TenantFlags): Promise<void> {
  const key = { tenant: flags.tenant, invoiceId };
  const { invoice, creditNotes } = await onExisting(flags, async ({ invoices }) => ({
    invoice: await invoices.get(key),
    creditNotes: await invoices.creditNotes(key),
  }));
  if (flags.json) {
    writeJson({ ...invoice, creditNotes });
    return;
  }
  show(flags, invoice);
  for (const note of creditNotes) for (const line of ["", ...creditNoteLines(note)]) say(line);
}

async function runFinalize(invoiceId: string, flags: TenantFlags): Promise<void> {
  const key = { tenant: flags.tenant, invoiceId, actor: ACTOR };
  show(flags, await onExisting(flags, ({ invoices }) => invoices.finalize(key)));
}

async function runVoid(invoiceId: string, flags: TenantFlags & { readonly reason: string }): Promise<void> {
  const key = { tenant: flags.tenant, invoiceId, reason: flags.reason, actor: ACTOR };
  show(flags, await onExisting(flags, ({ invoices }) => invoices.void(key)));
}

async function runPay(
  invoiceId: string,
  flags: TenantFlags & {
    readonly reference: string;
    readonly amountCents?: number;
    readonly method?: string;
  },
): Promise<void> {
  const { tenant, reference, amountCents, method } = flags;
  const payment = { tenant, invoiceId, reference, amountCents, method, actor: ACTOR };
  show(flags, await onExisting(flags, ({ invoices }) => asFlags(NAMES, () => invoices.pay(payment))));
}

async function runExplain(
  invoiceId: string,
  lineId: string,
  flags: TenantFlags & { readonly limit?: number },
): Promise<void> {
  const { tenant, limit = 20 } = flags;
  const why = await onExisting(flags, ({ invoices }) =>
    invoices.explain({ tenant, invoiceId, lineId, limit }),
  );
  if (flags.json) writeJson(why);
  else for (const line of explanationLines(why)) say(line);
  if (why.usage?.agrees === false) process.exitCode = 1;
}

async function runExport(
  id: string,
  flags: TenantFlags & { readonly format: Format; readonly folder?: string },
): Promise<void> {
  const { tenant, format, folder = "." } = flags;
  const file = await onExisting(flags, ({ invoices }) =>
    id.startsWith("crn_")
      ? invoices.creditNoteFile({ tenant, creditNoteId: id, format })
      : invoices.file({ tenant, invoiceId: id, format }),
  );
  const path = await writeExport(folder, file.filename, file.content);
  if (flags.json) writeJson({ path });
  else say(path);
}

function show(flags: DatabaseFlags, invoice: Parameters<typeof invoiceLines>[0]): void {
  if (flags.json) writeJson(invoice);
  else for (const line of invoiceLines(invoice)) say(line);
}

function termsOf(flags: Omit<TermFlags, "period">): InvoiceTermsInput {
  const { taxRate, taxExempt, reverseCharge, code, dueInDays, note } = flags;
  return { taxRate, taxExempt, reverseCharge, discountCodes: code, dueInDays, notes: note };
}
