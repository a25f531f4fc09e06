import type { Reader, Tx } from "../../store/index.ts";

// Sign-ins under way and who somebody is at a provider belong to people, not to tenants: nearly every method here is
// across tenants by nature.

export interface StoredHandshake {
  readonly id: string;
  /** Of the connection it was begun by. */
  readonly domain: string;
  readonly returnTo: string;
  /** Epoch ms. */
  readonly expiresAt: number;
}

/** Who somebody is at a provider. */
export interface OidcIdentity {
  readonly issuer: string;
  readonly subject: string;
}

export async function putHandshakeAcrossTenants(
  { id, domain, returnTo, expiresAt }: StoredHandshake,
  tx: Tx,
): Promise<void> {
  await tx.run("INSERT INTO oidc_handshakes (id, domain, return_to, expires_at) VALUES (?, ?, ?, ?)", [
    id,
    domain,
    returnTo,
    expiresAt,
  ]);
}

/** Uses a handshake up. Of any number that try, one gets it. */
export async function takeHandshakeAcrossTenants(
  id: string,
  now: number,
  tx: Tx,
): Promise<Pick<StoredHandshake, "domain" | "returnTo"> | undefined> {
  const row = await tx.get<{ domain: string; return_to: string }>(
    "DELETE FROM oidc_handshakes WHERE id = ? AND expires_at > ? RETURNING domain, return_to",
    [id, now],
  );
  return row && { domain: row.domain, returnTo: row.return_to };
}

export async function hasExpiredHandshakesAcrossTenants(now: number, reader: Reader): Promise<boolean> {
  const expired = "SELECT 1 AS one FROM oidc_handshakes WHERE expires_at <= ? LIMIT 1";
  return (await reader.get(expired, [now])) !== undefined;
}

/** Removes up to `limit` that expired; returns how many. */
export function removeExpiredHandshakesAcrossTenants(now: number, limit: number, tx: Tx): Promise<number> {
  return tx.run(
    `DELETE FROM oidc_handshakes WHERE id IN
       (SELECT id FROM oidc_handshakes WHERE expires_at <= ? ORDER BY expires_at LIMIT ?)`,
    [now, limit],
  );
}

/** The user with an identity. */
export async function userOfIdentityAcrossTenants(
  { issuer, subject }: OidcIdentity,
  reader: Reader,
): Promise<string | undefined> {
  const row = await reader.get<{ user_id: string }>(
    "SELECT user_id FROM oidc_identities WHERE issuer = ? AND subject = ?",
    [issuer, subject],
  );
  return row?.user_id;
}

/** Gives a user an identity. False when it is another's, or the user has another of this issuer. */
export async function linkIdentityAcrossTenants(
  { issuer, subject }: OidcIdentity,
  { userId, at }: { readonly userId: string; readonly at: number },
  tx: Tx,
): Promise<boolean> {
  const added = await tx.run(
    `INSERT INTO oidc_identities (issuer, subject, user_id, linked_at) VALUES (?, ?, ?, ?)
     ON CONFLICT DO NOTHING`,
    [issuer, subject, userId, at],
  );
  return added === 1;
}

/** Whether a user is a member of a tenant or once was. */
export async function wasEverMember(tenant: string, userId: string, reader: Reader): Promise<boolean> {
  const row = await reader.get("SELECT 1 AS one FROM memberships WHERE tenant = ? AND user_id = ?", [
    tenant,
    userId,
  ]);
  return row !== undefined;
}

/** Takes identities out for those who were erased. */
export async function removeErasedIdentitiesAcrossTenants(tx: Tx): Promise<void> {
  await tx.run(
    "DELETE FROM oidc_identities WHERE user_id IN (SELECT id FROM users WHERE erased_at IS NOT NULL)",
  );
}
