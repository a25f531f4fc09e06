// Credits for people: lots and transactions, a line each.

import type { CreditAccount, CreditLot, CreditLotPart, CreditTransaction } from "../domain/credits/index.ts";
import { centsText, instantText } from "./credits-flags.ts";
import { printable } from "./output.ts";
import { type TableColumn, tableLines } from "./table.ts";

const LOTS: readonly TableColumn[] = [
  { title: "lot", align: "left" },
  { title: "type", align: "left" },
  { title: "left", align: "right" },
  { title: "of", align: "right" },
  { title: "ends", align: "left" },
];
const TRANSACTIONS: readonly TableColumn[] = [
  { title: "at", align: "left" },
  { title: "transaction", align: "left" },
  { title: "type", align: "left" },
  { title: "amount", align: "right" },
  { title: "balance", align: "right" },
  { title: "reference", align: "left" },
  { title: "description", align: "left" },
];

/** Lots in the order in which they are used. */
export function lotLines(lots: readonly CreditLot[]): string[] {
  return tableLines(
    LOTS,
    lots.map(({ id, type, remainingCents, grantedCents, expiresAt }) => [
      ...[printable(id), type, centsText(remainingCents), centsText(grantedCents)],
      instantText(expiresAt, "never"),
    ]),
  );
}

export function transactionLines(transactions: readonly CreditTransaction[]): string[] {
  return tableLines(
    TRANSACTIONS,
    transactions.map(({ at, id, type, amountCents, balanceCents, reference, description }) => [
      ...[instantText(at, ""), printable(id), type, centsText(amountCents), centsText(balanceCents)],
      ...[printable(reference ?? ""), printable(description)],
    ]),
  );
}

/** `issued $50.00, used $25.00`: what of it there was, all of it in the end. */
export function totalsText(account: CreditAccount): string {
  const { issuedCents, adjustedCents, usedCents, expiredCents, voidedCents } = account;
  const sums = {
    ...{ issued: issuedCents, adjusted: adjustedCents, used: usedCents },
    ...{ expired: expiredCents, voided: voidedCents },
  };
  return Object.entries(sums)
    .map(([name, cents]) => `${name} ${centsText(cents)}`)
    .join(", ");
}

/** `$10.00 of cred_1, $4.30 of cred_2`. */
export function partsText(parts: readonly CreditLotPart[]): string {
  return parts.map(({ lotId, amountCents }) => `${centsText(amountCents)} of ${lotId}`).join(", ");
}
