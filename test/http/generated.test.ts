// Requests made from the OpenAPI file: good ones, nearly good ones and nonsense. ARAGORA_GENERATED_REQUESTS says how many.

import fc from "fast-check";
import { Compile } from "typebox/compile";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { fillTenant } from "../http-routes/filled.ts";
import { freshPostgresUrl } from "../support/database.ts";
import { type Answer, call, startServer, type TestServer } from "../support/http-server.ts";
import { type Operation, operationsOf, type Sample } from "./samples.ts";

const REQUESTS = Number(process.env.ARAGORA_GENERATED_REQUESTS ?? 2_000);
const AT_ONCE = 16;
const DATES = ["2025-01-01", "2025-02-01T00:00:00Z", "2026-01-01T12:00:00+02:00", "yesterday", "9999-12-31"];

// biome-ignore lint/suspicious/noExplicitAny: a JSON schema of any form.
type Schema = any;

/** Values of a schema, now and then broken. */
function anyOf(schema: Schema): fc.Arbitrary<unknown> {
  return fc.oneof(
    { weight: 30, arbitrary: goodOf(schema) },
    { weight: 1, arbitrary: fc.jsonValue({ maxDepth: 2 }) },
  );
}

function goodOf(schema: Schema): fc.Arbitrary<unknown> {
  if (schema.enum !== undefined) return fc.constantFrom(...schema.enum);
  if (schema.anyOf !== undefined) return fc.oneof(...schema.anyOf.map(anyOf));
  if ("const" in schema) return fc.constant(schema.const);
  if (schema.type === "string") return textOf(schema);
  if (schema.type === "integer") {
    return fc.integer({ min: schema.minimum ?? -1_000, max: Math.min(schema.maximum ?? 10_000, 1_000_000) });
  }
  if (schema.type === "number") return fc.double({ noNaN: true, noDefaultInfinity: true });
  if (schema.type === "boolean") return fc.boolean();
  if (schema.type === "null") return fc.constant(null);
  if (schema.type === "array") {
    return fc.array(anyOf(schema.items), { minLength: schema.minItems ?? 0, maxLength: 3 });
  }
  if (schema.type === "object") return objectOf(schema);
  return fc.jsonValue({ maxDepth: 2 });
}

function textOf({
  description = "",
  maxLength = 40,
  minLength = 0,
  examples = [],
}: Schema): fc.Arbitrary<string> {
  const known = description.includes("instant") || description.includes("offset") ? DATES : examples;
  const free = fc.oneof(
    fc.string({ minLength, maxLength: Math.min(maxLength, 40) }),
    fc.string({ unit: "grapheme", minLength, maxLength: Math.min(maxLength, 10) }),
    fc.constantFrom(
      "1",
      "0.5",
      "-1",
      "a".repeat(300),
      "=1+1",
      "__proto__",
      "\u0000",
      "\ud800",
      "' OR 1=1 --",
    ),
  );
  return known.length === 0
    ? free
    : fc.oneof({ weight: 3, arbitrary: fc.constantFrom(...known) }, { weight: 1, arbitrary: free });
}

function objectOf(schema: Schema): fc.Arbitrary<unknown> {
  const properties = Object.entries(schema.properties ?? {});
  const required = new Set<string>(schema.required ?? []);
  const fields = fc.record(Object.fromEntries(properties.map(([name, part]) => [name, anyOf(part)])), {
    requiredKeys: [...required],
  });
  const others = Object.values(schema.patternProperties ?? {})[0];
  const open =
    others === undefined ? fields : fc.dictionary(fc.string({ maxLength: 8 }), anyOf(others), { maxKeys: 3 });
  return fc.oneof(
    { weight: 20, arbitrary: open },
    { weight: 1, arbitrary: open.map((value) => ({ ...(value as object), unheardOf: 1 })) },
  );
}

type Values = Readonly<Record<string, unknown>>;

interface Generated {
  readonly operation: Operation;
  /** The path, once it is known which things there are by then. */
  readonly path: (things: Things) => string;
  readonly body: unknown;
  readonly who: "tenant" | "operator" | "nobody";
  readonly tenant: string | undefined;
  readonly once: string | undefined;
}

/** Ids of things that exist, by the collection they are in: `budgets`, `holds`. */
class Things {
  readonly #ids = new Map<string, string[]>();

  add(collection: string, id: string): void {
    this.#ids.set(collection, [...(this.#ids.get(collection) ?? []), id]);
  }

  pick(collection: string, number: number): string {
    const ids = this.#ids.get(collection) ?? [];
    return ids[number % ids.length] ?? "none";
  }

