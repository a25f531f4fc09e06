// The description of the API, made of the routes themselves.

import type { FastifySchema } from "fastify";
import { Type } from "typebox";
import { NDJSON } from "./body.ts";
import type { KeyedRoute, Route } from "./route.ts";

/** What fastify and its description of the API know of a route. */
export type DescribedSchema = FastifySchema & Readonly<Record<string, unknown>>;

const ProblemSchema = Type.Object(
  {
    type: Type.String(),
    title: Type.String(),
    status: Type.Integer(),
    detail: Type.String(),
    code: Type.String({ description: "Stable: branch on this." }),
    field: Type.Optional(Type.String()),
    requestId: Type.String(),
  },
  { $id: "Problem", additionalProperties: true, title: "Problem" },
);

/** The document's frame, for @fastify/swagger. */
export function openApiFrame(version: string) {
  return {
    openapi: "3.1.0",
    info: {
      title: "Aragora billing",
      version,
      description:
        "Usage metering and billing. Money is decimal text in USD; instants are ISO 8601. Errors are RFC 9457 problems with a stable code.",
    },
    components: {
      securitySchemes: {
        key: { type: "http" as const, scheme: "bearer", bearerFormat: "ara_…" },
        token: { type: "http" as const, scheme: "bearer", bearerFormat: "JWT" },
      },
      schemas: { Problem: withoutId(ProblemSchema) },
    },
  };
}

/** A route's own schemas, with what the description says about it. */
export function describedSchema(route: Route): DescribedSchema {
  const base = { summary: route.summary, tags: [route.tag], operationId: operationId(route) };
  if (route.access === "public") {
    return { ...base, ...(route.body && { body: route.body }), security: [], "x-access": "public" };
  }
  const { access, scopes, params, query, body, write, consumes } = route;
  return {
    ...base,
    ...(params && { params }),
    ...(query && { querystring: query }),
    ...(body && { body }),
    ...(consumes && { consumes: ["application/json", ...consumes] }),
    security: securityOf(route),
    "x-access": access,
    ...(route.users && { "x-users": true }),
    "x-scopes": scopes,
    ...(write && { "x-idempotent": true }),
  };
}

function securityOf({ access, users }: KeyedRoute): { [scheme: string]: string[] }[] {
  if (access === "user") return [{ token: [] }];
  return access === "operator" && users !== true ? [{ key: [] }] : [{ key: [] }, { token: [] }];
}

interface Operation {
  parameters?: unknown[];
  responses?: Record<string, unknown>;
  requestBody?: { content?: Record<string, unknown> };
  [extension: string]: unknown;
}

interface Document {
  readonly paths?: Record<string, Record<string, Operation>>;
}

/** Adds to the description what fastify's schemas do not hold: headers, answers, streams. */
export function completed<D extends object>(document: D, routes: readonly Route[]): D {
  const paths = (document as Document).paths ?? {};
  for (const route of routes) {
    const path = route.path.replace(/:(\w+)/g, "{$1}");
    const operation = paths[path]?.[route.method.toLowerCase()];
    if (operation === undefined) continue;
    operation.responses =
      route.access === "public" && route.reply === undefined
        ? publicResponses(route.path)
        : responses(route as Pick<KeyedRoute, "reply" | "status" | "produces">);
    if (route.access === "public") continue;
    operation.parameters = [...(operation.parameters ?? []), ...headers(route)];
    const content = operation.requestBody?.content;
    if (content?.[NDJSON] !== undefined) {
      content[NDJSON] = { schema: { type: "string", description: "One event per line." } };
    }
  }
  return document;
}

function responses(route: Pick<KeyedRoute, "reply" | "status" | "produces">): Record<string, unknown> {
  const type = route.produces?.split(";")[0] ?? "application/json";
  const problem = {
    description: "A problem",
    content: { "application/problem+json": { schema: { $ref: "#/components/schemas/Problem" } } },
  };
  return {
    [route.status ?? 200]: { description: "Done", content: { [type]: { schema: route.reply } } },
    default: problem,
  };
}

function publicResponses(path: string): Record<string, unknown> {
  if (path.endsWith("/oidc/start")) return { 303: { description: "To the provider" } };
  const isPage = path === "/docs" || path.endsWith("/oidc/callback");
  const type = isPage ? "text/html" : path.endsWith(".css") ? "text/css" : "application/json";
  return { 200: { description: "Done", content: { [type]: {} } } };
}

function headers({ access, write }: KeyedRoute): unknown[] {
  const text = (name: string, description: string) => ({
    ...{ name, in: "header", required: false, description },
    schema: { type: "string", maxLength: 256 },
  });
  const tenant = text(
    "Aragora-Tenant",
    access === "tenant"
      ? "The tenant. Operators' keys must name it, users who are in several organizations too; of a tenant's key it is its own."
      : "The tenant; an operator's key may leave it out.",
  );
  const once = text("Idempotency-Key", "The same key and body again get the first answer, for 24 hours.");
  return [...(access === "user" ? [] : [tenant]), ...(write === undefined ? [] : [once])];
}

function operationId({ method, path }: Route): string {
  const words = path.split(/[^A-Za-z0-9]+/).filter((word) => word !== "" && word !== "v1");
  return [method.toLowerCase(), ...words.map((word) => `${word[0]?.toUpperCase()}${word.slice(1)}`)].join("");
}

function withoutId({ $id: _, ...schema }: typeof ProblemSchema & { $id?: string }): object {
  return schema;
}
