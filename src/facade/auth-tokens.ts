// The specification's functions about tokens. Each token stands for a session of the engine, so that what ends a session,
// in whatever process, ends it; an address and a role are read from the database, whatever the token says.

import type {
  IdentityService,
  TokenPair as SessionPair,
  SessionService,
  TokenLifetimes,
} from "../domain/identity/index.ts";
import type { OrganizationService } from "../domain/organizations/index.ts";
import { BillingError, type Clock } from "../kernel/index.ts";
import { checkFields, named } from "./checked-call.ts";
import { defaultBilling } from "./default-billing.ts";

/** What the functions need of a `Billing`. */
export interface AuthBilling {
  readonly clock: Clock;
  readonly identity: IdentityService;
  readonly organizations: OrganizationService;
  readonly sessions: SessionService;
}

/** Whom a token is for. Make one only after you have checked that it is this user who asks. */
export interface TokenSubject {
  readonly userId: string;
  /** For programs that read the token; nothing in the engine rests on it. */
  readonly email?: string | undefined;
  /** The organization that the user works in. */
  readonly orgId?: string | undefined;
  /** As `email`. */
  readonly role?: string | undefined;
}

/** A new session's tokens. */
export interface TokenPair extends SessionPair {
  /** Seconds until the access token expires. */
  readonly expiresIn: number;
}

/** What a token says. */
export interface JWTPayload {
  /** The user's id. */
  readonly sub: string;
  readonly email: string | null;
  readonly orgId: string | null;
  readonly role: string | null;
  /** Epoch seconds. Of a refresh token: when its session was opened. */
  readonly iat: number;
  /** Epoch seconds. */
  readonly exp: number;
  readonly type: "access" | "refresh";
  readonly sessionId: string;
}

/** Who a request is from. */
export interface UserAuthContext {
  readonly authenticated: boolean;
  /** Null also for an API key, which is an organization's. */
  readonly userId: string | null;
  readonly email: string | null;
  readonly orgId: string | null;
  /** In the organization of the token; null for one who is not, or no longer, in it. */
  readonly role: string | null;
  readonly tokenType: "access" | "api_key" | null;
  readonly clientIp: string | null;
  /** The code of the refusal. */
  readonly errorReason: string | null;
}

/** A request of Node's server, of Fastify or Express, or of `fetch`. */
export interface HeaderedRequest {
  readonly headers: Headers | Readonly<Record<string, string | readonly string[] | undefined>>;
  readonly ip?: string | undefined;
  readonly socket?: { readonly remoteAddress?: string | undefined };
}

const SUBJECT_FIELDS = ["userId", "email", "orgId", "role"];
const BEARER = /^Bearer +(\S+)$/i;

/**
 * Opens a session for a user and returns its access token alone: for what needs no longer sign-in than that. A user whom
 * the engine does not know is added.
 *
 * @param subject.expiryHours 1 to 168, default 24; it ends with a day without use all the same.
 * @throws BillingError invalid_input naming the field; failed_precondition `user_erased`, `signing_secret_missing`.
 * @example
 * const token = await createAccessToken({ userId: "user_123", orgId: "org_456", expiryHours: 1 });
 */
export async function createAccessToken(
  subject: TokenSubject & { readonly expiryHours?: number | undefined },
  billing: AuthBilling = defaultBilling(),
): Promise<string> {
  const { expiryHours, ...who } = subject;
  const pair = await named({ accessHours: "expiryHours" }, () =>
    opened(who, { accessHours: expiryHours }, billing),
  );
  return pair.accessToken;
}

/**
 * Opens a session for a user and returns its refresh token alone: `billing.sessions.refresh` brings its first pair.
 *
 * @param subject.expiryDays 1 to 90, default 30: the session ends with it.
 * @throws BillingError as {@link createAccessToken}.
 */
export async function createRefreshToken(
  subject: { readonly userId: string; readonly expiryDays?: number | undefined },
  billing: AuthBilling = defaultBilling(),
): Promise<string> {
  const { expiryDays, ...who } = subject;
  const pair = await named({ refreshDays: "expiryDays" }, () =>
    opened(who, { refreshDays: expiryDays }, billing),
  );
  return pair.refreshToken;
}

/**
 * Opens a session for a user and returns both of its tokens. `billing.sessions.refresh` brings the next pair.
 *
 * @throws BillingError as {@link createAccessToken}.
 * @example
 * const { accessToken, refreshToken } = await createTokenPair({ userId: "user_123", orgId: "org_456" });
 */
export async function createTokenPair(
  subject: TokenSubject,
  billing: AuthBilling = defaultBilling(),
): Promise<TokenPair> {
  const pair = await opened(subject, {}, billing);
  const expiresIn = Math.floor((Date.parse(pair.accessExpiresAt) - billing.clock.now()) / 1_000);
  return { ...pair, expiresIn };
}

/**
 * What an access token says, or null for one that is none, forged or expired. It may have been revoked, and its claims be
 * out of date: to let somebody in, take {@link validateAccessToken}.
 */
