import {
  BillingError,
  type Clock,
  DAY_MS,
  decodeCursor,
  HOUR_MS,
  type Ids,
  invalidInput,
  isoInstant,
  type Page,
} from "../../kernel/index.ts";
import type { Store, Tx } from "../../store/index.ts";
import { type PageQuery, pageLimit, pageOf } from "../audit/index.ts";
import type { PersonalDataHolder, SecureRandom } from "../organizations/index.ts";
import type { TokenPayload } from "./jwt.ts";
import { refreshTokenHash } from "./refresh-token.ts";
import {
  invalidToken,
  type SessionView,
  type SignIn,
  sessionNotFound,
  type TokenPair,
  type UserSession,
  userNotFound,
} from "./session.ts";
import { SessionChanges } from "./session-changes.ts";
import { hasRemainsAcrossTenants, removeRemainsAcrossTenants } from "./session-cleanup-store.ts";
import {
  endSessionsAcrossTenants,
  NOTED_EVERY_MS,
  noteMfaAcrossTenants,
  noteSessionUses,
  raiseTokenVersionAcrossTenants,
  removeErasedSessionsAcrossTenants,
  type StoredSession,
  sessionAcrossTenants,
  sessionsOfAcrossTenants,
  sessionViewAcrossTenants,
  tokenStandingAcrossTenants,
  tokenVersionAcrossTenants,
} from "./session-store.ts";
import { type ExtraClaims, SessionTokens } from "./session-tokens.ts";
import type { TokenSecret } from "./signing-key.ts";
import { refreshTokenAcrossTenants, revokeTokenAcrossTenants } from "./token-store.ts";

/** How long tokens live. */
export interface TokenLifetimes {
  /** Of access tokens: 1 to 168, default 24. */
  readonly accessHours?: number | undefined;
  /** Of refresh tokens, and with them of a session: 1 to 90, default 30. */
  readonly refreshDays?: number | undefined;
}

const MAX_ACCESS_HOURS = 168;
const MAX_REFRESH_DAYS = 90;
const REMOVED_AT_ONCE = 1_000;

/**
 * Sessions of people who signed in, and the tokens that stand for them.
 *
 * An access token is signed and read from the database at every use: a session, token or user that was ended, in whatever
 * process, is refused at the next. A refresh token is good for one use; a copy that is used later ends the session, and
 * with it whoever made the copy. A session ends after a day without use, after 30 days, when its user opens an eleventh
 * and this one was used least recently, and when somebody ends it. Roles are in no token: ask `organizations.contextFor`.
 */
export class SessionService implements PersonalDataHolder {
  readonly #store: Store;
  readonly #clock: Clock;
  readonly #tokens: SessionTokens;
  readonly #changes: SessionChanges;
  readonly #accessMs: number;
  readonly #refreshMs: number;
  /** Sessions whose use is being noted, so that a busy one waits in the queue once. */
  readonly #noting = new Set<string>();

  /**
   * @param parts `random` must be cryptographically secure; `secret` is asked for at the first use of a token, and may
   * throw.
   * @throws BillingError invalid_input `invalid_lifetime`.
   */
  constructor(
    parts: {
      readonly store: Store;
      readonly clock: Clock;
      readonly ids: Ids;
      readonly random: SecureRandom;
      readonly secret: () => TokenSecret;
    },
    lifetimes: TokenLifetimes = {},
  ) {
    this.#store = parts.store;
    this.#clock = parts.clock;
    this.#tokens = new SessionTokens(parts);
    this.#changes = new SessionChanges({ ...parts, tokens: this.#tokens });
    this.#accessMs = accessMs(lifetimes);
    this.#refreshMs = refreshMs(lifetimes);
  }

  /**
   * Makes sure that there is a secret to sign with, so that a server refuses to start instead of failing at the first
   * sign-in.
   *
   * @throws BillingError failed_precondition `signing_secret_missing`; invalid_input `weak_secret`.
   */
  requireSecret(): void {
    this.#tokens.keys();
  }

