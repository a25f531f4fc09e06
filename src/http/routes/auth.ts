import { type Static, Type } from "typebox";
import type { RequestOrigin, SignInResult, TokenPair } from "../../domain/identity/index.ts";
import type { ServerContext } from "../context.ts";
import { clearSessionCookies, refreshCookieOf, requireOwnPage, setSessionCookies } from "../cookies.ts";
import { HttpError } from "../problem.ts";
import { openRoute, type Route, type RouteRequest, route } from "../route.ts";
import { Instant, Strict } from "../schemas.ts";
import { Line, NoBody, requireSession } from "./common.ts";

const Email = Type.String({ maxLength: 254, examples: ["ada@example.com"] });
const Password = Type.String({ maxLength: 1_024 });
const OneTimeToken = Type.String({ maxLength: 200 });
const Code = Type.String({ maxLength: 40, description: "Of the authenticator app, or a backup code." });
const InCookies = Type.Optional(
  Type.Boolean({
    description: "For a browser: the tokens come as cookies that no script reads, not in the answer.",
  }),
);
const Tokens = Strict({
  accessToken: Type.String(),
  refreshToken: Type.String(),
  accessExpiresAt: Instant,
  refreshExpiresAt: Instant,
  tokenType: Type.Literal("Bearer"),
  sessionId: Type.String(),
});
/** The same without what is in the cookies. */
const CookieTokens = Strict({
  accessExpiresAt: Instant,
  refreshExpiresAt: Instant,
  sessionId: Type.String(),
});
const SignedIn = Strict({
  status: Type.Literal("signed_in"),
  tokens: Type.Union([Tokens, CookieTokens]),
});
const MfaRequired = Strict({
  status: Type.Literal("mfa_required"),
  mfaToken: Type.String({ description: "For /v1/auth/mfa: 5 minutes, one use." }),
});
const Accepted = Strict({ status: Type.Literal("accepted") });
const Done = Strict({ status: Type.Literal("done") });
const BackupCodes = Strict({ backupCodes: Type.Array(Type.String()) });

const ACCEPTED = { status: "accepted" } as const;
const DONE = { status: "done" } as const;
const tag = "sign-in";