  /** Notes what a request made. */
  note(operation: Operation, { status, json }: Answer): void {
    if (operation.method !== "POST" || status >= 300) return;
    const id = operation.name.endsWith("/members") ? json.userId : json.id;
    const collection = operation.name.split("/").at(-1) ?? "";
    if (typeof id === "string") this.add(MADE_BY[collection] ?? collection, id);
  }
}

const MADE_BY: Readonly<Record<string, string>> = { test: "deliveries" };

/** A good request of each operation. */
type Samples = ReadonlyMap<string, Sample>;

/** The id in a path: of a thing there is, mostly of the right kind; else whatever its schema takes. */
function idOf(collection: string, schema: Schema): fc.Arbitrary<(things: Things) => string> {
  const of = (name: fc.Arbitrary<string>) =>
    fc.tuple(name, fc.nat()).map(
      ([kind, number]) =>
        (things: Things) =>
          things.pick(kind, number),
    );
  return fc.oneof(
    { weight: 6, arbitrary: of(fc.constant(collection)) },
    { weight: 1, arbitrary: of(fc.constantFrom("budgets", "holds", "events", "api-keys", "members")) },
    { weight: 1, arbitrary: goodOf(schema).map((value) => () => encoded(value) || "x") },
  );
}

/** A good value as it is, or with one thing in it replaced by what nobody expects there. */
function bentOf(sample: unknown): fc.Arbitrary<unknown> {
  const bent = fc.tuple(fc.nat(), fc.oneof(textOf({}), fc.jsonValue({ maxDepth: 1 }), fc.double()));
  return fc.oneof(
    { weight: 2, arbitrary: fc.constant(sample) },
    { weight: 3, arbitrary: bent.map(([place, value]) => replaced(sample, place, value)) },
  );
}

function replaced(value: unknown, place: number, other: unknown): unknown {
  if (typeof value !== "object" || value === null) return other;
  const entries = Object.entries(value);
  const chosen = place % (entries.length + 1);
  const bent = entries.map(([name, part], index) =>
    index === chosen ? [name, replaced(part, Math.trunc(place / 7), other)] : [name, part],
  );
  if (Array.isArray(value)) return bent.map(([, part]) => part);
  return Object.fromEntries(bent);
}

function requestOf(operation: Operation, samples: Samples): fc.Arbitrary<Generated> {
  // biome-ignore lint/suspicious/noExplicitAny: parameters as they are in the document.
  const parameters: any[] = operation.document.parameters ?? [];
  const of = (place: string) => parameters.filter((parameter) => parameter.in === place);
  const template = operation.name.replace(/^\w+ /, "");
  const inPath: fc.Arbitrary<Readonly<Record<string, (things: Things) => string>>> = fc.record(
    Object.fromEntries(
      of("path").map(({ name, schema }) => {
        const collection = new RegExp(`([^/]+)/\\{${name}\\}`).exec(template)?.[1] ?? "";
        return [name, idOf(collection, schema)];
      }),
    ),
  );
  const query = new URLSearchParams(samples.get(operation.name)?.path.split("?")[1]);
  const inQuery: fc.Arbitrary<Values> = fc.record(
    Object.fromEntries(
      of("query").map(({ name, schema }) => [
        name,
        fc.oneof(
          { weight: 4, arbitrary: fc.constant(query.get(name) ?? undefined) },
          { weight: 1, arbitrary: anyOf(schema) },
        ),
      ]),
    ),
  );
  const schema = operation.document.requestBody?.content["application/json"]?.schema;
  const sample = samples.get(operation.name)?.body;
  const body = schema === undefined ? fc.constant(undefined) : anyOf(schema);
  return fc.record({
    operation: fc.constant(operation),
    path: fc.tuple(inPath, inQuery).map(([ids, query]) => (things: Things) => {
      const filled = template.replace(/\{(\w+)\}/g, (_, name) => ids[name]?.(things) ?? "x");
      const given = Object.entries(query).filter(([, value]) => value !== undefined);
      const pairs = given.map(([name, value]) => `${name}=${encoded(value)}`);
      return pairs.length === 0 ? filled : `${filled}?${pairs.join("&")}`;
    }),
    body: sample === undefined ? body : fc.oneof(body, bentOf(sample)),
    who: fc.constantFrom(
      ...(operation.access === "operator"
        ? (["operator"] as const)
        : (["tenant", "tenant", "tenant", "operator", "nobody"] as const)),
    ),
    tenant: fc.constantFrom(undefined, undefined, "acme", "globex"),
    once: fc.oneof(
      { weight: 4, arbitrary: fc.constant(undefined) },
      {
        weight: 1,
        arbitrary: fc
          .string({ unit: "binary-ascii", minLength: 1, maxLength: 5 })
          .map((text) => text.replace(/[^!-~]/g, "x")),
      },
    ),
  });
}

