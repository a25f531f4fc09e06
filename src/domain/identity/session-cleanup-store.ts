import { DAY_MS } from "../../kernel/index.ts";
import type { Reader, Tx } from "../../store/index.ts";

// What is over: tokens that expired, and sessions long after their end.

/** Ended sessions stay on record for so long after they would have ended at the latest. */
const SESSION_KEPT_MS = 30 * DAY_MS;

const REMAINS = [
  { table: "refresh_tokens", key: "token_hash", keptMs: 0 },
  { table: "revoked_tokens", key: "id", keptMs: 0 },
  { table: "user_sessions", key: "id", keptMs: SESSION_KEPT_MS },
];

/** Whether anything is over. */
export async function hasRemainsAcrossTenants(now: number, reader: Reader): Promise<boolean> {
  for (const { table, keptMs } of REMAINS) {
    const over = `SELECT 1 AS one FROM ${table} WHERE expires_at <= ? LIMIT 1`;
    if ((await reader.get(over, [now - keptMs])) !== undefined) return true;
  }
  return false;
}

/** Removes up to `limit` rows of each kind that are over; returns how many. */
export async function removeRemainsAcrossTenants(now: number, limit: number, tx: Tx): Promise<number> {
  let removed = 0;
  for (const { table, key, keptMs } of REMAINS) {
    removed += await tx.run(
      `DELETE FROM ${table} WHERE ${key} IN (SELECT ${key} FROM ${table} WHERE expires_at <= ? LIMIT ?)`,
      [now - keptMs, limit],
    );
  }
  return removed;
}
