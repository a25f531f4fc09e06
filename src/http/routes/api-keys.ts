import { type Static, Type } from "typebox";
import {
  type ApiKeyView,
  type IdentityService,
  type IssuedKey,
  SCOPES,
} from "../../domain/identity/index.ts";
import { BillingError, invalidInput } from "../../kernel/index.ts";
import type { ServerContext } from "../context.ts";
import { type Route, route } from "../route.ts";
import { Instant, InstantInput, instantOf, OptionalText, PageOf, Strict } from "../schemas.ts";
import { choiceOf, IdParams, NoBody, PageQuery, pageJson, pageQuery } from "./common.ts";

const ScopeInput = choiceOf([...SCOPES, "*"]);
const OptionalInstant = Type.Union([Instant, Type.Null()]);
const KEY = {
  id: Type.String(),
  kind: choiceOf(["operator", "tenant"]),
  tenant: OptionalText,
  name: Type.String(),
  prefix: Type.String(),
  scopes: Type.Array(ScopeInput),
  networks: Type.Array(Type.String()),
  createdBy: Strict({ kind: Type.String(), id: Type.String() }),
  createdAt: Instant,
  expiresAt: OptionalInstant,
  lastUsedAt: OptionalInstant,
  revokedAt: OptionalInstant,
};
const KeyJson = Strict(KEY);
const IssuedKeyJson = Strict({ ...KEY, key: Type.String() });

/** API keys. The domain puts every change on record. */
export function apiKeyRoutes({
  services: { identity },
}: ServerContext & { readonly services: { readonly identity: IdentityService } }): readonly Route[] {
  return [
    route({
      method: "GET",
      path: "/v1/api-keys",
      tag: "api-keys",
      summary:
        "Keys of a tenant, the latest first, ended ones included; for operators that name none: every key",
      access: "either",
      scopes: ["keys:write"],
      query: Strict(PageQuery),
      reply: PageOf(KeyJson),
      handler: async ({ query, tenant, actor }) => {
        const page = pageQuery(query);
        const keys =
          tenant === null
            ? await identity.keysAcrossTenants(actor, page)
            : await identity.keys(actor, { tenant, ...page });
        return pageJson(keys, keyJson);
      },
    }),
    route({
      method: "POST",
      path: "/v1/api-keys",
      tag: "api-keys",
      summary:
        "Make a key, which is in this answer and nowhere else; an operator's key says so: kind operator",
      access: "either",
      scopes: ["keys:write"],
      write: "atomic",
      status: 201,
      body: Strict({
        name: Type.String({ maxLength: 200 }),
        scopes: Type.Array(ScopeInput, { minItems: 1, maxItems: SCOPES.length + 1 }),
        kind: Type.Optional(choiceOf(["operator", "tenant"])),
        expiresAt: Type.Optional(InstantInput),
        networks: Type.Optional(Type.Array(Type.String({ maxLength: 64 }), { maxItems: 100 })),
      }),
      reply: IssuedKeyJson,
      handler: async ({ body, tenant, actor }) => {
        const { kind = "tenant", expiresAt, ...rest } = body;
        // A forgotten tenant must not make a key that reaches all of them.
        if (kind === "tenant" && tenant === null) {
          throw invalidInput(
            "tenant",
            "tenant_required",
            "name the tenant: Aragora-Tenant; or say kind operator",
          );
        }
        if (kind === "operator" && tenant !== null) {
          throw invalidInput("kind", "tenant_named", "an operator's key is no tenant's: name none");
        }
        const input = { ...rest, tenant: tenant ?? undefined, expiresAt: instantOf(expiresAt, "expiresAt") };
        const issued: IssuedKey = await identity.createKey(actor, input);
        return { ...keyJson(issued), key: issued.key };
      },
    }),
    route({
      method: "POST",
      path: "/v1/api-keys/:id/revoke",
      tag: "api-keys",
      summary: "End a key, at once and for ever",
      access: "either",
      scopes: ["keys:write"],
      write: "atomic",
      audit: "operator_key.used",
      params: IdParams,
      body: NoBody,
      reply: KeyJson,
      handler: async ({ params, tenant, actor }) => {
        const key = await identity.revokeKey(actor, params.id);
        // An operator may end any key, but not another one's than it named: throwing takes it back, as the operator's
        // audit entry joins both.
        if (tenant === null || key.tenant === tenant) return keyJson(key);
        throw new BillingError("not_found", "api_key_not_found", "there is no such API key");
      },
    }),
  ];
}

function keyJson(key: ApiKeyView & { readonly key?: string }): Static<typeof KeyJson> {
  const { key: _, ...view } = key;
  return {
    ...view,
    scopes: [...view.scopes],
    networks: [...view.networks],
    createdBy: { ...view.createdBy },
  };
}
