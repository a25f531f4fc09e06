// What invoices move, in double entry. The account `receivable` is what a tenant owes us.

import type { Ids } from "../../kernel/index.ts";
import type { Tx } from "../../store/index.ts";
import { type LedgerTransaction, type Posting, postToLedger } from "../ledger/index.ts";
import { INVOICE_CURRENCY, type InvoiceContent } from "./invoice.ts";

export const INVOICE_BOOK = "invoices";
const RECEIVABLE = "receivable";
const REVENUE = "revenue";
const TAX = "tax_payable";
/** Prepaid credit that paid invoices, and what was put on the credit balance. */
const PREPAID = "prepaid";
const RECEIVED = "received";
const WRITTEN_OFF = "written_off";

/** What happened to an invoice, and the amounts that it moves. */
export interface InvoiceMove {
  readonly kind: "invoice" | "void" | "payment" | "write_off" | "credit_note";
  readonly tenant: string;
  readonly invoice: string;
  readonly at: number;
  /** Unique per tenant: the same move again is refused by the ledger. */
  readonly reference: string;
  readonly request?: string;
  readonly details?: LedgerTransaction["details"];
  readonly postings: readonly Posting[];
}

/** Posts a move; one that moves nothing is not posted. */
export async function postInvoiceMove(move: InvoiceMove, ids: Ids, tx: Tx): Promise<void> {
  const postings = move.postings.filter(({ amount }) => amount !== 0n);
  if (postings.length === 0 && move.kind !== "payment") return;
  const { kind, tenant, invoice, at, reference, request = "", details = {} } = move;
  await postToLedger(tx, [
    {
      ...{ tenant, id: ids.next("itx"), book: INVOICE_BOOK, kind, at, currency: INVOICE_CURRENCY },
      ...{ reference, request, relatesTo: invoice, details, postings },
    },
  ]);
}

/** Issuing: owed by the tenant, earned by us or owed on as tax; prepaid credit pays its part at once. */
export function issuePostings(invoice: string, content: InvoiceContent): Posting[] {
  const { total, taxTotal, creditsApplied, creditsIssued } = content;
  const moved = {
    total: BigInt(total),
    tax: BigInt(taxTotal),
    prepaid: BigInt(creditsApplied - creditsIssued),
  };
  return [
    { account: RECEIVABLE, subject: invoice, amount: moved.total - moved.prepaid },
    { account: REVENUE, subject: invoice, amount: moved.tax - moved.total },
    { account: TAX, subject: invoice, amount: -moved.tax },
    { account: PREPAID, subject: invoice, amount: moved.prepaid },
  ];
}

export function reversed(postings: readonly Posting[]): Posting[] {
  return postings.map((posting) => ({ ...posting, amount: -posting.amount }));
}

/** A payment of what is owed, or of what was given up. */
export function paymentPostings(invoice: string, amount: bigint, isGivenUp: boolean): Posting[] {
  return [
    { account: isGivenUp ? WRITTEN_OFF : RECEIVABLE, subject: invoice, amount: -amount },
    { account: RECEIVED, subject: invoice, amount },
  ];
}

export function writeOffPostings(invoice: string, amount: bigint): Posting[] {
  return [
    { account: RECEIVABLE, subject: invoice, amount: -amount },
    { account: WRITTEN_OFF, subject: invoice, amount },
  ];
}

/** A credit note: less earned and less tax; off what is due, and the rest back as money or as credit. */
export function notePostings(
  invoice: string,
  note: {
    readonly net: bigint;
    readonly tax: bigint;
    readonly offDue: bigint;
    readonly refunded: bigint;
    readonly returned: bigint;
  },
  refundTo: "credits" | "payment",
): Posting[] {
  const asMoney = refundTo === "payment" ? note.refunded : 0n;
  return [
    { account: REVENUE, subject: invoice, amount: note.net },
    { account: TAX, subject: invoice, amount: note.tax },
    { account: RECEIVABLE, subject: invoice, amount: -note.offDue },
    { account: RECEIVED, subject: invoice, amount: -asMoney },
    { account: PREPAID, subject: invoice, amount: asMoney - note.refunded - note.returned },
  ];
}
