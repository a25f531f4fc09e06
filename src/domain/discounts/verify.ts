// The proof on demand: uses and sums are those of the redemptions, every discount is what its code takes off, and volume
// sums are those of their entries.

import type { Reader } from "../../store/index.ts";
import { discountOf } from "./amount.ts";
import { worthOf } from "./code-store.ts";
import {
  overdrawnPurchasesAcrossTenants,
  type RedemptionOrigin,
  redemptionOriginsAcrossTenants,
  wrongCodesAcrossTenants,
  wrongUsesAcrossTenants,
  wrongVolumeEntriesAcrossTenants,
  wrongVolumesAcrossTenants,
} from "./verify-store.ts";

const PAGE = 1_000;
const STATES: readonly string[] = ["reserved", "confirmed", "released", "expired"];

/** What of codes, redemptions and volume sums does not agree, as sentences that name the row. */
export async function discountDifferences(reader: Reader): Promise<string[]> {
  const found: string[] = [];
  for (const { code, uses, discounted, counted, summed } of await wrongCodesAcrossTenants(reader))
    found.push(
      uses === null
        ? `discount_codes row (code ${code}) is missing: it was redeemed`
        : `discount_codes row (code ${code}): uses ${uses} and discounted ${discounted}, its redemptions give ${counted} and ${summed}`,
    );
  for (const { tenant, code, uses, counted } of await wrongUsesAcrossTenants(reader))
    found.push(
      `discount_code_uses row (tenant ${tenant}, code ${code}): uses is ${uses}, its redemptions give ${counted}`,
    );
  for (const { tenant, reference, purchase, discounted } of await overdrawnPurchasesAcrossTenants(reader))
    found.push(
      `discount_redemptions rows (tenant ${tenant}, reference ${reference}): ${discounted} is taken off one purchase of ${purchase}`,
    );
  let after: RedemptionOrigin | undefined;
  do {
    const page: RedemptionOrigin[] = await redemptionOriginsAcrossTenants(after, PAGE, reader);
    for (const redemption of page) found.push(...redemptionDifferences(redemption));
    after = page.length < PAGE ? undefined : page.at(-1);
  } while (after !== undefined);
  for (const { tenant, spent, summed } of await wrongVolumesAcrossTenants(reader))
    found.push(
      spent === null
        ? `discount_volumes row (tenant ${tenant}) is missing: its entries give ${summed}`
        : `discount_volumes row (tenant ${tenant}): spent is ${spent}, its entries give ${summed}`,
    );
  for (const { tenant, kind, reference, spent_after, summed } of await wrongVolumeEntriesAcrossTenants(
    reader,
  ))
    found.push(
      `discount_volume_entries row (tenant ${tenant}, ${kind} ${reference}): spent_after is ${spent_after}, the entries give ${summed}`,
    );
  return found;
}

function redemptionDifferences(redemption: RedemptionOrigin): string[] {
  const { tenant, reference, code, base, percent, discount, state, type, code_percent, code_amount } =
    redemption;
  const name = `discount_redemptions row (tenant ${tenant}, reference ${reference}, code ${code})`;
  const worth = worthOf({ type, percent: code_percent, amount: code_amount });
  // The volume tier of that time is what the redemption itself says.
  const due = discountOf(worth, base, percent ?? "0");
  const found: string[] = [];
  if (discount !== due.discount)
    found.push(`${name}: discount is ${discount}, its code takes ${due.discount} off ${base}`);
  if (percent !== due.percent)
    found.push(`${name}: percent is ${percent ?? "none"}, its code takes ${due.percent ?? "an amount"}`);
  if (!STATES.includes(state)) found.push(`${name}: state is ${state}, which is none`);
  return found;
}
