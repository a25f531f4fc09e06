import { isoInstant } from "../../kernel/index.ts";
import type { Operation, Reader, Tx } from "../../store/index.ts";
import { type AuthenticationMethod, IDLE_MS, type SessionEnd, type SessionView } from "./session.ts";

// A session is a user's, and a user belongs to no single tenant: every method here is across tenants by nature.

interface SessionRow {
  readonly id: string;
  readonly user_id: string;
  readonly device: string;
  readonly ip: string;
  readonly authenticated_by: string;
  readonly started_at: bigint;
  readonly mfa_at: bigint | null;
  readonly last_seen_at: bigint;
  readonly expires_at: bigint;
  readonly ended_at: bigint | null;
  readonly end_reason: string;
}

/** A session as the checks need it. Times are epoch ms. */
export interface StoredSession {
  readonly id: string;
  readonly userId: string;
  readonly authenticatedBy: readonly AuthenticationMethod[];
  readonly startedAt: number;
  readonly mfaAt: number | null;
  readonly lastSeenAt: number;
  readonly expiresAt: number;
}

/** All that the database has to say about an access token. */
export interface TokenStanding {
  readonly session: StoredSession;
  /** Ended neither by anybody nor by time, and its user is there. */
  readonly isLive: boolean;
  readonly tokenVersion: number;
  readonly isRevoked: boolean;
}

export interface SessionUse {
  readonly id: string;
  readonly at: number;
}

const COLUMNS = `s.id, s.user_id, s.device, s.ip, s.authenticated_by, s.started_at, s.mfa_at, s.last_seen_at,
  s.expires_at, s.ended_at, s.end_reason`;
/** Takes the present twice: see `liveAt`. */
const LIVE = "ended_at IS NULL AND expires_at > ? AND last_seen_at > ?";
/** A use is noted when the last one noted is that old. */
export const NOTED_EVERY_MS = 60_000;

/** Locks a user for the rest of the transaction; the user's token version, undefined for one unknown or erased. */
export async function lockUserVersionAcrossTenants(user: string, tx: Tx): Promise<number | undefined> {
  await tx.run("UPDATE users SET token_version = token_version WHERE id = ?", [user]);
  return tokenVersionAcrossTenants(user, tx);
}

/** A user's token version; undefined for one unknown or erased. */
export async function tokenVersionAcrossTenants(user: string, reader: Reader): Promise<number | undefined> {
  const row = await reader.get<{ token_version: bigint }>(
    "SELECT token_version FROM users WHERE id = ? AND erased_at IS NULL",
    [user],
  );
  return row === undefined ? undefined : Number(row.token_version);
}

export async function raiseTokenVersionAcrossTenants(user: string, tx: Tx): Promise<void> {
  await tx.run("UPDATE users SET token_version = token_version + 1 WHERE id = ?", [user]);
}

export async function insertSessionAcrossTenants(
  { id, userId, ...session }: StoredSession & { readonly device: string; readonly ip: string },
  tx: Tx,
): Promise<void> {
  await tx.run(
    `INSERT INTO user_sessions (id, user_id, device, ip, authenticated_by, started_at, mfa_at, last_seen_at,
       expires_at, end_reason)
     VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, '')`,
    [
      id,
      userId,
      session.device,
      session.ip,
      JSON.stringify(session.authenticatedBy),
      session.startedAt,
      session.mfaAt,
      session.lastSeenAt,
      session.expiresAt,
    ],
  );
}

/** What is known about an access token of a session, by one look; undefined when this user has no such session. */
export async function tokenStandingAcrossTenants(
  token: { readonly id: string; readonly sessionId: string; readonly userId: string },
  now: number,
  reader: Reader,
): Promise<TokenStanding | undefined> {
  const row = await reader.get<
    SessionRow & { token_version: bigint; erased_at: bigint | null; revoked: bigint }
  >(
    `SELECT ${COLUMNS}, u.token_version, u.erased_at,
       (SELECT count(*) FROM revoked_tokens r WHERE r.id = ?) AS revoked
     FROM user_sessions s JOIN users u ON u.id = s.user_id WHERE s.id = ? AND s.user_id = ?`,
    [token.id, token.sessionId, token.userId],
  );
  if (row === undefined) return undefined;
  return {
    session: sessionOf(row),
    isLive: endOf(row, now) === null && row.erased_at === null,
    tokenVersion: Number(row.token_version),
    isRevoked: row.revoked !== 0n,
  };
}

/** Notes a use in the session itself. False when it is not live (any more). */
export async function useSessionAcrossTenants(
  id: string,
  { at, ip }: { readonly at: number; readonly ip: string },
  tx: Tx,
): Promise<boolean> {
  const changed = await tx.run(
    `UPDATE user_sessions SET last_seen_at = ?, ip = CASE WHEN ? = '' THEN ip ELSE ? END WHERE id = ? AND ${LIVE}`,
    [at, ip, ip, id, ...liveAt(at)],
  );
  return changed === 1;
}

/** Notes that a second factor was shown. False when the user has no such live session. */
export async function noteMfaAcrossTenants(
  { id, userId, at }: { readonly id: string; readonly userId: string; readonly at: number },
  tx: Tx,
): Promise<boolean> {
  const changed = await tx.run(
    `UPDATE user_sessions SET mfa_at = ? WHERE id = ? AND user_id = ? AND ${LIVE}`,
    [at, id, userId, ...liveAt(at)],
  );
  return changed === 1;
}