export async function decodeJwt(
  token: string,
  billing: AuthBilling = defaultBilling(),
): Promise<JWTPayload | null> {
  return unlessRefused(async () => {
    const {
      sub,
      email = null,
      org_id: orgId = null,
      role = null,
      iat,
      exp,
      sid = "",
    } = await billing.sessions.decode(token);
    return { sub, email, orgId, role, iat, exp, type: "access", sessionId: sid };
  });
}

/**
 * What an access token says, or null unless it is good now: not revoked, of a live session, of the user's present token
 * version. Address and role are those of the database: null for a user who is not in the token's organization.
 *
 * @throws BillingError unavailable when the database does not answer: let nobody in.
 */
export async function validateAccessToken(
  token: string,
  billing: AuthBilling = defaultBilling(),
): Promise<JWTPayload | null> {
  return unlessRefused(async () => {
    const { userId } = await billing.sessions.authenticate(token);
    const payload = await decodeJwt(token, billing);
    if (payload === null) return null;
    const { email } = await billing.organizations.user({ kind: "system", id: "auth_tokens" }, userId);
    return { ...payload, email, role: await roleIn(payload.orgId, userId, billing) };
  });
}

/**
 * Whose refresh token it is, or null unless it is good now. It is not used by this: `billing.sessions.refresh` uses it.
 *
 * @throws BillingError unavailable when the database does not answer.
 */
export async function validateRefreshToken(
  token: string,
  billing: AuthBilling = defaultBilling(),
): Promise<JWTPayload | null> {
  return unlessRefused(async () => {
    const { id, userId, startedAt, expiresAt } = await billing.sessions.sessionOfRefreshToken(token);
    const times = { iat: secondsOf(startedAt), exp: secondsOf(expiresAt) };
    const none = { email: null, orgId: null, role: null };
    return { sub: userId, ...none, ...times, type: "refresh", sessionId: id };
  });
}

/**
 * Who a request is from, by its `Authorization: Bearer` header: an access token, or an API key (`ara_…`). The address is
 * the connection's; what a header says of it is not believed.
 *
 * @throws BillingError unavailable when the database does not answer.
 * @example
 * const user = await extractUserFromRequest(request);
 * if (!user.authenticated) return reply.status(401).send();
 */
export async function extractUserFromRequest(
  request: HeaderedRequest,
  billing: AuthBilling = defaultBilling(),
): Promise<UserAuthContext> {
  const clientIp = request.ip ?? request.socket?.remoteAddress ?? null;
  const nobody = { userId: null, email: null, orgId: null, role: null, tokenType: null };
  const refused = (errorReason: string): UserAuthContext => ({
    ...{ authenticated: false, ...nobody, clientIp, errorReason },
  });
  const shown = BEARER.exec(headerOf(request))?.[1];
  if (shown === undefined) return refused("missing_token");
  if (shown.startsWith("ara_")) {
    try {
      const { tenant: orgId } = await billing.identity.authenticate(shown, { ip: clientIp ?? undefined });
      return { authenticated: true, ...nobody, orgId, tokenType: "api_key", clientIp, errorReason: null };
    } catch (error) {
      if (isRefusal(error)) return refused(error.code);
      throw error;
    }
  }
  const payload = await validateAccessToken(shown, billing);
  if (payload === null) return refused("invalid_token");
  const { sub: userId, email, orgId, role } = payload;
  return {
    ...{ authenticated: true, userId, email, orgId, role },
    ...{ tokenType: "access", clientIp, errorReason: null },
  };
}

async function opened(
  subject: TokenSubject,
  lifetimes: TokenLifetimes,
  { sessions, organizations }: AuthBilling,
): Promise<SessionPair> {
  checkFields(subject, SUBJECT_FIELDS, "the subject of a token");
  const { userId, email, orgId, role } = subject;
  const extra = { email, org_id: orgId, role };
  const issue = () => sessions.issue({ userId, authenticatedBy: ["external"] }, { ...lifetimes, extra });
  try {
    return await issue();
  } catch (error) {
    if (!(error instanceof BillingError) || error.code !== "user_not_found") throw error;
    await organizations.putUser({ kind: "system", id: "auth_tokens" }, { id: userId });
    return issue();
  }
}

async function roleIn(
  orgId: string | null,
  userId: string,
  { organizations }: AuthBilling,
): Promise<string | null> {
  if (orgId === null) return null;
  try {
    return (await organizations.contextFor(userId, orgId)).role;
  } catch (error) {
    if (error instanceof BillingError && error.kind === "not_found") return null;
    throw error;
  }
}

async function unlessRefused(work: () => Promise<JWTPayload | null>): Promise<JWTPayload | null> {
  try {
    return await work();
  } catch (error) {
    if (isRefusal(error)) return null;
    throw error;
  }
}

function isRefusal(error: unknown): error is BillingError {
  return error instanceof BillingError && (error.kind === "unauthenticated" || error.kind === "forbidden");
}

function headerOf({ headers }: HeaderedRequest): string {
  const value = headers instanceof Headers ? headers.get("authorization") : headers.authorization;
  return typeof value === "string" ? value : "";
}

function secondsOf(instant: string): number {
  return Math.floor(Date.parse(instant) / 1_000);
}
