// People over HTTP: who may call what, and what nobody may.

import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { scopesOf } from "../../src/domain/identity/index.ts";
import { MembershipRole, ROLE_PERMISSIONS } from "../../src/domain/organizations/index.ts";
import { type Operation, operationsOf } from "../http/samples.ts";
import { type Filled, fillTenant } from "../http-routes/filled.ts";
import { freshPostgresUrl, freshSqliteUrl } from "../support/database.ts";
import {
  type Answer,
  call,
  startServer,
  startServerProcess,
  type TestServer,
} from "../support/http-server.ts";
import { USER_ROUTES } from "./routes.ts";

const OPERATOR = { kind: "operator", id: "test" } as const;
const ROLES = Object.values(MembershipRole);
/** What a role needs beside the scope, asked for by the service: as docs/organizations.md has it. */
const BY_ROLE: Readonly<Record<string, readonly MembershipRole[]>> = {
  "GET /v1/api-keys": ["owner", "admin"],
  "GET /v1/audit-log": ["owner", "admin"],
  "GET /v1/invitations": ["owner", "admin"],
  "GET /v1/organizations/{id}/billing-profile": ["owner", "billing"],
  "PATCH /v1/members/{id}": ["owner"],
  "PATCH /v1/organizations/{id}": ["owner", "admin"],
  "PATCH /v1/workspaces/{id}": ["owner", "admin"],
  "POST /v1/invitations": ["owner", "admin"],
  "POST /v1/invitations/{id}/revoke": ["owner", "admin"],
  "POST /v1/organizations/{id}/erase": ["owner"],
  "POST /v1/organizations/{id}/export": ["owner"],
  "POST /v1/workspaces": ["owner", "admin"],
  "POST /v1/workspaces/{id}/archive": ["owner", "admin"],
  "PUT /v1/organizations/{id}/billing-profile": ["owner", "billing"],
  "GET /v1/subscription/lines": ["owner", "billing"],
  ...Object.fromEntries(
    ["preview", "change", "trial", "convert-trial", "cancel", "resume"].map((step) => [
      `POST /v1/subscription/${step}`,
      ["owner", "billing"] as const,
    ]),
  ),
  "DELETE /v1/members/{id}": ["owner", "admin"],
};
/** Another way to say no to one who is not the invited, or not the owner to be. */
const OTHERWISE = new Set(["POST /v1/invitations/accept", "POST /v1/organizations"]);

function shown({ status, text }: Answer, ...ids: readonly string[]): string {
  let body = text.replace(/"requestId":"[^"]*"/g, "");
  for (const id of ids) body = body.replaceAll(id, "ID");
  return `${status} ${body}`;
}

