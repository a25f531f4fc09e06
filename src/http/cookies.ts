// The session of a browser: two cookies that no script reads, and a proof that a request comes from our own page.

import type { FastifyReply, FastifyRequest } from "fastify";
import type { TokenPair } from "../domain/identity/index.ts";
import { HttpError } from "./problem.ts";

// A browser takes a cookie of this prefix only with Secure, for the whole path, and of this very host.
const ACCESS = "__Host-aragora_access";
const REFRESH = "__Host-aragora_refresh";
const ATTRIBUTES = "Path=/; Secure; HttpOnly; SameSite=Strict";
const PROOF = "aragora-csrf";

// Lax: the provider sends the browser here, which is navigation from another site.
const OIDC = "__Host-aragora_oidc";
const OIDC_ATTRIBUTES = "Path=/; Secure; HttpOnly; SameSite=Lax";
const OIDC_SECONDS = 600;

export function oidcCookieOf(request: FastifyRequest): string | undefined {
  return cookieOf(request, OIDC);
}

/** Keeps a sign-in at a provider with the browser that has begun it. */
export function setOidcCookie(reply: FastifyReply, browserSecret: string): void {
  reply.header("set-cookie", `${OIDC}=${browserSecret}; ${OIDC_ATTRIBUTES}; Max-Age=${OIDC_SECONDS}`);
}

export function clearOidcCookie(reply: FastifyReply): void {
  reply.header("set-cookie", `${OIDC}=; ${OIDC_ATTRIBUTES}; Max-Age=0`);
}

export function accessCookieOf(request: FastifyRequest): string | undefined {
  return cookieOf(request, ACCESS);
}

export function refreshCookieOf(request: FastifyRequest): string | undefined {
  return cookieOf(request, REFRESH);
}

/** Gives a browser its session. */
export function setSessionCookies(reply: FastifyReply, pair: TokenPair, now: number): void {
  const cookie = (name: string, value: string, until: string) =>
    `${name}=${value}; ${ATTRIBUTES}; Max-Age=${Math.max(0, Math.floor((Date.parse(until) - now) / 1_000))}`;
  reply.header("set-cookie", [
    cookie(ACCESS, pair.accessToken, pair.accessExpiresAt),
    cookie(REFRESH, pair.refreshToken, pair.refreshExpiresAt),
  ]);
}

export function clearSessionCookies(reply: FastifyReply): void {
  reply.header(
    "set-cookie",
    [ACCESS, REFRESH].map((name) => `${name}=; ${ATTRIBUTES}; Max-Age=0`),
  );
}

/**
 * Lets a request with cookies pass that another site cannot have made: a browser sends the header across sites only
 * after asking, and nobody is told yes here.
 *
 * @throws HttpError 403 `csrf`.
 */
export function requireOwnPage(request: FastifyRequest): void {
  const { origin } = request.headers;
  const isOwn = origin === undefined || (URL.canParse(origin) && new URL(origin).host === request.host);
  if (isOwn && request.headers[PROOF] !== undefined) return;
  const text =
    "a request with cookies must come from the server's own pages, with the header Aragora-Csrf: 1";
  throw new HttpError(403, "csrf", text);
}

function cookieOf({ headers: { cookie = "" } }: FastifyRequest, name: string): string | undefined {
  for (const pair of cookie.split(";")) {
    const [key, ...value] = pair.trim().split("=");
    if (key === name) return value.join("=") || undefined;
  }
  return undefined;
}
