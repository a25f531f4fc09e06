// The proof: usage is billed once, what was issued is as it was and adds up, the ledger says the same.

import { digest } from "../../kernel/index.ts";
import type { Reader } from "../../store/index.ts";
import type { InvoiceContent } from "./invoice.ts";
import {
  type IssuedRow,
  issuedAfterAcrossTenants,
  misbilledUsageAcrossTenants,
  seriesAcrossTenants,
} from "./verify-store.ts";

const PAGE = 500;

/** What does not agree about invoices, as sentences that name the row; empty when all does. */
export async function invoiceDifferences(reader: Reader): Promise<string[]> {
  const differences: string[] = [];
  for (const row of await misbilledUsageAcrossTenants(100, reader)) {
    const { tenant, day, provider, model, type } = row;
    differences.push(
      `unbilled_usage (tenant ${tenant}, day ${day}, ${provider} ${model} ${type}): billed and unbilled usage are not what was rated`,
    );
  }
  let after: readonly [string, string] = ["", ""];
  for (;;) {
    const rows = await issuedAfterAcrossTenants(after, PAGE, reader);
    for (const row of rows) differences.push(...issuedDifferences(row));
    const last = rows.at(-1);
    if (last === undefined || rows.length < PAGE) break;
    after = [last.tenant, last.id];
  }
  for (const { series, last, documents } of await seriesAcrossTenants(reader)) {
    if (last !== documents)
      differences.push(
        `invoice_series ${series}: its last number is ${last}, there are ${documents} documents`,
      );
  }
  return differences;
}

function issuedDifferences(row: IssuedRow): string[] {
  const name = `invoices row (tenant ${row.tenant}, id ${row.id})`;
  if (row.content === null || row.digest === null) return [`${name}: its document is missing`];
  const found: string[] = [];
  if (digest(row.content) !== row.digest) found.push(`${name}: its document is not what was issued`);
  const content = JSON.parse(row.content) as InvoiceContent;
  if (!addsUp(content)) found.push(`${name}: its document does not add up`);
  if (BigInt(content.total) !== row.total || BigInt(content.creditsApplied) !== row.credited)
    found.push(`${name}: its total is not that of its document`);
  const rest = row.total - row.credited - row.paid - row.noted;
  if (row.status === "paid" && row.total > 0n && rest !== 0n)
    found.push(`${name}: it is paid, but ${rest} are left of it`);
  if (row.status === "finalized" && rest <= 0n) found.push(`${name}: nothing is left of it, but it is open`);
  const owed = row.status === "finalized" ? rest : 0n;
  if (row.receivable !== owed)
    found.push(`${name}: the ledger says that ${row.receivable} are owed, not ${owed}`);
  return found;
}

/** Whether every total of an invoice is the sum of its parts. */
export function addsUp(content: InvoiceContent): boolean {
  const { lines, subtotal, discounts, taxes, taxTotal, total, creditsApplied } = content;
  const sum = (amounts: readonly number[]) => amounts.reduce((all, one) => all + one, 0);
  const off = sum(discounts.map(({ amount }) => amount));
  return (
    sum(lines.map(({ amount }) => amount)) === subtotal &&
    sum(lines.map(({ discount }) => -discount)) === off &&
    sum(lines.map(({ tax }) => tax)) === taxTotal &&
    sum(taxes.map(({ amount }) => amount)) === taxTotal &&
    sum(taxes.map(({ base }) => base)) === subtotal + off &&
    subtotal + off + taxTotal === total &&
    creditsApplied <= Math.max(0, total)
  );
}
