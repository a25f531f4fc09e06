// What every write has in common: one effect per idempotency key, and an audit entry for what an operator did.

import type { FastifyRequest } from "fastify";
import type { AuditEntry, OnceRequest, Reply } from "../domain/operations/index.ts";
import { digest } from "../kernel/index.ts";
import type { Caller } from "./auth.ts";
import { NdjsonBody } from "./body.ts";
import { HttpError } from "./problem.ts";
import type { KeyedRoute } from "./route.ts";
import type { HttpServices } from "./services.ts";

const HEADER = "idempotency-key";
const KEY = /^[\x21-\x7e]{1,255}$/;

/** A request's idempotency, undefined for one that carries no key or only reads. */
export function onceRequestOf(
  request: FastifyRequest,
  route: KeyedRoute,
  { principal, secret, tenant }: Caller,
): OnceRequest | undefined {
  const key = request.headers[HEADER];
  if (route.write === undefined || key === undefined) return undefined;
  if (typeof key !== "string" || !KEY.test(key)) {
    const text = "Idempotency-Key must be 1 to 255 visible ASCII characters";
    throw new HttpError(422, "invalid_idempotency_key", text, { field: "Idempotency-Key" });
  }
  if (request.body instanceof NdjsonBody) {
    const text =
      "a stream takes no Idempotency-Key: give every event an id, which makes sending it again safe";
    throw new HttpError(422, "idempotency_key_not_supported", text, { field: "Idempotency-Key" });
  }
  const asked = `${request.method} ${request.url}\n${JSON.stringify(request.body ?? null)}`;
  return {
    tenant: tenant ?? "",
    keyId: principal.id,
    idempotencyKey: key,
    fingerprint: digest(asked),
    secret,
  };
}

/** The id that work under an idempotency key can use to recognise itself. */
export function onceIdOf(request: OnceRequest | undefined): string | undefined {
  if (request === undefined) return undefined;
  const { tenant, keyId, idempotencyKey, fingerprint } = request;
  return `once_${digest(JSON.stringify([tenant, keyId, idempotencyKey, fingerprint])).slice(0, 32)}`;
}

/** Does a route's work as its write mode says. */
export async function runWrite(
  { writes, pricing }: Pick<HttpServices, "writes" | "pricing">,
  route: KeyedRoute,
  once: OnceRequest | undefined,
  entry: AuditEntry | undefined,
  work: () => Promise<Reply>,
): Promise<{ readonly reply: Reply; readonly isReplayed: boolean }> {
  // Kept once per process, so never inside a transaction that may be rolled back.
  await pricing.keepShipped();
  if (route.write === "long") {
    const recorded = async () => {
      if (entry !== undefined) await writes.record(entry);
      return work();
    };
    return once === undefined
      ? { reply: await recorded(), isReplayed: false }
      : writes.onceLong(once, recorded);
  }
  const joined = entry === undefined ? work : () => writes.audited(entry, work);
  return once === undefined ? { reply: await joined(), isReplayed: false } : writes.once(once, joined);
}
