// What is taken back after it was billed, usage that is corrected and the rest of a plan, gives back what was billed for it, and
// never more.

import { divideHalfUp } from "../../kernel/index.ts";
import type { Reader } from "../../store/index.ts";
import type { DraftLine, InvoiceContent, LineSource, TaxRule } from "./invoice.ts";
import { monthOf } from "./invoice-input.ts";
import { notesOf, standingDocuments } from "./invoice-store.ts";

type BilledSource = Exclude<LineSource, { kind: "item" }>;
type UsageSource = Extract<LineSource, { kind: "usage" }>;

/** A line that was billed, as it stands. */
interface Billed {
  readonly source: BilledSource;
  /** Cents at list price; negative where it took back itself. */
  readonly amount: bigint;
  /** Its part of the discounts. */
  readonly discount: bigint;
  /** What credit notes took off it, without tax. */
  readonly noted: bigint;
  readonly tax: TaxRule;
}

/**
 * Lines with what a line of less than nothing keeps back: what discounts and credit notes had taken off the lines that billed
 * what it takes back. It is taxed as they were. Void and given-up invoices have billed nothing.
 */
export async function withTakeBacks(
  tenant: string,
  lines: readonly DraftLine[],
  reader: Reader,
): Promise<readonly DraftLine[]> {
  const starts = lines.map((line) => billedFrom(line, lines));
  const since = Math.min(...starts.flatMap((start) => start ?? []));
  if (since === Number.POSITIVE_INFINITY) return lines;
  const billed = await billedSince(tenant, since, reader);
  return lines.map((line, index) => {
    if (starts[index] === undefined) return line;
    const { amount } = line;
    const before = linesBehind(line, billed);
    const tax = before.reduce<Billed | undefined>(
      (most, one) => (most && most.amount >= one.amount ? most : one),
      undefined,
    )?.tax;
    return { ...line, kept: -amount - givenBack(-amount, before), ...(tax && { tax }) };
  });
}

/** Since when what a line takes back can have been billed; undefined for one that takes nothing back, or from its own invoice. */
function billedFrom(
  { amount, source, takesBack }: DraftLine,
  lines: readonly DraftLine[],
): number | undefined {
  if (amount >= 0n) return undefined;
  if (source.kind === "usage") return monthOf(source.month).start;
  const isHere = lines.some(({ source: one }) => one.kind === "subscription" && one.line === takesBack?.line);
  return isHere ? undefined : takesBack?.at;
}

/**
 * What so many cents at list price give back: in proportion to what was billed for them, rounded half up, and never more than
 * is left of it.
 */
export function givenBack(amount: bigint, billed: readonly Omit<Billed, "source" | "tax">[]): bigint {
  const list = sum(billed.map((one) => one.amount));
  const net = list - sum(billed.map(({ discount }) => discount));
  const left = net - sum(billed.map(({ noted }) => noted));
  if (list <= 0n || left <= 0n) return 0n;
  return least(amount, divideHalfUp(net * amount, list), left);
}

async function billedSince(tenant: string, from: number, reader: Reader): Promise<Billed[]> {
  const billed: Billed[] = [];
  for (const { id, content } of await standingDocuments<InvoiceContent>(tenant, from, reader)) {
    const notes = await notesOf<{ lines: { lineId: string; amount: number }[] }>(tenant, id, reader);
    const noted = notes.flatMap((note) => note.content.lines);
    for (const line of content.lines) {
      const { source, taxPercent: percent } = line;
      if (source.kind === "item" || (source.kind === "usage" && !source.metered)) continue;
      const taken = noted.filter(({ lineId }) => lineId === line.id).map((one) => BigInt(one.amount));
      const note = content.taxes.find((tax) => tax.percent === percent)?.note ?? null;
      const [amount, discount] = [BigInt(line.amount), BigInt(line.discount)];
      billed.push({ source, amount, discount, noted: sum(taken), tax: { percent, note } });
    }
  }
  return billed;
}

function linesBehind({ source, takesBack }: DraftLine, billed: readonly Billed[]): readonly Billed[] {
  if (source.kind === "usage") return linesOfUsage(source, billed);
  return billed.filter(({ source: one }) => one.kind === "subscription" && one.line === takesBack?.line);
}

/** The lines of the same usage; of models that once shared a line, that one. */
function linesOfUsage(
  { month, type, price, provider, model, others }: UsageSource,
  billed: readonly Billed[],
): readonly Billed[] {
  const isFamily = (one: BilledSource): one is UsageSource =>
    one.kind === "usage" && one.month === month && one.type === type && one.price === price;
  const family = billed.filter(({ source }) => isFamily(source));
  if (others !== undefined) return family;
  const own = family.filter(
    ({ source: one }) =>
      isFamily(one) && one.others === undefined && one.provider === provider && one.model === model,
  );
  return own.length > 0 ? own : family.filter(({ source: one }) => isFamily(one) && one.others !== undefined);
}

function sum(amounts: readonly bigint[]): bigint {
  return amounts.reduce((total, one) => total + one, 0n);
}

function least(...amounts: readonly bigint[]): bigint {
  return amounts.reduce((low, one) => (one < low ? one : low));
}