  /** What answers that are kept for a user are sealed with: not in the database, and gone when the secret changes. */
  sealingSecret(userId: string): string {
    return this.#tokens.sealingSecret(userId);
  }

  /**
   * Opens a session in the caller's transaction; its tokens are good once that is committed. A user's eleventh ends the
   * one that was used least recently.
   *
   * @throws BillingError not_found `user_not_found`, also for an erased one.
   */
  open(signIn: SignIn, tx: Tx): Promise<TokenPair> {
    return this.#changes.open(signIn, { accessMs: this.#accessMs, refreshMs: this.#refreshMs }, tx);
  }

  /**
   * {@link open} in a transaction of its own, for programs that check by themselves who signs in. `extra` claims are in
   * the first access token only, and nothing in the engine reads them.
   *
   * @throws BillingError not_found `user_not_found`; invalid_input `invalid_lifetime`.
   * @example
   * const pair = await billing.sessions.issue({ userId: "user_123", authenticatedBy: ["password"] });
   */
  async issue(
    signIn: SignIn,
    { extra, ...lifetimes }: TokenLifetimes & { readonly extra?: ExtraClaims | undefined } = {},
  ): Promise<TokenPair> {
    const { accessHours, refreshDays } = lifetimes;
    const times = {
      accessMs: accessHours === undefined ? this.#accessMs : accessMs(lifetimes),
      refreshMs: refreshDays === undefined ? this.#refreshMs : refreshMs(lifetimes),
    };
    return this.#store.transaction((tx) => this.#changes.open(signIn, { ...times, extra }, tx));
  }

