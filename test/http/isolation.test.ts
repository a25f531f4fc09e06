import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { SCOPES, type Scope } from "../../src/domain/identity/index.ts";
import { freshPostgresUrl, freshSqliteUrl } from "../support/database.ts";
import { type Answer, call, startServer, type TestServer } from "../support/http-server.ts";
import { type Operation, ownOperationsOf, SAMPLES, samplesOf } from "./samples.ts";

const MARK = "only-globex-has-this";
const EVENT = { provider: "openai", model: "gpt-4o-mini", tokensIn: 7, tokensOut: 3 };
const PUBLIC = [
  ...["GET /docs", "GET /docs/style.css", "GET /health", "GET /openapi.json", "GET /ready"],
  ...["GET /v1/auth/oidc/callback", "GET /v1/auth/oidc/start"],
];
const OPERATOR_ONLY = [
  "GET /metrics",
  "GET /v1/price-rules",
  "GET /v1/usage/across-tenants",
  "POST /v1/price-rules",
  "POST /v1/prices",
  "POST /v1/rerates",
  "POST /v1/users/{id}/login-link",
  "POST /v1/verify",
];

/** An answer without what is its own in every case. */
function shown({ status, text }: Answer, ...ids: readonly string[]): string {
  let body = text.replace(/"requestId":"[^"]*"/g, "");
  for (const id of ids) body = body.replaceAll(id, "ID");
  return `${status} ${body}`;
}

