// Who a request is from, and whether it may pass. What is not allowed here by name is refused.

import { createHash, timingSafeEqual } from "node:crypto";
import type { FastifyRequest } from "fastify";
import { type IdentityService, type Principal, requireScope, tenantFor } from "../domain/identity/index.ts";
import { BillingError, type Clock } from "../kernel/index.ts";
import { RateLimiter } from "./limits.ts";
import { HttpError } from "./problem.ts";
import type { KeyedRoute } from "./route.ts";

const TENANT_HEADER = "aragora-tenant";
/** Wrong keys from one address: eleven in a minute are too many. */
const FAILURES = { perSecond: 10 / 60, burst: 10 };

/** A caller that may pass. */
export interface Caller {
  readonly principal: Principal;
  /** The text of its key. */
  readonly secret: string;
  /** Null: an operator that names no tenant. */
  readonly tenant: string | null;
}

export class Authenticator {
  readonly #identity: IdentityService;
  readonly #failures: RateLimiter;
  readonly #metricsToken: string | undefined;
  readonly #waiting = new Map<string, Promise<Principal>>();
  readonly #running = new Set<string>();
  readonly #idle = new Map<string, () => void>();

  constructor(identity: IdentityService, clock: Clock, metricsToken: string | undefined) {
    this.#identity = identity;
    this.#failures = new RateLimiter(FAILURES, clock);
    this.#metricsToken = metricsToken;
  }

  /**
   * The caller of a route.
   *
   * @throws BillingError unauthenticated, forbidden `scope_missing`, `operator_only`, `other_tenant`, invalid_input
   * `tenant_required`; HttpError 429 after too many wrong keys from one address.
   */
  async caller(request: FastifyRequest, route: KeyedRoute): Promise<Caller> {
    const secret = bearerOf(request);
    if (secret === undefined) {
      const text = "send a key: Authorization: Bearer ara_…";
      throw new BillingError("unauthenticated", "api_key_required", text);
    }
    const principal = await this.#principal(secret, request.ip);
    if (route.access === "operator" && principal.kind !== "operator") {
      throw new BillingError("forbidden", "operator_only", "this is for operators' keys only");
    }
    for (const scope of route.scopes) requireScope(principal, scope);
    return { principal, secret, tenant: tenantOf(request, route, principal) };
  }

  /** Whether a request shows the configured token of a route. */
  hasToken(request: FastifyRequest, route: KeyedRoute): boolean {
    const shown = route.token === "metrics" ? bearerOf(request) : undefined;
    return shown !== undefined && this.#metricsToken !== undefined && isSameText(shown, this.#metricsToken);
  }

  async #principal(secret: string, ip: string): Promise<Principal> {
    this.#failures.check(ip);
    try {
      return await this.#shared(secret, ip);
    } catch (error) {
      if (error instanceof BillingError && error.kind === "unauthenticated") this.#failures.charge(ip);
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
      return await this.#identity.authenticate(secret, { ip });
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
  const header = request.headers[TENANT_HEADER];
  const named = typeof header === "string" ? header : undefined;
  if (named !== undefined && !/^[\x20-\x7e]{1,256}$/.test(named)) {
    throw new HttpError(422, "invalid_tenant", "Aragora-Tenant must be 1 to 256 printable characters", {
      field: "Aragora-Tenant",
    });
  }
  const mayOmit = principal.kind === "operator" && route.access !== "tenant";
  const tenant = mayOmit && named === undefined ? null : tenantFor(principal, named);
  // A tenant named a second time is only ever a check.
  const query = request.query as Record<string, unknown>;
  if (Object.hasOwn(query, "tenant")) {
    if (query.tenant !== tenant) throw otherTenant();
    delete query.tenant;
  }
  return tenant;
}

/** @throws BillingError forbidden `other_tenant` unless what a body names is the request's tenant. */
export function requireSameTenant(named: unknown, tenant: string | null): void {
  if (tenant !== null && named !== undefined && named !== null && named !== tenant) throw otherTenant();
}

function otherTenant(): BillingError {
  return new BillingError("forbidden", "other_tenant", "a tenant's key is for its own tenant");
}

function bearerOf({ headers: { authorization = "" } }: FastifyRequest): string | undefined {
  return /^Bearer ([!-~]{1,200})$/i.exec(authorization)?.[1];
}

function isSameText(one: string, other: string): boolean {
  const hash = (text: string) => createHash("sha256").update(text, "utf8").digest();
  return timingSafeEqual(hash(one), hash(other));
}
