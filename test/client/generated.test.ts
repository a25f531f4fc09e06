import { expect, it } from "vitest";
import { createBilling } from "../../src/billing.ts";
import { createClient } from "../../src/client/index.ts";
import { buildServer } from "../../src/http/server.ts";

interface Generator {
  readonly generate: (options: { readonly isCheck: boolean }) => Promise<readonly string[]>;
  readonly clientFiles: (document: unknown) => Readonly<Record<string, string>>;
}

// By an address that is made: the script is no module of this program.
const script = new URL("../../scripts/generate-client.mjs", import.meta.url).href;
const { generate, clientFiles } = (await import(script)) as Generator;

it("is what the present routes give; if not, run: npm run client", async () => {
  expect(await generate({ isCheck: true })).toEqual([]);
});

it("has a method for every operation of the API, under its own address", async () => {
  const billing = createBilling({ database: "sqlite::memory:" });
  const app = await buildServer(billing, { log: { level: "silent" } });
  const { paths } = (await app.inject({ url: "/openapi.json" })).json();
  await app.close();
  await billing.close();
  const operations = Object.entries(paths as Record<string, object>).flatMap(([path, methods]) =>
    Object.keys(methods).map((method) => `${method.toUpperCase()} ${path}`),
  );
  // The steps of a browser through a provider's pages are none of a program.
  const ofPrograms = operations.filter((name) => !name.includes("/v1/auth/oidc/"));
  const called = new Set<string>();
  const client = createClient({
    ...{ url: "http://peer", key: "ara_key" },
    fetch: async (input, init) => {
      called.add(`${init?.method} ${new URL(String(input)).pathname.replace(/%7B(\w+)%7D/g, "{$1}")}`);
      return Response.json({ items: [], nextCursor: null, results: [] });
    },
  });
  for (const group of Object.values(client)) {
    for (const method of Object.values(group) as ((...args: unknown[]) => unknown)[]) {
      const params = /^\(([^)]*)\)/.exec(method.toString())?.[1] ?? "";
      const args = params.split(",").map((name) => name.split("=")[0]?.trim() ?? "");
      const result = method(
        ...args.map((name) => {
          if (name === "source") return [{}];
          return /^(input|query|options|)$/.test(name) ? {} : `{${name}}`;
        }),
      );
      await (isGenerator(result) ? result.next() : result);
    }
  }
  const forPeople = ["GET /docs", "GET /docs/style.css"];
  expect([...called, ...forPeople].sort()).toEqual(ofPrograms.sort());
});

it("is made of any schema that routes use, and of no other", () => {
  const answer = (schema: object) => ({ content: { "application/json": { schema } } });
  const path = (schema: object) => ({
    "/v1/things/{id}/parts": {
      get: { summary: "s", parameters: [], responses: { 200: answer(schema) } },
      post: { summary: "s", "x-idempotent": true, responses: { 201: answer({ type: "null" }) } },
    },
  });
  const others = {
    "/v1/sign-in": { post: { summary: "s", responses: { 200: answer({ type: "null" }) } } },
    "/sso/callback": { get: { summary: "s", responses: { 302: {} } } },
    "/.well-known/keys.json": { get: { summary: "s", responses: { 200: answer({ type: "null" }) } } },
  };
  const schema = {
    type: "object",
    required: ["a-b", "d"],
    properties: {
      "a-b": { anyOf: [{ type: "integer" }, { const: "unlimited" }], description: "ends */ here" },
      c: { type: "array", items: { type: "string", enum: ["x", "y"] } },
      d: { type: "object", additionalProperties: { type: "boolean" } },
      e: {},
    },
  };
  const files = clientFiles({ paths: { ...path(schema), ...others } });
  const types = files["src/client/generated/types.ts"];
  expect(types).toContain("ends *\\/ here");
  expect(types).toContain('readonly "a-b": number | "unlimited";');
  expect(types).toContain('readonly c?: readonly ("x" | "y")[] | undefined;');
  expect(types).toContain("readonly d: Readonly<Record<string, boolean>>;");
  expect(types).toContain("readonly e?: unknown | undefined;");
  const methods = files["src/client/generated/operations.ts"];
  expect(methods).toContain("parts: (id: string, options?: CallOptions)");
  expect(methods).toContain("createPart: (id: string, options?: WriteOptions)");
  expect(methods).toContain('{ method: "POST", path: "/v1/sign-in", isOnce: true }');
  expect(methods).toContain("keysJson: (options?: CallOptions)");
  expect(methods).not.toContain("callback");
  expect(() => clientFiles({ paths: path({ allOf: [] }) })).toThrow("no type for");
  const twice = { "/v1/a-b": path(schema)["/v1/things/{id}/parts"] };
  expect(() => clientFiles({ paths: { ...twice, "/v1/aB": twice["/v1/a-b"] } })).toThrow("two routes are");
});

function isGenerator(value: unknown): value is AsyncGenerator<unknown> {
  return typeof (value as { next?: unknown } | undefined)?.next === "function";
}
