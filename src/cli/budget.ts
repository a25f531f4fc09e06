// aragora-billing budget: limits on usage, and how far they are used.

import { type Command, InvalidArgumentError } from "commander";
import type { BudgetStatusView } from "../domain/budgets/index.ts";
import { HOUR_MS, systemClock } from "../kernel/index.ts";
import { addBudgetCheckCommand } from "./budget-check.ts";
import { addBudgetCreateCommand } from "./budget-create.ts";
import { asFlags, type BudgetFlags, onBudgets, withBudgetFlags } from "./budget-flags.ts";
import { budgetLines, scopeText } from "./budget-table.ts";
import { INSTANT_HELP, instantOf } from "./instant.ts";
import { counted, say, writeJson } from "./output.ts";

interface ListFlags extends BudgetFlags {
  readonly closed?: true;
}

interface DeedFlags extends BudgetFlags {
  readonly reason?: string;
}

interface OverrideFlags extends DeedFlags {
  readonly user: string;
  readonly hours?: string;
  readonly until?: string;
  readonly budget?: string;
  readonly limit?: string;
}

type Deed = "suspend" | "resume" | "close";

const HELP = `
A refused check ends with exit code 6, an unknown budget with 4, a closed one with 5.

Examples:
  $ aragora-billing budget create --tenant acme --name Engineering --limit 5000
  $ aragora-billing budget list --tenant acme
  $ aragora-billing budget check --tenant acme --amount 0.50 && ./call-the-model
  $ aragora-billing budget override --tenant acme --user admin_789 --hours 24 --reason "release night"`;
const DEEDS: Readonly<Record<Deed, readonly [help: string, done: string]>> = {
  suspend: ["Refuses everything that meets a budget until it is resumed.", "is suspended"],
  resume: ["Ends a suspension, whoever or whatever made it.", "is active"],
  close: ["Ends a budget for good; its history stays.", "is closed"],
};

export function addBudgetCommand(program: Command): void {
  const budget = program
    .command("budget")
    .summary("limit usage, see how far it is")
    .description("Makes budgets and shows how far they are used.")
    .addHelpText("after", HELP);
  addBudgetCreateCommand(budget);
  withBudgetFlags(budget.command("list"), "print the budgets as JSON")
    .description("Prints budgets with what is spent, held and left now.")
    .option("--closed", "closed ones as well")
    .action(runList);
  withBudgetFlags(budget.command("show"), "print the budget as JSON")
    .description("Prints one budget: its terms, every counter, what was done to it.")
    .argument("<id>", "the budget's id")
    .action(runShow);
  addBudgetCheckCommand(budget);
  withBudgetFlags(budget.command("override"), "print the override as JSON")
    .description("Lets one user pass the limits for a while.")
    .requiredOption("--user <id>", "whose requests")
    .option("--hours <number>", "for how long, from now")
    .option("--until <time>", `or until when: ${INSTANT_HELP}`)
    .option("--budget <id>", "only this budget (default: all of the tenant)")
    .option("--limit <amount>", "the limit for this user meanwhile (default: none)")
    .option("--reason <text>", "why; kept for ever")
    .action(runOverride);
  for (const deed of Object.keys(DEEDS) as Deed[]) {
    withBudgetFlags(budget.command(deed), "print the budget as JSON")
      .description(DEEDS[deed][0])
      .argument("<id>", "the budget's id")
      .option("--reason <text>", "why; kept for ever")
      .action((id: string, flags: DeedFlags) => runDeed(deed, id, flags));
  }
}

async function runList(flags: ListFlags): Promise<void> {
  const { tenant } = flags;
  const all = await onBudgets(flags, async ({ budgets }) => {
    if (!flags.closed) return budgets.summary(tenant);
    const views: BudgetStatusView[] = [];
    for (const { id } of await budgets.list({ tenant, closed: true }))
      views.push(await budgets.status(id, { tenant }));
    return views;
  });
  if (flags.json) {
    writeJson(all);
    return;
  }
  for (const line of budgetLines(all)) say(line);
  say(counted(all.length, "budget"));
}

async function runShow(id: string, flags: BudgetFlags): Promise<void> {
  const { tenant } = flags;
  const { budget, changes } = await onBudgets(flags, async ({ budgets }) => ({
    budget: await budgets.status(id, { tenant }),
    changes: await budgets.changes(id, tenant),
  }));
  if (flags.json) {
    writeJson({ ...budget, changes });
    return;
  }
  const { thresholds, notify, overage } = budget;
  const fields = {
    budget: `${budget.id} "${budget.name}"`,
    counts: scopeText(budget),
    zone: budget.zone,
    status: budget.status,
    thresholds: thresholds.map(({ percent, action }) => `${percent} % ${action}`).join(", "),
    notify: notify.map((to) => ("email" in to ? to.email : new URL(to.webhook).origin)).join(", "),
    overage:
      overage === null ? "" : `x ${overage.multiplier}, at most ${overage.cap?.toFixed() ?? "unlimited"}`,
    rollover: budget.rollover ? "yes" : "",
  };
  for (const [name, text] of Object.entries(fields)) if (text !== "") say(`${name.padEnd(11)} ${text}`);
  say("");
  for (const line of budgetLines([budget])) say(line);
  say("");
  for (const { at, kind, actor, reason } of changes)
    say([at.toISOString(), kind, actor && `by ${actor}`, reason && `(${reason})`].filter(Boolean).join(" "));
}

async function runOverride(flags: OverrideFlags): Promise<void> {
  const { tenant, user, budget, limit, reason } = flags;
  const override = { tenant, user, budget, limit, reason, actor: "cli", until: untilOf(flags) };
  const given = await onBudgets(flags, ({ budgets }) =>
    asFlags({ until: flags.hours === undefined ? "until" : "hours" }, () => budgets.override(override)),
  );
  if (flags.json) writeJson(given);
  else say(`${user} may pass ${budget ?? `all budgets of ${tenant}`} until ${given.until.toISOString()}`);
}

async function runDeed(deed: Deed, id: string, flags: DeedFlags): Promise<void> {
  const { tenant, reason } = flags;
  const budget = await onBudgets(flags, ({ budgets }) => budgets[deed](id, { actor: "cli", reason }, tenant));
  if (flags.json) writeJson(budget);
  else say(`${budget.id} "${budget.name}" ${DEEDS[deed][1]}`);
}

function untilOf({ hours, until }: OverrideFlags): Date {
  if ((hours === undefined) === (until === undefined))
    throw new InvalidArgumentError("say how long with --hours, or until when with --until");
  const end = instantOf(until, "until");
  if (end !== undefined) return end;
  if (!/^\d{1,5}(\.\d{1,3})?$/.test(hours ?? ""))
    throw new InvalidArgumentError("--hours must be a number of hours, as in 24 or 0.5");
  return new Date(systemClock.now() + Number(hours) * HOUR_MS);
}