/** Signing in and out. What anybody may call proves itself: by a password, a token, a code. */
export function authRoutes({ services }: ServerContext): readonly Route[] {
  const { accounts, sessions, clock } = services;

  function signedIn(
    tokens: TokenPair,
    cookies: boolean | undefined,
    to: RouteRequest,
  ): Static<typeof SignedIn> {
    if (cookies !== true) return { status: "signed_in", tokens: { ...tokens } };
    setSessionCookies(to.reply, tokens, clock.now());
    const { accessExpiresAt, refreshExpiresAt, sessionId } = tokens;
    return { status: "signed_in", tokens: { accessExpiresAt, refreshExpiresAt, sessionId } };
  }

  function answered(result: SignInResult, cookies: boolean | undefined, to: RouteRequest) {
    return result.status === "signed_in" ? signedIn(result.tokens, cookies, to) : result;
  }

  return [
    openRoute({
      path: "/v1/auth/register",
      tag,
      summary: "Register an address; a mail confirms it. The answer is the same for a known one",
      body: Strict({ email: Email, password: Password, name: Type.Optional(Line) }),
      reply: Accepted,
      status: 202,
      handler: async (body, { request }) => {
        await accounts.register(body, originOf(request));
        return ACCEPTED;
      },
    }),
    openRoute({
      path: "/v1/auth/verify-email",
      tag,
      summary: "Confirm an address with the token of the mail: the account is made",
      body: Strict({ token: OneTimeToken }),
      reply: Strict({ userId: Type.String() }),
      handler: ({ token }, { request }) => accounts.verifyEmail(token, originOf(request)),
    }),
    openRoute({
      path: "/v1/auth/login",
      tag,
      summary: "Sign in by address and password",
      body: Strict({ email: Email, password: Password, cookies: InCookies }),
      reply: Type.Union([SignedIn, MfaRequired]),
      handler: async ({ cookies, ...body }, to) =>
        answered(await accounts.signIn(body, originOf(to.request)), cookies, to),
    }),
    openRoute({
      path: "/v1/auth/login-link",
      tag,
      summary: "Sign in with the token of a login link",
      body: Strict({ token: OneTimeToken, cookies: InCookies }),
      reply: Type.Union([SignedIn, MfaRequired]),
      handler: async ({ token, cookies }, to) =>
        answered(await accounts.redeemLoginLink(token, originOf(to.request)), cookies, to),
    }),
    openRoute({
      path: "/v1/auth/mfa",
      tag,
      summary: "The second step of signing in",
      body: Strict({ mfaToken: Type.String({ maxLength: 4_096 }), code: Code, cookies: InCookies }),
      reply: SignedIn,
      handler: async ({ cookies, ...body }, to) =>
        signedIn(await accounts.completeMfa(body, originOf(to.request)), cookies, to),
    }),
    openRoute({
      path: "/v1/auth/refresh",
      tag,
      summary: "The next tokens of a session, for its refresh token, which is used up by it",
      body: Strict({
        refreshToken: Type.Optional(
          Type.String({ maxLength: 200, description: "Absent: the one in the browser's cookie." }),
        ),
      }),
      reply: SignedIn,
      handler: async ({ refreshToken }, to) => {
        const cookie = refreshToken === undefined ? refreshCookieOf(to.request) : undefined;
        if (cookie !== undefined) requireOwnPage(to.request);
        const token = refreshToken ?? cookie;
        if (token === undefined) {
          throw new HttpError(422, "required", "refreshToken is required", { field: "refreshToken" });
        }
        return signedIn(await sessions.refresh(token, originOf(to.request)), cookie !== undefined, to);
      },
    }),
    openRoute({
      path: "/v1/auth/reset-password",
      tag,
      summary:
        "Ask for a mail with which a new password is set. The answer is the same for an unknown address",
      body: Strict({ email: Email }),
      reply: Accepted,
      status: 202,
      handler: async ({ email }, { request }) => {
        await accounts.requestPasswordReset(email, originOf(request));
        return ACCEPTED;
      },
    }),
    openRoute({
      path: "/v1/auth/reset-password/confirm",
      tag,
      summary: "Set a new password with the token of the mail; every session ends",
      body: Strict({ token: OneTimeToken, password: Password }),
      reply: Done,
      handler: async (body, { request }) => {
        await accounts.resetPassword(body, originOf(request));
        return DONE;
      },
    }),
    route({
      method: "POST",
      path: "/v1/auth/logout",
      tag,
      summary: "End this session; a browser's cookies go with it",
      access: "user",
      scopes: [],
      write: "atomic",
      body: NoBody,
      reply: Done,
      handler: async ({ session, reply }) => {
        const { userId, sessionId } = requireSession(session);
        await sessions.revoke(userId, sessionId);
        clearSessionCookies(reply);
        return DONE;
      },
    }),
    route({
      method: "POST",
      path: "/v1/auth/logout-all",
      tag,
      summary: "End every session of mine, everywhere",
      access: "user",
      scopes: [],
      write: "atomic",
      body: NoBody,
      reply: Strict({ ended: Type.Integer() }),
      handler: async ({ session, reply }) => {
        clearSessionCookies(reply);
        return { ended: await sessions.revokeAll(requireSession(session).userId) };
      },
    }),
    route({
      method: "POST",
      path: "/v1/auth/password",
      tag,
      summary: "Change my password; all my other sessions end, and this one takes a refresh",
      access: "user",
      scopes: [],
      write: "long",
      body: Strict({
        current: Type.Optional(Type.String({ maxLength: 1_024, description: "Of an account that has one." })),
        next: Password,
      }),
      reply: Done,
      handler: async ({ session, body }) => {
        await accounts.changePassword(requireSession(session), body);
        return DONE;
      },
    }),
    route({
      method: "POST",
      path: "/v1/auth/mfa/enrol",
      tag,
      summary: "Begin to set up a second factor; its secret is shown this once",
      access: "user",
      scopes: [],
      write: "atomic",
      body: NoBody,
      reply: Strict({ secret: Type.String(), uri: Type.String() }),
      handler: ({ session }) => accounts.enrolMfa(requireSession(session).userId),
    }),
    route({
      method: "POST",
      path: "/v1/auth/mfa/confirm",
      tag,
      summary: "Switch the second factor on with its first code; returns backup codes, shown this once",
      access: "user",
      scopes: [],
      write: "long",
      body: Strict({ code: Code }),
      reply: BackupCodes,
      handler: async ({ session, body }) => ({
        backupCodes: [...(await accounts.confirmMfa(requireSession(session), body.code)).backupCodes],
      }),
    }),
    route({
      method: "POST",
      path: "/v1/auth/mfa/disable",
      tag,
      summary: "Switch the second factor off, with a code",
      access: "user",
      scopes: [],
      write: "long",
      body: Strict({ code: Code }),
      reply: Done,
      handler: async ({ session, body }) => {
        await accounts.disableMfa(requireSession(session).userId, body.code);
        return DONE;
      },
    }),
    route({
      method: "POST",
      path: "/v1/auth/mfa/backup-codes",
      tag,
      summary: "New backup codes for the old ones, with a code; shown this once",
      access: "user",
      scopes: [],
      write: "long",
      body: Strict({ code: Code }),
      reply: BackupCodes,
      handler: async ({ session, body }) => {
        const { userId } = requireSession(session);
        return { backupCodes: [...(await accounts.regenerateBackupCodes(userId, body.code)).backupCodes] };
      },
    }),
    route({
      method: "POST",
      path: "/v1/users/:id/login-link",
      tag,
      summary: "A link that signs a user in, to hand over by a safe way: 15 minutes, one use",
      access: "operator",
      scopes: ["organizations:write"],
      write: "atomic",
      status: 201,
      params: Strict({ id: Line }),
      body: NoBody,
      reply: Strict({ userId: Type.String(), token: Type.String(), expiresAt: Instant }),
      handler: ({ actor, params }) => accounts.createLoginLink(actor, params.id),
    }),
  ];
}

function originOf(request: RouteRequest["request"]): RequestOrigin {
  const userAgent = request.headers["user-agent"];
  return { ip: request.ip, ...(userAgent !== undefined && { userAgent }) };
}
