// From a draft to an issued invoice, and its end as a void one: each one transaction, under the tenant's usage and the invoice.

import { BillingError, type Clock, DAY_MS, type Ids, isoInstant } from "../../kernel/index.ts";
import { OvertakenError, type Tx } from "../../store/index.ts";
import { countVolume, redeemCodes, uncountVolume } from "../discounts/index.ts";
import { type Draft, type DraftSources, draftOf } from "./draft.ts";
import { lastUptoOfMonth } from "./explain-store.ts";
import { type InvoiceContent, referenceOf, type StoredInvoice } from "./invoice.ts";
import { invoiceNotFound } from "./invoice-input.ts";
import {
  documentOf,
  earlierDraft,
  freeSubscriptionLines,
  insertDocument,
  lockInvoice,
  markFinalized,
  notesOf,
  takeNumberAcrossTenants,
  takeSubscriptionLines,
  updateSettlement,
} from "./invoice-store.ts";
import { type InvoiceNotices, tellIssued, tellVoided } from "./notices.ts";
import { issuePostings, postInvoiceMove, reversed } from "./postings.ts";
import { scheduleReminders } from "./reminders.ts";
import type { BilledRow } from "./usage.ts";
import { monthOfDay } from "./usage-line.ts";
import {
  addUnbilledAcrossTenants,
  billedOn,
  insertBilled,
  lastEventAcrossTenants,
  lockUsageAcrossTenants,
  removeUnbilledBefore,
} from "./usage-store.ts";

/** As many as credits deduct at once. */
const MOST_CREDIT_CENTS = 100_000_000_000;

export interface IssueContext extends DraftSources {
  readonly clock: Clock;
  readonly ids: Ids;
  readonly notices: InvoiceNotices;
}

/** What is stored of an issued invoice; `creditTransaction` is the deduction that paid a part of it. */
export interface IssuedContent extends InvoiceContent {
  readonly creditTransaction: string | null;
}

/**
 * Issues a draft: takes all unbilled usage and subscription lines up to its period's end, uses its codes, pays what credit can
 * pay, takes the next number and writes what was issued. An invoice that is issued already is returned as it is.
 *
 * @throws BillingError not_found; failed_precondition `period_not_over`, `earlier_draft`, `too_many_lines`; what a code is refused
 * with.
 */
export async function finalize(
  tenant: string,
  id: string,
  context: IssueContext,
  tx: Tx,
): Promise<StoredInvoice> {
  await lockUsageAcrossTenants([tenant], "exclusive", tx);
  const invoice = await lockInvoice(tenant, id, tx);
  if (invoice === undefined) throw invoiceNotFound(id);
  if (invoice.status !== "draft") return invoice;
  const { clock, ids } = context;
  const at = clock.now();
  if (at < invoice.periodEnd) throw periodNotOver(invoice);
  const earlier = await earlierDraft(tenant, invoice.periodStart, tx);
  if (earlier !== undefined) throw earlierDraftOpen(earlier);

  const draft = await draftOf(invoice, at, context, tx);
  const usageUpto = await lastEventAcrossTenants(tx);
  await insertBilled(tenant, id, await withRanges(tenant, draft.usage, usageUpto, tx), tx);
  await removeUnbilledBefore(tenant, Math.floor(invoice.periodEnd / DAY_MS), tx);
  if (!(await takeSubscriptionLines(tenant, id, draft.subscriptionLines, tx))) throw new OvertakenError();
  const { codes, purchase, volume, bought } = draft;
  const checkout = {
    tenant,
    codes: invoice.terms.discountCodes,
    purchase,
    volume,
    reference: referenceOf(id),
  };
  await redeemCodes(checkout, codes, { now: at, id: () => ids.next("red") }, tx);
  const counted = { reference: referenceOf(id), at };
  if (bought > 0n) await countVolume(tenant, { kind: "purchase", ...counted, amount: bought }, tx);
  if (bought < 0n) await uncountVolume(tenant, { ...counted, amount: -bought }, tx);

  const content = await settledByCredit(tenant, id, draft, context, tx);
  const total = BigInt(content.total);
  const credited = BigInt(content.creditsApplied);
  const isSettled = total - credited <= 0n;
  const issued: StoredInvoice = {
    ...invoice,
    ...{ status: isSettled ? "paid" : "finalized", total, credited, usageUpto, finalizedAt: at },
    ...{ dueAt: endOfDay(at + invoice.terms.dueInDays * DAY_MS), settledAt: isSettled ? at : null },
  };
  if (!(await markFinalized(issued, tx))) throw new OvertakenError();
  const move = { kind: "invoice", tenant, invoice: id, at, reference: `issue:${id}` } as const;
  await postInvoiceMove({ ...move, postings: issuePostings(id, content) }, ids, tx);
  // Last, for everybody who issues waits for whoever has taken a number.
  const number = await takeNumberAcrossTenants("INV", tx);
  await insertDocument({ tenant, id, kind: "invoice", number, invoice: id, content, issuedAt: at }, tx);
  if (!isSettled) await scheduleReminders(issued, tx);
  await tellIssued(issued, { number, content }, context.notices, tx);
  return issued;
}

/** The last instant of a day: what is due on a day can be paid on all of it (UTC). */
function endOfDay(at: number): number {
  return (Math.floor(at / DAY_MS) + 1) * DAY_MS - 1;
}

