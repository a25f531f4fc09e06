// aragora-billing credits: prepaid money of a tenant.

import { type Command, Option } from "commander";
import type { CreditLotType, CreditTransaction } from "../domain/credits/index.ts";
import { asFlags } from "./budget-flags.ts";
import {
  centsText,
  onDatabase,
  onExisting,
  type TenantFlags,
  wholeFlag,
  withTenantFlags,
} from "./credits-flags.ts";
import { lotLines, partsText, totalsText, transactionLines } from "./credits-table.ts";
import { addTopUpCommand } from "./credits-top-up.ts";
import { INSTANT_HELP, instantOf } from "./instant.ts";
import { counted, say, writeJson } from "./output.ts";

interface NoteFlags extends TenantFlags {
  readonly reference?: string;
  readonly description?: string;
}

interface AmountFlags extends NoteFlags {
  readonly amountCents: number;
}

interface LotFlags extends AmountFlags {
  readonly days?: number;
  readonly until?: string;
}

interface IssueFlags extends LotFlags {
  readonly type: CreditLotType;
}

interface DeductFlags extends AmountFlags {
  readonly allOrNothing?: true;
}

const HELP = `
Amounts are whole cents. What ends soonest is used first, then what never ends, the oldest first. With --reference a retry
finds the change that it made.

Exit codes: 4 no such lot or transaction, 5 not possible any more, 6 not enough credit.

Examples:
  $ aragora-billing credits issue --tenant acme --type promotional --amount-cents 5000 --days 90
  $ aragora-billing credits deduct --tenant acme --amount-cents 2500 --reference inv_42
  $ aragora-billing credits balance --tenant acme
  $ aragora-billing credits reverse cred_01jgfjjz00e0f1g2h3j4k5m6n7 --tenant acme --description "paid twice"`;
/** What the engine calls a field, as the flag that it was given by. */
const NAMES = {
  ...{ amountCents: "amount-cents", expiresInDays: "days", expiresAt: "until", withinDays: "days" },
  ...{ lotId: "lot", transactionId: "transaction" },
};
const AMOUNT = "--amount-cents <cents>";

export function addCreditsCommand(program: Command): void {
  const credits = program
    .command("credits")
    .summary("prepaid money: issue it, use it, see it")
    .description("Issues, uses and shows prepaid credits of tenants.")
    .addHelpText("after", HELP);
  const command = (name: string, json: string) =>
    withTenantFlags(credits.command(name), "whose credits", `print ${json} as JSON`);
  command("balance", "account and lots")
    .description("Prints what can be spent, lot by lot in the order of use.")
    .action(runBalance);
  withEnd(withNote(command("issue", "the transaction")))
    .description("Adds a lot of credit.")
    .requiredOption(AMOUNT, "whole cents", wholeFlag)
    .addOption(
      new Option("--type <type>", "why it is given")
        .choices(["promotional", "referral", "refund", "purchase"])
        .makeOptionMandatory(),
    )
    .action(runIssue);
  withNote(command("deduct", "the deduction"))
    .description("Takes what is there of an amount, and says what is still owed.")
    .requiredOption(AMOUNT, "whole cents", wholeFlag)
    .option("--all-or-nothing", "takes nothing where not all is there")
    .action(runDeduct);
  withEnd(withNote(command("adjust", "the transaction")))
    .description("Corrects a balance by hand: up by a lot, or down.")
    .requiredOption(AMOUNT, "whole cents; negative to take away", wholeFlag)
    .action(runAdjust);
  withNote(command("void", "the transaction"))
    .description("Ends a lot: what is left of it goes, what was used stays used.")
    .argument("<lot>", "the lot's id")
    .action(runVoid);
  withNote(command("reverse", "the transaction"))
    .description("Gives a deduction back to the lots it came from.")
    .argument("<transaction>", "the deduction's id")
    .option(AMOUNT, "a part of it (default: all that is left)", wholeFlag)
    .action(runReverse);
  command("transactions", "the transactions")
    .description("Prints changes of the balance, the last posted first.")
    .option("--limit <count>", "so many at most, up to 500 (default: 100)", wholeFlag)
    .action(runTransactions);
  command("expiring", "the lots")
    .description("Prints the lots that end soon.")
    .option("--days <count>", "within so many days (default: 30)", wholeFlag)
    .action(runExpiring);
  addTopUpCommand(credits);
}

function withNote(command: Command): Command {
  return command
    .option("--reference <key>", "your own key of this change, unique per tenant")
    .option("--description <text>", "why; kept for ever");
}

