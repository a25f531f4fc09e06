// Who a request is from, and whether it may pass. What is not allowed here by name is refused.

import { createHash, timingSafeEqual } from "node:crypto";
import type { FastifyRequest } from "fastify";
import {
  type Principal,
  requireScope,
  scopesOf,
  tenantFor,
  type UserSession,
} from "../domain/identity/index.ts";
import { BillingError, invalidInput } from "../kernel/index.ts";
import { accessCookieOf, requireOwnPage } from "./cookies.ts";
import { GuessLimit } from "./guesses.ts";
import { HttpError } from "./problem.ts";
import type { KeyedRoute } from "./route.ts";
import type { HttpServices } from "./services.ts";

const TENANT_HEADER = "aragora-tenant";

/** A caller that may pass. */
export interface Caller {
  readonly principal: Principal;
  /** What only this caller can show: the text of its key. It seals answers that are kept for it. */
  readonly secret: string;
  /** Null: an operator or a user that names no tenant. */
  readonly tenant: string | null;
  /** Of a signed-in user. */
  readonly session?: UserSession | undefined;
}

type Services = Pick<HttpServices, "identity" | "sessions" | "organizations" | "clock">;

/** What a user may do who names no organization: make one, join one. */
const OUTSIDE = ["organizations:read", "organizations:write"] as const;
const TOKEN = /^[\w-]+\.[\w-]+\.[\w-]+$/;

export class Authenticator {
  readonly #services: Services;
  readonly #guesses: GuessLimit;
  readonly #metricsToken: string | undefined;
  readonly #waiting = new Map<string, Promise<Principal>>();
  readonly #running = new Set<string>();
  readonly #idle = new Map<string, () => void>();

  constructor(services: Services, metricsToken: string | undefined) {
    this.#services = services;
    this.#guesses = new GuessLimit(services.clock);
    this.#metricsToken = metricsToken;
  }

  /**
   * The caller of a route.
   *
   * @throws BillingError unauthenticated, forbidden `scope_missing`, `operator_only`, `users_only`, `other_tenant`,
   * invalid_input `tenant_required`; HttpError 403 `csrf`, 429 after too many wrong keys from one address, except for keys that were right there.
   */
  async caller(request: FastifyRequest, route: KeyedRoute): Promise<Caller> {
    const bearer = bearerOf(request);
    // A header that names a key or token is what a request means; a browser adds its cookies by itself.
    const cookie = request.headers.authorization === undefined ? accessCookieOf(request) : undefined;
    if (cookie !== undefined) {
      if (request.method !== "GET") requireOwnPage(request);
      return this.#user(request, route, cookie);
    }
    if (bearer === undefined) {
      const text = "send a key: Authorization: Bearer ara_…";
      throw new BillingError("unauthenticated", "api_key_required", text);
    }
    return TOKEN.test(bearer) ? this.#user(request, route, bearer) : this.#key(request, route, bearer);
  }

  /** Whether a request shows the configured token of a route. */
  hasToken(request: FastifyRequest, route: KeyedRoute): boolean {
    const shown = route.token === "metrics" ? bearerOf(request) : undefined;
    return shown !== undefined && this.#metricsToken !== undefined && isSameText(shown, this.#metricsToken);
  }

