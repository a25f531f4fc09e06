import { describe, expect, it } from "vitest";
import { ENGINES } from "../support/database.ts";
import { problemOf, startServer } from "./server.ts";

const AT = "2026-01-15T12:00:00.000Z";
const PROFILE = {
  ...{ legalName: "Acme GmbH", address: "Weg 1\n10115 Berlin", country: "DE", email: "billing@acme.example" },
  currency: "EUR",
};
const DUAL = ENGINES.filter(({ name }) => name !== "sqlite");

describe.each(DUAL)("organizations over HTTP on $name", ({ freshUrl }) => {
  it("are made by operators, seen and renamed by their keys, suspended, exported and erased", async () => {
    const { ok, call, operator, keyFor } = await startServer(await freshUrl());
    const body = { id: "acme", name: "Acme", ownerId: "ann", tier: "professional" };
    const made = await ok(operator, "POST", "/v1/organizations", { body });
    expect(made).toEqual({
      ...{ id: "acme", name: "Acme", slug: "acme", tier: "professional", status: "active" },
      ...{ members: 1, seats: 10, createdAt: AT, updatedAt: AT },
    });
    const path = "/v1/organizations/acme";
    const key = await keyFor("acme", ["*"]);
    expect(await ok(key, "GET", path)).toEqual(made);
    expect(await ok(operator, "GET", "/v1/organizations")).toEqual({ items: [made], nextCursor: null });
    expect((await ok(key, "PATCH", path, { body: { name: "Acme Corp" } })).name).toBe("Acme Corp");
    expect((await ok(operator, "PUT", `${path}/tier`, { body: { tier: "enterprise" } })).seats).toBe(
      "unlimited",
    );
    expect(await ok(operator, "GET", `${path}/billing-profile`)).toEqual({ profile: null });
    const profile = { ...PROFILE, taxId: null, updatedAt: AT };
    expect(await ok(operator, "PUT", `${path}/billing-profile`, { body: PROFILE })).toEqual({ profile });
    expect(await ok(operator, "PUT", "/v1/seller-profile", { body: PROFILE })).toEqual({ profile });
    expect(await ok(key, "GET", "/v1/seller-profile")).toEqual({ profile });
    expect((await ok(operator, "POST", `${path}/suspend`)).status).toBe("suspended");
    expect((await call(key, "GET", path)).json).toMatchObject({
      status: 403,
      code: "organization_suspended",
    });
    expect((await ok(operator, "POST", `${path}/resume`)).status).toBe("active");
    const exported = await ok(operator, "POST", `${path}/export`);
    expect(exported).toMatchObject({ billingProfile: profile, members: [{ userId: "ann", role: "owner" }] });
    const unsure = await call(operator, "POST", `${path}/erase`, { body: { confirm: "acme2" } });
    expect(unsure.json).toMatchObject({ status: 422, code: "not_confirmed", field: "confirm" });
    const erased = await ok(operator, "POST", `${path}/erase`, { body: { confirm: "acme" } });
    expect(erased).toMatchObject({ status: "erased", members: 0 });
    expect((await call(key, "GET", path)).status).toBe(401);
  });

  it("are joined by an invitation once, by whom it was sent to, and left; the last owner stays", async () => {
    const { ok, call, operator, organization } = await startServer(await freshUrl());
    const key = await organization("acme");
    await organization("other");
    for (const [id, email] of [
      ["bea", "bea@acme.example"],
      ["eve", "eve@evil.example"],
    ]) {
      await ok(operator, "PUT", `/v1/users/${id}`, { body: { email } });
    }
    const invite = { email: "bea@acme.example", role: "admin" };
    const { token, ...invitation } = await ok(key, "POST", "/v1/invitations", { body: invite });
    expect(token).toMatch(/^inv_[\w-]{43}$/);
    expect(invitation).toMatchObject({
      organizationId: "acme",
      role: "admin",
      status: "pending",
      userId: null,
    });
    expect(await ok(key, "GET", "/v1/invitations")).toEqual({ items: [invitation], nextCursor: null });
    const accept = (userId: string, text: string, tenant?: string) =>
      call(operator, "POST", "/v1/invitations/accept", { body: { token: text, userId }, tenant });
    const refused = [
      await accept("eve", token),
      await accept("bea", `${token}x`),
      await accept("nobody", token),
      await accept("bea", token, "other"),
    ];
    expect(new Set(refused.map(problemOf)).size).toBe(1);
    expect(refused[0]?.status).toBe(404);
    const members = await Promise.all(Array.from({ length: 5 }, () => accept("bea", token)));
    expect(members.map(({ status }) => status).sort()).toEqual([200, 412, 412, 412, 412]);
    const list = await ok(key, "GET", "/v1/members");
    expect(list.items.map(({ userId, role }: Record<string, string>) => [userId, role])).toEqual([
      ["acme-owner", "owner"],
      ["bea", "admin"],
    ]);
    // A key is an admin at most: it makes no owner, and takes none away.
    const grab = await call(key, "POST", "/v1/invitations", { body: { ...invite, role: "owner" } });
    expect(grab.json).toMatchObject({ status: 403, code: "role_above_own" });
    const oust = await call(key, "DELETE", "/v1/members/acme-owner");
    expect(oust.json).toMatchObject({ status: 403, code: "role_above_own" });
    const last = await call(operator, "DELETE", "/v1/members/acme-owner", { tenant: "acme" });
    expect(last.json).toMatchObject({ status: 412, code: "last_owner" });
    const path = "/v1/members/bea";
    expect((await ok(operator, "PATCH", path, { body: { role: "member" }, tenant: "acme" })).role).toBe(
      "member",
    );
    expect(await ok(key, "DELETE", path)).toEqual({ userId: "bea", removed: true });
    const entries = (await ok(key, "GET", "/v1/audit-log?limit=500")).items;
    const actions = entries.map(({ action }: { action: string }) => action);
    for (const action of ["member.invited", "member.joined", "member.role_changed", "member.removed"]) {
      expect(actions).toContain(action);
    }
    expect(JSON.stringify(entries)).not.toMatch(/bea@acme|inv_/);
  });

  it("have workspaces", async () => {
    const { ok, call, organization } = await startServer(await freshUrl());
    const key = await organization("acme");
    const made = await ok(key, "POST", "/v1/workspaces", { body: { id: "ws", name: "Research" } });
    const expected = { id: "ws", organizationId: "acme", name: "Research", status: "active" };
    expect(made).toEqual({ ...expected, createdAt: AT, updatedAt: AT });
    const twice = await call(key, "POST", "/v1/workspaces", { body: { id: "ws", name: "Research" } });
    expect(twice.json).toMatchObject({ status: 409, code: "workspace_exists", field: "id" });
    expect((await ok(key, "PATCH", "/v1/workspaces/ws", { body: { name: "Lab" } })).name).toBe("Lab");
    expect((await ok(key, "POST", "/v1/workspaces/ws/archive")).status).toBe("archived");
    expect((await ok(key, "GET", "/v1/workspaces")).items).toMatchObject([{ id: "ws", name: "Lab" }]);
  });
});

