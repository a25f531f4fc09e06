// aragora-billing discount: codes, their use, volume tiers.

import { type Command, Option } from "commander";
import type { CodeUse, DiscountCodeView } from "../domain/discounts/index.ts";
import { SubscriptionTier } from "../domain/plans/index.ts";
import { BillingError } from "../kernel/index.ts";
import { asFlags } from "./budget-flags.ts";
import {
  centsText,
  type DatabaseFlags,
  onExisting,
  type TenantFlags,
  wholeFlag,
  withDatabaseFlags,
  withTenantFlags,
} from "./credits-flags.ts";
import { addDiscountCreateCommand } from "./discount-create.ts";
import { codeLines, termLines, volumeLines } from "./discount-table.ts";
import { counted, say, writeJson } from "./output.ts";

interface UseFlags extends TenantFlags {
  readonly purchaseCents: number;
  readonly reference?: string;
  readonly tier?: SubscriptionTier;
}

interface VolumeFlags extends TenantFlags {
  readonly purchaseCents?: number;
  readonly refundCents?: number;
  readonly reference?: string;
}

const HELP = `
Amounts are whole cents. With --reference, the purchase, a retry is the same use of a code, and several codes stack.

Exit codes: 4 no such code, 5 not for this purchase, 6 refused by validate, or used up.

Examples:
  $ aragora-billing discount create WELCOME50 --percent 50 --max-uses 1000
  $ aragora-billing discount validate welcome50 --tenant acme --purchase-cents 29900
  $ aragora-billing discount apply welcome50 --tenant acme --purchase-cents 29900 --reference order_17
  $ aragora-billing discount volume --tenant acme`;
const NAMES = { purchaseAmountCents: "purchase-cents", userId: "user" };
const PAGE = 500;
const REFUSED = 6;

export function addDiscountCommand(program: Command): void {
  const discount = program
    .command("discount")
    .summary("discount codes and volume tiers")
    .description("Makes, shows and uses discount codes; shows volume tiers.")
    .addHelpText("after", HELP);
  addDiscountCreateCommand(discount);
  withDatabaseFlags(discount.command("list"), "print the codes as JSON")
    .description("Prints all codes, by name.")
    .action(runList);
  withDatabaseFlags(discount.command("show"), "print the code as JSON")
    .description("Prints one code: its terms, how often it was used.")
    .argument("<code>", "in any case")
    .action((code: string, flags: DatabaseFlags) => runCode(code, flags, "getCode"));
  withDatabaseFlags(discount.command("disable"), "print the code as JSON")
    .description("Ends a code for good; reservations made before can still be confirmed.")
    .argument("<code>", "in any case")
    .action((code: string, flags: DatabaseFlags) => runCode(code, flags, "disableCode"));
  withUse(discount.command("validate"), "print the answer as JSON")
    .description("Tells what a code would take off a purchase now; takes no use.")
    .action(runValidate);
  withUse(discount.command("apply"), "print the redemption as JSON")
    .description("Uses a code for a purchase that is paid.")
    .option("--user <id>", "who used it")
    .action(runApply);
  withTenantFlags(discount.command("volume"), "whose purchases", "print sum and tiers as JSON")
    .description("Prints the volume tier that was reached; counts a purchase or a refund first, if given.")
    .option("--purchase-cents <cents>", "count a purchase that was paid", wholeFlag)
    .addOption(
      new Option("--refund-cents <cents>", "or take a refund off")
        .argParser(wholeFlag)
        .conflicts("purchaseCents"),
    )
    .option("--reference <key>", "of the purchase or refund: a retry is counted once")
    .action(runVolume);
}

function withUse(command: Command, json: string): Command {
  return withTenantFlags(command, "whose purchase", json)
    .argument("<code>", "in any case")
    .requiredOption("--purchase-cents <cents>", "the purchase before any discount", wholeFlag)
    .option("--reference <key>", "the purchase, unique per tenant")
    .addOption(
      new Option("--tier <tier>", "of a tenant that is no organization on record").choices(
        Object.values(SubscriptionTier),
      ),
    );
}

async function runList(flags: DatabaseFlags): Promise<void> {
  const all = await onExisting(flags, async ({ discounts }) => {
    const codes: DiscountCodeView[] = [];
    let cursor: string | undefined;
    do {
      const page = await discounts.listCodes({ cursor, limit: PAGE });
      codes.push(...page.items);
      cursor = page.nextCursor ?? undefined;
    } while (cursor !== undefined);
    return codes;
  });
  if (flags.json) {
    writeJson(all);
    return;
  }
  for (const line of codeLines(all)) say(line);
  say(counted(all.length, "code"));
}

async function runCode(code: string, flags: DatabaseFlags, call: "getCode" | "disableCode"): Promise<void> {
  const view = await onExisting(flags, ({ discounts }) => discounts[call](code));
  if (flags.json) {
    writeJson(view);
    return;
  }
  for (const line of codeLines([view])) say(line);
  if (call === "getCode") for (const line of ["", ...termLines(view)]) say(line);
}

async function runValidate(code: string, flags: UseFlags): Promise<void> {
  const check = await onExisting(flags, ({ discounts }) =>
    asFlags(NAMES, () => discounts.validate(useOf(code, flags))),
  );
  if (flags.json) writeJson(check);
  else if (check.valid) say(priceText(check));
  if (check.valid) return;
  process.exitCode = REFUSED;
  if (!flags.json)
    throw new BillingError("limit_exceeded", check.reason ?? "refused", `refused: ${check.message}`);
}

async function runApply(code: string, flags: UseFlags & { readonly user?: string }): Promise<void> {
  const input = { ...useOf(code, flags), userId: flags.user };
  const used = await onExisting(flags, ({ discounts }) => asFlags(NAMES, () => discounts.apply(input)));
  if (flags.json) writeJson(used);
  else say(`${used.id}: ${priceText(used)}`);
}

async function runVolume(flags: VolumeFlags): Promise<void> {
  const { tenant, purchaseCents, refundCents, reference } = flags;
  const volume = await onExisting(flags, ({ volumeDiscounts }) => {
    if (purchaseCents !== undefined) {
      const input = { tenant, amountCents: purchaseCents, reference };
      return asFlags({ amountCents: "purchase-cents" }, () => volumeDiscounts.recordPurchase(input));
    }
    if (refundCents === undefined) return volumeDiscounts.get(tenant);
    const input = { tenant, amountCents: refundCents, reference };
    return asFlags({ amountCents: "refund-cents" }, () => volumeDiscounts.recordRefund(input));
  });
  if (flags.json) writeJson(volume);
  else for (const line of volumeLines(volume)) say(line);
}

function useOf(code: string, { tenant, purchaseCents, reference, tier }: UseFlags): CodeUse {
  return { tenant, code, purchaseAmountCents: purchaseCents, reference, tier };
}

function priceText({
  code,
  discountAmountCents,
  finalAmountCents,
}: {
  readonly code: string;
  readonly discountAmountCents: number;
  readonly finalAmountCents: number;
}): string {
  return `${code} takes off ${centsText(discountAmountCents)}, leaves ${centsText(finalAmountCents)}`;
}