function withEnd(command: Command): Command {
  return command
    .option("--days <count>", "ends so many days of 24 hours from now (default: never)", wholeFlag)
    .addOption(new Option("--until <time>", `or when it ends: ${INSTANT_HELP}`).conflicts("days"));
}

async function runBalance(flags: TenantFlags): Promise<void> {
  const { tenant } = flags;
  const { account, lots } = await onExisting(flags, async ({ credits }) => ({
    account: await credits.balance(tenant),
    lots: await credits.lots(tenant),
  }));
  if (flags.json) {
    writeJson({ ...account, lots });
    return;
  }
  say(`balance ${centsText(account.balanceCents)}`);
  say(totalsText(account));
  if (lots.length > 0) for (const line of ["", ...lotLines(lots)]) say(line);
}

async function runIssue(flags: IssueFlags): Promise<void> {
  const { amountCents, type } = flags;
  const input = { ...noteOf(flags), ...endOf(flags), amountCents, type };
  sayTransaction(
    flags,
    await onDatabase(flags, ({ credits }) => asFlags(NAMES, () => credits.issue(input))),
    "lot",
  );
}

async function runDeduct(flags: DeductFlags): Promise<void> {
  const { amountCents, allOrNothing } = flags;
  const input = { ...noteOf(flags), amountCents, allowPartial: allOrNothing !== true };
  const taken = await onExisting(flags, ({ credits }) => asFlags(NAMES, () => credits.deduct(input)));
  if (flags.json) {
    writeJson(taken);
    return;
  }
  const { transactionId, amountDeductedCents, remainingAmountCents, balanceCents, lots } = taken;
  say(`${transactionId} took ${centsText(amountDeductedCents)}, balance ${centsText(balanceCents)}`);
  if (lots.length > 0) say(partsText(lots));
  if (remainingAmountCents > 0) say(`still owed: ${centsText(remainingAmountCents)}`);
}

async function runAdjust(flags: LotFlags): Promise<void> {
  const { amountCents } = flags;
  const input = { ...noteOf(flags), ...endOf(flags), amountCents };
  sayTransaction(
    flags,
    await onExisting(flags, ({ credits }) => asFlags(NAMES, () => credits.adjust(input))),
  );
}

async function runVoid(lotId: string, flags: NoteFlags): Promise<void> {
  const input = { ...noteOf(flags), lotId };
  sayTransaction(flags, await onExisting(flags, ({ credits }) => asFlags(NAMES, () => credits.void(input))));
}

async function runReverse(
  transactionId: string,
  flags: NoteFlags & Partial<Pick<AmountFlags, "amountCents">>,
): Promise<void> {
  const { amountCents } = flags;
  const input = { ...noteOf(flags), transactionId, amountCents };
  sayTransaction(
    flags,
    await onExisting(flags, ({ credits }) => asFlags(NAMES, () => credits.reverse(input))),
  );
}

async function runTransactions(flags: TenantFlags & { readonly limit?: number }): Promise<void> {
  const { tenant, limit } = flags;
  const { items, nextCursor } = await onExisting(flags, ({ credits }) =>
    credits.transactions({ tenant, limit }),
  );
  if (flags.json) {
    writeJson(items);
    return;
  }
  for (const line of transactionLines(items)) say(line);
  const more = nextCursor === null ? "" : ", and older ones: see --limit";
  say(`${counted(items.length, "transaction")}${more}`);
}

async function runExpiring(flags: TenantFlags & { readonly days?: number }): Promise<void> {
  const { tenant, days: withinDays } = flags;
  const lots = await onExisting(flags, ({ credits }) =>
    asFlags(NAMES, () => credits.expiringSoon({ tenant, withinDays })),
  );
  if (flags.json) {
    writeJson(lots);
    return;
  }
  for (const line of lotLines(lots)) say(line);
  say(counted(lots.length, "lot"));
}

function sayTransaction(flags: TenantFlags, transaction: CreditTransaction, noun = "transaction"): void {
  const { id, amountCents, balanceCents } = transaction;
  if (flags.json) writeJson(transaction);
  else say(`${noun} ${id}: ${centsText(amountCents)}, balance ${centsText(balanceCents)}`);
}

function noteOf({ tenant, reference, description }: NoteFlags) {
  return { tenant, reference, description, actor: "cli" };
}

function endOf({ days, until }: LotFlags) {
  return { expiresInDays: days, expiresAt: instantOf(until, "until") };
}
