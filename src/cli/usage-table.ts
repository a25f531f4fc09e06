import type { Grouping, UsageReport, UsageTotals } from "../domain/analytics/index.ts";
import { grouped, printable } from "./output.ts";
import { type TableColumn, tableLines } from "./table.ts";

type Amount = UsageTotals["costUsd"];

const FIGURES: readonly TableColumn[] = ["events", "input tokens", "cached", "output tokens", "cost"].map(
  (title) => ({ title, align: "right" }),
);

/** Usage as a table: a line per group, then the total. Every amount is exact. */
export function usageTable(report: UsageReport, by: readonly Grouping[]): string[] {
  const { groups, total } = report;
  const decimals = [...groups, total].reduce(
    (most, { costUsd }) => Math.max(most, costUsd.decimalPlaces()),
    2,
  );
  const figures = (totals: UsageTotals) => [
    grouped(totals.events),
    grouped(totals.inputTokens),
    grouped(totals.cachedTokens),
    grouped(totals.outputTokens),
    dollars(totals.costUsd, decimals),
  ];
  const keys = by.map((title): TableColumn => ({ title, align: "left" }));
  const rows = groups.map((group) => [
    ...by.map((name) => keyText(name, group.key[name])),
    ...figures(group),
  ]);
  const footer = [...by.map((_, index) => (index === 0 ? "total" : "")), ...figures(total)];
  const lines =
    by.length === 0 ? tableLines(FIGURES, [figures(total)]) : tableLines([...keys, ...FIGURES], rows, footer);
  return [...lines, ...flaggedNote(total)];
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

/** `$1,234.50`: exact, with as many zeros as make a column of amounts line up. */
export function dollars(amount: Amount, decimals = 2): string {
  const [whole = "", fraction = ""] = amount.toFixed().split(".");
  return `$${grouped(whole)}.${fraction.padEnd(decimals, "0")}`;
}

function keyText(by: Grouping, value: string | null | undefined): string {
  if (value === null || value === undefined) return "(none)";
  if (by === "hour") return `${value.slice(0, 13).replace("T", " ")}:00 UTC`;
  return by === "day" || by === "week" || by === "month" ? value.slice(0, 10) : printable(value);
}
