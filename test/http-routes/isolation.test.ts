import { describe, expect, it } from "vitest";
import { SCOPES } from "../../src/domain/identity/index.ts";
import { ENGINES } from "../support/database.ts";
import { MATRIX } from "./matrix.ts";
import { problemOf, type Server, START, startServer } from "./server.ts";
import { type Made, makeThings, makeWorld, type World } from "./world.ts";

const TENANTS_SCOPES = SCOPES.filter(
  (scope) => !["prices:write", "invoices:write", "verify:run"].includes(scope),
);

/** Everything that a tenant can see of its own. */
async function seenBy({ call }: Server, key: string, { budget, endpoint, tenant }: Made): Promise<string> {
  const paths = [
    ...["/v1/budgets?closed=true", "/v1/alerts", "/v1/members", "/v1/invitations", "/v1/workspaces"],
    ...["/v1/api-keys", "/v1/audit-log", "/v1/webhook-endpoints", "/v1/notifications"],
    "/v1/invoices",
    ...["/v1/credits", "/v1/credits/transactions", "/v1/credits/top-up", "/v1/volume-discount"],
    ...["status", "transactions", "alerts"].map((part) => `/v1/budgets/${budget}/${part}`),
    ...[`/v1/webhook-endpoints/${endpoint}/deliveries`, `/v1/organizations/${tenant}`],
  ];
  const texts: string[] = [];
  for (const path of paths)
    texts.push((await call(key, "GET", path)).text.replace(/"lastUsedAt":"[^"]*"/g, ""));
  return texts.join("\n");
}

/** Ids like those of somebody else, of nobody. */
function unknownIds(ids: Made): Made {
  const other = Object.entries(ids).map(([name, id]) => [name, `${id.slice(0, -6)}zzzzzz`]);
  return Object.fromEntries(other) as unknown as Made;
}

/** One id in every place. */
function allOf(id: string): Made {
  const names = ["tenant", "budget", "hold", "alert", "member", "invitation", "workspace", "apiKey"];
  return Object.fromEntries(
    [
      ...names,
      "endpoint",
      "delivery",
      "notification",
      "lot",
      "deduction",
      "code",
      "redemption",
      "invoice",
      "draft",
      "creditNote",
    ].map((name) => [name, id]),
  ) as unknown as Made;
}

describe.each(ENGINES.filter(({ name }) => name !== "sqlite"))(
  "tenants over HTTP on $name",
  ({ freshUrl }) => {
    it("cannot tell another tenant's ids from ids of nobody, by any route, nor can an operator that names a tenant", async () => {
      const server = await startServer(await freshUrl());
      const alpha = await makeWorld(server, "alpha");
      const bravo = await makeWorld(server, "bravo");
      const before = await seenBy(server, bravo.key, bravo.ids);
      const unknown = unknownIds(bravo.ids);
      const walked: string[] = [];
      for (const { name, access, ask, about } of MATRIX) {
        if (about === undefined) continue;
        const [method = ""] = name.split(" ");
        const foreign = await ask(bravo.ids, server);
        const nobodys = await ask(unknown, server);
        const callers: [key: string, tenant: string | undefined][] = [
          [alpha.key, undefined],
          [server.operator, "alpha"],
        ];
        for (const [key, tenant] of callers) {
          const one = await server.call(key, method, foreign.path, { body: foreign.body, tenant });
          const other = await server.call(key, method, nobodys.path, { body: nobodys.body, tenant });
          expect(problemOf(one), `${name} ${tenant ?? ""}`).toBe(problemOf(other));
          const isOperatorOnly = access === "operator" && tenant === undefined;
          expect(one.status, `${name}: ${one.text}`).toBe(isOperatorOnly ? 403 : 404);
          expect(one.text).not.toContain(bravo.ids[about]);
        }
        walked.push(name);
      }
      expect(walked.length).toBeGreaterThan(30);
      expect(await seenBy(server, bravo.key, bravo.ids)).toBe(before);
    });

    it("find nothing of each other in lists, and nothing by cursors of each other's lists", async () => {
      const server = await startServer(await freshUrl());
      const alpha = await makeWorld(server, "alpha");
      const bravo = await makeWorld(server, "bravo");
      const more = await makeThings(server, "bravo", bravo.key);
      const bravoIds = [...Object.values(bravo.ids), ...Object.values(more)];
      await makeThings(server, "alpha", alpha.key);
      for (const { key, ids } of [alpha, bravo]) {
        const { scope } = await server.ok(key, "GET", `/v1/budgets/${ids.budget}`);
        const body = { amountUsd: "0.25", dimensions: { workspace: scope.workspace } };
        await server.ok(key, "POST", "/v1/spends", { body });
        await server.ok(key, "POST", `/v1/webhook-endpoints/${ids.endpoint}/test`, { body: {} });
      }
      const stolenFrom: string[] = [];
      const lists = MATRIX.filter(({ name }) => name.startsWith("GET"));
      for (const { name, ask, access } of lists) {
        if (access === "operator") continue;
        const { path } = await ask(alpha.ids, server);
        const own = await server.ok(alpha.key, "GET", path);
        expect(JSON.stringify(own), name).not.toContain("bravo");
        for (const id of bravoIds) expect(JSON.stringify(own), name).not.toContain(id);
        const page = await server.call(bravo.key, "GET", `${(await ask(bravo.ids, server)).path}?limit=1`);
        const cursor = page.status === 200 ? page.json.nextCursor : undefined;
        if (typeof cursor !== "string") continue;
        stolenFrom.push(name.replace("GET /v1/", ""));
        const stolen = await server.call(alpha.key, "GET", `${path}?cursor=${cursor}`);
        expect(stolen.text, name).not.toContain("bravo");
        for (const id of bravoIds) expect(stolen.text, name).not.toContain(id);
      }
      expect(stolenFrom).toEqual([
        ...["budgets", "budgets/:id/transactions", "budgets/:id/alerts", "alerts", "members", "invitations"],
        ...["workspaces", "api-keys", "audit-log", "webhook-endpoints/:id/deliveries", "notifications"],
        ...["credits/transactions", "invoices"],
      ]);
    });

    it("name no other tenant: not in the header, not in the query, not in a body", async () => {
      const server = await startServer(await freshUrl());
      const { key } = await makeWorld(server, "alpha");
      await server.organization("bravo");
      const header = await server.call(key, "GET", "/v1/budgets", { tenant: "bravo" });
      const nobody = await server.call(key, "GET", "/v1/budgets", { tenant: "nobody" });
      expect([header.status, header.json.code]).toEqual([403, "other_tenant"]);
      expect(problemOf(header)).toBe(problemOf(nobody));
      expect((await server.call(key, "GET", "/v1/budgets?tenant=bravo")).json.code).toBe("other_tenant");
      for (const path of [
        "/v1/budgets",
        "/v1/holds",
        "/v1/spends",
        "/v1/budgets/check",
        "/v1/api-keys",
        "/v1/credits/deduct",
        "/v1/discount-codes/apply",
      ]) {
        const { json } = await server.call(key, "POST", path, { body: { tenant: "bravo" } });
        expect(json, path).toMatchObject({ code: "unknown_field", field: "tenant" });
      }
      const raised = { name: "k", scopes: ["keys:write"], kind: "operator" };
      const { json } = await server.call(key, "POST", "/v1/api-keys", { body: raised });
      expect(json).toMatchObject({ status: 422, code: "tenant_named" });
    });

    it("page through a list without a gap or a repeat while it grows", async () => {
      const server = await startServer(await freshUrl());
      const key = await server.organization("alpha");
      const add = (name: string) => server.ok(key, "POST", "/v1/budgets", { body: { name, limit: "1" } });
      for (const name of ["a", "b", "c", "d", "e"]) await add(name);
      const seen: string[] = [];
      for (let cursor: string | null = ""; cursor !== null; ) {
        const more: string = cursor === "" ? "" : `&cursor=${cursor}`;
        const page = await server.ok(key, "GET", `/v1/budgets?limit=2${more}`);
        seen.push(...page.items.map(({ name }: { name: string }) => name));
        if (cursor === "") {
          await add("f");
          await server.ok(key, "POST", `/v1/budgets/${page.items[1].id}/close`);
        }
        cursor = page.nextCursor;
      }
      expect(seen.filter((name) => name.length === 1)).toEqual(["a", "b", "c", "d", "e", "f"]);
      expect(new Set(seen).size).toBe(seen.length);
    });

    it("are told that a cursor is none, whatever it holds", async () => {
      const server = await startServer(await freshUrl());
      const { key, ids }: World = await makeWorld(server, "alpha");
      const cursors = [
        ...["x", '["a\\u0000b"]', "[1e300]", "[1.5]", "[-1]", "[null]", '["a",1]', "[]", '{"a":1}'],
        ...['["\\ud800"]', '[1,"\\u0000"]'],
      ].map((text) => Buffer.from(text).toString("base64url"));
      const paths = [
        ...[
          "budgets",
          "alerts",
          "members",
          "invitations",
          "workspaces",
          "api-keys",
          "audit-log",
          "notifications",
          "credits/transactions",
          "invoices",
        ],
        ...[`budgets/${ids.budget}/transactions`, `budgets/${ids.budget}/alerts`],
        `webhook-endpoints/${ids.endpoint}/deliveries`,
        `invoices/${ids.invoice}/lines/L1/explain`,
      ];
      for (const path of paths) {
        for (const cursor of cursors) {
          const answer = await server.call(key, "GET", `/v1/${path}?cursor=${cursor}`);
          expect([answer.status, answer.json.code], `${path} ${cursor}`).toEqual([422, "invalid_cursor"]);
        }
      }
    });
  },
);

describe("an id of another tenant", () => {
  it("is the same as of nobody in any place of a path, whatever kind of id stands there, with a key of any one scope", async () => {
    const server = await startServer("sqlite::memory:");
    await server.organization("alpha");
    const bravo = await makeWorld(server, "bravo");
    const unknown = unknownIds(bravo.ids);
    const keys = await Promise.all(
      TENANTS_SCOPES.map(async (scope) => [scope, await server.keyFor("alpha", [scope])] as const),
    );
    const told: string[] = [];
    let asked = 0;
    for (const { name, ask, about, scope: needed, access } of MATRIX) {
      if (about === undefined) continue;
      const [method = ""] = name.split(" ");
      for (const kind of Object.keys(bravo.ids) as (keyof Made)[]) {
        const [foreign, nobodys] = [
          await ask(allOf(bravo.ids[kind]), server),
          await ask(allOf(unknown[kind]), server),
        ];
        for (const [scope, key] of keys) {
          // Without the scope the path is not even looked at: one kind of id says it.
          if (scope !== needed && kind !== about) continue;
          const one = await server.call(key, method, foreign.path, { body: foreign.body });
          const other = await server.call(key, method, nobodys.path, { body: nobodys.body });
          asked += 1;
          const expected = access === "operator" || scope !== needed ? 403 : 404;
          if (one.status === expected && problemOf(one) === problemOf(other)) continue;
          told.push(`${name} with ${scope} and a ${kind}: ${one.text}, and of nobody ${other.text}`);
        }
      }
    }
    expect(told).toEqual([]);
    expect(asked).toBeGreaterThan(400);
  });

  it("in a body is the same as of nobody, and reaches nothing: an event that names a hold", async () => {
    const server = await startServer("sqlite::memory:");
    const alpha = await makeWorld(server, "alpha");
    const bravo = await makeWorld(server, "bravo");
    const before = await seenBy(server, bravo.key, bravo.ids);
    const event = { provider: "openai", model: "gpt-4o-mini", tokensIn: 700_000, timestamp: START };
    const answers: string[] = [];
    for (const holdId of [bravo.ids.hold, unknownIds(bravo.ids).hold]) {
      const body = { ...event, id: `of ${holdId}`, holdId };
      const { status, text } = await server.call(alpha.key, "POST", "/v1/events", { body });
      answers.push(`${status} ${text.replaceAll(holdId, "")}`);
    }
    expect(answers[0]).toBe(answers[1]);
    expect(answers[0]).toMatch(/^200 /);
    expect(await seenBy(server, bravo.key, bravo.ids)).toBe(before);
    const hold = await server.ok(bravo.key, "GET", `/v1/holds/${bravo.ids.hold}`);
    expect(hold).toMatchObject({ state: "open", settledBy: null });
  });
});
