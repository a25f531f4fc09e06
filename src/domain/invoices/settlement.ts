// How an issued invoice is settled: payments, credit notes, or given up. Each is a posting; what was issued stays as it is.

import { BillingError, digest, type Ids } from "../../kernel/index.ts";
import type { Tx } from "../../store/index.ts";
import type { CreditService } from "../credits/index.ts";
import { uncountVolume } from "../discounts/index.ts";
import { transactionsByReference } from "../ledger/index.ts";
import { taxOf } from "./compose.ts";
import { amountDue, amountLeft, type Party, type StoredInvoice } from "./invoice.ts";
import { invoiceNotFound } from "./invoice-input.ts";
import {
  documentOf,
  insertDocument,
  lockInvoice,
  notesOf,
  takeNumberAcrossTenants,
  updateSettlement,
} from "./invoice-store.ts";
import type { IssuedContent } from "./issue.ts";
import { type InvoiceNotices, tellCredited, tellPaid } from "./notices.ts";
import {
  INVOICE_BOOK,
  notePostings,
  paymentPostings,
  postInvoiceMove,
  writeOffPostings,
} from "./postings.ts";
import { lockUsageAcrossTenants } from "./usage-store.ts";

export interface Payment {
  readonly tenant: string;
  readonly invoice: string;
  /** Null: all that is due. */
  readonly amount: bigint | null;
  /** The caller's key: the same payment again is counted once. */
  readonly reference: string;
  readonly method: string;
}

/**
 * Counts a payment. Once per reference. False: it was counted before.
 *
 * @throws BillingError not_found; conflict `reference_conflict`; failed_precondition `invoice_not_payable`; invalid_input
 * `overpaid`.
 */
export async function payInvoice(
  payment: Payment,
  { at, ids, notices }: { at: number; ids: Ids; notices: InvoiceNotices },
  tx: Tx,
): Promise<boolean> {
  const { tenant, invoice: id, reference, method } = payment;
  // Two payments of a tenant under one reference come one after the other.
  await lockUsageAcrossTenants([tenant], "exclusive", tx);
  const invoice = await lockInvoice(tenant, id, tx);
  if (invoice === undefined) throw invoiceNotFound(id);
  const request = JSON.stringify([id, payment.amount === null ? null : String(payment.amount)]);
  const key = `pay:${reference}`;
  const [known] = await transactionsByReference(INVOICE_BOOK, [{ tenant, id: key }], tx);
  if (known !== undefined) {
    if (known.request === request) return false;
    const text = "this reference is that of another payment; nothing was changed";
    throw new BillingError("conflict", "reference_conflict", text, { details: { field: "reference" } });
  }
  // What was given up and comes after all is not lost.
  const isGivenUp = invoice.status === "uncollectible";
  if (invoice.status !== "finalized" && !isGivenUp) throw notPayable(invoice);
  const due = amountLeft(invoice);
  const amount = payment.amount ?? due;
  if (amount > due) throw overpaid(amount, due);
  const move = { kind: "payment", tenant, invoice: id, at, reference: key, request } as const;
  const postings = paymentPostings(id, amount, isGivenUp);
  await postInvoiceMove({ ...move, details: { method }, postings }, ids, tx);
  const isPaid = amount === due;
  const next: StoredInvoice = {
    ...{ ...invoice, paid: invoice.paid + amount },
    ...(isPaid && { status: "paid" as const, settledAt: at }),
  };
  await updateSettlement(next, tx);
  const document = await documentOf<IssuedContent>(tenant, id, tx);
  if (document === undefined) throw new Error(`the document of ${id} is missing`);
  await tellPaid(next, document, { reference, amount, at, method }, notices, tx);
  return true;
}

