// A tenant with events and one of everything else on a whole engine, and a good request about it for every operation.

import { SAMPLES, type Sample } from "../http/samples.ts";
import { call, type TestServer } from "../support/http-server.ts";
import { MATRIX } from "./matrix.ts";
import { type Made, makeThings } from "./world.ts";

const OPERATOR = { kind: "operator", id: "test" } as const;

export interface Filled {
  readonly key: string;
  /** Ids of its things by the collection they are in, as in paths: `budgets`, `holds`. */
  readonly things: Readonly<Record<string, readonly string[]>>;
  /** A request that would succeed, by operation. */
  readonly samples: ReadonlyMap<string, Sample>;
}

export async function fillTenant(server: TestServer, tenant: string): Promise<Filled> {
  const { url, engine, operatorKey } = server;
  const key = await server.keyOf(tenant);
  await engine.organizations.setTier(OPERATOR, tenant, "enterprise");
  const events = ["1", "2", "3"].map((n) => ({ id: `${tenant}-${n}`, tenant, tokensIn: 7, tokensOut: 3 }));
  await engine.metering.record(events);
  const ok = async (used: string, method: string, path: string, options: object = {}) => {
    const { status, text, json } = await call(url, path, { ...options, method, key: used });
    if (status >= 300) throw new Error(`${method} ${path}: ${text}`);
    return json;
  };
  const clock = { now: () => engine.clock.now(), advance: () => undefined };
  const maker = { ok, clock, operator: operatorKey, store: engine.store, services: engine };
  const made = await makeThings(maker, tenant, key);
  const samples = new Map<string, Sample>();
  for (const { name, ask } of MATRIX) {
    samples.set(name.replace(/:(\w+)/g, "{$1}"), await ask(made, maker));
  }
  // What the requests needed before them may have left it on another tier.
  await engine.organizations.setTier(OPERATOR, tenant, "enterprise");
  for (const [name, { good }] of Object.entries(SAMPLES)) samples.set(name, good(`${tenant}-1`));
  return { key, things: { ...thingsOf(made), events: events.map(({ id }) => id) }, samples };
}

function thingsOf(made: Made): Record<string, readonly string[]> {
  return {
    ...{ budgets: [made.budget], holds: [made.hold], alerts: [made.alert], members: [made.member] },
    ...{ users: [made.member], invitations: [made.invitation], workspaces: [made.workspace] },
    ...{ notifications: [made.notification], "api-keys": [made.apiKey] },
    ...{ "discount-codes": [made.code], "credit-notes": [made.creditNote] },
    invoices: [made.invoice, made.draft],
    ...{ "webhook-endpoints": [made.endpoint], deliveries: [made.delivery] },
  };
}
