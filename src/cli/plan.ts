// aragora-billing plan: what the tiers cost and give, and what an organization may do by its own.

import type { Command } from "commander";
import { PLAN_FEATURES, type Plan, planOf, SubscriptionTier } from "../domain/plans/index.ts";
import type { Entitlement, EntitlementDecision } from "../domain/subscriptions/index.ts";
import { BillingError } from "../kernel/index.ts";
import { asFlags } from "./budget-flags.ts";
import { centsText, onExisting, type TenantFlags, withTenantFlags } from "./credits-flags.ts";
import { grouped, say, writeJson } from "./output.ts";
import { type TableColumn, tableLines } from "./table.ts";

interface JsonFlag {
  readonly json?: true;
}

const HELP = `
Exit codes: 4 no such organization, 6 not in the plan.

Examples:
  $ aragora-billing plan list
  $ aragora-billing plan show enterprise
  $ aragora-billing plan check ssoEnabled --tenant acme
  $ aragora-billing plan check debates --tenant acme && ./start-the-debate`;
const COLUMNS: readonly TableColumn[] = [
  { title: "tier", align: "left" },
  { title: "version", align: "right" },
  { title: "a month", align: "right" },
  { title: "debates", align: "right" },
  { title: "seats", align: "right" },
  { title: "tokens", align: "left" },
];
const NOT_IN_PLAN = 6;

export function addPlanCommand(program: Command): void {
  const plan = program
    .command("plan")
    .summary("tiers, and what an organization may do by its own")
    .description("Shows the tiers; tells whether an organization may do something.")
    .addHelpText("after", HELP);
  plan
    .command("list")
    .description("Prints the tiers as they are sold today, the smallest first.")
    .option("--json", "print the plans as JSON")
    .action(runList);
  plan
    .command("show")
    .description("Prints one tier with its features.")
    .argument("<tier>", `one of ${Object.values(SubscriptionTier).join(", ")}`)
    .option("--json", "print the plan as JSON")
    .action(runShow);
  withTenantFlags(plan.command("check"), "whose plan", "print the answer as JSON")
    .description("Tells whether an organization may use a feature, or has room for a debate or member.")
    .argument("<what>", `one of ${[...PLAN_FEATURES, "debates", "seats"].join(", ")}`)
    .action(runCheck);
}

function runList(flags: JsonFlag): void {
  const plans = Object.values(SubscriptionTier).map((tier) => planOf(tier));
  if (flags.json) writeJson(plans);
  else for (const line of tableLines(COLUMNS, plans.map(rowOf))) say(line);
}

function runShow(tier: string, flags: JsonFlag): void {
  const plan = planOf(tier as SubscriptionTier);
  if (flags.json) {
    writeJson(plan);
    return;
  }
  for (const line of tableLines(COLUMNS, [rowOf(plan)])) say(line);
  const has = PLAN_FEATURES.filter((feature) => plan.limits[feature]);
  say("");
  say(`features: ${has.length === 0 ? "none" : has.join(", ")}`);
}

async function runCheck(what: string, flags: TenantFlags): Promise<void> {
  const { tenant } = flags;
  const decision = await onExisting(flags, ({ entitlements }) =>
    asFlags({ entitlement: "what" }, () => entitlements.may(tenant, what as Entitlement)),
  );
  if (flags.json) writeJson(decision);
  else if (decision.allowed) say(allowedText(decision));
  if (decision.allowed) return;
  process.exitCode = NOT_IN_PLAN;
  const { reason, message } = decision;
  if (!flags.json) throw new BillingError("limit_exceeded", reason ?? "refused", `refused: ${message}`);
}

function allowedText({ tier, used, limit }: EntitlementDecision): string {
  return used === null || limit === null
    ? `allowed by ${tier}`
    : `allowed by ${tier}: ${grouped(used)} of ${limitText(limit)} used`;
}

function rowOf({ tier, version, limits, tokens }: Plan): string[] {
  const { priceMonthlyCents, debatesPerMonth, usersPerOrg } = limits;
  return [
    ...[tier, String(version), centsText(priceMonthlyCents)],
    ...[limitText(debatesPerMonth), limitText(usersPerOrg), tokens],
  ];
}

function limitText(limit: number | "unlimited"): string {
  return limit === "unlimited" ? limit : grouped(limit);
}
