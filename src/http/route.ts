// A route is data: what it takes, what it gives, who may call it. The server does the rest, for all of them alike.

import type { FastifyReply, FastifyRequest } from "fastify";
import type { Static, TSchema } from "typebox";
import type { Principal, Scope, UserSession } from "../domain/identity/index.ts";
import type { Actor } from "../domain/organizations/index.ts";

/**
 * Who may call a route. `tenant`: keys of tenants, users in an organization, and operators that name a tenant. `either`:
 * the same, and operators that name none. `operator`: operators only, with or without a tenant. `user`: users only, about
 * themselves.
 */
export type Access = "tenant" | "either" | "operator" | "user";

/**
 * What a route does about `Idempotency-Key` and the audit log. Every one but a GET must say it.
 *
 * `atomic`: effect, stored answer and audit entry are one transaction. `long`: the work commits in parts or by itself and
 * goes on where it stopped when it is run again with the same `call.onceId`; the audit entry comes before it.
 */
type WriteMode = "atomic" | "long";

/** One request, checked. */
interface Call<Params, Query, Body, Tenant> {
  readonly params: Params;
  readonly query: Query;
  readonly body: Body;
  /** The tenant that the request is about, and that `withTenant` names inside the handler. */
  readonly tenant: Tenant;
  readonly principal: Principal;
  /** Of a signed-in user; undefined for a key. */
  readonly session: UserSession | undefined;
  /** For headers of the answer; the server sends it. */
  readonly reply: FastifyReply;
  /** The principal, as services want it. */
  readonly actor: Actor;
  readonly requestId: string;
  /** Of a request with an idempotency key: the same id for the same request, whenever it is sent. */
  readonly onceId: string | undefined;
  /** Answers with another status than the route's own. */
  readonly answer: (status: number) => void;
}

type TenantOf<A extends Access> = A extends "tenant" ? string : string | null;

interface RouteBase {
  readonly path: `/${string}`;
  readonly summary: string;
  /** A group in the documentation. */
  readonly tag: string;
}

export interface RouteSpec<
  A extends Access,
  P extends TSchema,
  Q extends TSchema,
  B extends TSchema,
  R extends TSchema,
> extends RouteBase {
  readonly method: "GET" | "POST" | "PUT" | "PATCH" | "DELETE";
  readonly access: A;
  /** All of them are needed. None for `user` routes: nobody has to be allowed to look at themselves. */
  readonly scopes: readonly Scope[];
  /** Of an `operator` route: users may call it as well, and its service asks for their role. */
  readonly users?: true;
  readonly params?: P;
  readonly query?: Q;
  readonly body?: B;
  /** What is answered; text routes name their media type in `produces`. */
  readonly reply: R;
  /** Default 200. */
  readonly status?: 200 | 201 | 202;
  readonly write?: WriteMode;
  /** What the audit log calls an operator's use, as `noun.verb`; absent: the access log alone tells. */
  readonly audit?: string;
  /** The handler checks the body itself; the schema is documentation. */
  readonly checksBody?: true;
  /** Other media types of the body than JSON. */
  readonly consumes?: readonly string[];
  readonly produces?: string;
  /** A token of the configuration that opens it too. */
  readonly token?: "metrics";
  readonly handler: (
    call: Call<Static<P>, Static<Q>, Static<B>, TenantOf<A>>,
  ) => Promise<Static<R> | TextStream | FileReply>;
}

/** A route for anybody: it must tell nothing about anyone. */
export interface PublicRoute extends RouteBase {
  readonly method: "GET" | "POST";
  readonly access: "public";
  /** A step of signing in: not many from one address. Every POST is one. */
  readonly isSignIn?: true;
  readonly body?: TSchema;
  readonly reply?: TSchema;
  readonly status?: 200 | 202;
  readonly handler: (request: FastifyRequest, reply: FastifyReply) => unknown;
}

/** A route that needs a key, as the server sees it. */
export type KeyedRoute = RouteSpec<Access, TSchema, TSchema, TSchema, TSchema>;
export type Route = KeyedRoute | PublicRoute;

/** Text that is sent while it is made. */
export class TextStream {
  readonly type: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly source: AsyncIterator<string>;

  constructor(type: string, source: AsyncIterator<string>, headers: Readonly<Record<string, string>> = {}) {
    this.type = type;
    this.source = source;
    this.headers = headers;
  }
}

/** A file that is sent whole. */
export class FileReply {
  readonly file: { readonly filename: string; readonly contentType: string; readonly content: Uint8Array };
  readonly headers: Readonly<Record<string, string>>;

  constructor(file: FileReply["file"], headers: FileReply["headers"] = {}) {
    this.file = file;
    this.headers = headers;
  }
}

/**
 * A route for holders of a key.
 *
 * @throws Error for one that no scope guards, or that writes without saying how.
 * @example
 * route({
 *   method: "GET", path: "/v1/plans", tag: "plans", summary: "All plans",
 *   access: "tenant", scopes: ["organizations:read"], reply: PlanList,
 *   handler: async () => ({ items: plans.list() }),
 * });
 */
export function route<
  A extends Access,
  R extends TSchema,
  P extends TSchema = TSchema,
  Q extends TSchema = TSchema,
  B extends TSchema = TSchema,
>(spec: RouteSpec<A, P, Q, B, R>): KeyedRoute {
  const name = `${spec.method} ${spec.path}`;
  if (spec.access !== "user" && !(spec.scopes?.length > 0)) {
    throw new Error(`${name} names no scope: nothing would guard it`);
  }
  if ((spec.method === "GET") !== (spec.write === undefined)) {
    throw new Error(`${name} must name its write mode exactly if it is no GET`);
  }
  // The server hands over what the schemas let through, which the type of a list of routes cannot tell.
  return spec as unknown as KeyedRoute;
}

/** A request of anybody, and the answer to it. */
export interface RouteRequest {
  readonly request: FastifyRequest;
  readonly reply: FastifyReply;
}

/** A page or document for anybody. */
export function publicRoute(spec: Omit<PublicRoute, "method" | "access" | "body" | "reply">): PublicRoute {
  return { ...spec, method: "GET", access: "public" };
}

/**
 * A step of signing in: for anybody, so what it takes must prove itself.
 *
 * @param spec `handler` gets the checked body.
 */
export function openRoute<B extends TSchema, R extends TSchema>(
  spec: Omit<PublicRoute, "method" | "access" | "handler"> & {
    readonly body: B;
    readonly reply: R;
    readonly handler: (body: Static<B>, to: RouteRequest) => Promise<Static<R>>;
  },
): PublicRoute {
  return {
    ...spec,
    method: "POST",
    access: "public",
    handler: (request, reply) => spec.handler(request.body as Static<B>, { request, reply }),
  };
}
