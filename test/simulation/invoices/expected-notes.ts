// What credit notes take back, from docs/invoices.md.

import { rounded } from "./expected-billing.ts";
import type { Content, Failure } from "./expected-content.ts";

export interface NoteRequest {
  readonly reference: string;
  readonly refundTo: "credits" | "payment";
  /** Cents of one line, by its place from 0; null: all that is left. */
  readonly line: { readonly index: number; readonly cents: number } | null;
}

export interface Note {
  readonly reference: string;
  readonly request: NoteRequest;
  /** Cents by line. */
  readonly lines: readonly { readonly index: number; readonly cents: number }[];
  readonly taxes: readonly { readonly tax: number; readonly base: number; readonly cents: number }[];
  readonly net: number;
  readonly total: number;
  /** What of it lowered what was due. */
  readonly offDue: number;
  /** What of it money had paid, and what credit had. */
  readonly refunded: number;
  readonly returned: number;
  readonly number: string;
}

/** A note that has no number yet, and gives nothing back yet. */
export function creditNoteOf(
  { lines, taxes, total: invoiced }: Content,
  earlier: readonly Note[],
  request: NoteRequest,
  due: number,
): Note | Failure {
  const noted = earlier.flatMap((note) => note.lines);
  const left = lines.map(({ cents, discount }, index) => {
    const taken = noted.filter((one) => one.index === index);
    return cents - discount - total(taken.map((one) => one.cents));
  });
  const { line } = request;
  if (line !== null && line.cents > (left[line.index] ?? 0)) return { code: "line_exceeded" };
  const wanted = line === null ? left.map((cents, index) => ({ index, cents })) : [line];
  const back = wanted.filter(({ cents }) => cents !== 0);
  const taxBack = taxes.flatMap(({ tax, base: whole, cents: all }) => {
    const base = total(back.filter(({ index }) => lines[index]?.tax === tax).map(({ cents }) => cents));
    if (base === 0) return [];
    const before = earlier.flatMap((note) => note.taxes.filter((one) => one.tax === tax));
    const soFar = base + total(before.map((one) => one.base));
    const due = soFar === whole ? all : Number(rounded(BigInt(soFar) * BigInt(tax), 100_000n));
    return [{ tax, base, cents: due - total(before.map((one) => one.cents)) }];
  });
  const net = total(back.map(({ cents }) => cents));
  const sum = net + total(taxBack.map(({ cents }) => cents));
  if (sum <= 0) return { code: "invoice_not_creditable" };
  // Beside a negative line more is left of the others than was invoiced.
  if (total(earlier.map((note) => note.total)) + sum > invoiced) return { code: "line_exceeded" };
  const { reference } = request;
  const offDue = Math.min(sum, due);
  return {
    reference,
    request,
    lines: back,
    taxes: taxBack,
    net,
    total: sum,
    offDue,
    refunded: 0,
    returned: 0,
    number: "",
  };
}

function total(all: readonly number[]): number {
  return all.reduce((sum, one) => sum + one, 0);
}
