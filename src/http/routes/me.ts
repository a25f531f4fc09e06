import { type Static, Type } from "typebox";
import type { Profile, SessionView } from "../../domain/identity/index.ts";
import type { ServerContext } from "../context.ts";
import { type Route, route } from "../route.ts";
import { Instant, OptionalText, PageOf, Strict } from "../schemas.ts";
import {
  choiceOf,
  IdParams,
  NoBody,
  NoQuery,
  PageQuery,
  pageJson,
  pageQuery,
  requireSession,
} from "./common.ts";
import { Role } from "./organizations.ts";

const METHODS = ["password", "totp", "backup_code", "login_link", "oidc", "external"] as const;
const ENDS = ["revoked", "revoked_all", "displaced", "reuse", "idle", "expired"] as const;

const ProfileJson = Strict({
  id: Type.String(),
  email: OptionalText,
  name: OptionalText,
  hasPassword: Type.Boolean(),
  isMfaEnabled: Type.Boolean(),
  backupCodesLeft: Type.Integer(),
  organizations: Type.Array(
    Strict({ id: Type.String(), name: Type.String(), slug: Type.String(), role: Role, joinedAt: Instant }),
  ),
});
const SessionJson = Strict({
  id: Type.String(),
  isCurrent: Type.Boolean(),
  device: Type.String(),
  ip: OptionalText,
  authenticatedBy: Type.Array(choiceOf(METHODS)),
  startedAt: Instant,
  lastSeenAt: Instant,
  expiresAt: Instant,
  endedAt: Type.Union([Instant, Type.Null()]),
  endReason: Type.Union([choiceOf(ENDS), Type.Null()]),
});

/** Who I am, and where I am signed in. */
export function meRoutes({ services: { accounts, sessions } }: ServerContext): readonly Route[] {
  return [
    route({
      method: "GET",
      path: "/v1/me",
      tag: "me",
      summary: "Me, and the organizations that I am in",
      access: "user",
      scopes: [],
      query: NoQuery,
      reply: ProfileJson,
      handler: async ({ session }) => profileJson(await accounts.me(requireSession(session).userId)),
    }),
    route({
      method: "GET",
      path: "/v1/sessions",
      tag: "me",
      summary: "My sessions, the latest first, with those that ended in the last weeks",
      access: "user",
      scopes: [],
      query: Strict(PageQuery),
      reply: PageOf(SessionJson),
      handler: async ({ session, query }) => {
        const { userId, sessionId } = requireSession(session);
        const page = await sessions.sessions(userId, pageQuery(query));
        return pageJson(page, (view) => sessionJson(view, sessionId));
      },
    }),
    route({
      method: "POST",
      path: "/v1/sessions/:id/revoke",
      tag: "me",
      summary: "End a session of mine",
      access: "user",
      scopes: [],
      write: "atomic",
      params: IdParams,
      body: NoBody,
      reply: SessionJson,
      handler: async ({ session, params }) => {
        const { userId, sessionId } = requireSession(session);
        return sessionJson(await sessions.revoke(userId, params.id), sessionId);
      },
    }),
    route({
      method: "POST",
      path: "/v1/sessions/revoke-others",
      tag: "me",
      summary: "End every session of mine but this one",
      access: "user",
      scopes: [],
      write: "atomic",
      body: NoBody,
      reply: Strict({ ended: Type.Integer() }),
      handler: async ({ session }) => {
        const { userId, sessionId } = requireSession(session);
        return { ended: await sessions.revokeOthers(userId, sessionId) };
      },
    }),
  ];
}

function profileJson({ organizations, ...profile }: Profile): Static<typeof ProfileJson> {
  return {
    ...profile,
    organizations: organizations.map(({ organization: { id, name, slug }, role, joinedAt }) => ({
      ...{ id, name, slug, role, joinedAt },
    })),
  };
}

function sessionJson(view: SessionView, current: string): Static<typeof SessionJson> {
  return { ...view, isCurrent: view.id === current, authenticatedBy: [...view.authenticatedBy] };
}
