import { describe, expect, it } from "vitest";
import { SCOPES, type Scope } from "../../src/domain/identity/index.ts";
import { MATRIX } from "./matrix.ts";
import { problemOf, ROUTES, startServer } from "./server.ts";
import { makeWorld } from "./world.ts";

const TENANTS_SCOPES = SCOPES.filter(
  (scope) => !["prices:write", "invoices:write", "verify:run"].includes(scope),
);
const NONE = "none";

describe("the matrix of routes", () => {
  it("names every route and no other", () => {
    const named = MATRIX.map(({ name }) => name).sort();
    expect(named).toEqual(ROUTES.map(({ method, path }) => `${method} ${path}`).sort());
  });

  it("says of each route what the route says of itself", () => {
    const said = ROUTES.map(({ method, path, access, scopes }) => [`${method} ${path}`, access, scopes]);
    const byName = (a: readonly unknown[], b: readonly unknown[]) => (String(a[0]) < String(b[0]) ? -1 : 1);
    expect(MATRIX.map(({ name, access, scope }) => [name, access, [scope]]).sort(byName)).toEqual(
      said.sort(byName),
    );
  });

  it("holds for every route, kind of key and scope: without the scope 403, with it the body is looked at", async () => {
    const server = await startServer("sqlite::memory:");
    const { ids } = await makeWorld(server, "acme");
    const keys: [kind: "tenant" | "operator", scope: Scope, key: string][] = [];
    for (const scope of TENANTS_SCOPES) keys.push(["tenant", scope, await server.keyFor("acme", [scope])]);
    for (const scope of SCOPES) keys.push(["operator", scope, await server.keyFor(undefined, [scope])]);
    const wrong: string[] = [];
    for (const { name, access, scope: needed, ask } of MATRIX) {
      const [method = ""] = name.split(" ");
      const isWrite = method !== "GET";
      const { path } = name.includes("accept") ? { path: "/v1/invitations/accept" } : await ask(ids, server);
      for (const [kind, scope, key] of keys) {
        const tenant = kind === "operator" ? "acme" : undefined;
        // Nothing is changed: what may be looked at holds a field that no route knows.
        const body = isWrite ? { unheard: 1 } : undefined;
        const { status, json } = await server.call(key, method, path, { tenant, body });
        const expected =
          kind === "tenant" && access === "operator"
            ? "403 operator_only"
            : scope !== needed
              ? "403 scope_missing"
              : isWrite
                ? "422 unknown_field"
                : "200 ";
        const got = `${status} ${status < 300 ? "" : json.code}`;
        if (got !== expected) wrong.push(`${name} with ${kind} ${scope}: ${got}, not ${expected}`);
      }
    }
    expect(wrong).toEqual([]);
  });

  it("refuses everybody without a key, and operators that name no tenant where one is needed", async () => {
    const server = await startServer("sqlite::memory:");
    const { ids } = await makeWorld(server, "acme");
    for (const { name, access, ask, needsTenant } of MATRIX) {
      const [method = ""] = name.split(" ");
      const { path, body } = await ask(ids, server);
      // Wrong keys are counted per address and minute.
      server.clock.advance(60_000);
      const anonymous = await server.call(NONE, method, path, { body });
      expect([anonymous.status, anonymous.json.code], name).toEqual([401, "invalid_api_key"]);
      if (access !== "tenant" && needsTenant !== true) continue;
      const nameless = await server.call(server.operator, method, path, { body });
      expect([nameless.status, nameless.json.code], name).toEqual([422, "tenant_required"]);
    }
  });

  it("puts every write of an operator on record under the request's id, checks alone left out", async () => {
    const server = await startServer("sqlite::memory:");
    const unseen: string[] = [];
    let number = 0;
    for (const { name, ask } of MATRIX) {
      const [method = ""] = name.split(" ");
      if (method === "GET") continue;
      number += 1;
      const { ids } = await makeWorld(server, `org-${number}`);
      const { path, body } = await ask(ids, server);
      const tenant =
        name.startsWith("POST /v1/organizations") && !name.includes(":id") ? undefined : ids.tenant;
      const answer = await server.call(server.operator, method, path, { body, tenant });
      expect(answer.status, `${name}: ${answer.text}`).toBeLessThan(300);
      const requestId = answer.headers.get("x-request-id");
      const { items } = await server.services.audit.listAcrossTenants({ limit: 20 });
      if (!items.some((entry) => entry.requestId === requestId)) unseen.push(name);
    }
    expect(unseen).toEqual([
      "POST /v1/budgets/check",
      "POST /v1/discount-codes/validate",
      "POST /v1/invoices/preview",
      "POST /v1/entitlements/check",
      "POST /v1/subscription/preview",
    ]);
  });

  it("is what the description of the API holds, route by route", async () => {
    const server = await startServer("sqlite::memory:");
    const { paths } = (await server.call(NONE, "GET", "/openapi.json")).json;
    for (const { name, access, scope } of MATRIX) {
      const [method = "", path = ""] = name.split(" ");
      const described = paths[path.replace(/:(\w+)/g, "{$1}")]?.[method.toLowerCase()];
      expect(described, name).toMatchObject({ "x-access": access, "x-scopes": [scope] });
    }
  });

  it("keeps problems alike: the same for any unknown id", async () => {
    const server = await startServer("sqlite::memory:");
    const { key } = await makeWorld(server, "acme");
    const one = await server.call(key, "GET", "/v1/budgets/one");
    const other = await server.call(key, "GET", "/v1/budgets/another");
    expect(problemOf(one)).toBe(problemOf(other));
    expect(one.json).toEqual({
      type: "urn:aragora:problem:budget_not_found",
      title: "Not found",
      status: 404,
      detail: "there is no such budget",
      code: "budget_not_found",
      requestId: one.json.requestId,
    });
  });
});
