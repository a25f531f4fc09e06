import type { FastifyRequest } from "fastify";
import { invalidInput } from "../../kernel/index.ts";
import type { ServerContext } from "../context.ts";
import { clearOidcCookie, oidcCookieOf, setOidcCookie, setSessionCookies } from "../cookies.ts";
import { publicRoute, type Route } from "../route.ts";

const tag = "sign-in";

/** Signing in by the provider of one's own organization: two steps of a browser. */
export function oidcRoutes({ services: { oidc, clock } }: ServerContext): readonly Route[] {
  return [
    publicRoute({
      path: "/v1/auth/oidc/start",
      tag,
      summary:
        "Begin to sign in by a provider (?email= chooses it, ?returnTo= is where to go on): for browsers",
      isSignIn: true,
      handler: async (request, reply) => {
        const { url, browserSecret } = await oidc.begin(startOf(request));
        setOidcCookie(reply, browserSecret);
        return reply.header("cache-control", "no-store").redirect(url, 303);
      },
    }),
    publicRoute({
      path: "/v1/auth/oidc/callback",
      tag,
      summary: "Where the provider sends the browser back to, which is signed in by cookies then",
      isSignIn: true,
      handler: async (request, reply) => {
        clearOidcCookie(reply);
        const origin = { ip: request.ip, userAgent: request.headers["user-agent"] };
        const answer = { callbackUrl: request.url, browserSecret: oidcCookieOf(request) ?? "" };
        const { tokens, returnTo } = await oidc.complete(answer, origin);
        setSessionCookies(reply, tokens, clock.now());
        reply.headers({ "cache-control": "no-store", "referrer-policy": "no-referrer" });
        return reply.type("text/html; charset=utf-8").send(goOn(returnTo));
      },
    }),
  ];
}

/**
 * Goes on from a page of ours: after a redirect that began on the provider's site a browser would send none of the
 * session's cookies, which are for requests of our own pages only.
 */
function goOn(path: string): string {
  const target = path.replaceAll("&", "&amp;");
  return `<!doctype html><meta charset="utf-8"><title>Signed in</title><meta http-equiv="refresh" content="0;url=${target}"><a href="${target}">Go on</a>`;
}

function startOf({ query }: FastifyRequest): { email?: string; returnTo?: string } {
  const fields = query as Record<string, string>;
  const unknown = Object.keys(fields).find((name) => name !== "email" && name !== "returnTo");
  if (unknown === undefined) return fields;
  throw invalidInput("query", "unknown_parameter", "this takes email and returnTo");
}
