// aragora-billing discount create.

import { type Command, InvalidArgumentError } from "commander";
import type { NewCode } from "../domain/discounts/index.ts";
import { type Limit, planOf, type SubscriptionTier } from "../domain/plans/index.ts";
import { asFlags, collect } from "./budget-flags.ts";
import { type DatabaseFlags, onDatabase, wholeFlag, withDatabaseFlags } from "./credits-flags.ts";
import { codeLines } from "./discount-table.ts";
import { INSTANT_HELP, instantOf } from "./instant.ts";
import { say, writeJson } from "./output.ts";

interface CreateFlags extends DatabaseFlags {
  readonly percent?: string;
  readonly amountCents?: number;
  readonly volume?: true;
  readonly maxUses?: Limit;
  readonly maxUsesPerOrganization?: Limit;
  readonly minPurchaseCents?: number;
  readonly tier: readonly string[];
  readonly organization: readonly string[];
  readonly from?: string;
  readonly until?: string;
  readonly description?: string;
}

const HELP = `
A code takes exactly one of --percent, --amount-cents and --volume. Its terms never change: disable it and make another.
The same command again finds the code that it made.

Examples:
  $ aragora-billing discount create WELCOME50 --percent 50 --max-uses 1000
  $ aragora-billing discount create TENOFF --amount-cents 1000 --min-purchase-cents 5000 --tier professional
  $ aragora-billing discount create LOYAL --volume --until 2027-01-01`;
const NAMES = {
  ...{ discountPercent: "percent", discountAmountCents: "amount-cents", type: "volume" },
  ...{ maxUses: "max-uses", maxUsesPerOrganization: "max-uses-per-organization" },
  ...{ minPurchaseCents: "min-purchase-cents", eligibleTiers: "tier", eligibleOrganizations: "organization" },
  ...{ validFrom: "from", expiresAt: "until" },
};

export function addDiscountCreateCommand(discount: Command): void {
  withDatabaseFlags(discount.command("create"), "print the code as JSON")
    .description("Makes a code.")
    .argument("<code>", "letters, digits, - and _; case does not matter")
    .option("--percent <number>", "takes off so many percent, with up to 4 digits behind the point")
    .option("--amount-cents <cents>", "takes off an amount", wholeFlag)
    .option("--volume", "takes off the percentage of the organization's volume tier")
    .option("--max-uses <count>", "of all organizations (default: unlimited)", limitFlag)
    .option("--max-uses-per-organization <count>", "or unlimited (default: 1)", limitFlag)
    .option("--min-purchase-cents <cents>", "only from such a purchase on, before any discount", wholeFlag)
    .option("--tier <tier>", "only for organizations of this tier; may be given several times", collect, [])
    .option("--organization <id>", "only for this organization; may be given several times", collect, [])
    .option("--from <time>", `from when on: ${INSTANT_HELP}`)
    .option("--until <time>", `until when: ${INSTANT_HELP}`)
    .option("--description <text>", "for you; customers do not see it")
    .addHelpText("after", HELP)
    .action(runCreate);
}

async function runCreate(code: string, flags: CreateFlags): Promise<void> {
  const input = inputOf(code, flags);
  const made = await onDatabase(flags, ({ discounts }) => asFlags(NAMES, () => discounts.createCode(input)));
  if (flags.json) writeJson(made);
  else for (const line of codeLines([made])) say(line);
}

function inputOf(code: string, flags: CreateFlags): NewCode {
  const { percent, amountCents, volume, maxUses, maxUsesPerOrganization } = flags;
  const kinds = [percent, amountCents, volume].filter((one) => one !== undefined);
  if (kinds.length !== 1)
    throw new InvalidArgumentError(
      "say what it takes off with one of --percent, --amount-cents and --volume",
    );
  return {
    ...{ code, discountPercent: percent, discountAmountCents: amountCents, maxUses },
    ...(volume && { type: "volume" }),
    ...{ maxUsesPerOrganization, minPurchaseCents: flags.minPurchaseCents },
    eligibleTiers: flags.tier.map((tier) => planOf(tier as SubscriptionTier).tier),
    eligibleOrganizations: flags.organization,
    validFrom: instantOf(flags.from, "from"),
    expiresAt: instantOf(flags.until, "until"),
    description: flags.description,
  };
}

function limitFlag(text: string): Limit {
  return text === "unlimited" ? text : wholeFlag(text);
}
