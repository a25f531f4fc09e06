// The proof on demand: the ledger balances, every lot is what its postings say, and is of the kind and end that it was issued
// with.

import type { Reader } from "../../store/index.ts";
import { ledgerDifferences } from "../ledger/index.ts";
import type { CreditPosting } from "./credit.ts";
import {
  type LotOrigin,
  type LotSums,
  lotOriginsAcrossTenants,
  wrongLotsAcrossTenants,
} from "./verify-store.ts";

const PAGE = 1_000;

/** What of ledger and lots does not agree, as sentences that name the row. */
export async function creditDifferences(reader: Reader): Promise<string[]> {
  const found = await ledgerDifferences(reader);
  for (const lot of await wrongLotsAcrossTenants(reader)) found.push(sumDifference(lot));
  let after: LotOrigin | undefined;
  do {
    const page: LotOrigin[] = await lotOriginsAcrossTenants(after, PAGE, reader);
    for (const lot of page) found.push(...originDifferences(lot));
    after = page.length < PAGE ? undefined : page.at(-1);
  } while (after !== undefined);
  return found;
}

function sumDifference({ tenant, id, remaining, granted, rest, put }: LotSums): string {
  const name = `credit_lots row (tenant ${tenant}, id ${id})`;
  if (remaining === null) return `${name} is missing: its postings give ${rest}`;
  if (put === null) return `${name}: no transaction made it`;
  return remaining === rest
    ? `${name}: granted is ${granted}, its postings give ${put}`
    : `${name}: remaining is ${remaining}, its postings give ${rest}`;
}

function originDifferences({
  tenant,
  id,
  type,
  expires_at,
  voided_at,
  details,
  voided,
}: LotOrigin): string[] {
  const name = `credit_lots row (tenant ${tenant}, id ${id})`;
  const made = JSON.parse(details) as CreditPosting["details"];
  const found: string[] = [];
  if (type !== made.type) found.push(`${name}: type is ${type}, it was issued as ${made.type}`);
  if (Number(expires_at) !== made.expiresAt)
    found.push(`${name}: expires_at is ${expires_at}, it was issued to end at ${made.expiresAt}`);
  if (voided_at !== voided)
    found.push(`${name}: voided_at is ${voided_at ?? "none"}, its transactions give ${voided ?? "none"}`);
  return found;
}
