import type { Grouping, UsageReport, UsageTotals } from "../domain/analytics/index.ts";
import { grouped, printable } from "./output.ts";
import { type TableColumn, tableLines } from "./table.ts";

/** An exact amount of US dollars. */
export type Amount = UsageTotals["costUsd"];

const COUNTS = ["events", "input tokens", "cached", "output tokens"];
const CHARGE_NOTE =
  "cost: what providers take from us; charge: what tenants owe us; margin: the charge minus the cost";

/** Usage as a table: a line per group, then the total. Every amount is exact. */
export function usageTable(
  report: UsageReport,
  by: readonly Grouping[],
  { charge = false }: { readonly charge?: boolean } = {},
): string[] {
  const { groups, total } = report;
  const amountsOf = ({ costUsd, chargeUsd }: UsageTotals) =>
    charge ? [costUsd, chargeUsd, chargeUsd.minus(costUsd)] : [costUsd];
  const decimals = decimalsOf([...groups, total].flatMap(amountsOf));
  const titles = [...COUNTS, "cost", ...(charge ? ["charge", "margin"] : [])];
  const figures = (totals: UsageTotals) => [
    grouped(totals.events),
    grouped(totals.inputTokens),
    grouped(totals.cachedTokens),
    grouped(totals.outputTokens),
    ...amountsOf(totals).map((amount) => dollars(amount, decimals)),
  ];
  const note = charge ? ["", CHARGE_NOTE] : [];
  return [...groupTable(by, titles, report, figures), ...note, ...flaggedNote(total)];
}

/** A line per group with its keys and figures, then the total; without groupings the total alone. */
export function groupTable<Totals>(
  by: readonly Grouping[],
  titles: readonly string[],
  report: {
    readonly total: Totals;
    readonly groups: readonly (Totals & {
      readonly key: Readonly<Partial<Record<Grouping, string | null>>>;
    })[];
  },
  figures: (totals: Totals) => readonly string[],
): string[] {
  const columns = titles.map((title): TableColumn => ({ title, align: "right" }));
  if (by.length === 0) return tableLines(columns, [figures(report.total)]);
  const keys = by.map((title): TableColumn => ({ title, align: "left" }));
  const rows = report.groups.map((group) => [
    ...by.map((name) => keyText(name, group.key[name])),
    ...figures(group),
  ]);
  const footer = [...by.map((_, index) => (index === 0 ? "total" : "")), ...figures(report.total)];
  return tableLines([...keys, ...columns], rows, footer);
}

/** Unknown is never silent: what was billed at a price that is not its own is said under the bill. */
function flaggedNote({ flaggedEvents, events }: UsageTotals): string[] {
  if (flaggedEvents === 0) return [];
  const share = `${grouped(flaggedEvents)} of ${grouped(events)} events`;
  return [
    "",
    `note: ${share} have a model, token bucket or service tier without a price of its own in the book`,
  ];
}

/** `$1,234.50`, `-$0.02`: exact, with as many zeros as make a column of amounts line up. */
export function dollars(amount: Amount, decimals = 2): string {
  const [whole = "", fraction = ""] = amount.abs().toFixed().split(".");
  const sign = amount.isNegative() && !amount.isZero() ? "-" : "";
  return `${sign}$${grouped(whole)}.${fraction.padEnd(decimals, "0")}`;
}

/** The decimals that every amount of a column can be written with, at least 2. */
export function decimalsOf(amounts: readonly Amount[]): number {
  return amounts.reduce((most, amount) => Math.max(most, amount.decimalPlaces()), 2);
}

function keyText(by: Grouping, value: string | null | undefined): string {
  if (value === null || value === undefined) return "(none)";
  if (by === "hour") return `${value.slice(0, 13).replace("T", " ")}:00 UTC`;
  return by === "day" || by === "week" || by === "month" ? value.slice(0, 10) : printable(value);
}
