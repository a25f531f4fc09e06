import { Type } from "typebox";
import type { OrganizationService } from "../../domain/organizations/index.ts";
import { BillingError, invalidInput } from "../../kernel/index.ts";
import type { ServerContext } from "../context.ts";
import { type Route, route } from "../route.ts";
import { PageOf, Strict } from "../schemas.ts";
import { IdParams, Line, NoBody, PageQuery, pageJson, pageQuery } from "./common.ts";
import { InvitationJson, IssuedInvitationJson, MemberJson, Role, same } from "./organizations.ts";

/** Invitations to the request's organization. The domain puts every change on record. */
export function invitationRoutes({
  services: { organizations },
}: ServerContext & { readonly services: { readonly organizations: OrganizationService } }): readonly Route[] {
  return [
    route({
      method: "GET",
      path: "/v1/invitations",
      tag: "invitations",
      summary: "Invitations, the latest first, without their tokens",
      access: "tenant",
      // Of those who may invite: reading alone is not enough.
      scopes: ["organizations:write"],
      query: Strict(PageQuery),
      reply: PageOf(InvitationJson),
      handler: async ({ query, tenant, actor }) =>
        pageJson(await organizations.invitations(actor, tenant, pageQuery(query)), same),
    }),
    route({
      method: "POST",
      path: "/v1/invitations",
      tag: "invitations",
      summary: "Invite an address for 7 days; the token is in this answer and nowhere else",
      access: "tenant",
      scopes: ["organizations:write"],
      write: "atomic",
      status: 201,
      body: Strict({ email: Type.String({ maxLength: 254 }), role: Role }),
      reply: IssuedInvitationJson,
      handler: async ({ body, tenant, actor }) => organizations.inviteMember(actor, tenant, body),
    }),
    route({
      method: "POST",
      path: "/v1/invitations/:id/revoke",
      tag: "invitations",
      summary: "Withdraw an invitation",
      access: "tenant",
      scopes: ["organizations:write"],
      write: "atomic",
      params: IdParams,
      body: NoBody,
      reply: InvitationJson,
      handler: async ({ params, tenant, actor }) => organizations.revokeInvitation(actor, tenant, params.id),
    }),
    /*
     * Accepting is the invited user's own deed, and a key is nobody's user: so a backend that has signed that user in by
     * itself says who it is. The domain still wants the token and an address that is the invitation's.
     */
    route({
      method: "POST",
      path: "/v1/invitations/accept",
      tag: "invitations",
      summary: "Make a signed-in user a member, by the token sent to the user's own address",
      access: "operator",
      users: true,
      scopes: ["organizations:write"],
      write: "atomic",
      audit: "invitation.accepted",
      body: Strict({ token: Type.String({ minLength: 1, maxLength: 128 }), userId: Type.Optional(Line) }),
      reply: MemberJson,
      handler: async ({ body, tenant, actor, requestId }) => {
        const userId = actor.kind === "user" ? actor.id : body.userId;
        if (userId === undefined) throw invalidInput("userId", "required", "userId is required");
        if (body.userId !== undefined && body.userId !== userId) throw unknownInvitation();
        const user = { kind: "user", id: userId, requestId } as const;
        const member = await organizations.acceptInvitation(user, body.token);
        // With a tenant named only its own: throwing takes all of it back, as the audit entry joins both.
        if (tenant === null || member.organizationId === tenant) return member;
        throw unknownInvitation();
      },
    }),
  ];
}

function unknownInvitation(): BillingError {
  return new BillingError("not_found", "invitation_not_found", "there is no such invitation");
}
