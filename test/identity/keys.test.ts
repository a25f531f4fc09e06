import { randomBytes } from "node:crypto";
import { describe, expect, it, vi } from "vitest";
import { actorOf, type NewApiKey, requireScope, SCOPES, tenantFor } from "../../src/domain/identity/index.ts";
import type { Actor } from "../../src/domain/organizations/index.ts";
import { ENGINES } from "../support/database.ts";
import {
  codeOf,
  fresh,
  moreServices,
  OPERATOR,
  type Services,
  startServices,
  startTeam,
  user,
} from "./services.ts";

const TENANT_SCOPES = SCOPES.filter(
  (scope) => !["prices:write", "invoices:write", "verify:run"].includes(scope),
);

async function keyFor({ identity }: Services, over: Partial<NewApiKey> = {}) {
  return identity.createKey(OPERATOR, { name: fresh("key"), scopes: ["*"], ...over });
}

describe.each(ENGINES)("API keys on $name", ({ name, freshUrl }) => {
  const isShared = name !== "sqlite memory";

  it("say whose they are and what they allow", async () => {
    const s = await startServices(await freshUrl());
    const { org } = await startTeam(s);
    const operator = await keyFor(s);
    expect(await s.identity.authenticate(operator.key)).toEqual({
      ...{ kind: "operator", id: operator.id, tenant: null, scopes: SCOPES },
    });
    const tenant = await keyFor(s, { tenant: org.id, scopes: ["usage:read", "events:write", "usage:read"] });
    expect(tenant).toMatchObject({ kind: "tenant", tenant: org.id, scopes: ["events:write", "usage:read"] });
    expect(await s.identity.authenticate(tenant.key)).toEqual({
      ...{ kind: "tenant", id: tenant.id, tenant: org.id, scopes: ["events:write", "usage:read"] },
    });
    const all = await keyFor(s, { tenant: org.id });
    expect((await s.identity.authenticate(all.key)).scopes).toEqual(TENANT_SCOPES);
  });

  it("are refused in one and the same way when unknown, expired, revoked, of an erased tenant, or none", async () => {
    const s = await startServices(await freshUrl());
    const { org } = await startTeam(s);
    const gone = await startTeam(s);
    const good = await keyFor(s, { tenant: org.id });
    const short = await keyFor(s, { tenant: org.id, expiresAt: "2026-01-01T00:01:00Z" });
    const revoked = await keyFor(s);
    const erased = await keyFor(s, { tenant: gone.org.id });
    await s.identity.revokeKey(OPERATOR, revoked.id);
    await s.organizations.erase(OPERATOR, gone.org.id);
    s.clock.advance(59_999);
    await s.identity.authenticate(short.key);
    s.clock.advance(1);
    const otherEnd = `${good.key.slice(0, -1)}${good.key.endsWith("A") ? "B" : "A"}`;
    const texts = [short.key, revoked.key, erased.key, otherEnd, "", "Bearer", undefined, null, 7];
    const answers = new Set<string>();
    for (const text of texts) {
      const error: unknown = await s.identity.authenticate(text as string).catch((reason: unknown) => reason);
      expect(error).toMatchObject({ kind: "unauthenticated" });
      answers.add(JSON.stringify(error));
    }
    expect(answers.size).toBe(1);
    expect(await s.identity.authenticate(good.key)).toMatchObject({ tenant: org.id });
  });

  it("are refused by a second process at the call after they were revoked, or their tenant suspended", async () => {
    const url = await freshUrl();
    const s = await startServices(url);
    const other = isShared ? await moreServices(url) : s;
    const { org, users } = await startTeam(s);
    const key = await keyFor(s, { tenant: org.id });
    await other.identity.authenticate(key.key);
    await s.organizations.suspend(OPERATOR, org.id);
    expect(await codeOf(other.identity.authenticate(key.key))).toBe("organization_suspended");
    await s.organizations.resume(OPERATOR, org.id);
    await other.identity.authenticate(key.key);
    const { revokedAt } = await s.identity.revokeKey(user(users.admin), key.id);
    expect(await codeOf(other.identity.authenticate(key.key))).toBe("invalid_api_key");
    s.clock.advance(1_000);
    expect((await s.identity.revokeKey(OPERATOR, key.id)).revokedAt).toBe(revokedAt);
  });

  it("are told apart when two have the same prefix", async () => {
    const same = (bytes: number) => (bytes === 6 ? Buffer.alloc(6, 7) : randomBytes(bytes));
    const s = await startServices(await freshUrl(), same);
    const { org } = await startTeam(s);
    const [one, two] = [await keyFor(s), await keyFor(s, { tenant: org.id })];
    expect(one.prefix).toBe(two.prefix);
    expect(await s.identity.authenticate(one.key)).toMatchObject({ id: one.id });
    expect(await s.identity.authenticate(two.key)).toMatchObject({ id: two.id });
    await s.identity.revokeKey(OPERATOR, one.id);
    expect(await codeOf(s.identity.authenticate(one.key))).toBe("invalid_api_key");
    expect(await s.identity.authenticate(two.key)).toMatchObject({ id: two.id });
  });

  it("work from their networks only, and not from nowhere", async () => {
    const s = await startServices(await freshUrl());
    const { key } = await keyFor(s, { networks: ["192.0.2.0/24", "2001:db8::/32"] });
    for (const ip of ["192.0.2.9", "::ffff:192.0.2.9", "2001:db8::9"]) {
      await s.identity.authenticate(key, { ip });
    }
    for (const ip of ["192.0.3.9", "2001:db9::9", "::192.0.2.9", "", undefined]) {
      await expect(s.identity.authenticate(key, { ip })).rejects.toMatchObject({
        ...{ kind: "forbidden", code: "ip_not_allowed" },
      });
    }
  });

  it("cannot be made from a dump of the database", async () => {
    const s = await startServices(await freshUrl());
    const { org, users } = await startTeam(s);
    const keys = [await keyFor(s), await keyFor(s, { tenant: org.id }), await s.identity.ensureOperatorKey()];
    const invitation = await s.organizations.inviteMember(user(users.owner), org.id, {
      ...{ email: "guest@example.com", role: "viewer" },
    });
    const dump = await dumpOf(s);
    expect(dump).toContain(keys[0]?.id);
    for (const secret of [keys[0]?.key, keys[1]?.key, invitation.token]) {
      expect(dump).not.toContain(secret);
      expect(dump).not.toContain(secret?.slice(-24));
    }
    // Nothing in it has the form of a key, nor opens anything when it is tried as one.
    expect(dump).not.toMatch(/ara_[0-9a-f]{12}_/);
    const hashes = dump.match(/[0-9a-f]{64}/g) ?? [];
    expect(hashes.length).toBeGreaterThanOrEqual(3);
    for (const hash of hashes) {
      const forged = `${keys[0]?.prefix}_${hash.slice(0, 43)}`;
      expect(await codeOf(s.identity.authenticate(forged))).toBe("invalid_api_key");
      expect(await codeOf(s.organizations.acceptInvitation(user(users.owner), hash))).toBe(
        "invitation_not_found",
      );
    }
    const { items } = await s.identity.keysAcrossTenants(OPERATOR);
    expect(JSON.stringify(items)).not.toMatch(/[0-9a-f]{64}|"key"/);
  });

  it("never reach another tenant", async () => {
    const s = await startServices(await freshUrl());
    const [a, b] = [await startTeam(s), await startTeam(s)];
    const [ofA, ofB, operators] = [
      await keyFor(s, { tenant: a.org.id }),
      await keyFor(s, { tenant: b.org.id }),
      await keyFor(s),
    ];
    const principal = await s.identity.authenticate(ofA.key);
    expect(tenantFor(principal, undefined)).toBe(a.org.id);
    expect(tenantFor(principal, a.org.id)).toBe(a.org.id);
    const refusals = [b.org.id, "no-such-tenant", ""].map((named) => {
      try {
        return tenantFor(principal, named);
      } catch (error) {
        return JSON.stringify(error);
      }
    });
    expect(new Set(refusals).size).toBe(1);
    expect(refusals[0]).toContain("other_tenant");
    const operator = await s.identity.authenticate(operators.key);
    expect(tenantFor(operator, b.org.id)).toBe(b.org.id);
    expect(() => tenantFor(operator, undefined)).toThrow(
      expect.objectContaining({ code: "tenant_required" }),
    );

    const actors: Actor[] = [actorOf(principal), user(a.users.owner), user("nobody")];
    for (const actor of actors) {
      for (const foreign of [ofB.id, operators.id]) {
        const answer = async (id: string) =>
          JSON.stringify(await s.identity.revokeKey(actor, id).catch((error: unknown) => error));
        expect(await answer(foreign)).toBe(await answer("key_unknown"));
      }
      const input = { name: "x", scopes: ["events:write"] } as const;
      expect(await codeOf(s.identity.createKey(actor, { ...input, tenant: b.org.id }))).toBe(
        "organization_not_found",
      );
      expect(await codeOf(s.identity.createKey(actor, input))).toBe("permission_denied");
      expect(await codeOf(s.identity.keys(actor, { tenant: b.org.id }))).toBe("organization_not_found");
      expect(await codeOf(s.identity.keys(actor))).toBe("permission_denied");
      expect(await codeOf(s.identity.keysAcrossTenants(actor))).toBe("permission_denied");
    }
    const { items } = await s.identity.keys(actorOf(principal), { tenant: a.org.id });
    expect(items.map(({ id }) => id)).toEqual([ofA.id]);
  });

  it("make no key that may do more than they", async () => {
    const s = await startServices(await freshUrl());
    const { org, users } = await startTeam(s);
    const maker = await keyFor(s, { tenant: org.id, scopes: ["keys:write", "events:write"] });
    const actor = actorOf(await s.identity.authenticate(maker.key));
    const make = (over: Partial<NewApiKey>, by = actor) =>
      s.identity.createKey(by, { tenant: org.id, name: "n", scopes: ["events:write"], ...over });
    await make({});
    expect(await codeOf(make({ scopes: ["*"] }))).toBe("scope_above_own");
    expect(await codeOf(make({ scopes: ["usage:read"] }))).toBe("scope_above_own");
    const reader = await keyFor(s, { tenant: org.id, scopes: ["events:write"] });
    const weak = await s.identity.authenticate(reader.key);
    expect(await codeOf(make({}, actorOf(weak)))).toBe("scope_missing");
    expect(() => requireScope(weak, "usage:read")).toThrow(
      expect.objectContaining({ code: "scope_missing" }),
    );
    requireScope(weak, "events:write");
    for (const scopes of [["prices:write"], ["invoices:write"], ["verify:run"], ["god"], [], undefined]) {
      expect(await codeOf(make({ scopes: scopes as ["*"] }, user(users.owner)))).toBe("invalid_scopes");
    }
    const limited = actorOf(await s.identity.authenticate((await keyFor(s, { scopes: ["keys:write"] })).key));
    expect(await codeOf(s.identity.createKey(limited, { name: "n", scopes: ["*"] }))).toBe("scope_above_own");
  });

  it("are never made with a bad name, an end in the past, a bad network, or for nobody", async () => {
    const s = await startServices(await freshUrl());
    for (const [over, code] of [
      [{ name: " " }, "invalid_text"],
      [{ name: "a\nb" }, "invalid_text"],
      [{ expiresAt: "2026-01-01T00:00:00Z" }, "invalid_expiry"],
      [{ expiresAt: "tomorrow" }, "invalid_timestamp"],
      [{ networks: ["10.0.0"] }, "invalid_networks"],
      [{ tenant: "" }, "invalid_tenant"],
      [{ tenant: "no-such-tenant" }, "organization_not_found"],
    ] as const) {
      expect(await codeOf(keyFor(s, over))).toBe(code);
    }
    expect((await s.identity.keysAcrossTenants(OPERATOR)).items).toEqual([]);
  });

  it("note their last use, once a minute at most", async () => {
    const s = await startServices(await freshUrl());
    const { id, key } = await keyFor(s);
    const lastUsed = async () => {
      const { items } = await s.identity.keysAcrossTenants(OPERATOR);
      return items.find((view) => view.id === id)?.lastUsedAt;
    };
    expect(await lastUsed()).toBeNull();
    await Promise.all(Array.from({ length: 20 }, () => s.identity.authenticate(key)));
    await vi.waitFor(async () => expect(await lastUsed()).toBe("2026-01-01T00:00:00.000Z"));
    s.clock.advance(59_999);
    await s.identity.authenticate(key);
    expect(await lastUsed()).toBe("2026-01-01T00:00:00.000Z");
    s.clock.advance(1);
    await vi.waitFor(async () => {
      await s.identity.authenticate(key);
      expect(await lastUsed()).toBe("2026-01-01T00:01:00.000Z");
    });
  });

  it("begin with one operator's key, whatever starts at once", async () => {
    const url = await freshUrl();
    const s = await startServices(url);
    const starting = isShared ? [s, await moreServices(url), await moreServices(url)] : [s, s, s];
    const made = await Promise.all(starting.map(({ identity }) => identity.ensureOperatorKey()));
    const [first, ...others] = made.filter((key) => key !== null);
    expect(others).toEqual([]);
    expect(await s.identity.authenticate(first?.key as string)).toMatchObject({ kind: "operator" });
    await s.identity.revokeKey(OPERATOR, first?.id as string);
    expect(await s.identity.ensureOperatorKey()).toBeNull();
    expect(
      (await s.audit.list({ tenant: "" })).items.map(({ action, actor }) => [action, actor.kind]),
    ).toEqual([
      ["api_key.revoked", "operator"],
      ["api_key.created", "system"],
    ]);
  });

  it("make no first one beside an operator's key that is there", async () => {
    const s = await startServices(await freshUrl());
    await keyFor(s);
    expect(await s.identity.ensureOperatorKey()).toBeNull();
    expect((await s.identity.keys(OPERATOR)).items).toHaveLength(1);
  });

  it("are listed page by page, the newest first", async () => {
    const s = await startServices(await freshUrl());
    const ids: string[] = [];
    for (let count = 0; count < 5; count += 1) ids.unshift((await keyFor(s)).id);
    const seen: string[] = [];
    let cursor: string | undefined;
    do {
      const page = await s.identity.keys(OPERATOR, { limit: 2, cursor });
      seen.push(...page.items.map(({ id }) => id));
      cursor = page.nextCursor ?? undefined;
    } while (cursor !== undefined);
    expect(seen).toEqual(ids);
  });
});

/** Every table of the database as text. */
async function dumpOf({ store }: Services): Promise<string> {
  const list =
    store.dialect === "sqlite"
      ? "SELECT name FROM sqlite_master WHERE type = 'table'"
      : "SELECT tablename AS name FROM pg_tables WHERE schemaname = 'public'";
  const texts = await store.read(async (reader) => {
    const all = [];
    for (const { name } of await reader.all<{ name: string }>(list)) {
      if (name === "schema_migrations") continue;
      all.push([name, await reader.all(`SELECT * FROM ${name}`)]);
    }
    return all;
  });
  return JSON.stringify(texts, (_, value) => (typeof value === "bigint" ? String(value) : value));
}
