// What happens to sessions inside a transaction: they open, go on by their refresh token, and end; each end is on record.

import { isIP } from "node:net";
import { BillingError, type Clock, type Ids } from "../../kernel/index.ts";
import type { Tx } from "../../store/index.ts";
import { appendAudit } from "../audit/index.ts";
import { deviceName } from "./device.ts";
import { isReuse } from "./refresh-token.ts";
import { invalidToken, type SessionEnd, type SignIn, type TokenPair, userNotFound } from "./session.ts";
import {
  endSessionAcrossTenants,
  insertSessionAcrossTenants,
  lockUserVersionAcrossTenants,
  type StoredSession,
  sessionAcrossTenants,
  surplusSessionsAcrossTenants,
  tokenVersionAcrossTenants,
  useSessionAcrossTenants,
} from "./session-store.ts";
import type { ExtraClaims, SessionTokens } from "./session-tokens.ts";
import { refreshTokenAcrossTenants, useRefreshTokenAcrossTenants } from "./token-store.ts";

const SESSIONS_PER_USER = 10;

export class SessionChanges {
  readonly #clock: Clock;
  readonly #ids: Ids;
  readonly #tokens: SessionTokens;

  constructor({ clock, ids, tokens }: { clock: Clock; ids: Ids; tokens: SessionTokens }) {
    this.#clock = clock;
    this.#ids = ids;
    this.#tokens = tokens;
  }

  async open(
    { userId, authenticatedBy, userAgent, ip }: SignIn,
    times: { accessMs: number; refreshMs: number; extra?: ExtraClaims | undefined },
    tx: Tx,
  ): Promise<TokenPair> {
    const now = this.#clock.now();
    // The user is locked, so that two sign-ins at once do not both see room for one more.
    const tokenVersion = await lockUserVersionAcrossTenants(userId, tx);
    if (tokenVersion === undefined) throw userNotFound();
    for (const id of await surplusSessionsAcrossTenants(userId, { kept: SESSIONS_PER_USER - 1, now }, tx)) {
      await this.end({ id, userId }, "displaced", tx);
    }
    const hasSecondFactor = authenticatedBy.includes("totp") || authenticatedBy.includes("backup_code");
    const session: StoredSession = {
      id: this.#ids.next("ses"),
      userId,
      authenticatedBy,
      startedAt: now,
      mfaAt: hasSecondFactor ? now : null,
      lastSeenAt: now,
      expiresAt: now + times.refreshMs,
    };
    const from = { device: deviceName(userAgent), ip: addressOf(ip) };
    await insertSessionAcrossTenants({ ...session, ...from }, tx);
    return this.#tokens.pair(session, { ...times, tokenVersion, now }, tx);
  }

  /** The next pair; or the refusal as a value, for an error would undo the end of a session whose token was copied. */
  async refresh(
    hash: string,
    { ip, accessMs }: { ip: string | undefined; accessMs: number },
    tx: Tx,
  ): Promise<TokenPair | BillingError> {
    const now = this.#clock.now();
    const isUsedNow = await useRefreshTokenAcrossTenants(hash, now, tx);
    const token = await refreshTokenAcrossTenants(hash, tx);
    const session = token && (await sessionAcrossTenants(token.sessionId, tx));
    if (session === undefined) return invalidToken();
    if (!isUsedNow) {
      // Unused, and yet of no use: it has expired.
      if (token?.usedAt == null) return invalidToken();
      if (!isReuse(token.usedAt, now)) return justUsed();
      await this.end(session, "reuse", tx);
      return invalidToken();
    }
    const tokenVersion = await tokenVersionAcrossTenants(session.userId, tx);
    const isLive = await useSessionAcrossTenants(session.id, { at: now, ip: addressOf(ip) }, tx);
    if (!isLive || tokenVersion === undefined) return invalidToken();
    return this.#tokens.pair(session, { tokenVersion, accessMs, now }, tx);
  }

  /** Ends a session, unless it has ended. */
  async end({ id, userId }: Pick<StoredSession, "id" | "userId">, reason: SessionEnd, tx: Tx): Promise<void> {
    if (!(await endSessionAcrossTenants({ id, at: this.#clock.now(), reason }, tx))) return;
    await this.record("session.ended", { target: id, userId, details: { reason } }, tx);
  }

  record(
    action: string,
    what: { target: string; userId: string; details: Readonly<Record<string, unknown>> },
    tx: Tx,
  ): Promise<void> {
    const { target, userId, details } = what;
    const entry = { id: this.#ids.next("aud"), at: this.#clock.now(), tenant: "", action, target, details };
    return appendAudit(tx, [{ ...entry, actor: { kind: "user", id: userId } }]);
  }
}

/** '' for what is no IP address. */
function addressOf(ip: string | undefined): string {
  return ip !== undefined && isIP(ip) !== 0 ? ip : "";
}

function justUsed(): BillingError {
  const text = "this refresh token has just been used: use the tokens that came of it, or sign in again";
  return new BillingError("conflict", "refresh_token_used", text);
}
