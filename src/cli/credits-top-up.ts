// aragora-billing credits top-up: the rule by which payments are asked for.

import { type Command, InvalidArgumentError, Option } from "commander";
import type { TopUpRuleView, TopUpView } from "../domain/credits/index.ts";
import { asFlags } from "./budget-flags.ts";
import {
  centsText,
  instantText,
  onExisting,
  type TenantFlags,
  wholeFlag,
  withTenantFlags,
} from "./credits-flags.ts";
import { printable, say, writeJson } from "./output.ts";
import { type TableColumn, tableLines } from "./table.ts";

interface TopUpFlags extends TenantFlags {
  readonly thresholdCents?: number;
  readonly amountCents?: number;
  readonly off?: true;
}

const HELP = `
Without a flag it only shows. At most one payment of a tenant is under way. A rule can be set where there is a way to
collect payments; one that a failed payment has paused is resumed by setting it again.

Examples:
  $ aragora-billing credits top-up --tenant acme
  $ aragora-billing credits top-up --tenant acme --threshold-cents 500 --amount-cents 2000
  $ aragora-billing credits top-up --tenant acme --off`;
const NAMES = { thresholdCents: "threshold-cents", amountCents: "amount-cents" };
const COLUMNS: readonly TableColumn[] = [
  { title: "asked for", align: "left" },
  { title: "top-up", align: "left" },
  { title: "amount", align: "right" },
  { title: "state", align: "left" },
];

export function addTopUpCommand(credits: Command): void {
  withTenantFlags(credits.command("top-up"), "whose credits", "print rule and top-ups as JSON")
    .description("Shows, sets or ends the rule of automatic top-ups.")
    .option("--threshold-cents <cents>", "asks whenever the balance is below it", wholeFlag)
    .option("--amount-cents <cents>", "for so much", wholeFlag)
    .addOption(new Option("--off", "asks no more").conflicts(["thresholdCents", "amountCents"]))
    .addHelpText("after", HELP)
    .action(runTopUp);
}

async function runTopUp(flags: TopUpFlags): Promise<void> {
  const { tenant } = flags;
  const change = changeOf(flags);
  const { rule, list } = await onExisting(flags, async ({ topUps }) => {
    if (change !== undefined) await asFlags(NAMES, () => topUps.setRule(change, tenant));
    return { rule: await topUps.rule(tenant), list: await topUps.list(tenant) };
  });
  if (flags.json) {
    writeJson({ rule, topUps: list });
    return;
  }
  say(ruleText(rule));
  if (list.length > 0) for (const line of ["", ...tableLines(COLUMNS, list.map(rowOf))]) say(line);
}

/** Null: end it. Undefined: only look. */
function changeOf({ thresholdCents, amountCents, off }: TopUpFlags) {
  if (off) return null;
  if (thresholdCents === undefined && amountCents === undefined) return undefined;
  if (thresholdCents === undefined || amountCents === undefined)
    throw new InvalidArgumentError("a rule takes both --threshold-cents and --amount-cents");
  return { thresholdCents, amountCents };
}

function ruleText(rule: TopUpRuleView | null): string {
  if (rule === null) return "no automatic top-up";
  const { thresholdCents, amountCents, isPaused } = rule;
  const paused = isPaused ? " (paused: a payment failed)" : "";
  return `tops up by ${centsText(amountCents)} below ${centsText(thresholdCents)}${paused}`;
}

function rowOf({ requestedAt, id, amountCents, state }: TopUpView): string[] {
  return [instantText(requestedAt, ""), printable(id), centsText(amountCents), state];
}
