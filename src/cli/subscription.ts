// aragora-billing subscription: what an organization has bought.

import { type Command, Option } from "commander";
import { SubscriptionTier } from "../domain/plans/index.ts";
import type { SubscriptionChange, SubscriptionChangeView, When } from "../domain/subscriptions/index.ts";
import { asFlags } from "./budget-flags.ts";
import { onExisting, type TenantFlags, wholeFlag, withTenantFlags } from "./credits-flags.ts";
import { counted, say, writeJson } from "./output.ts";
import { changeLines, lineTable, subscriptionLines } from "./subscription-table.ts";

interface ChangeFlags extends TenantFlags {
  readonly tier: SubscriptionTier;
  readonly when?: When;
  readonly expectedTotalCents?: number;
}

const HELP = `
Up takes effect now, prorated to the second; down and canceling at the period's end, unless --when now. A preview writes
nothing; its total can be given to change, which is refused if it has moved.

Exit codes: 4 no such organization, 5 not possible in this state.

Examples:
  $ aragora-billing subscription show --tenant acme
  $ aragora-billing subscription preview --tenant acme --tier enterprise
  $ aragora-billing subscription change --tenant acme --tier enterprise --expected-total-cents 70000
  $ aragora-billing subscription cancel --tenant acme`;
const ACTOR = { kind: "operator", id: "cli" } as const;
const NAMES = { expectedTotalCents: "expected-total-cents" };

export function addSubscriptionCommand(program: Command): void {
  const subscription = program
    .command("subscription")
    .summary("what an organization has bought")
    .description("Shows and changes the subscriptions of organizations.")
    .addHelpText("after", HELP);
  const command = (name: string, json: string) =>
    withTenantFlags(subscription.command(name), "whose subscription", `print ${json} as JSON`);
  const tier = (help: string) => new Option("--tier <tier>", help).choices(Object.values(SubscriptionTier));
  const when = () => new Option("--when <when>", "when it takes effect").choices(["now", "period_end"]);
  command("show", "the subscription")
    .description("Prints tier, state, period and what is scheduled.")
    .action(runShow);
  command("preview", "the change")
    .description("Prints what a change of the plan would charge and give back; writes nothing.")
    .addOption(tier("the plan to go to").makeOptionMandatory())
    .addOption(when())
    .action(runPreview);
  command("change", "the change")
    .description("Takes another paid plan.")
    .addOption(tier("the plan to go to").makeOptionMandatory())
    .addOption(when())
    .option("--expected-total-cents <cents>", "that of a preview: refused if it has moved", wholeFlag)
    .action(runChange);
  command("trial", "the change")
    .description("Begins the one trial that an organization has: 7 days, 10 debates.")
    .addOption(tier("what to try (default: professional)"))
    .action((flags: TenantFlags & Partial<ChangeFlags>) =>
      run(flags, { kind: "start_trial", tier: flags.tier }),
    );
  command("cancel", "the change")
    .description("Ends the paid plan at the period's end, or now without a refund.")
    .addOption(when())
    .action((flags: TenantFlags & Partial<ChangeFlags>) => run(flags, { kind: "cancel", when: flags.when }));
  command("resume", "the change")
    .description("Withdraws what is scheduled for the period's end.")
    .action((flags: TenantFlags) => run(flags, { kind: "resume" }));
  command("lines", "the lines")
    .description("Prints what was charged and given back, the latest first.")
    .option("--limit <count>", "so many at most, up to 500 (default: 100)", wholeFlag)
    .action(runLines);
}

async function runShow(flags: TenantFlags): Promise<void> {
  const view = await onExisting(flags, ({ subscriptions }) => subscriptions.get(ACTOR, flags.tenant));
  if (flags.json) writeJson(view);
  else for (const line of subscriptionLines(view)) say(line);
}

async function runPreview(flags: ChangeFlags): Promise<void> {
  const { tenant, tier, when } = flags;
  const change = { kind: "change_plan", tier, when } as const;
  sayChange(
    flags,
    await onExisting(flags, ({ subscriptions }) => subscriptions.preview(ACTOR, tenant, change)),
  );
}

function runChange(flags: ChangeFlags): Promise<void> {
  const { tier, when, expectedTotalCents } = flags;
  return run(flags, { kind: "change_plan", tier, when }, expectedTotalCents);
}

async function run(
  flags: TenantFlags,
  change: SubscriptionChange,
  expectedTotalCents?: number,
): Promise<void> {
  const { tenant } = flags;
  sayChange(
    flags,
    await onExisting(flags, ({ subscriptions }) =>
      asFlags(NAMES, () => subscriptions.change(ACTOR, tenant, change, { expectedTotalCents })),
    ),
  );
}

async function runLines(flags: TenantFlags & { readonly limit?: number }): Promise<void> {
  const { tenant, limit } = flags;
  const { items, nextCursor } = await onExisting(flags, ({ subscriptions }) =>
    subscriptions.lines(ACTOR, tenant, { limit }),
  );
  if (flags.json) {
    writeJson(items);
    return;
  }
  for (const line of lineTable(items)) say(line);
  say(`${counted(items.length, "line")}${nextCursor === null ? "" : ", and older ones: see --limit"}`);
}

function sayChange(flags: TenantFlags, change: SubscriptionChangeView): void {
  if (flags.json) writeJson(change);
  else for (const line of changeLines(change)) say(line);
}