function encoded(value: unknown): string {
  return encodeURIComponent((typeof value === "string" ? value : JSON.stringify(value)).toWellFormed());
}

describe.each([
  { name: "sqlite in memory", freshUrl: async () => "sqlite::memory:", requests: REQUESTS },
  { name: "postgres", freshUrl: freshPostgresUrl, requests: Math.ceil(REQUESTS / 4) },
])("generated requests on $name", ({ freshUrl, requests }) => {
  let server: TestServer;
  let keys: Record<Generated["who"], string | undefined>;
  let operations: Operation[];
  const things = new Things();
  let samples: Samples;

  beforeAll(async () => {
    server = await startServer(await freshUrl(), { limits: { perKey: null, perTenant: null } });
    operations = (await operationsOf(server.url)).filter(
      ({ access }) => access !== "public" && access !== "user",
    );
    keys = { tenant: await server.keyOf("acme"), operator: server.operatorKey, nobody: undefined };
    for (const tenant of ["acme", "globex", "initech"]) {
      const filled = await fillTenant(server, tenant);
      for (const [collection, ids] of Object.entries(filled.things)) {
        for (const id of ids) things.add(collection, id);
      }
      samples = filled.samples;
    }
    // May be suspended and erased; the organizations whose keys are used are not among those that have their turn.
    things.add("organizations", "initech");
  });
  afterAll(() => server.close());

  it(
    `answer without a 5xx, each 4xx with a code, each 422 with its field, each 2xx as its schema says: ${requests} of them`,
    async () => {
      const seed = Number(process.env.ARAGORA_GENERATED_SEED ?? Date.now() & 0x7fffffff);
      const all = fc.sample(fc.oneof(...operations.map((operation) => requestOf(operation, samples))), {
        numRuns: requests,
        seed,
      });
      const validators = new Map(
        operations.map(({ name, document }) => {
          const [answer] = Object.entries(document.responses).filter(([status]) => status !== "default");
          // biome-ignore lint/suspicious/noExplicitAny: the document as it is.
          const schema = (answer?.[1] as any)?.content["application/json"]?.schema;
          return [name, schema === undefined ? undefined : Compile(schema)];
        }),
      );
      const counts = new Map<number, number>();
      const succeeded = new Set<string>();
      const faults: unknown[] = [];
      const work = async () => {
        for (let request = all.pop(); request !== undefined; request = all.pop()) {
          const { operation, body, who, tenant, once } = request;
          const path = request.path(things);
          const answer = await call(server.url, path, {
            ...{ method: operation.method, key: keys[who], tenant, once },
            ...(body !== undefined && { body: body === null ? "null" : JSON.stringify(body) }),
          });
          things.note(operation, answer);
          counts.set(answer.status, (counts.get(answer.status) ?? 0) + 1);
          if (answer.status < 300) succeeded.add(operation.name);
          const isWell =
            answer.status < 300
              ? (validators.get(operation.name)?.Check(answer.json) ?? true)
              : isGoodProblem(answer);
          if (!isWell)
            faults.push({
              seed,
              request: [operation.name, path, JSON.stringify(body)],
              answer: answer.text.slice(0, 600),
              status: answer.status,
            });
        }
      };
      await Promise.all(Array.from({ length: AT_ONCE }, work));
      if (process.env.ARAGORA_GENERATED_REQUESTS !== undefined) {
        const never = operations.map(({ name }) => name).filter((name) => !succeeded.has(name));
        process.stderr.write(`${JSON.stringify({ seed, answers: [...counts].sort(), never })}\n`);
      }
      expect(faults.slice(0, 3)).toEqual([]);
      // Requests that were all refused would prove little.
      expect(counts.get(200) ?? 0).toBeGreaterThan(requests / 20);
      expect(counts.get(422) ?? 0).toBeGreaterThan(requests / 20);
      expect(succeeded.size).toBeGreaterThan(operations.length / 3);
      expect(await server.engine.verify()).toMatchObject({ ok: true });
      expect(({} as Record<string, unknown>).polluted).toBeUndefined();
    },
    60_000 + 20 * requests,
  );
});

function isGoodProblem({ status, text, json }: Answer): boolean {
  if (status >= 500 || typeof json?.code !== "string") return false;
  if (/SELECT|INSERT|sqlite|node_modules|\.ts:/i.test(text.replace(/"path":"[^"]*"/, ""))) return false;
  return status !== 422 || typeof json.field === "string";
}