/** Gives up what is due. False: it was given up before. @throws BillingError not_found; failed_precondition `invoice_not_payable`. */
export async function writeOff(
  tenant: string,
  id: string,
  { at, ids }: { at: number; ids: Ids },
  tx: Tx,
): Promise<boolean> {
  const invoice = await lockInvoice(tenant, id, tx);
  if (invoice === undefined) throw invoiceNotFound(id);
  if (invoice.status === "uncollectible") return false;
  if (invoice.status !== "finalized") throw notPayable(invoice);
  const move = { kind: "write_off", tenant, invoice: id, at, reference: `write_off:${id}` } as const;
  await postInvoiceMove({ ...move, postings: writeOffPostings(id, amountDue(invoice)) }, ids, tx);
  await updateSettlement({ ...invoice, status: "uncollectible", settledAt: at }, tx);
  return true;
}

/** What a credit note takes back. */
export interface NoteRequest {
  readonly tenant: string;
  readonly invoice: string;
  /** The caller's key. */
  readonly reference: string;
  readonly reason: string;
  /** Net of discounts and tax, per line id; null: all that is left of the invoice. */
  readonly lines: readonly { readonly lineId: string; readonly amount: bigint }[] | null;
  /** Where what was paid already goes back to. */
  readonly refundTo: "credits" | "payment";
}

/** What a credit note says. Stored as text, for ever. */
export interface CreditNoteContent {
  readonly currency: string;
  /** The number of the invoice. */
  readonly corrects: string;
  /** The caller's key. */
  readonly reference: string;
  readonly reason: string;
  readonly lines: readonly {
    readonly lineId: string;
    readonly description: string;
    readonly amount: number;
    readonly taxPercent: string;
  }[];
  readonly net: number;
  readonly taxes: readonly {
    readonly percent: string;
    readonly note: string | null;
    readonly base: number;
    readonly amount: number;
  }[];
  readonly taxTotal: number;
  readonly total: number;
  /** What of it lowered what was due. */
  readonly offDue: number;
  /** What of it had been paid in money: it went to `refundTo`. */
  readonly refunded: number;
  /** What of it credit had paid: it went back to the lots that it came from. */
  readonly returned: number;
  /** Of `returned`, what went to lots that have ended, and ended with them. */
  readonly expired: number;
  readonly refundTo: "credits" | "payment";
  readonly seller: Party | null;
  readonly buyer: Party;
}

/** What is stored of a credit note; `request` tells a retry from another one with its reference. */
export interface IssuedNote extends CreditNoteContent {
  readonly request: string;
}

/**
 * Issues a credit note: takes lines of an issued invoice back, in part or whole, with their tax. It lowers what is due first;
 * the rest goes back as credit or as money. All notes of an invoice together are at most the invoice. Once per reference.
 *
 * @throws BillingError not_found; failed_precondition `invoice_not_creditable`; invalid_input `line_exceeded`,
 * `unknown_line`; conflict `reference_conflict`.
 */
