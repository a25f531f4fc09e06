// JSON Web Tokens in one form: HS256, a header of three fields, every claim required. What differs is refused.

import type { JWTHeaderParameters } from "jose";
import { invalidInput } from "../../kernel/index.ts";
import { invalidToken } from "./session.ts";
import type { SigningKey, SigningKeys } from "./signing-key.ts";

/** What a token is for: requests, or the second step of a sign-in. */
export type TokenType = "access" | "mfa_pending";

/** What a token says. Nothing that decides rests on it but whose it is: the rest is read from the database. */
export interface TokenClaims {
  readonly sub: string;
  readonly jti: string;
  readonly type: TokenType;
  /** The user's token version when it was made. */
  readonly tv: number;
  /** The session; none before there is one. */
  readonly sid?: string | undefined;
  /** As whoever made the token said; nothing in the engine reads them. */
  readonly email?: string | undefined;
  readonly org_id?: string | undefined;
  readonly role?: string | undefined;
}

/** What is in a token. */
export interface TokenPayload extends TokenClaims {
  /** Epoch seconds. */
  readonly iat: number;
  /** Epoch seconds. */
  readonly exp: number;
}

/** A token whose signature and times are right. */
export interface ReadToken extends TokenPayload {
  readonly isOfPreviousKey: boolean;
}

/** Loaded with the first token: most processes see none. */
const library = () => import("jose");
const ALGORITHM = "HS256";
const ISSUER = "aragora-billing";
const AUDIENCE = "aragora-billing";
const HEADER_FIELDS = "alg,kid,typ";
const MAX_CHARACTERS = 4_096;
const FORM = /^[\w-]+\.[\w-]+\.[\w-]+$/;
const REQUIRED = ["sub", "jti", "type", "tv", "iat", "nbf", "exp"];
/** So far may the clocks of two machines be apart before one refuses what the other has just made. */
const SKEW_SECONDS = 30;

/**
 * Signs claims; the token is good until `expiresAt` (epoch ms, cut to seconds).
 *
 * @throws BillingError invalid_input `token_too_long` for claims that make a token nobody would read.
 */
export async function signToken(
  { sub, jti, ...claims }: TokenClaims,
  { id: kid, key }: SigningKey,
  { now, expiresAt }: { readonly now: number; readonly expiresAt: number },
): Promise<string> {
  const { SignJWT } = await library();
  const iat = Math.floor(now / 1_000);
  const token = await new SignJWT({ ...claims })
    .setProtectedHeader({ alg: ALGORITHM, typ: "JWT", kid })
    .setIssuer(ISSUER)
    .setAudience(AUDIENCE)
    .setSubject(sub)
    .setJti(jti)
    .setIssuedAt(iat)
    .setNotBefore(iat - SKEW_SECONDS)
    .setExpirationTime(Math.floor(expiresAt / 1_000))
    .sign(key);
  if (token.length <= MAX_CHARACTERS) return token;
  throw invalidInput(
    "claims",
    "token_too_long",
    `a token must not have more than ${MAX_CHARACTERS} characters`,
  );
}

/**
 * What a token of a type says, once its form, signature, issuer, audience and times are right. Whether it was revoked
 * is for the database to say.
 *
 * @throws BillingError unauthenticated `invalid_token`, in the same words whatever is wrong.
 */
export async function readToken(
  token: unknown,
  type: TokenType,
  keys: SigningKeys,
  now: number,
): Promise<ReadToken> {
  // Length first: nothing is parsed that is not short.
  if (typeof token !== "string" || token.length > MAX_CHARACTERS || !FORM.test(token)) throw invalidToken();
  const { errors, jwtVerify } = await library();
  try {
    const { payload, protectedHeader } = await jwtVerify(token, (header) => keyNamed(header, keys).key, {
      algorithms: [ALGORITHM],
      typ: "JWT",
      issuer: ISSUER,
      audience: AUDIENCE,
      requiredClaims: REQUIRED,
      currentDate: new Date(now),
    });
    const claims = payload as unknown as ReadToken;
    if (!hasForm(claims, type)) throw invalidToken();
    return { ...claims, isOfPreviousKey: protectedHeader.kid !== keys.current.id };
  } catch (error) {
    throw error instanceof errors.JOSEError ? invalidToken() : error;
  }
}

/** A key is looked up by its name among ours, never fetched, read or taken from the token. */
function keyNamed(header: JWTHeaderParameters, { current, previous }: SigningKeys): SigningKey {
  const key = [current, previous].find((known) => known?.id === header.kid);
  if (key === undefined || Object.keys(header).sort().join() !== HEADER_FIELDS) throw invalidToken();
  return key;
}

/** Who has the key makes no other claims; so this is about tokens of other versions of this program. */
function hasForm({ sub, jti, sid, tv, ...claims }: ReadToken, type: TokenType): boolean {
  const hasSession = type === "access" ? typeof sid === "string" : sid === undefined;
  return (
    claims.type === type &&
    typeof sub === "string" &&
    typeof jti === "string" &&
    Number.isInteger(tv) &&
    hasSession
  );
}
