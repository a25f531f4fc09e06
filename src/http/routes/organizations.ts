import { type Static, Type } from "typebox";
import {
  type BillingProfile,
  type BillingProfileInput,
  type InvitationView,
  type MembershipRole,
  type OrganizationService,
  type OrganizationView,
  type PersonalData,
  ROLE_PERMISSIONS,
  type WorkspaceView,
} from "../../domain/organizations/index.ts";
import { BillingError, invalidInput } from "../../kernel/index.ts";
import type { ServerContext } from "../context.ts";
import { type Route, route } from "../route.ts";
import { Count, Instant, OptionalText, PageOf, Strict } from "../schemas.ts";
import { choiceOf, IdParams, Line, NoBody, NoQuery, PageQuery, pageJson, pageQuery } from "./common.ts";
import { TierInput } from "./plans.ts";

export const Role = choiceOf(Object.keys(ROLE_PERMISSIONS) as MembershipRole[]);
const OrganizationJson = Strict({
  id: Type.String(),
  name: Type.String(),
  slug: Type.String(),
  tier: TierInput,
  status: choiceOf(["active", "suspended", "erased"]),
  members: Count,
  seats: Type.Union([Count, Type.Literal("unlimited")]),
  createdAt: Instant,
  updatedAt: Instant,
});
const MEMBER = {
  organizationId: Type.String(),
  userId: Type.String(),
  email: OptionalText,
  name: OptionalText,
  role: Role,
  joinedAt: Instant,
  updatedAt: Instant,
};
export const MemberJson = Strict(MEMBER);
const INVITATION = {
  id: Type.String(),
  organizationId: Type.String(),
  email: Type.String(),
  role: Role,
  status: choiceOf(["pending", "accepted", "revoked", "expired"]),
  invitedBy: Strict({ kind: Type.String(), id: Type.String() }),
  userId: OptionalText,
  createdAt: Instant,
  expiresAt: Instant,
};
export const InvitationJson = Strict(INVITATION);
export const IssuedInvitationJson = Strict({ ...INVITATION, token: Type.String() });
export const WorkspaceJson = Strict({
  id: Type.String(),
  organizationId: Type.String(),
  name: Type.String(),
  status: choiceOf(["active", "archived"]),
  createdAt: Instant,
  updatedAt: Instant,
});
const PROFILE = {
  legalName: Type.String({ maxLength: 200 }),
  address: Type.String({ maxLength: 500 }),
  country: Type.String({ maxLength: 2, examples: ["DE"] }),
  email: Type.String({ maxLength: 254 }),
  currency: Type.String({ maxLength: 3, examples: ["EUR"] }),
};
const ProfileInput = Strict({ ...PROFILE, taxId: Type.Optional(Type.String({ maxLength: 64 })) });
const ProfileJson = Strict({ ...PROFILE, taxId: OptionalText, updatedAt: Instant });
const ProfileReply = Strict({ profile: Type.Union([ProfileJson, Type.Null()]) });
const PersonalDataJson = Strict({
  exportedAt: Instant,
  organization: OrganizationJson,
  billingProfile: Type.Union([ProfileJson, Type.Null()]),
  members: Type.Array(Strict({ ...MEMBER, status: choiceOf(["active", "removed"]) })),
  invitations: Type.Array(InvitationJson),
  workspaces: Type.Array(WorkspaceJson),
});

/**
 * Organizations and profiles. Who may do what is the domain's rule: a tenant's key acts as an admin at most, so what takes
 * an owner is for operators here. Every change is on record in the audit log by the domain itself, with its actor.
 */
