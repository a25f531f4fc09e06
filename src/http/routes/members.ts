import { type Static, Type } from "typebox";
import type { OrganizationService, UserView } from "../../domain/organizations/index.ts";
import type { ServerContext } from "../context.ts";
import { type Route, route } from "../route.ts";
import { Instant, OptionalText, PageOf, Strict } from "../schemas.ts";
import { IdParams, Line, NoBody, NoQuery, PageQuery, pageJson, pageQuery, requireTenant } from "./common.ts";
import { MemberJson, Role, same } from "./organizations.ts";

const UserJson = Strict({
  id: Type.String(),
  email: OptionalText,
  name: OptionalText,
  createdAt: Instant,
  erasedAt: Type.Union([Instant, Type.Null()]),
});

/** Members of the request's organization, and the users that they are. The domain puts every change on record. */
export function memberRoutes({
  services: { organizations },
}: ServerContext & { readonly services: { readonly organizations: OrganizationService } }): readonly Route[] {
  return [
    route({
      method: "GET",
      path: "/v1/members",
      tag: "members",
      summary: "Members, by user id",
      access: "tenant",
      scopes: ["organizations:read"],
      query: Strict(PageQuery),
      reply: PageOf(MemberJson),
      handler: async ({ query, tenant, actor }) =>
        pageJson(await organizations.members(actor, tenant, pageQuery(query)), same),
    }),
    route({
      method: "POST",
      path: "/v1/members",
      tag: "members",
      summary: "Make a user a member without an invitation",
      access: "operator",
      scopes: ["organizations:write"],
      write: "atomic",
      status: 201,
      body: Strict({ userId: Line, role: Role }),
      reply: MemberJson,
      handler: async ({ body, tenant, actor }) =>
        organizations.addMember(actor, requireTenant(tenant), body.userId, body.role),
    }),
    route({
      method: "PATCH",
      path: "/v1/members/:id",
      tag: "members",
      summary: "Give a member another role; the last owner stays one",
      access: "operator",
      users: true,
      scopes: ["organizations:write"],
      write: "atomic",
      params: IdParams,
      body: Strict({ role: Role }),
      reply: MemberJson,
      handler: async ({ params, body, tenant, actor }) =>
        organizations.updateRole(actor, requireTenant(tenant), params.id, body.role),
    }),
    route({
      method: "DELETE",
      path: "/v1/members/:id",
      tag: "members",
      summary: "Remove a member; that the membership was stays on record",
      access: "tenant",
      scopes: ["organizations:write"],
      write: "atomic",
      params: IdParams,
      body: NoBody,
      reply: Strict({ userId: Type.String(), removed: Type.Boolean() }),
      handler: async ({ params, tenant, actor }) => {
        await organizations.removeMember(actor, tenant, params.id);
        return { userId: params.id, removed: true };
      },
    }),
    route({
      method: "GET",
      path: "/v1/users/:id",
      tag: "members",
      summary: "A user",
      access: "operator",
      scopes: ["organizations:read"],
      params: IdParams,
      query: NoQuery,
      reply: UserJson,
      handler: async ({ params, actor }): Promise<Static<typeof UserJson>> =>
        organizations.user(actor, params.id) as Promise<UserView>,
    }),
    route({
      method: "PUT",
      path: "/v1/users/:id",
      tag: "members",
      summary: "Add a user, or change what is known of one; the caller has confirmed the address",
      access: "operator",
      scopes: ["organizations:write"],
      write: "atomic",
      params: IdParams,
      body: Strict({
        email: Type.Optional(Type.String({ maxLength: 254 })),
        name: Type.Optional(Type.String({ maxLength: 200 })),
      }),
      reply: UserJson,
      handler: async ({ params, body, actor }) => organizations.putUser(actor, { ...body, id: params.id }),
    }),
  ];
}