/** Prepaid credit pays what it can; a negative total becomes credit. */
async function settledByCredit(
  tenant: string,
  id: string,
  { content, creditsAvailable }: Draft,
  { credits }: IssueContext,
  tx: Tx,
): Promise<IssuedContent> {
  const { total } = content;
  const reference = referenceOf(id);
  if (total < 0) {
    const lot = { type: "refund", amountCents: -total, reference, description: "negative invoice" } as const;
    await credits.issue({ tenant, ...lot }, tx);
    return { ...content, creditsApplied: 0, creditsIssued: -total, creditTransaction: null };
  }
  if (total === 0 || creditsAvailable === 0n)
    return { ...content, creditsApplied: 0, creditsIssued: 0, creditTransaction: null };
  const { amountDeductedCents, transactionId } = await credits.deduct(
    { tenant, amountCents: Math.min(total, MOST_CREDIT_CENTS), reference },
    tx,
  );
  const creditTransaction = amountDeductedCents === 0 ? null : transactionId;
  return { ...content, creditsApplied: amountDeductedCents, creditsIssued: 0, creditTransaction };
}

/** The rows as committed get the range of events behind them: what came since the month was last billed. */
async function withRanges(
  tenant: string,
  rows: readonly BilledRow[],
  uptoSeq: bigint,
  tx: Tx,
): Promise<BilledRow[]> {
  const before = new Map<string, bigint>();
  const ranged: BilledRow[] = [];
  for (const row of rows) {
    if (row.source !== "") {
      ranged.push(row);
      continue;
    }
    const month = monthOfDay(row.day);
    let afterSeq = before.get(month);
    if (afterSeq === undefined) {
      afterSeq = await lastUptoOfMonth(tenant, Date.parse(`${month}-01T00:00:00Z`), tx);
      before.set(month, afterSeq);
    }
    ranged.push({ ...row, afterSeq, uptoSeq });
  }
  return ranged;
}

/**
 * Takes an issued invoice back: its usage and subscription lines are unbilled again, its credit returns to its lots, its
 * number and its document stay. Codes that it used stay used. Idempotent.
 *
 * @throws BillingError not_found; failed_precondition `invoice_draft`, `invoice_settled`.
 */
export async function voidInvoice(
  tenant: string,
  id: string,
  reason: string,
  context: IssueContext,
  tx: Tx,
): Promise<StoredInvoice> {
  await lockUsageAcrossTenants([tenant], "exclusive", tx);
  const invoice = await lockInvoice(tenant, id, tx);
  if (invoice === undefined) throw invoiceNotFound(id);
  if (invoice.status === "void") return invoice;
  const document = await documentOf<IssuedContent>(tenant, id, tx);
  if (document === undefined) throw stillADraft();
  const { content } = document;
  // A note of an invoice that credit paid has lowered nothing that was due.
  const notes = await notesOf(tenant, id, tx);
  if (invoice.paid > 0n || notes.length > 0 || invoice.status === "uncollectible" || content.total < 0)
    throw settled(invoice, notes.length);
  const { clock, ids, credits } = context;
  const at = clock.now();
  const rows = await billedOn(tenant, id, tx);
  await addUnbilledAcrossTenants(
    rows.map((row) => ({ ...row, tenant, source: row.source === "" ? id : row.source })),
    tx,
  );
  await freeSubscriptionLines(tenant, id, tx);
  if (content.creditTransaction !== null)
    await credits.reverse({ tenant, transactionId: content.creditTransaction, reference: `void:${id}` }, tx);
  const bought = BigInt(content.total - content.taxTotal);
  if (bought > 0n) await uncountVolume(tenant, { reference: referenceOf(id), amount: bought, at }, tx);
  const move = {
    kind: "void",
    tenant,
    invoice: id,
    at,
    reference: `void:${id}`,
    details: { reason },
  } as const;
  await postInvoiceMove({ ...move, postings: reversed(issuePostings(id, content)) }, ids, tx);
  const next: StoredInvoice = { ...invoice, status: "void", settledAt: at };
  await updateSettlement(next, tx);
  await tellVoided(next, document, reason, context.notices, tx);
  return next;
}

function periodNotOver({ periodEnd }: StoredInvoice): BillingError {
  const end = isoInstant(periodEnd);
  const text = `its period ends at ${end}, and usage belongs to it until then: finalize it after that, or preview it now`;
  return new BillingError("failed_precondition", "period_not_over", text, { details: { periodEnd: end } });
}

function earlierDraftOpen(invoice: string): BillingError {
  const text = `the draft ${invoice} is of an earlier period: finalize or delete it first`;
  return new BillingError("failed_precondition", "earlier_draft", text, { details: { invoice } });
}

function stillADraft(): BillingError {
  const text = "a draft was not issued: delete it";
  return new BillingError("failed_precondition", "invoice_draft", text);
}

function settled({ id, paid, status, total }: StoredInvoice, notes: number): BillingError {
  const why =
    status === "uncollectible"
      ? "was given up: count what is still paid, if anything is"
      : total < 0n
        ? "is credit already: adjust the credit balance instead"
        : paid > 0n || notes > 0
          ? "has payments or credit notes: issue a credit note"
          : "is settled: issue a credit note";
  const text = `invoice ${id} cannot be void, it ${why}`;
  return new BillingError("failed_precondition", "invoice_settled", text, { details: { invoice: id } });
}
