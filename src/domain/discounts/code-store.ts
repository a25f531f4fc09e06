// Codes, which are the installation's, and how often each organization has used them.

import type { Reader, Tx } from "../../store/index.ts";
import type { Limit, SubscriptionTier } from "../plans/index.ts";
import type { CodeTerms, DiscountType, StoredCode, Worth } from "./discount.ts";

const TERMS = [
  ...["code", "type", "percent", "amount", "max_uses", "max_uses_per_org", "min_purchase", "tiers"],
  ...["organizations", "valid_from", "expires_at", "description"],
];
const COLUMNS = [...TERMS, "created_at", "disabled_at", "uses", "discounted"].join(", ");
/** More than anybody can use. */
const ANY = BigInt(Number.MAX_SAFE_INTEGER);

/** Adds a code. False: there is one of this name. */
export async function insertCodeAcrossTenants(code: CodeTerms, at: number, tx: Tx): Promise<boolean> {
  const added = await tx.run(
    `INSERT INTO discount_codes (${COLUMNS})
     VALUES (${TERMS.map(() => "?").join(", ")}, ?, NULL, 0, 0) ON CONFLICT (code) DO NOTHING`,
    [...valuesOf(code), at],
  );
  return added === 1;
}

export async function codeAcrossTenants(code: string, reader: Reader): Promise<StoredCode | undefined> {
  const row = await reader.get<CodeRow>(`SELECT ${COLUMNS} FROM discount_codes WHERE code = ?`, [code]);
  return row && codeOf(row);
}

/** A code that nobody else changes, and no redemption of it, for the rest of the transaction. Locked before all else. */
export async function lockCodeAcrossTenants(code: string, tx: Tx): Promise<StoredCode | undefined> {
  const lock = tx.dialect === "postgres" ? " FOR UPDATE" : "";
  const row = await tx.get<CodeRow>(`SELECT ${COLUMNS} FROM discount_codes WHERE code = ?${lock}`, [code]);
  return row && codeOf(row);
}

/** Codes in their order, after one. */
export async function codesAcrossTenants(
  after: string,
  limit: number,
  reader: Reader,
): Promise<StoredCode[]> {
  const rows = await reader.all<CodeRow>(
    `SELECT ${COLUMNS} FROM discount_codes WHERE code > ? ORDER BY code LIMIT ?`,
    [after, limit],
  );
  return rows.map(codeOf);
}

export async function disableCodeAcrossTenants(code: string, at: number, tx: Tx): Promise<void> {
  await tx.run("UPDATE discount_codes SET disabled_at = ? WHERE code = ? AND disabled_at IS NULL", [
    at,
    code,
  ]);
}

/** How often a tenant's redemptions of a code count. */
export async function ownUses(tenant: string, code: string, reader: Reader): Promise<bigint> {
  const row = await reader.get<{ uses: bigint }>(
    "SELECT uses FROM discount_code_uses WHERE tenant = ? AND code = ?",
    [tenant, code],
  );
  return row?.uses ?? 0n;
}

/** Takes a use of a locked code, if there is one left in all and for the tenant. */
export async function takeUse(
  tenant: string,
  { code, maxUsesPerOrganization }: StoredCode,
  discount: bigint,
  tx: Tx,
): Promise<boolean> {
  const most = maxUsesPerOrganization === "unlimited" ? ANY : BigInt(maxUsesPerOrganization);
  const ofAll = await tx.run(
    `UPDATE discount_codes SET uses = uses + 1, discounted = discounted + ?
     WHERE code = ? AND (max_uses IS NULL OR uses < max_uses)`,
    [discount, code],
  );
  const own = await tx.run(
    `INSERT INTO discount_code_uses (tenant, code, uses) VALUES (?, ?, 1)
     ON CONFLICT (tenant, code) DO UPDATE SET uses = discount_code_uses.uses + 1
     WHERE discount_code_uses.uses < ?`,
    [tenant, code, most],
  );
  return ofAll === 1 && own === 1;
}

/** Uses of a locked code that count no more: how many of a tenant, and what they took off. */
export async function giveUsesBack(
  tenant: string,
  { code, uses, discounted }: { readonly code: string; readonly uses: bigint; readonly discounted: bigint },
  tx: Tx,
): Promise<void> {
  await tx.run("UPDATE discount_codes SET uses = uses - ?, discounted = discounted - ? WHERE code = ?", [
    ...[uses, discounted, code],
  ]);
  await tx.run("UPDATE discount_code_uses SET uses = uses - ? WHERE tenant = ? AND code = ?", [
    ...[uses, tenant, code],
  ]);
}

export interface WorthRow {
  readonly type: DiscountType;
  readonly percent: string | null;
  readonly amount: bigint | null;
}

interface CodeRow extends WorthRow {
  readonly code: string;
  readonly max_uses: bigint | null;
  readonly max_uses_per_org: bigint | null;
  readonly min_purchase: bigint;
  readonly tiers: string;
  readonly organizations: string;
  readonly valid_from: bigint | null;
  readonly expires_at: bigint | null;
  readonly description: string;
  readonly created_at: bigint;
  readonly disabled_at: bigint | null;
  readonly uses: bigint;
  readonly discounted: bigint;
}

function valuesOf(code: CodeTerms) {
  const { worth } = code;
  return [
    ...[code.code, worth.type, worth.type === "percentage" ? worth.percent : null],
    ...[worth.type === "fixed_amount" ? worth.amount : null, maxOf(code.maxUses)],
    ...[maxOf(code.maxUsesPerOrganization), code.minPurchase, JSON.stringify(code.tiers)],
    ...[JSON.stringify(code.organizations), code.validFrom, code.expiresAt, code.description],
  ];
}

function codeOf(row: CodeRow): StoredCode {
  return {
    ...{ code: row.code, worth: worthOf(row), minPurchase: row.min_purchase, description: row.description },
    ...{ maxUses: limitOf(row.max_uses), maxUsesPerOrganization: limitOf(row.max_uses_per_org) },
    tiers: JSON.parse(row.tiers) as SubscriptionTier[],
    organizations: JSON.parse(row.organizations) as string[],
    ...{ validFrom: instantOf(row.valid_from), expiresAt: instantOf(row.expires_at) },
    ...{ createdAt: Number(row.created_at), disabledAt: instantOf(row.disabled_at) },
    ...{ uses: row.uses, discounted: row.discounted },
  };
}

export function worthOf({ type, percent, amount }: WorthRow): Worth {
  switch (type) {
    case "percentage":
      return { type, percent: percent ?? "0" };
    case "fixed_amount":
      return { type, amount: amount ?? 0n };
    default:
      return { type: "volume" };
  }
}

function maxOf(limit: Limit): bigint | null {
  return limit === "unlimited" ? null : BigInt(limit);
}

function limitOf(max: bigint | null): Limit {
  return max === null ? "unlimited" : Number(max);
}

function instantOf(at: bigint | null): number | null {
  return at === null ? null : Number(at);
}