export async function creditInvoice(
  note: NoteRequest,
  { at, ids, credits, notices }: { at: number; ids: Ids; credits: CreditService; notices: InvoiceNotices },
  tx: Tx,
): Promise<{ id: string; number: string; content: IssuedNote; isNew: boolean }> {
  const { tenant, invoice: invoiceId, reference, reason, refundTo } = note;
  const invoice = await lockInvoice(tenant, invoiceId, tx);
  if (invoice === undefined) throw invoiceNotFound(invoiceId);
  const id = `crn_${digest(JSON.stringify([tenant, invoiceId, reference])).slice(0, 32)}`;
  const request = JSON.stringify([
    reason,
    refundTo,
    note.lines?.map(({ lineId, amount }) => [lineId, String(amount)]),
  ]);
  const known = await documentOf<IssuedNote>(tenant, id, tx);
  if (known !== undefined) {
    const { number, content } = known;
    if (content.request === request) return { id, number, content, isNew: false };
    const text = "this reference is that of another credit note; nothing was changed";
    throw new BillingError("conflict", "reference_conflict", text, { details: { field: "reference" } });
  }
  const issued = await documentOf<IssuedContent>(tenant, invoiceId, tx);
  const isOpen = invoice.status === "finalized" || invoice.status === "paid";
  if (issued === undefined || !isOpen || invoice.total <= 0n) throw notCreditable(invoice);
  const earlier = (await notesOf<IssuedNote>(tenant, invoiceId, tx)).map(({ content }) => content);
  const parts = noteParts(note, issued.content, earlier);
  const net = parts.lines.reduce((sum, { amount }) => sum + BigInt(amount), 0n);
  const tax = parts.taxes.reduce((sum, { amount }) => sum + BigInt(amount), 0n);
  const total = net + tax;
  if (total <= 0n) throw notCreditable(invoice);
  const noted = earlier.reduce((sum, one) => sum + one.total, 0);
  // Beside a negative line more is left of the others than was invoiced.
  if (BigInt(noted) + total > invoice.total) throw invoiceExceeded(invoice, noted);
  const due = amountDue(invoice);
  const offDue = total < due ? total : due;
  const rest = total - offDue;
  // What money paid goes back first; what credit paid returns to its lots, and is never money.
  const before = earlier.reduce((sum, one) => sum + one.refunded, 0);
  const refunded = min(rest, invoice.paid - BigInt(before));
  const returned = rest - refunded;
  if (refunded > 0n && refundTo === "credits") {
    const lot = { type: "refund", amountCents: Number(refunded), reference: `note:${id}` } as const;
    await credits.issue({ tenant, ...lot, description: `credit note for ${issued.number}` }, tx);
  }
  const back = { tenant, amount: returned, note: id };
  const expired = returned > 0n ? await returnCredit(issued.content, back, credits, tx) : 0n;
  if (net > 0n) await uncountVolume(tenant, { reference: `note:${id}`, amount: net, at }, tx);
  const move = { kind: "credit_note", tenant, invoice: invoiceId, at, reference: id } as const;
  await postInvoiceMove(
    { ...move, postings: notePostings(invoiceId, { net, tax, offDue, refunded, returned }, refundTo) },
    ids,
    tx,
  );
  const isPaid = invoice.status === "finalized" && offDue === due;
  const next: StoredInvoice = {
    ...invoice,
    noted: invoice.noted + offDue,
    ...(isPaid && { status: "paid" as const, settledAt: at }),
  };
  await updateSettlement(next, tx);
  const { currency, seller, buyer } = issued.content;
  const content: IssuedNote = {
    ...{ currency, corrects: issued.number, reference, reason, request, ...parts },
    ...{ net: Number(net), taxTotal: Number(tax), total: Number(total) },
    ...{ offDue: Number(offDue), refunded: Number(refunded), returned: Number(returned) },
    ...{ expired: Number(expired), refundTo, seller, buyer },
  };
  const number = await takeNumberAcrossTenants("CN", tx);
  await insertDocument(
    { tenant, id, kind: "credit_note", number, invoice: invoiceId, content, issuedAt: at },
    tx,
  );
  await tellCredited({ tenant, id, number, content }, notices, tx);
  return { id, number, content, isNew: true };
}

