import type { Reader, Tx } from "../../store/index.ts";

// Tokens are users', and users belong to no single tenant: every method here is across tenants by nature.

/** A refresh token that was shown. */
export interface ShownRefreshToken {
  readonly sessionId: string;
  /** Epoch ms; null before its first use. */
  readonly usedAt: number | null;
}

export async function insertRefreshTokenAcrossTenants(
  token: { readonly hash: string; readonly sessionId: string; readonly expiresAt: number },
  tx: Tx,
): Promise<void> {
  await tx.run("INSERT INTO refresh_tokens (token_hash, session_id, expires_at) VALUES (?, ?, ?)", [
    token.hash,
    token.sessionId,
    token.expiresAt,
  ]);
}

/** Uses a refresh token. Of any number that try, one gets true. */
export async function useRefreshTokenAcrossTenants(hash: string, at: number, tx: Tx): Promise<boolean> {
  const changed = await tx.run(
    "UPDATE refresh_tokens SET used_at = ? WHERE token_hash = ? AND used_at IS NULL AND expires_at > ?",
    [at, hash, at],
  );
  return changed === 1;
}

export async function refreshTokenAcrossTenants(
  hash: string,
  reader: Reader,
): Promise<ShownRefreshToken | undefined> {
  const row = await reader.get<{ session_id: string; used_at: bigint | null }>(
    "SELECT session_id, used_at FROM refresh_tokens WHERE token_hash = ?",
    [hash],
  );
  return row && { sessionId: row.session_id, usedAt: row.used_at === null ? null : Number(row.used_at) };
}

/** Ends a token by its id until it expires by itself. Of any number that try, one gets true. */
export async function revokeTokenAcrossTenants(id: string, expiresAt: number, tx: Tx): Promise<boolean> {
  const added = await tx.run(
    "INSERT INTO revoked_tokens (id, expires_at) VALUES (?, ?) ON CONFLICT (id) DO NOTHING",
    [id, expiresAt],
  );
  return added === 1;
}

/** Since when a key is in use, epoch ms; undefined when it never was. */
export async function keyUsedSince(id: string, reader: Reader): Promise<number | undefined> {
  const row = await reader.get<{ first_used_at: bigint }>(
    "SELECT first_used_at FROM signing_keys WHERE id = ?",
    [id],
  );
  return row && Number(row.first_used_at);
}

/** Notes the first use of a key; later ones change nothing. */
export async function noteKeyUse(id: string, at: number, tx: Tx): Promise<void> {
  await tx.run("INSERT INTO signing_keys (id, first_used_at) VALUES (?, ?) ON CONFLICT (id) DO NOTHING", [
    id,
    at,
  ]);
}
