// Requests made from the OpenAPI file: good ones, nearly good ones and nonsense. ARAGORA_GENERATED_REQUESTS says how many.

import fc from "fast-check";
import { Compile } from "typebox/compile";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { call, startServer, type TestServer } from "../support/http-server.ts";
import { type Operation, operationsOf } from "./samples.ts";

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
  readonly path: string;
  readonly body: unknown;
  readonly who: "tenant" | "operator" | "nobody";
  readonly tenant: string | undefined;
  readonly once: string | undefined;
}

function requestOf(operation: Operation): fc.Arbitrary<Generated> {
  // biome-ignore lint/suspicious/noExplicitAny: parameters as they are in the document.
  const parameters: any[] = operation.document.parameters ?? [];
  const of = (place: string) => parameters.filter((parameter) => parameter.in === place);
  const inPath: fc.Arbitrary<Values> = fc.record(
    Object.fromEntries(of("path").map(({ name, schema }) => [name, goodOf(schema)])),
  );
  const required = of("query").filter((parameter) => parameter.required === true);
  const inQuery = fc.record(
    Object.fromEntries(of("query").map(({ name, schema }) => [name, anyOf(schema)])),
    { requiredKeys: required.map(({ name }) => String(name)) as never[] },
  ) as fc.Arbitrary<Values>;
  const schema = operation.document.requestBody?.content["application/json"]?.schema;
  return fc.record({
    operation: fc.constant(operation),
    path: fc.tuple(inPath, inQuery).map(([path, query]) => {
      const filled = operation.name
        .replace(/^\w+ /, "")
        .replace(/\{(\w+)\}/g, (_, name) => encoded(path[name]) || "x");
      const pairs = Object.entries(query).map(([name, value]) => `${name}=${encoded(value)}`);
      return pairs.length === 0 ? filled : `${filled}?${pairs.join("&")}`;
    }),
    body: schema === undefined ? fc.constant(undefined) : anyOf(schema),
    who: fc.constantFrom(
      ...(operation.access === "operator"
        ? (["operator"] as const)
        : (["tenant", "tenant", "operator", "nobody"] as const)),
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

describe("generated requests", () => {
  let server: TestServer;
  let keys: Record<Generated["who"], string | undefined>;
  let operations: Operation[];

  beforeAll(async () => {
    server = await startServer("sqlite::memory:", { limits: { perKey: null, perTenant: null } });
    operations = (await operationsOf(server.url)).filter(({ access }) => access !== "public");
    keys = { tenant: await server.keyOf("acme"), operator: server.operatorKey, nobody: undefined };
  });
  afterAll(() => server.close());

  it(`answer without a 5xx, each 4xx with a code, each 2xx as its schema says: ${REQUESTS} of them`, async () => {
    const seed = Date.now() & 0x7fffffff;
    const all = fc.sample(fc.oneof(...operations.map(requestOf)), { numRuns: REQUESTS, seed });
    const validators = new Map(
      operations.map(({ name, document }) => {
        const [answer] = Object.entries(document.responses).filter(([status]) => status !== "default");
        // biome-ignore lint/suspicious/noExplicitAny: the document as it is.
        const schema = (answer?.[1] as any)?.content["application/json"]?.schema;
        return [name, schema === undefined ? undefined : Compile(schema)];
      }),
    );
    const counts = new Map<number, number>();
    const faults: unknown[] = [];
    const work = async () => {
      for (let request = all.pop(); request !== undefined; request = all.pop()) {
        const { operation, path, body, who, tenant, once } = request;
        const answer = await call(server.url, path, {
          ...{ method: operation.method, key: keys[who], tenant, once },
          ...(body !== undefined && { body: body === null ? "null" : JSON.stringify(body) }),
        });
        counts.set(answer.status, (counts.get(answer.status) ?? 0) + 1);
        const isSuccess = answer.status < 300;
        const isWell = isSuccess
          ? (validators.get(operation.name)?.Check(answer.json) ?? true)
          : answer.status < 500 &&
            typeof answer.json?.code === "string" &&
            !/SELECT|INSERT|sqlite|node_modules|\.ts:/i.test(answer.text.replace(/"path":"[^"]*"/, ""));
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
    expect(faults.slice(0, 3)).toEqual([]);
    // Requests that were all refused would prove little.
    expect(counts.get(200) ?? 0).toBeGreaterThan(REQUESTS / 20);
    expect(counts.get(422) ?? 0).toBeGreaterThan(REQUESTS / 20);
    expect(await server.engine.verify()).toMatchObject({ ok: true });
    expect(({} as Record<string, unknown>).polluted).toBeUndefined();
  });
});
