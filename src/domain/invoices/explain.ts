// Why a line says what it says: the steps from events and prices to the printed figure.

import {
  BillingError,
  DAY_MS,
  decodeCursor,
  encodeCursor,
  formatMinor,
  formatUsd,
  invalidInput,
  isoInstant,
  joinMoney,
} from "../../kernel/index.ts";
import type { Reader } from "../../store/index.ts";
import type { PriceBook } from "../pricing/index.ts";
import { type LineEvents, pageOfLineEvents, sumOfLineEvents } from "./explain-store.ts";
import type { InvoiceContent, IssuedLine, LineSource } from "./invoice.ts";
import { monthOf } from "./invoice-input.ts";
import type { UsageSums } from "./usage.ts";
import { partsOf } from "./usage-line.ts";

/** One factor of a usage line: quantity x unit price. */
export interface ExplainedPart {
  readonly quantity: string;
  readonly unit: string;
  /** US dollars per `per` units, exact. */
  readonly unitPriceUsd: string;
  readonly per: string;
  /** Their product in US dollars, exact. */
  readonly amountUsd: string;
}

export interface ExplainedEvent {
  readonly id: string;
  readonly timestamp: string;
  readonly tokensIn: number;
  readonly tokensOut: number;
  readonly quantity: number;
  /** US dollars, exact; negative where a correction took it back. */
  readonly chargeUsd: string;
}

export interface LineExplanation {
  readonly line: IssuedLine;
  /** The steps in their order, as sentences with figures. */
  readonly steps: readonly string[];
  /** The price version behind a usage line. */
  readonly price: string | null;
  readonly parts: readonly ExplainedPart[];
  /** Of a usage line: all events, their exact sum, and whether it is what the line was rounded from. */
  readonly usage: {
    readonly events: number;
    readonly sumUsd: string;
    readonly agrees: boolean;
  } | null;
  /** A page of the events, in the order of their commits. */
  readonly events: readonly ExplainedEvent[];
  readonly nextCursor: string | null;
  /** The credit transaction that paid a part of the invoice: its lots are in its record. */
  readonly creditTransaction: string | null;
}

export async function explainLine(
  issued: { tenant: string; invoice: string; content: InvoiceContent; creditTransaction: string | null },
  lineId: string,
  page: { cursor: string | undefined; limit: number },
  book: PriceBook,
  reader: Reader,
): Promise<LineExplanation> {
  const { tenant, invoice, content, creditTransaction } = issued;
  const line = content.lines.find(({ id }) => id === lineId);
  if (line === undefined) {
    const text = `the invoice has no line ${JSON.stringify(lineId)}; it has ${content.lines.length}: L1, L2 …`;
    throw new BillingError("not_found", "line_not_found", text, { details: { field: "lineId" } });
  }
  const after = seqAfter(page.cursor);
  const none = { price: null, parts: [], usage: null, events: [], nextCursor: null };
  const { source } = line;
  if (source.kind !== "usage")
    return { line, steps: [originOf(source), ...totalSteps(line, content)], ...none, creditTransaction };
  const behind = eventsBehind(invoice, source, content);
  const { limit } = page;
  const events = await pageOfLineEvents(tenant, behind, { after, limit: limit + 1 }, reader);
  const sum = await sumOfLineEvents(tenant, behind, reader);
  const charge = joinMoney(sum.chargeHi, sum.chargeLo);
  const rate = book.rate(source.price);
  const parts =
    rate === undefined
      ? []
      : partsOf(sumsOf(source), rate, source.model !== "" || source.others !== undefined);
  const last = events.at(limit - 1);
  return {
    line,
    steps: [...usageSteps(line, source, sum.events), ...totalSteps(line, content)],
    price: source.price === "" ? null : source.price,
    parts: parts.map(({ quantity, unit, price, per }) => ({
      ...{ quantity: String(quantity), unit, unitPriceUsd: formatUsd(price), per: String(per) },
      amountUsd: per === 1n ? formatUsd(quantity * price) : `about ${formatUsd((quantity * price) / per)}`,
    })),
    usage: {
      events: sum.events,
      sumUsd: formatUsd(charge),
      agrees: charge === BigInt(source.chargePico),
    },
    events: events.slice(0, limit).map(({ id, ts, inputTokens, outputTokens, quantity, charge: one }) => ({
      ...{ id, timestamp: isoInstant(ts), tokensIn: inputTokens, tokensOut: outputTokens, quantity },
      chargeUsd: formatUsd(one),
    })),
    nextCursor: events.length > limit && last !== undefined ? encodeCursor([String(last.seq)]) : null,
    creditTransaction,
  };
}