/** Ends a session. False when it had ended already. */
export async function endSessionAcrossTenants(
  { id, at, reason }: { readonly id: string; readonly at: number; readonly reason: SessionEnd },
  tx: Tx,
): Promise<boolean> {
  const changed = await tx.run(
    `UPDATE user_sessions SET ended_at = ?, end_reason = ? WHERE id = ? AND ${LIVE}`,
    [at, reason, id, ...liveAt(at)],
  );
  return changed === 1;
}

/** Ends all live sessions of a user but one; returns how many. */
export function endSessionsAcrossTenants(
  { userId, except, at }: { readonly userId: string; readonly except: string; readonly at: number },
  tx: Tx,
): Promise<number> {
  return tx.run(
    `UPDATE user_sessions SET ended_at = ?, end_reason = 'revoked_all' WHERE user_id = ? AND id <> ? AND ${LIVE}`,
    [at, userId, except, ...liveAt(at)],
  );
}

/** Removes what is known of the sessions of users who were erased at an instant. */
export async function removeErasedSessionsAcrossTenants(at: number, tx: Tx): Promise<void> {
  await tx.run("DELETE FROM user_sessions WHERE user_id IN (SELECT id FROM users WHERE erased_at = ?)", [at]);
}

/** The live sessions of a user beyond the `kept` ones that were used last. */
export async function surplusSessionsAcrossTenants(
  userId: string,
  { kept, now }: { readonly kept: number; readonly now: number },
  tx: Tx,
): Promise<string[]> {
  const rows = await tx.all<{ id: string }>(
    `SELECT id FROM user_sessions WHERE user_id = ? AND ${LIVE} ORDER BY last_seen_at DESC, id DESC
     LIMIT 1000 OFFSET ?`,
    [userId, ...liveAt(now), kept],
  );
  return rows.map(({ id }) => id);
}

export async function sessionAcrossTenants(id: string, reader: Reader): Promise<StoredSession | undefined> {
  const row = await reader.get<SessionRow>(`SELECT ${COLUMNS} FROM user_sessions s WHERE s.id = ?`, [id]);
  return row && sessionOf(row);
}

/** A session as its user sees it; undefined when it is another's. */
export async function sessionViewAcrossTenants(
  { id, userId, now }: { readonly id: string; readonly userId: string; readonly now: number },
  reader: Reader,
): Promise<SessionView | undefined> {
  const row = await reader.get<SessionRow>(
    `SELECT ${COLUMNS} FROM user_sessions s WHERE s.id = ? AND s.user_id = ?`,
    [id, userId],
  );
  return row && viewOf(row, now);
}

/** Sessions of a user, the latest id first, ended ones included. */
export async function sessionsOfAcrossTenants(
  userId: string,
  range: { readonly before: string | undefined; readonly limit: number; readonly now: number },
  reader: Reader,
): Promise<SessionView[]> {
  const { before, limit, now } = range;
  const rows = await reader.all<SessionRow>(
    `SELECT ${COLUMNS} FROM user_sessions s WHERE s.user_id = ? ${before === undefined ? "" : "AND s.id < ?"}
     ORDER BY s.id DESC LIMIT ?`,
    before === undefined ? [userId, limit] : [userId, before, limit],
  );
  return rows.map((row) => viewOf(row, now));
}

/** Notes when sessions were used; shares the commit of others. Sorted, so that two processes lock rows in one order. */
export const noteSessionUses: Operation<SessionUse, void> = {
  name: "session uses",
  size: () => 1,
  async apply(tx, uses) {
    const sorted = [...uses].sort((a, b) => (a.id < b.id ? -1 : a.id > b.id ? 1 : a.at - b.at));
    await tx.each(
      "UPDATE user_sessions SET last_seen_at = ? WHERE id = ? AND last_seen_at <= ? AND ended_at IS NULL",
      sorted.map(({ id, at }) => [at, id, at - NOTED_EVERY_MS]),
    );
    return uses.map(() => undefined);
  },
};

/** The values of `LIVE`. */
function liveAt(now: number): [number, number] {
  return [now, now - IDLE_MS];
}

/** When and why a session ended, by whoever or by time; null while it is live. The same rule as `LIVE`. */
function endOf(row: SessionRow, now: number): { readonly at: number; readonly reason: SessionEnd } | null {
  if (row.ended_at !== null) return { at: Number(row.ended_at), reason: row.end_reason as SessionEnd };
  const [expires, idle] = [Number(row.expires_at), Number(row.last_seen_at) + IDLE_MS];
  const at = Math.min(expires, idle);
  return now < at ? null : { at, reason: at === expires ? "expired" : "idle" };
}

function sessionOf(row: SessionRow): StoredSession {
  return {
    id: row.id,
    userId: row.user_id,
    authenticatedBy: JSON.parse(row.authenticated_by),
    startedAt: Number(row.started_at),
    mfaAt: row.mfa_at === null ? null : Number(row.mfa_at),
    lastSeenAt: Number(row.last_seen_at),
    expiresAt: Number(row.expires_at),
  };
}

function viewOf(row: SessionRow, now: number): SessionView {
  const end = endOf(row, now);
  return {
    id: row.id,
    device: row.device,
    ip: row.ip || null,
    authenticatedBy: JSON.parse(row.authenticated_by),
    startedAt: isoInstant(Number(row.started_at)),
    lastSeenAt: isoInstant(Number(row.last_seen_at)),
    expiresAt: isoInstant(Number(row.expires_at)),
    endedAt: end === null ? null : isoInstant(end.at),
    endReason: end?.reason ?? null,
  };
}