/** Lines and taxes of a note. Tax is that of all notes so far less what earlier ones took, so that they sum to the invoice's. */
function noteParts(
  { lines: asked }: NoteRequest,
  issued: IssuedContent,
  earlier: readonly CreditNoteContent[],
): Pick<CreditNoteContent, "lines" | "taxes"> {
  const notedOf = (lineId: string) =>
    sum(
      earlier.flatMap(({ lines }) =>
        lines.filter((line) => line.lineId === lineId).map(({ amount }) => amount),
      ),
    );
  const lines = issued.lines.flatMap((line) => {
    const left = line.amount - line.discount - notedOf(line.id);
    const request = asked?.filter(({ lineId }) => lineId === line.id) ?? null;
    // Of a negative line less than nothing is left: it stands in the way of no other one.
    if (request?.length === 0) return [];
    const amount = request === null ? left : sum(request.map((one) => Number(one.amount)));
    if (request !== null && amount > left) throw lineExceeded(line.id, amount, left);
    const { id: lineId, description, taxPercent } = line;
    return amount === 0 ? [] : [{ lineId, description, amount, taxPercent }];
  });
  const unknown = asked?.find(({ lineId }) => !issued.lines.some(({ id }) => id === lineId));
  if (unknown !== undefined) {
    const text = `the invoice has no line ${JSON.stringify(unknown.lineId)}`;
    throw new BillingError("invalid_input", "unknown_line", text, { details: { field: "lines" } });
  }
  const rateOf = new Map(issued.lines.map((line) => [line.id, line.taxPercent]));
  const taxes = issued.taxes.flatMap(({ percent, note, base: whole, amount: all }) => {
    const base = sum(lines.filter((line) => rateOf.get(line.lineId) === percent).map(({ amount }) => amount));
    if (base === 0) return [];
    const before = earlier.flatMap((one) => one.taxes.filter((tax) => tax.percent === percent));
    const noted = sum(before.map((tax) => tax.base)) + base;
    const cumulative = noted === whole ? BigInt(all) : taxOf(BigInt(noted), percent);
    return [{ percent, note, base, amount: Number(cumulative) - sum(before.map((tax) => tax.amount)) }];
  });
  return { lines, taxes };
}

function sum(amounts: readonly number[]): number {
  return amounts.reduce((total, amount) => total + amount, 0);
}

function min(a: bigint, b: bigint): bigint {
  return a < b ? a : b;
}

/**
 * Credit that paid an invoice goes back to its lots, and none of it becomes money. What goes to lots that have ended meanwhile
 * ends with them: returns how much that is.
 */
async function returnCredit(
  { creditTransaction: transactionId }: IssuedContent,
  { tenant, amount, note }: { readonly tenant: string; readonly amount: bigint; readonly note: string },
  credits: CreditService,
  tx: Tx,
): Promise<bigint> {
  if (transactionId === null) throw new Error(`${note}: more was paid than money and credit paid`);
  const back = { tenant, transactionId, amountCents: Number(amount), reference: `note:${note}:lots` };
  const before = await credits.balanceSeen(tenant, tx);
  await credits.reverse(back, tx);
  const after = await credits.balanceSeen(tenant, tx);
  return amount - BigInt(after.balanceCents - before.balanceCents);
}

function notPayable({ id, status }: StoredInvoice): BillingError {
  const text = `invoice ${id} is ${status}: only one that was issued and is not settled can be paid or given up`;
  return new BillingError("failed_precondition", "invoice_not_payable", text, { details: { status } });
}

function overpaid(amount: bigint, due: bigint): BillingError {
  const text = `${amount} cents were paid, ${due} are due: count what is due, and issue the rest as credit`;
  const details = { field: "amountCents", amountCents: Number(amount), amountDueCents: Number(due) };
  return new BillingError("invalid_input", "overpaid", text, { details });
}

function notCreditable({ id, status }: StoredInvoice): BillingError {
  const text =
    status === "uncollectible"
      ? `invoice ${id} was given up: there is nothing due that a credit note could lower`
      : `invoice ${id} (${status}) has nothing left that a credit note could take back`;
  return new BillingError("failed_precondition", "invoice_not_creditable", text, { details: { status } });
}

function invoiceExceeded({ id, total }: StoredInvoice, noted: number): BillingError {
  const left = Number(total) - noted;
  const text = `of invoice ${id} ${left} cents are left, with tax: take less back`;
  return new BillingError("invalid_input", "line_exceeded", text, {
    details: { field: "lines", leftCents: left },
  });
}

function lineExceeded(lineId: string, amount: number, left: number): BillingError {
  const text = `of line ${lineId} ${left} cents are left (without discount and tax), not ${amount}`;
  return new BillingError("invalid_input", "line_exceeded", text, {
    details: { field: "lines", lineId, leftCents: left },
  });
}
