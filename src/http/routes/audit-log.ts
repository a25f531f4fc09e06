import { type Static, Type } from "typebox";
import type { AuditEntry, AuditLog } from "../../domain/audit/index.ts";
import type { ServerContext } from "../context.ts";
import { type Route, route } from "../route.ts";
import { Instant, InstantInput, instantOf, OptionalText, PageOf, Strict } from "../schemas.ts";
import { choiceOf, Line, PageQuery, pageJson, pageQuery } from "./common.ts";

const KINDS = ["operator", "user", "key", "system"] as const;
const EntryJson = Strict({
  id: Type.String(),
  at: Instant,
  tenant: Type.String({ description: "Empty: the installation." }),
  actor: Strict({ kind: choiceOf(KINDS), id: Type.String() }),
  action: Type.String(),
  target: Type.String(),
  details: Type.Record(Type.String(), Type.Unknown()),
  requestId: OptionalText,
});

/** Who did what, when. */
export function auditLogRoutes({
  services: { audit },
}: ServerContext & { readonly services: { readonly audit: AuditLog } }): readonly Route[] {
  return [
    route({
      method: "GET",
      path: "/v1/audit-log",
      tag: "audit",
      summary:
        "Entries of a tenant, the newest first; for operators that name none: of all, and the installation's",
      access: "either",
      scopes: ["audit:read"],
      query: Strict({
        from: Type.Optional(InstantInput),
        to: Type.Optional(InstantInput),
        action: Type.Optional(Type.String({ maxLength: 100, pattern: "^[a-z_]+\\.[a-z_]+$" })),
        actorKind: Type.Optional(choiceOf(KINDS)),
        actorId: Type.Optional(Line),
        ...PageQuery,
      }),
      reply: PageOf(EntryJson),
      handler: async ({ query, tenant }) => {
        const filter = {
          ...pageQuery(query),
          from: instantOf(query.from, "from"),
          to: instantOf(query.to, "to"),
          action: query.action,
          actor: {
            ...(query.actorKind !== undefined && { kind: query.actorKind }),
            ...(query.actorId !== undefined && { id: query.actorId }),
          },
        };
        const page =
          tenant === null ? await audit.listAcrossTenants(filter) : await audit.list({ ...filter, tenant });
        return pageJson(page, entryJson);
      },
    }),
  ];
}

function entryJson(entry: AuditEntry): Static<typeof EntryJson> {
  return { ...entry, actor: { ...entry.actor }, details: { ...entry.details } };
}
