// aragora-billing budget check: may this be spent?

import type { Command } from "commander";
import { BillingError } from "../kernel/index.ts";
import {
  asFlags,
  type BudgetFlags,
  countFlag,
  type DimensionFlags,
  dimensionsOf,
  onBudgets,
  withBudgetFlags,
  withDimensions,
} from "./budget-flags.ts";
import { checkLines } from "./budget-table.ts";
import { say, writeJson } from "./output.ts";

interface CheckFlags extends BudgetFlags, DimensionFlags {
  readonly amount?: string;
  readonly tokensIn?: number;
  readonly maxOutput?: number;
  readonly type?: string;
}

const HELP = `
The answer is that of this moment; nothing is taken. Without an amount or tokens it is whether there is room for anything.

Exit codes: 0 allowed, 6 refused.

Examples:
  $ aragora-billing budget check --tenant acme --amount 0.50 --debate debate_123
  $ aragora-billing budget check --tenant acme --provider openai --model gpt-4o --tokens-in 5000 --max-output 2000`;
const REFUSED = 6;

export function addBudgetCheckCommand(budget: Command): void {
  const check = budget
    .command("check")
    .description("Tells whether something may be spent, and what each budget that it meets says.")
    .option("--amount <usd>", "what it is estimated to cost")
    .option("--tokens-in <count>", "input tokens, priced by the book", countFlag)
    .option("--max-output <count>", "the most tokens of the answer", countFlag)
    .option("--type <type>", "kind of use (default: tokens)");
  withDimensions(check, (dimension) => `the ${dimension} of the use`);
  withBudgetFlags(check, "print the answer as JSON").addHelpText("after", HELP).action(runCheck);
}

async function runCheck(flags: CheckFlags): Promise<void> {
  const { tenant, amount, tokensIn, maxOutput, type } = flags;
  const request = {
    ...{ tenant, dimensions: dimensionsOf(flags) },
    ...(amount !== undefined && { estimatedCostUsd: amount }),
    ...(tokensIn !== undefined && { tokensIn }),
    ...(maxOutput !== undefined && { maxOutputTokens: maxOutput }),
    ...(type !== undefined && { type }),
  };
  const names = { estimatedCostUsd: "amount", tokensIn: "tokens-in", maxOutputTokens: "max-output" };
  const { check, all } = await onBudgets(flags, async ({ holds, budgets }) => ({
    check: await asFlags(names, () => holds.check(request)),
    all: await budgets.list({ tenant }),
  }));
  const measures = new Map(all.map(({ id, measure }) => [id, measure]));
  if (flags.json) writeJson(check);
  else {
    if (check.budgets.length > 0) for (const line of [...checkLines(check.budgets, measures), ""]) say(line);
    if (check.allowed) say(check.budgets.length === 0 ? "allowed: no budget is met" : "allowed");
    for (const warning of check.warnings) say(`warning: ${warning}`);
  }
  if (check.allowed) return;
  process.exitCode = REFUSED;
  if (!flags.json) throw refusal(check.reason, check.message);
}

/** The same exit code and words as where an amount is authorized. */
function refusal(reason: string | null, message: string): BillingError {
  return new BillingError("limit_exceeded", reason ?? "budget_exceeded", `refused: ${message}`);
}