function seqAfter(cursor: string | undefined): bigint {
  if (cursor === undefined) return 0n;
  const [seq] = decodeCursor(cursor, ["string"]) as [string];
  if (/^\d{1,18}$/.test(seq)) return BigInt(seq);
  throw invalidInput("cursor", "invalid_cursor", "cursor must be one that this list has returned");
}

function usageSteps(line: IssuedLine, source: UsageSource, events: number): string[] {
  const exact = formatUsd(BigInt(source.chargePico));
  const { month } = source;
  return [
    `${events} events of ${month} by price ${source.price || "none"} sum to exactly $${exact}`,
    source.metered
      ? `rounded once, half up, to cents: $${formatMinor(BigInt(line.amount), "USD")}`
      : "the plan in force at the start of their days includes tokens: $0.00",
  ];
}

function originOf(source: LineSource): string {
  return source.kind === "subscription"
    ? `a line of the subscription (${source.line}): its price over its span, rounded once`
    : "an item added by hand";
}

function totalSteps(line: IssuedLine, { discounts, taxes }: InvoiceContent): string[] {
  const steps: string[] = [];
  const money = (cents: number) => `$${formatMinor(BigInt(cents), "USD")}`;
  if (line.discount < 0)
    steps.push(
      `not given back, for it was not billed (discounts, a write-off), or credited before: ${money(-line.discount)}`,
    );
  if (line.discount > 0) {
    const off = discounts.filter(({ amount }) => amount < 0);
    const names = off.map(({ description, amount }) => `${description} (${money(amount)})`).join(", ");
    steps.push(`its part of ${names}, by largest remainder: ${money(-line.discount)}`);
  }
  const tax = taxes.find(({ percent }) => percent === line.taxPercent);
  if (tax !== undefined && tax.amount !== 0)
    steps.push(
      `its part of ${tax.percent} % tax on ${money(tax.base)}, ${money(tax.amount)} rounded once: ${money(line.tax)}`,
    );
  return steps;
}

type UsageSource = Extract<LineSource, { kind: "usage" }>;

function eventsBehind(invoice: string, source: UsageSource, { lines }: InvoiceContent): LineEvents {
  const { provider, model, type, price, metered, month } = source;
  const { start, end } = monthOf(month);
  const of = { invoice, firstDay: start / DAY_MS, endDay: end / DAY_MS, type, price, metered };
  if (source.others === undefined) return { ...of, models: [[provider, model]], isExcept: false };
  // All that have no line of their own beside it.
  const beside = lines.flatMap(({ source: one }) =>
    one.kind === "usage" && isBeside(one, source) ? [one] : [],
  );
  return { ...of, models: beside.map((one) => [one.provider, one.model]), isExcept: true };
}

function isBeside(one: UsageSource, source: UsageSource): boolean {
  const isSame = one.month === source.month && one.type === source.type && one.price === source.price;
  return isSame && one.metered === source.metered && one.others === undefined;
}

function sumsOf({ sums, chargePico }: Extract<LineSource, { kind: "usage" }>): UsageSums {
  const counts = Object.fromEntries(Object.entries(sums).map(([name, count]) => [name, BigInt(count)]));
  return { ...counts, charge: BigInt(chargePico) } as unknown as UsageSums;
}