export function organizationRoutes({
  services: { organizations },
}: ServerContext & { readonly services: { readonly organizations: OrganizationService } }): readonly Route[] {
  const step = (path: "suspend" | "resume", summary: string): Route =>
    route({
      method: "POST",
      path: `/v1/organizations/:id/${path}`,
      tag: "organizations",
      summary,
      access: "operator",
      scopes: ["organizations:write"],
      write: "atomic",
      params: IdParams,
      body: NoBody,
      reply: OrganizationJson,
      handler: async ({ params, tenant, actor }) => organizations[path](actor, named(params.id, tenant)),
    });
  return [
    route({
      method: "GET",
      path: "/v1/organizations",
      tag: "organizations",
      summary: "Every organization, by id",
      access: "operator",
      scopes: ["organizations:read"],
      query: Strict(PageQuery),
      reply: PageOf(OrganizationJson),
      handler: async ({ query, tenant, actor }) => {
        if (tenant !== null) return { items: [await organizations.get(actor, tenant)], nextCursor: null };
        return pageJson(
          await organizations.listAcrossTenants(actor, pageQuery(query)),
          same<OrganizationView>,
        );
      },
    }),
    route({
      method: "POST",
      path: "/v1/organizations",
      tag: "organizations",
      summary: "Make an organization and its owner; its id is the tenant of its usage",
      access: "operator",
      users: true,
      scopes: ["organizations:write"],
      write: "atomic",
      status: 201,
      body: Strict({
        name: Type.String({ maxLength: 200 }),
        ownerId: Type.Optional(Line),
        slug: Type.Optional(Line),
        id: Type.Optional(Line),
        tier: Type.Optional(TierInput),
      }),
      reply: OrganizationJson,
      handler: async ({ body, tenant, actor }) => {
        if (tenant !== null && body.id !== undefined && body.id !== tenant) throw unknownOrganization();
        // Users make their own; whoever is none says whose it will be.
        const ownerId = body.ownerId ?? (actor.kind === "user" ? actor.id : undefined);
        if (ownerId === undefined) throw invalidInput("ownerId", "required", "ownerId is required");
        const asked = { ...body, ownerId, ...(tenant !== null && { id: tenant }) };
        return organizations.createOrganization(actor, asked);
      },
    }),
    route({
      method: "GET",
      path: "/v1/organizations/:id",
      tag: "organizations",
      summary: "An organization; a tenant's key sees its own",
      access: "either",
      scopes: ["organizations:read"],
      params: IdParams,
      query: NoQuery,
      reply: OrganizationJson,
      handler: async ({ params, tenant, actor }) => organizations.get(actor, named(params.id, tenant)),
    }),
    route({
      method: "PATCH",
      path: "/v1/organizations/:id",
      tag: "organizations",
      summary: "Rename an organization, or give it another slug",
      access: "either",
      scopes: ["organizations:write"],
      write: "atomic",
      params: IdParams,
      body: Strict({
        name: Type.Optional(Type.String({ maxLength: 200 })),
        slug: Type.Optional(Line),
      }),
      reply: OrganizationJson,
      handler: async ({ params, body, tenant, actor }) =>
        organizations.updateOrganization(actor, named(params.id, tenant), body),
    }),
    route({
      method: "PUT",
      path: "/v1/organizations/:id/tier",
      tag: "organizations",
      summary: "Put an organization on another tier; members beyond its seats stay",
      access: "operator",
      scopes: ["organizations:write"],
      write: "atomic",
      params: IdParams,
      body: Strict({ tier: TierInput }),
      reply: OrganizationJson,
      handler: async ({ params, body, tenant, actor }) =>
        organizations.setTier(actor, named(params.id, tenant), body.tier),
    }),
    step("suspend", "Make an organization read-only and its keys useless, at once"),
    step("resume", "End a suspension"),
    route({
      method: "GET",
      path: "/v1/organizations/:id/billing-profile",
      tag: "organizations",
      summary: "To whom invoices are made out; null until it is set",
      access: "operator",
      users: true,
      scopes: ["organizations:read"],
      params: IdParams,
      query: NoQuery,
      reply: ProfileReply,
      handler: async ({ params, tenant, actor }) =>
        profileReply(await organizations.billingProfile(actor, named(params.id, tenant))),
    }),
    route({
      method: "PUT",
      path: "/v1/organizations/:id/billing-profile",
      tag: "organizations",
      summary: "Set to whom invoices are made out",
      access: "operator",
      users: true,
      scopes: ["organizations:write"],
      write: "atomic",
      params: IdParams,
      body: ProfileInput,
      reply: ProfileReply,
      handler: async ({ params, body, tenant, actor }) => {
        const id = named(params.id, tenant);
        return profileReply(await organizations.setBillingProfile(actor, id, body as BillingProfileInput));
      },
    }),
    route({
      method: "POST",
      path: "/v1/organizations/:id/export",
      tag: "organizations",
      summary: "All that is kept of an organization's people; that it was given out is on record",
      access: "operator",
      users: true,
      scopes: ["organizations:write"],
      write: "atomic",
      params: IdParams,
      body: NoBody,
      reply: PersonalDataJson,
      handler: async ({ params, tenant, actor }) =>
        personalJson(await organizations.exportPersonalData(actor, named(params.id, tenant))),
    }),
    route({
      method: "POST",
      path: "/v1/organizations/:id/erase",
      tag: "organizations",
      summary: "End an organization and erase the personal data in it, for ever",
      access: "operator",
      users: true,
      scopes: ["organizations:write"],
      write: "atomic",
      params: IdParams,
      body: Strict({
        confirm: Type.String({ maxLength: 256, description: "The organization's id again." }),
      }),
      reply: OrganizationJson,
      handler: async ({ params, body, tenant, actor }) => {
        const id = named(params.id, tenant);
        if (body.confirm !== id) {
          const details = { field: "confirm" };
          const text = "confirm must repeat the organization's id: this cannot be undone";
          throw new BillingError("invalid_input", "not_confirmed", text, { details });
        }
        await organizations.erase(actor, id);
        // An owner is in it no more, and is told all the same.
        return organizations.get({ kind: "system", id: "erasure" }, id);
      },
    }),
    route({
      method: "GET",
      path: "/v1/seller-profile",
      tag: "organizations",
      summary: "Whom invoices are from; null until it is set",
      access: "either",
      scopes: ["organizations:read"],
      query: NoQuery,
      reply: ProfileReply,
      handler: async () => profileReply(await organizations.sellerProfile()),
    }),
    route({
      method: "PUT",
      path: "/v1/seller-profile",
      tag: "organizations",
      summary: "Set whom every invoice is from",
      access: "operator",
      scopes: ["organizations:write"],
      write: "atomic",
      body: ProfileInput,
      reply: ProfileReply,
      handler: async ({ body, actor }) =>
        profileReply(await organizations.setSellerProfile(actor, body as BillingProfileInput)),
    }),
  ];
}

/** The organization that a path names: for whoever acts for one tenant, any other does not exist. */
function named(id: string, tenant: string | null): string {
  if (tenant !== null && id !== tenant) throw unknownOrganization();
  return id;
}

/** In the domain's own words, to the byte. */
function unknownOrganization(): BillingError {
  return new BillingError("not_found", "organization_not_found", "there is no such organization");
}

function profileReply(profile: BillingProfile | null): Static<typeof ProfileReply> {
  return { profile: profile && { ...profile, taxId: profile.taxId ?? null } };
}

function personalJson(data: PersonalData): Static<typeof PersonalDataJson> {
  const { billingProfile, members, invitations, workspaces, ...rest } = data;
  return {
    ...rest,
    billingProfile: profileReply(billingProfile).profile,
    members: [...members],
    invitations: [...invitations] as InvitationView[],
    workspaces: [...workspaces] as WorkspaceView[],
  };
}

export function same<T>(view: T): T {
  return view;
}
