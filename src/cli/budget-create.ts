// aragora-billing budget create.

import { type Command, InvalidArgumentError, Option } from "commander";
import {
  BUDGET_MEASURES,
  BUDGET_PERIODS,
  type BudgetInput,
  type BudgetMeasure,
  type BudgetMoney,
  type BudgetPeriodName,
  THRESHOLD_ACTIONS,
  type ThresholdAction,
  type ThresholdInput,
} from "../domain/budgets/index.ts";
import { invalidInput } from "../kernel/index.ts";
import {
  asFlags,
  type BudgetFlags,
  collect,
  type DimensionFlags,
  dimensionsOf,
  withBudgetFlags,
  withDimensions,
} from "./budget-flags.ts";
import { budgetLines } from "./budget-table.ts";
import { databaseUrl, withBilling } from "./database.ts";
import { say, writeJson } from "./output.ts";

interface CreateFlags extends BudgetFlags, DimensionFlags {
  readonly name: string;
  readonly id?: string;
  readonly limit?: string;
  readonly unlimited?: true;
  readonly measure: BudgetMeasure;
  readonly money: BudgetMoney;
  readonly period: BudgetPeriodName;
  readonly zone?: string;
  readonly threshold: readonly string[];
  readonly email: readonly string[];
  readonly webhook: readonly string[];
  readonly rollover?: true;
  readonly overage?: true;
  readonly overageCap?: string;
  readonly overageMultiplier?: string;
}

const HELP = `
A budget counts from the start of its period: what was used since is counted at once. A dimension's value is exact; the
word each gives a counter, and the limit, to every value: --debate each is a limit per debate.

Thresholds are PERCENT:ACTION, the action one of ${THRESHOLD_ACTIONS.join(", ")}
(default: 50:notify, 75:warn, 90:soft_limit, 100:hard_limit). Without hard_limit and suspend nothing is refused.

Examples:
  $ aragora-billing budget create --tenant acme --name Engineering --limit 5000 --email cfo@acme.example
  $ aragora-billing budget create --tenant acme --name "per debate" --limit 5 --period total --workspace ws --debate each
  $ aragora-billing budget create --tenant acme --name calls --measure calls --limit 1000 --period daily
  $ aragora-billing budget create --tenant acme --name hard --limit 100 --threshold 80:notify --threshold 100:suspend`;

export function addBudgetCreateCommand(budget: Command): void {
  const create = budget
    .command("create")
    .description("Makes a budget; with --id a retry finds the one it made.")
    .requiredOption("--name <name>", "what people call it")
    .option("--limit <amount>", "dollars, or a count; 0 blocks everything")
    .addOption(new Option("--unlimited", "counts and refuses nothing").conflicts("limit"))
    .option("--id <id>", "an id of your own (default: a new one)")
    .addOption(new Option("--measure <what>", "what is counted").choices([...BUDGET_MEASURES]).default("usd"))
    .addOption(
      new Option("--money <which>", "of dollars: what providers take, or what tenants owe")
        .choices(["cost", "charge"])
        .default("cost"),
    )
    .addOption(
      new Option("--period <period>", "when it begins anew").choices([...BUDGET_PERIODS]).default("monthly"),
    )
    .option("--zone <zone>", "IANA time zone of its periods (default: UTC)")
    .option("--threshold <percent:action>", "may be given several times", collect, [])
    .option("--email <address>", "who is mailed alerts; may be given several times", collect, [])
    .option(
      "--webhook <url>",
      "an endpoint that gets alerts, unsigned; may be given several times",
      collect,
      [],
    )
    .option("--rollover", "adds a period's unused rest to the next one")
    .option("--overage", "admits spending beyond the limit, and marks it")
    .option("--overage-cap <amount>", "the most beyond the limit (default: no end)")
    .option(
      "--overage-multiplier <number>",
      "what overage is to be charged at, times its price (default: 1)",
    );
  withDimensions(create, (dimension) => `only usage of this ${dimension}, or each`);
  withBudgetFlags(create, "print the budget as JSON").addHelpText("after", HELP).action(runCreate);
}

async function runCreate(flags: CreateFlags): Promise<void> {
  const input = inputOf(flags);
  const database = databaseUrl(flags.database);
  const budget = await withBilling({ database }, async ({ budgets }) => {
    const { id, tenant } = await asFlags(NAMES, () => budgets.create(input));
    return budgets.status(id, { tenant });
  });
  if (flags.json) writeJson(budget);
  else for (const line of budgetLines([budget])) say(line);
}

const NAMES = { "overage.cap": "overage-cap", "overage.multiplier": "overage-multiplier" };

function inputOf(flags: CreateFlags): BudgetInput {
  const { tenant, id, name, limit, measure, money, period, zone, overageCap, overageMultiplier } = flags;
  if (limit === undefined && !flags.unlimited)
    throw new InvalidArgumentError("say how much with --limit, or that there is no end with --unlimited");
  const isOver = flags.overage || overageCap !== undefined || overageMultiplier !== undefined;
  const thresholds = flags.threshold.map(thresholdOf);
  return {
    ...{ tenant, id, name, limit, measure, money, period, zone, scope: dimensionsOf(flags), actor: "cli" },
    ...(thresholds.length > 0 && { thresholds }),
    ...(isOver && { overage: { cap: overageCap, multiplier: overageMultiplier } }),
    ...(flags.rollover && { rollover: true }),
    notify: [...flags.email.map((email) => ({ email })), ...flags.webhook.map((webhook) => ({ webhook }))],
  };
}

function thresholdOf(text: string): ThresholdInput {
  const [percent = "", action = "", ...rest] = text.split(":");
  if (rest.length > 0 || !(THRESHOLD_ACTIONS as readonly string[]).includes(action)) {
    const problem = `--threshold must be PERCENT:ACTION with one of ${THRESHOLD_ACTIONS.join(", ")}, not ${JSON.stringify(text.slice(0, 80))}`;
    throw invalidInput("threshold", "invalid_threshold", problem);
  }
  return { percent: percent.replace(/%$/, ""), action: action as ThresholdAction };
}
