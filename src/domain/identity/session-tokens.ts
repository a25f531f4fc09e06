// The tokens of sessions: signed by the current key, read by it or, for a day, by the one before.

import { createHmac } from "node:crypto";
import { type Ids, isoInstant } from "../../kernel/index.ts";
import type { Reader, Tx } from "../../store/index.ts";
import type { SecureRandom } from "../organizations/index.ts";
import { type ReadToken, readToken, signToken, type TokenClaims, type TokenType } from "./jwt.ts";
import { newRefreshToken } from "./refresh-token.ts";
import type { TokenPair } from "./session.ts";
import type { StoredSession } from "./session-store.ts";
import { PREVIOUS_KEY_MS, type SigningKeys, signingKeys, type TokenSecret } from "./signing-key.ts";
import { insertRefreshTokenAcrossTenants, keyUsedSince, noteKeyUse } from "./token-store.ts";

/** Claims for programs that read tokens themselves. */
export type ExtraClaims = Pick<TokenClaims, "email" | "org_id" | "role">;

const MFA_PENDING_MS = 300_000;

export class SessionTokens {
  readonly #ids: Ids;
  readonly #random: SecureRandom;
  readonly #secret: () => TokenSecret;
  #keys: SigningKeys | undefined;

  constructor({ ids, random, secret }: { ids: Ids; random: SecureRandom; secret: () => TokenSecret }) {
    this.#ids = ids;
    this.#random = random;
    this.#secret = secret;
  }

  /** @throws whatever the secret throws that is missing; invalid_input `weak_secret`. */
  keys(): SigningKeys {
    this.#keys ??= signingKeys(this.#secret());
    return this.#keys;
  }

  /** A new pair for a session. Neither of its tokens outlives the session. */
  async pair(
    session: StoredSession,
    {
      tokenVersion: tv,
      accessMs,
      now,
      extra = {},
    }: { tokenVersion: number; accessMs: number; now: number; extra?: ExtraClaims | undefined },
    tx: Tx,
  ): Promise<TokenPair> {
    const { id: sessionId, userId: sub, expiresAt } = session;
    const refresh = newRefreshToken(this.#random);
    await insertRefreshTokenAcrossTenants({ hash: refresh.hash, sessionId, expiresAt }, tx);
    const accessEnd = secondOf(Math.min(now + accessMs, expiresAt));
    const claims = { ...extra, sub, jti: this.#ids.next("tok"), type: "access", tv, sid: sessionId } as const;
    return {
      accessToken: await this.#sign(claims, { now, expiresAt: accessEnd }, tx),
      refreshToken: refresh.text,
      accessExpiresAt: isoInstant(accessEnd),
      refreshExpiresAt: isoInstant(expiresAt),
      tokenType: "Bearer",
      sessionId,
    };
  }

  /** A token that says: the first factor was right. */
  mfaPending(userId: string, { tokenVersion, now }: { tokenVersion: number; now: number }, tx: Tx) {
    const claims = {
      sub: userId,
      jti: this.#ids.next("tok"),
      type: "mfa_pending",
      tv: tokenVersion,
    } as const;
    return this.#sign(claims, { now, expiresAt: now + MFA_PENDING_MS }, tx);
  }

  /** A secret of a user that only this installation can derive; it changes with the signing secret. */
  sealingSecret(userId: string): string {
    return createHmac("sha256", this.keys().current.key).update(`seal ${userId}`).digest("base64url");
  }

  /** @throws BillingError unauthenticated `invalid_token`. */
  read(token: unknown, type: TokenType, now: number): Promise<ReadToken> {
    return readToken(token, type, this.keys(), now);
  }

  /**
   * Whether the key of a token is still honoured; `unstarted` when its day has not begun, for nobody has used the current
   * key: then call `startDay`.
   */
  async keyStanding(token: ReadToken, now: number, reader: Reader): Promise<"good" | "unstarted" | "over"> {
    if (!token.isOfPreviousKey) return "good";
    const since = await keyUsedSince(this.keys().current.id, reader);
    if (since === undefined) return "unstarted";
    return now < since + PREVIOUS_KEY_MS ? "good" : "over";
  }

  /** Begins the day for which the previous key is honoured, unless it has begun. */
  startDay(now: number, tx: Tx): Promise<void> {
    return noteKeyUse(this.keys().current.id, now, tx);
  }

  async #sign(claims: TokenClaims, times: { now: number; expiresAt: number }, tx: Tx): Promise<string> {
    await this.startDay(times.now, tx);
    return signToken(claims, this.keys().current, times);
  }
}

/** Tokens know whole seconds. */
function secondOf(ms: number): number {
  return Math.floor(ms / 1_000) * 1_000;
}
