import { Type } from "typebox";
import type { OrganizationService } from "../../domain/organizations/index.ts";
import type { ServerContext } from "../context.ts";
import { type Route, route } from "../route.ts";
import { PageOf, Strict } from "../schemas.ts";
import { IdParams, Line, NoBody, PageQuery, pageJson, pageQuery } from "./common.ts";
import { same, WorkspaceJson } from "./organizations.ts";

const Name = Type.String({ maxLength: 200 });

/** Workspaces of the request's organization. The domain puts every change on record. */
export function workspaceRoutes({
  services: { organizations },
}: ServerContext & { readonly services: { readonly organizations: OrganizationService } }): readonly Route[] {
  return [
    route({
      method: "GET",
      path: "/v1/workspaces",
      tag: "workspaces",
      summary: "Workspaces by id, archived ones included",
      access: "tenant",
      scopes: ["organizations:read"],
      query: Strict(PageQuery),
      reply: PageOf(WorkspaceJson),
      handler: async ({ query, tenant, actor }) =>
        pageJson(await organizations.workspaces(actor, tenant, pageQuery(query)), same),
    }),
    route({
      method: "POST",
      path: "/v1/workspaces",
      tag: "workspaces",
      summary: "Add a workspace",
      access: "tenant",
      scopes: ["organizations:write"],
      write: "atomic",
      status: 201,
      body: Strict({ name: Name, id: Type.Optional(Line) }),
      reply: WorkspaceJson,
      handler: async ({ body, tenant, actor }) => organizations.createWorkspace(actor, tenant, body),
    }),
    route({
      method: "PATCH",
      path: "/v1/workspaces/:id",
      tag: "workspaces",
      summary: "Rename a workspace",
      access: "tenant",
      scopes: ["organizations:write"],
      write: "atomic",
      params: IdParams,
      body: Strict({ name: Name }),
      reply: WorkspaceJson,
      handler: async ({ params, body, tenant, actor }) =>
        organizations.renameWorkspace(actor, tenant, params.id, body.name),
    }),
    route({
      method: "POST",
      path: "/v1/workspaces/:id/archive",
      tag: "workspaces",
      summary: "End the use of a workspace; its usage stays",
      access: "tenant",
      scopes: ["organizations:write"],
      write: "atomic",
      params: IdParams,
      body: NoBody,
      reply: WorkspaceJson,
      handler: async ({ params, tenant, actor }) => organizations.archiveWorkspace(actor, tenant, params.id),
    }),
  ];
}
