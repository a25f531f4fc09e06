// Budgets for people: a line per counter, with a bar of how much of it is used.

import type {
  BudgetDecision,
  BudgetMeasure,
  BudgetRecord,
  BudgetStatusView,
  CounterStatus,
} from "../domain/budgets/index.ts";
import { grouped, printable } from "./output.ts";
import { type TableColumn, tableLines } from "./table.ts";
import { type Amount, dollars } from "./usage-table.ts";

const BAR = 20;
const COLUMNS: readonly TableColumn[] = [
  { title: "budget", align: "left" },
  { title: "name", align: "left" },
  { title: "counts", align: "left" },
  { title: "status", align: "left" },
  { title: "spent", align: "right" },
  { title: "held", align: "right" },
  { title: "limit", align: "right" },
  { title: "left", align: "right" },
  { title: "used", align: "left" },
];
const CHECK_COLUMNS: readonly TableColumn[] = [
  { title: "budget", align: "left" },
  { title: "name", align: "left" },
  { title: "of", align: "left" },
  { title: "spent", align: "right" },
  { title: "held", align: "right" },
  { title: "asked", align: "right" },
  { title: "limit", align: "right" },
  { title: "left", align: "right" },
  { title: "answer", align: "left" },
];

/** A line per counter of each budget; of a budget on each debate or the like that has none yet, one that says so. */
export function budgetLines(budgets: readonly BudgetStatusView[]): string[] {
  return tableLines(COLUMNS, budgets.flatMap(rowsOf));
}

/** What each budget says to a request. */
export function checkLines(
  decisions: readonly BudgetDecision[],
  measures: ReadonlyMap<string, BudgetMeasure>,
): string[] {
  const rows = decisions.map((decision) => {
    const amount = amountOf(measures.get(decision.budget) ?? "usd");
    return [
      printable(decision.budget),
      printable(decision.name),
      valuesText(decision.counter),
      amount(decision.spent),
      amount(decision.held),
      amount(decision.requested),
      amount(decision.limit),
      amount(decision.remaining),
      decision.allowed ? "yes" : "no",
    ];
  });
  return tableLines(CHECK_COLUMNS, rows);
}

/** `monthly cost`, `total calls of workspace ws, each debate`. */
export function scopeText({ period, measure, money, scope }: BudgetRecord): string {
  const what = measure === "usd" ? money : measure;
  const whose = Object.entries(scope).map(([name, value]) =>
    value === "each" ? `each ${name}` : `${name} ${printable(value)}`,
  );
  return `${period} ${what}${whose.length === 0 ? "" : ` of ${whose.join(", ")}`}`;
}

/** `[##########··········]  50.25 %`; more than all is a full bar and the true percent. */
function bar(percent: number | null): string {
  if (percent === null) return "no limit";
  const full = Math.min(BAR, Math.floor((percent * BAR) / 100));
  return `[${"#".repeat(full)}${"·".repeat(BAR - full)}] ${grouped(percent.toFixed(2)).padStart(6)} %`;
}

function rowsOf(budget: BudgetStatusView): string[][] {
  const head = [printable(budget.id), printable(budget.name), scopeText(budget), statusText(budget)];
  if (budget.counters.length === 0) {
    return [[...head, "", "", amountOf(budget.measure)(budget.limit), "", "(nothing counted yet)"]];
  }
  return budget.counters.map((counter, index) => [
    ...(index === 0 ? head : ["", "", "", ""]),
    ...figuresOf(counter, amountOf(budget.measure)),
  ]);
}

function figuresOf(counter: CounterStatus, amount: (value: Amount | null) => string): string[] {
  const { spent, held, limit, remaining, percent } = counter;
  const whose = valuesText(counter.counter);
  const used = whose === "" ? bar(percent) : `${bar(percent)}  ${whose}`;
  return [amount(spent), amount(held), amount(limit), amount(remaining), used];
}

function statusText({ status, suspendedBy }: BudgetRecord): string {
  return status === "suspended" && suspendedBy === "threshold" ? "suspended (spent)" : status;
}

function valuesText(counter: Readonly<Record<string, string>>): string {
  return Object.entries(counter)
    .map(([name, value]) => `${name} ${printable(value)}`)
    .join(", ");
}

function amountOf(measure: BudgetMeasure): (value: Amount | null) => string {
  return (value) => {
    if (value === null) return "unlimited";
    return measure === "usd" ? dollars(value) : grouped(value.toFixed());
  };
}
