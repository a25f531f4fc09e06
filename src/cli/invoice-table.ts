// Invoices for people.

import type {
  CreditNoteView,
  InvoiceSummary,
  InvoiceView,
  LineExplanation,
  MonthEndReport,
} from "../domain/invoices/index.ts";
import { centsText } from "./credits-flags.ts";
import { counted } from "./output.ts";
import { type TableColumn, tableLines } from "./table.ts";

const LIST: readonly TableColumn[] = [
  { title: "number", align: "left" },
  { title: "id", align: "left" },
  { title: "period", align: "left" },
  { title: "status", align: "left" },
  { title: "total", align: "right" },
  { title: "due", align: "right" },
];
const LINES: readonly TableColumn[] = [
  { title: "line", align: "left" },
  { title: "what", align: "left" },
  { title: "quantity", align: "right" },
  { title: "amount", align: "right" },
];

const NOTE_LINES: readonly TableColumn[] = [
  { title: "line", align: "left" },
  { title: "what", align: "left" },
  { title: "taken back", align: "right" },
];

export function invoiceListLines(invoices: readonly InvoiceSummary[]): string[] {
  const rows = invoices.map(({ number, id, period, status, isOverdue, totalCents, amountDueCents }) => [
    ...[number ?? "draft", id, period, isOverdue ? "overdue" : status],
    ...[status === "draft" ? "" : centsText(totalCents), centsText(amountDueCents)],
  ]);
  return tableLines(LIST, rows);
}

/** The invoice with every part of its total. */
export function invoiceLines(invoice: InvoiceView): string[] {
  const { number, id, period, status, content } = invoice;
  const sums: (readonly [name: string, cents: number])[] = [
    ["subtotal", content.subtotal],
    ...content.discounts.map(({ description, amount }) => [description, amount] as const),
    ...content.taxes.map(({ percent, base, amount }) => {
      return [`tax ${percent} % on ${centsText(base)}`, amount] as const;
    }),
    ["total", content.total],
    ...(content.creditsApplied === 0 ? [] : [["prepaid credit", -content.creditsApplied] as const]),
    ...(content.creditsIssued === 0 ? [] : [["put on the credit balance", content.creditsIssued] as const]),
    ...(invoice.paidCents === 0 ? [] : [["paid", -invoice.paidCents] as const]),
    ...(invoice.creditedCents === 0 ? [] : [["credit notes", -invoice.creditedCents] as const]),
    ...(status === "draft" ? [] : [["due", invoice.amountDueCents] as const]),
  ];
  return [
    `${number ?? "draft"} (${id}) of ${period} for ${content.buyer.name}: ${invoice.isOverdue ? "overdue" : status}`,
    ...tableLines(
      LINES,
      content.lines.map((line) => [
        ...[line.id, `${line.description}${line.detail === "" ? "" : ` (${line.detail})`}`],
        ...[line.quantity ?? "", centsText(line.amount)],
      ]),
    ),
    ...sumLines(sums),
  ];
}

/** A credit note with every part of its total. */
export function creditNoteLines({ id, number, issuedAt, content }: CreditNoteView): string[] {
  const { corrects, reason, reference, lines, net, taxes, total } = content;
  const { offDue, refunded, returned, expired, refundTo } = content;
  const money = refundTo === "payment" ? refunded : 0;
  const given = [
    ["off what was due", offDue],
    ["for you to pay back", money],
    ["put on the credit balance", refunded + returned - expired - money],
    ["of credit that has ended", expired],
  ] as const;
  return [
    `${number} (${id}) of ${issuedAt.slice(0, 10)} on ${corrects}: ${reason} (reference ${reference})`,
    ...tableLines(
      NOTE_LINES,
      lines.map(({ lineId, description, amount }) => [lineId, description, centsText(amount)]),
    ),
    ...sumLines([
      ["net", net],
      ...taxes.map(({ percent, base, amount }) => {
        return [`tax ${percent} % on ${centsText(base)}`, amount] as const;
      }),
      ["total", total],
      ...given.filter(([, cents]) => cents !== 0),
    ]),
  ];
}

/** Why a line says what it says, down to a page of its events. */
export function explanationLines(why: LineExplanation): string[] {
  const { line, steps, parts, price, usage, events, nextCursor } = why;
  return [
    `${line.id} ${line.description}: ${centsText(line.amount)}`,
    ...steps.map((step) => `  ${step}`),
    ...(price === null ? [] : [`  price ${price}`]),
    ...parts.map(({ quantity, unit, unitPriceUsd, per, amountUsd }) => {
      return `  ${quantity} ${unit} x $${unitPriceUsd}${per === "1" ? "" : ` per ${per}`} = $${amountUsd}`;
    }),
    ...(usage === null
      ? []
      : [
          `  ${counted(usage.events, "event")} sum to $${usage.sumUsd}: ${usage.agrees ? "as on the line" : "NOT as on the line"}`,
        ]),
    ...events.map(({ id, timestamp, chargeUsd }) => `  ${timestamp}  ${id}  $${chargeUsd}`),
    ...(nextCursor === null ? [] : ["  … and more: see --limit"]),
  ];
}

export function monthEndLines({
  period,
  finalized,
  ownTerms,
  already,
  totalCents,
  failures,
}: MonthEndReport): string[] {
  return [
    `${period}: ${counted(finalized, "invoice")} issued, ${centsText(totalCents)} in all; ${already} done already`,
    ...(ownTerms === 0
      ? []
      : [
          `  ${counted(ownTerms, "draft")} made before had other terms, and was issued on its own: see invoice list`,
        ]),
    ...failures.map(({ tenant, code, message }) => `  ${tenant}: ${message} (${code})`),
  ];
}

function sumLines(sums: readonly (readonly [name: string, cents: number])[]): string[] {
  const width = Math.max(...sums.map(([name]) => name.length));
  return sums.map(([name, cents]) => `${name.padEnd(width)}  ${centsText(cents)}`);
}