  async #key(request: FastifyRequest, route: KeyedRoute, secret: string): Promise<Caller> {
    const principal = await this.#guesses.run(request.ip, secret, () => this.#shared(secret, request.ip));
    if (route.access === "operator" && principal.kind !== "operator") throw operatorOnly();
    if (route.access === "user") {
      throw new BillingError("forbidden", "users_only", "this is for people who signed in, not for keys");
    }
    for (const scope of route.scopes) requireScope(principal, scope);
    return { principal, secret, tenant: tenantOf(request, route, principal) };
  }

  /** What a user may do is asked at every request: roles are in no token. */
  async #user(request: FastifyRequest, route: KeyedRoute, token: string): Promise<Caller> {
    const { sessions } = this.#services;
    const session = await this.#guesses.run(request.ip, token, () => sessions.authenticate(token));
    if (route.access === "operator" && route.users !== true) throw operatorOnly();
    const { userId } = session;
    const named = tenantNamedIn(request);
    const isInside = route.access === "tenant" || route.access === "either";
    const tenant = route.access === "user" ? null : (named ?? (isInside ? await this.#only(userId) : null));
    const scopes = tenant === null ? OUTSIDE : await this.#scopesIn(tenant, userId);
    const principal: Principal = { kind: "user", id: userId, tenant, scopes };
    for (const scope of route.scopes) requireScope(principal, scope);
    requireSameInQuery(request, tenant);
    return { principal, secret: sessions.sealingSecret(userId), tenant, session };
  }

  /** The organization of a user who is in one only. */
  async #only(userId: string): Promise<string> {
    const [first, ...more] = await this.#services.organizations.organizationsOf(userId);
    if (first !== undefined && more.length === 0) return first.organization.id;
    const text = first === undefined ? "you are in no organization" : "name the organization: Aragora-Tenant";
    throw invalidInput("Aragora-Tenant", "tenant_required", text);
  }

  async #scopesIn(tenant: string, userId: string): Promise<Principal["scopes"]> {
    try {
      return scopesOf((await this.#services.organizations.contextFor(userId, tenant)).permissions);
    } catch (error) {
      if (error instanceof BillingError && error.kind === "not_found") throw otherTenant();
      throw error;
    }
  }

  /**
   * One look at the database for all requests with a key that arrived before it began: never one that began earlier, so a
   * revoked key is refused at once.
   */
  #shared(secret: string, ip: string): Promise<Principal> {
    const name = `${ip} ${secret}`;
    if (!this.#running.has(name)) return this.#look(name, secret, ip);
    let next = this.#waiting.get(name);
    if (next === undefined) {
      next = new Promise<void>((resolve) => this.#idle.set(name, resolve)).then(() => {
        this.#waiting.delete(name);
        return this.#look(name, secret, ip);
      });
      this.#waiting.set(name, next);
    }
    return next;
  }

  async #look(name: string, secret: string, ip: string): Promise<Principal> {
    this.#running.add(name);
    try {
      return await this.#services.identity.authenticate(secret, { ip });
    } finally {
      this.#running.delete(name);
      const start = this.#idle.get(name);
      this.#idle.delete(name);
      start?.();
    }
  }
}

/** The one place where a request's tenant is decided. */
function tenantOf(request: FastifyRequest, route: KeyedRoute, principal: Principal): string | null {
  const named = tenantNamedIn(request);
  const mayOmit = principal.kind === "operator" && route.access !== "tenant";
  const tenant = mayOmit && named === undefined ? null : tenantFor(principal, named);
  requireSameInQuery(request, tenant);
  return tenant;
}

function tenantNamedIn(request: FastifyRequest): string | undefined {
  const header = request.headers[TENANT_HEADER];
  const named = typeof header === "string" ? header : undefined;
  if (named !== undefined && !/^[\x20-\x7e]{1,256}$/.test(named)) {
    throw new HttpError(422, "invalid_tenant", "Aragora-Tenant must be 1 to 256 printable characters", {
      field: "Aragora-Tenant",
    });
  }
  return named;
}

/** A tenant named a second time is only ever a check. */
function requireSameInQuery(request: FastifyRequest, tenant: string | null): void {
  const query = request.query as Record<string, unknown>;
  if (!Object.hasOwn(query, "tenant")) return;
  if (query.tenant !== tenant) throw otherTenant();
  delete query.tenant;
}

/** @throws BillingError forbidden `other_tenant` unless what a body names is the request's tenant. */
export function requireSameTenant(named: unknown, tenant: string | null): void {
  if (tenant !== null && named !== undefined && named !== null && named !== tenant) throw otherTenant();
}

function otherTenant(): BillingError {
  return new BillingError("forbidden", "other_tenant", "a tenant's key is for its own tenant");
}

function operatorOnly(): BillingError {
  return new BillingError("forbidden", "operator_only", "this is for operators' keys only");
}

function bearerOf({ headers: { authorization = "" } }: FastifyRequest): string | undefined {
  return /^Bearer ([!-~]{1,4096})$/i.exec(authorization)?.[1];
}

function isSameText(one: string, other: string): boolean {
  const hash = (text: string) => createHash("sha256").update(text, "utf8").digest();
  return timingSafeEqual(hash(one), hash(other));
}
