import { isoInstant } from "../../kernel/index.ts";
import type { Reader, Tx } from "../../store/index.ts";
import type { BillingProfile, CheckedProfile } from "./billing-profile.ts";

interface ProfileRow {
  readonly legal_name: string;
  readonly address: string;
  readonly country: string;
  readonly tax_id: string;
  readonly email: string;
  readonly currency: string;
  readonly updated_at: bigint;
}

/** Under which tenant the seller's own profile is kept. */
export const SELLER = "";

export async function profileOf(tenant: string, reader: Reader): Promise<BillingProfile | null> {
  const row = await reader.get<ProfileRow>(
    `SELECT legal_name, address, country, tax_id, email, currency, updated_at
     FROM billing_profiles WHERE tenant = ?`,
    [tenant],
  );
  if (row === undefined) return null;
  return {
    legalName: row.legal_name,
    address: row.address,
    country: row.country,
    taxId: row.tax_id || undefined,
    email: row.email,
    currency: row.currency,
    updatedAt: isoInstant(Number(row.updated_at)),
  };
}

export async function putProfile(tenant: string, profile: CheckedProfile, at: number, tx: Tx): Promise<void> {
  const { legalName, address, country, taxId, email, currency } = profile;
  await tx.run(
    `INSERT INTO billing_profiles (tenant, legal_name, address, country, tax_id, email, currency, updated_at)
     VALUES (?, ?, ?, ?, ?, ?, ?, ?)
     ON CONFLICT (tenant) DO UPDATE SET legal_name = excluded.legal_name, address = excluded.address,
       country = excluded.country, tax_id = excluded.tax_id, email = excluded.email, currency = excluded.currency,
       updated_at = excluded.updated_at`,
    [tenant, legalName, address, country, taxId, email, currency, at],
  );
}

export async function deleteProfile(tenant: string, tx: Tx): Promise<void> {
  await tx.run("DELETE FROM billing_profiles WHERE tenant = ?", [tenant]);
}