describe.each([
  { name: "sqlite", freshUrl: freshSqliteUrl },
  { name: "postgres", freshUrl: freshPostgresUrl },
])("people on $name", ({ freshUrl }) => {
  let server: TestServer;
  let operations: Operation[];
  let ours: Filled;
  let theirs: Filled;
  const tokens = new Map<MembershipRole, string>();

  beforeAll(async () => {
    server = await startServer(await freshUrl(), { limits: { perKey: null, perTenant: null } });
    operations = (await operationsOf(server.url)).filter(
      ({ access }) => access !== "public" && access !== "user",
    );
    ours = await fillTenant(server, "acme");
    theirs = await fillTenant(server, "globex");
    for (const role of ROLES) {
      await server.engine.organizations.addMember(OPERATOR, "acme", `our_${role}`, role);
      tokens.set(role, await tokenOf(`our_${role}`));
    }
  });
  afterAll(() => server.close());

  const tokenOf = async (userId: string) =>
    (await server.engine.sessions.issue({ userId, authenticatedBy: ["password"] })).accessToken;
  const ask = (operation: Operation, { samples }: Filled, more: object) => {
    const sample = samples.get(operation.name);
    if (sample === undefined) throw new Error(`no request for ${operation.name}`);
    return call(server.url, sample.path, {
      method: operation.method,
      ...(sample.body !== undefined && { body: sample.body }),
      ...more,
    });
  };

  it("have their routes listed, so that a new one is missing until it is walked", async () => {
    const all = await operationsOf(server.url);
    const forUsers = all.filter(
      ({ access, method }) => access === "user" || (access === "public" && method === "POST"),
    );
    expect(forUsers.map(({ name }) => name).sort()).toEqual([...USER_ROUTES].sort());
  });

  it("cannot tell another organization's things from nobody's, whatever their role and the route", async () => {
    for (const role of ROLES) {
      const key = tokens.get(role);
      for (const operation of operations.filter(({ name }) => !OTHERWISE.has(name))) {
        const other = await ask(operation, ours, { key, tenant: "globex" });
        const unknown = await ask(operation, ours, { key, tenant: "nobody" });
        expect([operation.name, other.status]).toEqual([operation.name, 403]);
        expect(shown(other, "globex")).toBe(shown(unknown, "nobody"));
        if (!operation.name.includes("{") || !Object.hasOwn(operation.document, "parameters")) continue;
        const found = await ask(operation, theirs, { key, tenant: "acme" });
        expect([operation.name, role, [403, 404].includes(found.status)]).toEqual([
          operation.name,
          role,
          true,
        ]);
        expect(found.text).not.toContain("globex.example");
      }
    }
  });

  it("see nothing of another organization in any list, sum or export", async () => {
    for (const operation of operations.filter(
      ({ name, access }) => name.startsWith("GET") && access !== "operator",
    )) {
      if (operation.name.includes("{")) continue;
      const { status, text } = await ask(operation, ours, { key: tokens.get("owner") });
      expect([operation.name, status]).toEqual([operation.name, 200]);
      expect(text).not.toContain("globex");
    }
  });

  it("get in exactly where their role's scopes and permissions say, route by route", async () => {
    // What ends the organization comes last.
    const last = (name: string) => Number(name.endsWith("/erase"));
    const sorted = [...operations].sort((a, b) => last(a.name) - last(b.name));
    const deviations: unknown[] = [];
    for (const operation of sorted.filter(({ name }) => !OTHERWISE.has(name))) {
      for (const role of [...ROLES].reverse()) {
        const scopes: readonly string[] = scopesOf(ROLE_PERMISSIONS[role]);
        const isForUsers = operation.access !== "operator" || operation.isForUsers;
        const hasScopes = operation.scopes.every((scope) => scopes.includes(scope));
        const hasRole = BY_ROLE[operation.name]?.includes(role) ?? true;
        const expected = isForUsers && hasScopes && hasRole;
        const { status, json } = await ask(operation, ours, { key: tokens.get(role), tenant: "acme" });
        const isIn = status !== 403 && status !== 401 && status < 500;
        if (isIn !== expected) deviations.push([operation.name, role, status, json?.code]);
      }
    }
    expect(deviations).toEqual([]);
  }, 120_000);
});

describe("a role or session that was taken away", () => {
  it("is gone at the next request, in a second process", async () => {
    const database = await freshSqliteUrl();
    const server = await startServer(database);
    const other = await startServerProcess(database);
    const { url } = other;
    const { engine } = server;
    const key = await server.keyOf("acme");
    await engine.organizations.setTier(OPERATOR, "acme", "enterprise");
    await engine.organizations.addMember(OPERATOR, "acme", "ann", "admin");
    const pair = await engine.sessions.issue({ userId: "ann", authenticatedBy: ["password"] });
    const look = () => call(url, "/v1/audit-log", { key: pair.accessToken });
    expect((await look()).status).toBe(200);
    await engine.organizations.updateRole(OPERATOR, "acme", "ann", "viewer");
    expect((await look()).json).toMatchObject({ status: 403, code: "scope_missing" });
    expect((await call(url, "/v1/usage/summary", { key: pair.accessToken })).status).toBe(200);
    await engine.organizations.removeMember(OPERATOR, "acme", "ann");
    expect((await call(url, "/v1/usage/summary", { key: pair.accessToken, tenant: "acme" })).json.code).toBe(
      "other_tenant",
    );
    await engine.sessions.revokeAll("ann");
    expect((await call(url, "/v1/me", { key: pair.accessToken })).json).toMatchObject({
      ...{ status: 401, code: "invalid_token" },
    });
    expect((await call(url, "/v1/me", { key })).json.code).toBe("users_only");
    await other.terminate();
    await server.close();
  });
});