describe.each(DUAL)("API keys over HTTP on $name", ({ freshUrl }) => {
  it("are shown once, may not exceed their maker, and end at once", async () => {
    const { ok, call, operator, organization, keyFor, lines } = await startServer(await freshUrl());
    await organization("acme");
    const maker = await keyFor("acme", ["keys:write", "usage:read"]);
    const body = { name: "ingest", scopes: ["usage:read", "keys:write"], networks: ["127.0.0.0/8"] };
    const { key, ...view } = await ok(maker, "POST", "/v1/api-keys", { body });
    expect(key).toMatch(/^ara_[0-9a-f]{12}_[\w-]{43}$/);
    expect(view).toEqual({
      id: expect.stringMatching(/^key_/),
      ...{ kind: "tenant", tenant: "acme", name: "ingest", prefix: key.slice(0, 16) },
      ...{ scopes: ["usage:read", "keys:write"], networks: ["127.0.0.0/8"] },
      createdBy: { kind: "key", id: expect.stringMatching(/^key_/) },
      ...{ createdAt: AT, expiresAt: null, lastUsedAt: null, revokedAt: null },
    });
    const list = await call(maker, "GET", "/v1/api-keys");
    expect(list.json.items[0]).toEqual(view);
    expect(list.text).not.toContain(key);
    const above = await call(maker, "POST", "/v1/api-keys", { body: { name: "x", scopes: ["*"] } });
    expect(above.json).toMatchObject({ status: 403, code: "scope_above_own" });
    expect((await ok(key, "GET", "/v1/api-keys")).items.length).toBe(3);
    const revoked = await ok(maker, "POST", `/v1/api-keys/${view.id}/revoke`);
    expect(revoked).toMatchObject({ id: view.id, revokedAt: AT });
    expect((await call(key, "GET", "/v1/api-keys")).status).toBe(401);
    expect(lines.join("")).not.toContain(key);
    const forgotten = await call(operator, "POST", "/v1/api-keys", { body: { name: "x", scopes: ["*"] } });
    expect(forgotten.json).toMatchObject({ status: 422, code: "tenant_required", field: "tenant" });
    const all = await ok(operator, "GET", "/v1/api-keys");
    expect(all.items.some(({ kind }: { kind: string }) => kind === "operator")).toBe(true);
  });
});

describe("the plans", () => {
  it("are the five tiers, with prices as text", async () => {
    const { ok, operator } = await startServer("sqlite::memory:");
    const { items } = await ok(operator, "GET", "/v1/plans");
    expect(
      items.map((plan: Record<string, unknown>) => [plan.tier, plan.priceMonthlyUsd, plan.usersPerOrg]),
    ).toEqual([
      ["free", "0.00", 1],
      ["starter", "99.00", 2],
      ["professional", "299.00", 10],
      ["enterprise", "999.00", "unlimited"],
      ["enterprise_plus", "5000.00", "unlimited"],
    ]);
    expect(items[2].features).toMatchObject({ auditLogs: true, ssoEnabled: false });
  });
});
