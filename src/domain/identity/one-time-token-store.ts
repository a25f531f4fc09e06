import type { Reader, Tx } from "../../store/index.ts";

// These tokens are users', or of people who are none yet: every method here is across tenants by nature.

export type TokenPurpose = "registration" | "password_reset" | "login_link";

/** A token that was sent or shown: only its hash is kept. */
export interface OneTimeToken {
  readonly hash: string;
  readonly purpose: TokenPurpose;
  /** Whose it is: a user's id, or the address of somebody who is no user yet. */
  readonly subject: string;
  /** JSON text. */
  readonly data: string;
  readonly expiresAt: number;
}

/** Keeps a token in the place of the one that the subject had for this purpose. */
export async function putOneTimeTokenAcrossTenants(token: OneTimeToken, tx: Tx): Promise<void> {
  const { hash, purpose, subject, data, expiresAt } = token;
  await tx.run(
    `INSERT INTO one_time_tokens (token_hash, purpose, subject, data, expires_at) VALUES (?, ?, ?, ?, ?)
     ON CONFLICT (purpose, subject) DO UPDATE SET
       token_hash = excluded.token_hash, data = excluded.data, expires_at = excluded.expires_at`,
    [hash, purpose, subject, data, expiresAt],
  );
}

/** Uses a token up. Of any number that try, one gets it. */
export async function takeOneTimeTokenAcrossTenants(
  hash: string,
  purpose: TokenPurpose,
  now: number,
  tx: Tx,
): Promise<Pick<OneTimeToken, "subject" | "data"> | undefined> {
  const row = await tx.get<{ subject: string; data: string }>(
    "SELECT subject, data FROM one_time_tokens WHERE token_hash = ? AND purpose = ? AND expires_at > ?",
    [hash, purpose, now],
  );
  if (row === undefined) return undefined;
  const removed = await tx.run("DELETE FROM one_time_tokens WHERE token_hash = ?", [hash]);
  return removed === 1 ? row : undefined;
}

export async function removeTokensOfAcrossTenants(subject: string, tx: Tx): Promise<void> {
  await tx.run("DELETE FROM one_time_tokens WHERE subject = ?", [subject]);
}

/** Counts a try. Beyond `limit` within the window: when the next is allowed, in epoch ms, and whether it is the first. */
export async function countAttemptAcrossTenants(
  name: string,
  { limit, windowMs }: { readonly limit: number; readonly windowMs: number },
  now: number,
  tx: Tx,
): Promise<{ readonly until: number; readonly isFirst: boolean } | undefined> {
  const counted = await tx.get<{ attempts: bigint; expires_at: bigint }>(
    `INSERT INTO sign_in_attempts (name, began_at, expires_at, attempts) VALUES (?, ?, ?, 1)
     ON CONFLICT (name) DO UPDATE SET
       attempts = CASE WHEN sign_in_attempts.expires_at <= ? THEN 1 ELSE sign_in_attempts.attempts + 1 END,
       began_at = CASE WHEN sign_in_attempts.expires_at <= ? THEN excluded.began_at ELSE sign_in_attempts.began_at END,
       expires_at = CASE WHEN sign_in_attempts.expires_at <= ? THEN excluded.expires_at ELSE sign_in_attempts.expires_at END
     WHERE sign_in_attempts.expires_at <= ? OR sign_in_attempts.attempts <= ?
     RETURNING attempts, expires_at`,
    [name, now, now + windowMs, now, now, now, now, limit],
  );
  if (counted !== undefined) {
    const isOver = Number(counted.attempts) > limit;
    return isOver ? { until: Number(counted.expires_at), isFirst: true } : undefined;
  }
  const row = await tx.get<{ expires_at: bigint }>("SELECT expires_at FROM sign_in_attempts WHERE name = ?", [
    name,
  ]);
  return { until: Number(row?.expires_at ?? now), isFirst: false };
}

export async function forgetAttemptsAcrossTenants(names: readonly string[], tx: Tx): Promise<void> {
  for (const name of names) await tx.run("DELETE FROM sign_in_attempts WHERE name = ?", [name]);
}

/** Removes what has expired, so many at a time; returns how many. */
export async function removeExpiredAcrossTenants(now: number, limit: number, tx: Tx): Promise<number> {
  const tokens = await tx.run(
    `DELETE FROM one_time_tokens WHERE token_hash IN
       (SELECT token_hash FROM one_time_tokens WHERE expires_at <= ? ORDER BY expires_at LIMIT ?)`,
    [now, limit],
  );
  const attempts = await tx.run(
    `DELETE FROM sign_in_attempts WHERE name IN
       (SELECT name FROM sign_in_attempts WHERE expires_at <= ? ORDER BY expires_at LIMIT ?)`,
    [now, limit],
  );
  return tokens + attempts;
}

export async function hasExpiredAcrossTenants(now: number, reader: Reader): Promise<boolean> {
  const token = await reader.get("SELECT 1 AS one FROM one_time_tokens WHERE expires_at <= ? LIMIT 1", [now]);
  if (token !== undefined) return true;
  return (
    (await reader.get("SELECT 1 AS one FROM sign_in_attempts WHERE expires_at <= ? LIMIT 1", [now])) !==
    undefined
  );
}