describe.each([
  { name: "sqlite", freshUrl: freshSqliteUrl },
  { name: "postgres", freshUrl: freshPostgresUrl },
])("a tenant's key on $name", ({ freshUrl }) => {
  let server: TestServer;
  let operations: Operation[];
  let key: string;
  let theirs: string;

  beforeAll(async () => {
    server = await startServer(await freshUrl());
    operations = await ownOperationsOf(server.url);
    key = await server.keyOf("acme");
    theirs = await server.keyOf("globex");
    for (const [tenant, mark] of [
      ["acme", "acme's own"],
      ["globex", MARK],
    ] as const) {
      const events = [1, 2, 3].map((n) => ({ ...EVENT, id: `${tenant}-${n}`, user: mark, agent: mark }));
      await server.engine.metering.record(events.map((event) => ({ ...event, tenant })));
    }
  });
  afterAll(() => server.close());

  const keyed = () => operations.filter(({ access }) => access !== "public");
  const ask = (operation: Operation, sample: { path: string; body?: unknown }, more: object = {}) =>
    call(server.url, sample.path, {
      ...{ method: operation.method, key },
      ...(sample.body !== undefined && { body: sample.body }),
      ...more,
    });

  it("knows every route: a new one is missing here until it is walked", () => {
    expect(
      keyed()
        .map(({ name }) => name)
        .sort(),
    ).toEqual(Object.keys(SAMPLES).sort());
    const named = (access: string) =>
      operations.filter((one) => one.access === access).map(({ name }) => name);
    expect(named("public").sort()).toEqual(PUBLIC);
    expect(named("operator").sort()).toEqual(OPERATOR_ONLY);
  });

  it("is refused where only operators may go", async () => {
    for (const operation of operations.filter(({ access }) => access === "operator")) {
      const answer = await ask(operation, samplesOf(operation.name).good("x"));
      expect([operation.name, answer.status, answer.json.code]).toEqual([
        operation.name,
        403,
        "operator_only",
      ]);
    }
  });

  it("is refused without a key, in the same words for every wrong one", async () => {
    for (const operation of keyed()) {
      const sample = samplesOf(operation.name).good("x");
      expect((await ask(operation, sample, { key: undefined })).status).toBe(401);
    }
    const wrong = await Promise.all(
      ["ara_x", "nonsense", `${key}x`, `${key.slice(0, -1)}${key.endsWith("A") ? "B" : "A"}`].map((text) =>
        call(server.url, "/v1/events", { key: text }),
      ),
    );
    expect(new Set(wrong.map((answer) => shown(answer))).size).toBe(1);
  });

  it("gets the same bytes for another tenant's id as for an unknown one", async () => {
    const withIds = keyed().filter(({ name }) => name.includes("{"));
    expect(withIds.length).toBeGreaterThan(0);
    for (const operation of withIds.filter(({ access }) => access !== "operator")) {
      const { withId } = samplesOf(operation.name);
      if (withId === undefined) throw new Error(`${operation.name} has ids and no sample with one`);
      const other = await ask(operation, withId("globex-1"));
      const unknown = await ask(operation, withId("nobody-1"));
      expect([403, 404]).toContain(other.status);
      expect(shown(other, "globex-1")).toBe(shown(unknown, "nobody-1"));
    }
  });

  it("gets the same bytes for another tenant's name as for an unknown one: header, query and body", async () => {
    for (const operation of keyed().filter(({ access }) => access !== "operator")) {
      const sample = samplesOf(operation.name).good("y");
      const inQuery = (tenant: string) => ({
        ...sample,
        path: `${sample.path}${sample.path.includes("?") ? "&" : "?"}tenant=${tenant}`,
      });
      for (const way of ["header", "query"] as const) {
        const of = (tenant: string) =>
          way === "header" ? ask(operation, sample, { tenant }) : ask(operation, inQuery(tenant));
        const [other, unknown] = [await of("globex"), await of("nobody")];
        expect([operation.name, other.status]).toEqual([operation.name, 403]);
        expect(shown(other)).toBe(shown(unknown));
      }
      const own = await ask(operation, inQuery("acme"));
      expect([operation.name, own.json?.code]).not.toEqual([operation.name, "unknown_field"]);
    }
    const event = { ...EVENT, id: "smuggled" };
    for (const bodyOf of [
      (tenant: string) => ({ ...event, tenant }),
      (tenant: string) => [event, { ...event, id: "smuggled-2", tenant }],
      (tenant: string) => ({ events: [{ ...event, tenant }] }),
    ]) {
      const [other, unknown] = await Promise.all(
        ["globex", "nobody"].map((tenant) => call(server.url, "/v1/events", { key, body: bodyOf(tenant) })),
      );
      expect(other?.status).toBe(403);
      expect(other && shown(other)).toBe(unknown && shown(unknown));
    }
    const line = JSON.stringify({ ...event, tenant: "globex" });
    const stream = await call(server.url, "/v1/events", {
      key,
      body: `${line}\n`,
      type: "application/x-ndjson",
    });
    expect(stream.status).toBe(403);
    const recorded = await call(server.url, "/v1/usage/summary", { key: theirs });
    expect(recorded.json.total.events).toBe(3);
  });

  it("sees nothing of another tenant in any list, sum or export, nor with that tenant's cursor", async () => {
    const page = await call(server.url, "/v1/events?limit=1", { key: theirs });
    expect(page.text).toContain(MARK);
    const cursor = page.json.nextCursor;
    for (const operation of keyed().filter(
      ({ method, access }) => method === "GET" && access !== "operator",
    )) {
      const { path } = samplesOf(operation.name).good("z");
      const answers = [await ask(operation, { path })];
      expect([operation.name, answers[0]?.status]).toEqual([operation.name, 200]);
      if (JSON.stringify(operation.document.parameters).includes('"cursor"')) {
        answers.push(await ask(operation, { path: `${path.split("?")[0]}?cursor=${cursor}` }));
      }
      for (const { text } of answers) {
        expect(text).not.toContain(MARK);
        expect(text).not.toContain("globex");
      }
    }
  });

  it("can do what its scope names and nothing else", async () => {
    const able = SCOPES.filter((scope) => !["prices:write", "invoices:write", "verify:run"].includes(scope));
    for (const scope of able as readonly Scope[]) {
      const limited = await server.keyOf("acme", [scope]);
      for (const operation of keyed().filter(({ access }) => access !== "operator")) {
        const { good, prepare } = samplesOf(operation.name);
        const n = `${scope.replace(":", "-")}-${operation.name.length}`;
        await prepare?.(server, "acme", n);
        const { status, json } = await ask(operation, good(n), { key: limited });
        const expected = operation.scopes.every((needed) => needed === scope) ? "passes" : "scope_missing";
        expect([operation.name, scope, status === 403 ? json.code : "passes"]).toEqual([
          operation.name,
          scope,
          expected,
        ]);
      }
    }
  });

  it("is refused at once, by every server, when it is revoked", async () => {
    const id = (await server.engine.identity.keys({ kind: "operator", id: "test" }, { tenant: "acme" }))
      .items[0]?.id;
    const ended = await server.keyOf("acme");
    expect((await call(server.url, "/v1/events", { key: ended })).status).toBe(200);
    const issued = (await server.engine.identity.keys({ kind: "operator", id: "test" }, { tenant: "acme" }))
      .items[0];
    expect(issued?.id).not.toBe(id);
    await server.engine.identity.revokeKey({ kind: "operator", id: "test" }, issued?.id ?? "");
    expect((await call(server.url, "/v1/events", { key: ended })).status).toBe(401);
  });
});

describe("an operator's key", () => {
  it("names the tenant by one header, and is written down by the access log", async () => {
    const lines: string[] = [];
    const server = await startServer(await freshSqliteUrl(), {
      log: { level: "info", stream: { write: (line) => lines.push(line) } },
    });
    const key = server.operatorKey;
    const missing = await call(server.url, "/v1/usage/summary", { key });
    expect([missing.status, missing.json.code]).toEqual([422, "tenant_required"]);
    const events = ["acme", "globex"].map((tenant) => ({ ...EVENT, id: "one", tenant }));
    expect((await call(server.url, "/v1/events", { key, body: events })).json.accepted).toBe(2);
    expect((await call(server.url, "/v1/events", { key, tenant: "acme", body: events })).status).toBe(403);
    const summary = await call(server.url, "/v1/usage/summary", { key, tenant: "globex" });
    expect(summary.json.total.events).toBe(1);
    await server.close();
    const log = lines
      .map((line) => JSON.parse(line))
      .find(({ status, route }) => status === 200 && route === "/v1/usage/summary");
    expect(log).toMatchObject({
      kind: "operator",
      tenant: "globex",
      callerId: expect.stringMatching(/^key_/),
    });
    expect(lines.join("")).not.toContain(key);
  });
});
