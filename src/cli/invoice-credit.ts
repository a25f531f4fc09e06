// aragora-billing invoice credit: takes lines of an issued invoice back, by a credit note.

import { type Command, InvalidArgumentError, Option } from "commander";
import type { CreditNoteInput } from "../domain/invoices/index.ts";
import { asFlags, collect } from "./budget-flags.ts";
import { onExisting, type TenantFlags, wholeFlag } from "./credits-flags.ts";
import { creditNoteLines } from "./invoice-table.ts";
import { say, writeJson } from "./output.ts";

interface CreditFlags extends TenantFlags {
  readonly reason: string;
  readonly reference: string;
  readonly line: readonly string[];
  readonly amountCents: readonly number[];
  readonly refundTo: "credits" | "payment";
}

const ACTOR = { kind: "operator", id: "cli" } as const;

/** Makes the command of one that takes a tenant. */
export function asCreditCommand(command: Command): void {
  command
    .description("Takes lines of an issued invoice back, with their tax; once per reference.")
    .argument("<id>", "the invoice's id")
    .requiredOption("--reason <text>", "why; printed")
    .requiredOption("--reference <key>", "yours: a retry with it is the same credit note")
    .option(
      "--line <line>",
      "the line's id, as in L1; may be given several times (default: all)",
      collect,
      [],
    )
    .option(
      "--amount-cents <cents>",
      "of that line, without discount and tax; once per --line",
      (text: string, before: readonly number[]) => [...before, wholeFlag(text)],
      [],
    )
    .addOption(
      new Option("--refund-to <where>", "where what was paid goes")
        .choices(["credits", "payment"])
        .default("credits"),
    )
    .action(runCredit);
}

async function runCredit(invoiceId: string, flags: CreditFlags): Promise<void> {
  const { tenant, reason, reference, refundTo } = flags;
  const lines = linesOf(flags);
  const input = { tenant, invoiceId, reason, reference, refundTo, lines, actor: ACTOR };
  const note = await onExisting(flags, ({ invoices }) =>
    asFlags(namesOf(lines), () => invoices.creditNote(input)),
  );
  if (flags.json) writeJson(note);
  else for (const line of creditNoteLines(note)) say(line);
}

/** The first --line has the first --amount-cents, and so on. */
function linesOf({ line, amountCents }: CreditFlags): CreditNoteInput["lines"] {
  if (line.length === 0 && amountCents.length === 0) return undefined;
  const pairs = line.flatMap((lineId, index) => {
    const amount = amountCents[index];
    return amount === undefined ? [] : [{ lineId, amountCents: amount }];
  });
  if (pairs.length === line.length && pairs.length === amountCents.length) return pairs;
  throw new InvalidArgumentError("each --line needs its --amount-cents, and each of these its --line");
}

function namesOf(lines: CreditNoteInput["lines"] = []): Record<string, string> {
  const each = lines.flatMap((_, index) => [
    [`lines[${index}].lineId`, "line"],
    [`lines[${index}].amountCents`, "amount-cents"],
  ]);
  return { lines: "line", ...Object.fromEntries(each) };
}