  /**
   * Who a request is from. Every call reads the database; a failure of it is a refusal.
   *
   * @throws BillingError unauthenticated `invalid_token`, in the same words whatever is wrong.
   * @example
   * const { userId } = await billing.sessions.authenticate(bearer);
   */
  async authenticate(
    accessToken: string,
    { now = this.#clock.now() }: { readonly now?: number } = {},
  ): Promise<UserSession> {
    const token = await this.#tokens.read(accessToken, "access", now);
    const shown = { id: token.jti, sessionId: token.sid ?? "", userId: token.sub };
    const { key, standing } = await this.#store.read(async (reader) => ({
      key: await this.#tokens.keyStanding(token, now, reader),
      standing: await tokenStandingAcrossTenants(shown, now, reader),
    }));
    const isGood =
      standing?.isLive && !standing.isRevoked && token.tv === standing.tokenVersion && key !== "over";
    if (!isGood) throw invalidToken();
    if (key === "unstarted") await this.#store.transaction((tx) => this.#tokens.startDay(now, tx));
    this.#noteUse(standing.session, now);
    return userSession(standing.session, token.jti);
  }

  /**
   * What an access token says, its signature and times checked and nothing else: it may have been revoked. For looking at
   * a token; to let somebody in, take {@link authenticate}.
   *
   * @throws BillingError unauthenticated `invalid_token`.
   */
  async decode(accessToken: string): Promise<TokenPayload> {
    const now = this.#clock.now();
    const token = await this.#tokens.read(accessToken, "access", now);
    const key = await this.#store.read((reader) => this.#tokens.keyStanding(token, now, reader));
    if (key === "over") throw invalidToken();
    return token;
  }

  /**
   * The session that a refresh token would go on with, without using it.
   *
   * @throws BillingError unauthenticated `invalid_token`, also for one that was used.
   */
  async sessionOfRefreshToken(refreshToken: string): Promise<SessionView & { readonly userId: string }> {
    const hash = refreshTokenHash(refreshToken);
    if (hash === undefined) throw invalidToken();
    return this.#store.read(async (reader) => {
      const token = await refreshTokenAcrossTenants(hash, reader);
      const session = token?.usedAt === null && (await sessionAcrossTenants(token.sessionId, reader));
      if (!session || (await tokenVersionAcrossTenants(session.userId, reader)) === undefined)
        throw invalidToken();
      const { id, userId } = session;
      const view = await sessionViewAcrossTenants({ id, userId, now: this.#clock.now() }, reader);
      if (view?.endedAt !== null) throw invalidToken();
      return { ...view, userId };
    });
  }

  /**
   * The next pair of a session, for its refresh token, which is used up by it: of any number of calls with one token one
   * gets a pair. Within 5 seconds the others are told that it has just been used; after that somebody has a copy, and the
   * session ends. Never call it inside `atomically`, which would undo that end.
   *
   * @throws BillingError unauthenticated `invalid_token`; conflict `refresh_token_used`.
   */
  async refresh(refreshToken: string, { ip }: Pick<SignIn, "ip"> = {}): Promise<TokenPair> {
    const hash = refreshTokenHash(refreshToken);
    if (hash === undefined) throw invalidToken();
    const from = { ip, accessMs: this.#accessMs };
    const outcome = await this.#store.transaction((tx) => this.#changes.refresh(hash, from, tx));
    if (outcome instanceof BillingError) throw outcome;
    return outcome;
  }

  /**
   * A token for the second step of a sign-in: 5 minutes, one use.
   *
   * @throws BillingError not_found `user_not_found`.
   */
  async issueMfaPending(userId: string, tx: Tx): Promise<string> {
    const tokenVersion = await tokenVersionAcrossTenants(userId, tx);
    if (tokenVersion === undefined) throw userNotFound();
    return this.#tokens.mfaPending(userId, { tokenVersion, now: this.#clock.now() }, tx);
  }

  /**
   * Uses such a token and returns whose it is. When `tx` is rolled back, as for a wrong code, it stays good.
   *
   * @throws BillingError unauthenticated `invalid_token`.
   */
  async consumeMfaPending(mfaToken: string, tx: Tx): Promise<string> {
    const now = this.#clock.now();
    const token = await this.#tokens.read(mfaToken, "mfa_pending", now);
    const isFirst = await revokeTokenAcrossTenants(token.jti, token.exp * 1_000, tx);
    const isOver = (await this.#tokens.keyStanding(token, now, tx)) === "over";
    const tokenVersion = await tokenVersionAcrossTenants(token.sub, tx);
    if (!isFirst || isOver || tokenVersion !== token.tv) throw invalidToken();
    await this.#tokens.startDay(now, tx);
    return token.sub;
  }

  /**
   * Notes that the user of a session has just shown a second factor (again).
   *
   * @throws BillingError not_found `session_not_found`.
   */
  async noteMfa(userId: string, sessionId: string, tx: Tx): Promise<void> {
    const shown = { id: sessionId, userId, at: this.#clock.now() };
    if (!(await noteMfaAcrossTenants(shown, tx))) throw sessionNotFound();
  }

  /**
   * Ends every session of a user but one, and makes every access and MFA token of theirs void, also those of that one:
   * its refresh token brings the next. Returns how many sessions ended.
   */
  async endAll(
    userId: string,
    tx: Tx,
    { except = "" }: { readonly except?: string | undefined } = {},
  ): Promise<number> {
    await raiseTokenVersionAcrossTenants(userId, tx);
    return endSessionsAcrossTenants({ userId, except, at: this.#clock.now() }, tx);
  }

  /** Sessions of a user, the latest first, with those that ended in the last weeks. */
  async sessions(userId: string, { cursor, limit: asked }: PageQuery = {}): Promise<Page<SessionView>> {
    const limit = pageLimit(asked);
    const before = cursor === undefined ? undefined : String(decodeCursor(cursor, ["string"])[0]);
    const range = { before, limit: limit + 1, now: this.#clock.now() };
    const rows = await this.#store.read((reader) => sessionsOfAcrossTenants(userId, range, reader));
    return pageOf(
      rows,
      limit,
      ({ id }) => [id],
      (row) => row,
    );
  }

  /**
   * Ends a session of a user. Idempotent.
   *
   * @throws BillingError not_found `session_not_found`, for another user's too.
   */
  revoke(userId: string, sessionId: string): Promise<SessionView> {
    return this.#store.transaction(async (tx) => {
      const shown = { id: sessionId, userId, now: this.#clock.now() };
      if ((await sessionViewAcrossTenants(shown, tx)) === undefined) throw sessionNotFound();
      await this.#changes.end({ id: sessionId, userId }, "revoked", tx);
      return (await sessionViewAcrossTenants(shown, tx)) as SessionView;
    });
  }

  /** Ends every session of a user but the one given. Returns how many ended. */
  revokeOthers(userId: string, sessionId: string): Promise<number> {
    return this.#store.transaction(async (tx) => {
      const at = this.#clock.now();
      const ended = await endSessionsAcrossTenants({ userId, except: sessionId, at }, tx);
      const details = { sessions: ended };
      await this.#changes.record("session.others_revoked", { target: userId, userId, details }, tx);
      return ended;
    });
  }

  /** Ends every session of a user and every token of theirs: log out everywhere. Returns how many ended. */
  revokeAll(userId: string): Promise<number> {
    return this.#store.transaction(async (tx) => {
      const ended = await this.endAll(userId, tx);
      const details = { sessions: ended };
      await this.#changes.record("session.all_revoked", { target: userId, userId, details }, tx);
      return ended;
    });
  }

  /** Ends one access token by its id; its session lives on. */
  async revokeToken(tokenId: string): Promise<void> {
    const expiresAt = this.#clock.now() + MAX_ACCESS_HOURS * HOUR_MS;
    await this.#store.transaction((tx) => revokeTokenAcrossTenants(tokenId, expiresAt, tx));
  }

  /** Removes what is known of the sessions of people who were erased with a tenant. */
  eraseTenant(_tenant: string, at: number, tx: Tx): Promise<void> {
    return removeErasedSessionsAcrossTenants(at, tx);
  }

  /** Removes tokens that expired, and sessions 30 days after their end. */
  cleanup() {
    return {
      name: "session-cleanup",
      every: HOUR_MS,
      hasWork: (now: number) => this.#store.read((reader) => hasRemainsAcrossTenants(now, reader)),
      runDue: async (now: number) => {
        let done = 0;
        for (;;) {
          const removed = await this.#store.transaction((tx) =>
            removeRemainsAcrossTenants(now, REMOVED_AT_ONCE, tx),
          );
          done += removed;
          if (removed < REMOVED_AT_ONCE) return done;
        }
      },
    };
  }

  /** Nobody waits for this, and nobody fails by it: missed notes only make a session end as idle sooner. */
  #noteUse({ id, lastSeenAt }: StoredSession, at: number): void {
    if (at - lastSeenAt < NOTED_EVERY_MS || this.#noting.has(id)) return;
    this.#noting.add(id);
    void this.#store
      .submit(noteSessionUses, { id, at })
      .catch(() => undefined)
      .finally(() => this.#noting.delete(id));
  }
}

function userSession(session: StoredSession, tokenId: string): UserSession {
  const { id: sessionId, userId, authenticatedBy, startedAt, mfaAt } = session;
  return {
    userId,
    sessionId,
    tokenId,
    authenticatedBy,
    authenticatedAt: isoInstant(startedAt),
    mfaAt: mfaAt === null ? null : isoInstant(mfaAt),
  };
}

function accessMs({ accessHours = 24 }: TokenLifetimes): number {
  return checkedLifetime("accessHours", accessHours, MAX_ACCESS_HOURS) * HOUR_MS;
}

function refreshMs({ refreshDays = 30 }: TokenLifetimes): number {
  return checkedLifetime("refreshDays", refreshDays, MAX_REFRESH_DAYS) * DAY_MS;
}

function checkedLifetime(field: keyof TokenLifetimes, value: number, max: number): number {
  if (Number.isInteger(value) && value >= 1 && value <= max) return value;
  throw invalidInput(field, "invalid_lifetime", `${field} must be a whole number from 1 to ${max}`);
}
