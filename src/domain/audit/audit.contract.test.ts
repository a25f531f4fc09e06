import { describe, expect, it } from "vitest";
import { codeOf, fresh, moreServices, startServices } from "../../../test/identity/services.ts";
import { ENGINES } from "../../../test/support/database.ts";
import type { Store } from "../../store/index.ts";
import { type AuditEntryInput, appendAudit } from "./index.ts";

const AT = Date.UTC(2026, 0, 1);

function entry(over: Partial<AuditEntryInput> = {}): AuditEntryInput {
  return {
    id: fresh("aud"),
    at: AT,
    tenant: "acme",
    actor: { kind: "user", id: "ada" },
    action: "member.removed",
    target: "bob",
    ...over,
  };
}

async function append(store: Store, ...entries: AuditEntryInput[]): Promise<void> {
  await store.transaction((tx) => appendAudit(tx, entries));
}

describe.each(ENGINES)("the audit log on $name", ({ name, freshUrl }) => {
  it("gives back what was written, the last first", async () => {
    const { store, audit } = await startServices(await freshUrl());
    await append(store, entry({ id: "a", details: { role: "viewer" }, requestId: "r1" }));
    // A clock that stepped back does not change the order.
    await append(store, entry({ id: "b", at: AT - 1_000, actor: { kind: "system", id: "jobs" } }));
    expect((await audit.list({ tenant: "acme" })).items).toEqual([
      {
        ...{ id: "b", at: "2025-12-31T23:59:59.000Z", tenant: "acme", action: "member.removed" },
        ...{ target: "bob", actor: { kind: "system", id: "jobs" }, details: {}, requestId: null },
      },
      {
        ...{ id: "a", at: "2026-01-01T00:00:00.000Z", tenant: "acme", action: "member.removed" },
        ...{
          target: "bob",
          actor: { kind: "user", id: "ada" },
          details: { role: "viewer" },
          requestId: "r1",
        },
      },
    ]);
  });

  it("shows a tenant its own entries only, filtered or paged or not", async () => {
    const { store, audit } = await startServices(await freshUrl());
    await append(
      store,
      entry({ id: "a1" }),
      entry({ id: "i1", tenant: "" }),
      entry({ id: "b1", tenant: "b" }),
    );
    await append(store, entry({ id: "b2", tenant: "b" }), entry({ id: "a2" }));
    const ids = async (query: Parameters<typeof audit.list>[0]) =>
      (await audit.list(query)).items.map(({ id }) => id);
    expect(await ids({ tenant: "acme" })).toEqual(["a2", "a1"]);
    expect(await ids({ tenant: "" })).toEqual(["i1"]);
    expect(await ids({ tenant: "b", action: "member.removed", actor: { id: "ada" } })).toEqual(["b2", "b1"]);
    const { nextCursor } = await audit.list({ tenant: "b", limit: 1 });
    expect(await ids({ tenant: "acme", cursor: nextCursor as string })).toEqual(["a1"]);
    expect((await audit.listAcrossTenants()).items).toHaveLength(5);
    expect(await codeOf(audit.list({} as { tenant: string }))).toBe("invalid_tenant");
  });

  it("narrows by time, half-open, by action and by actor", async () => {
    const { store, audit } = await startServices(await freshUrl());
    await append(
      store,
      entry({ id: "1", at: AT }),
      entry({ id: "2", at: AT + 1, action: "member.joined" }),
      entry({ id: "3", at: AT + 2, actor: { kind: "key", id: "ada" } }),
    );
    const ids = async (query: object) =>
      (await audit.list({ tenant: "acme", ...query })).items.map(({ id }) => id);
    expect(await ids({ from: new Date(AT + 1), to: new Date(AT + 2) })).toEqual(["2"]);
    expect(await ids({ action: "member.joined" })).toEqual(["2"]);
    expect(await ids({ actor: { kind: "key" } })).toEqual(["3"]);
    expect(await ids({ actor: { id: "ada" } })).toEqual(["3", "2", "1"]);
    expect(await ids({ actor: { kind: "user", id: "bob" } })).toEqual([]);
  });

  it("is paged without gaps or repeats while others write", async () => {
    const { store, audit } = await startServices(await freshUrl());
    await append(store, ...Array.from({ length: 25 }, (_, index) => entry({ id: `e${index}` })));
    const seen: string[] = [];
    let cursor: string | undefined;
    do {
      const page = await audit.list({ tenant: "acme", limit: 7, cursor });
      seen.push(...page.items.map(({ id }) => id));
      cursor = page.nextCursor ?? undefined;
      await append(store, entry({ id: fresh("late") }));
    } while (cursor !== undefined);
    expect(seen).toEqual(Array.from({ length: 25 }, (_, index) => `e${24 - index}`));
    expect(await codeOf(audit.list({ tenant: "acme", limit: 0 }))).toBe("invalid_limit");
    expect(await codeOf(audit.list({ tenant: "acme", cursor: "x" }))).toBe("invalid_cursor");
  });

  it("has no entry of a transaction that failed", async () => {
    const { store, audit } = await startServices(await freshUrl());
    const failing = store.transaction(async (tx) => {
      await appendAudit(tx, [entry()]);
      throw new Error("no");
    });
    await expect(failing).rejects.toThrow("no");
    expect((await audit.list({ tenant: "acme" })).items).toEqual([]);
  });

  it("cannot be changed by SQL of any kind", async () => {
    const url = await freshUrl();
    const { store, audit } = await startServices(url);
    await append(store, entry({ id: "a" }));
    const columns = "(id, tenant, at, actor_kind, actor_id, action, target, details, request_id)";
    const values = "VALUES ('a', 'acme', 1, 'user', 'eve', 'x.y', 'eve', '{}', '')";
    const statements = [
      "UPDATE audit_log SET target = 'eve'",
      "UPDATE audit_log SET target = 'eve' WHERE id = 'a' AND tenant = 'acme'",
      "DELETE FROM audit_log",
      "DELETE FROM audit_log WHERE id = 'a'",
      ...(store.dialect === "sqlite"
        ? [`INSERT OR REPLACE INTO audit_log ${columns} ${values}`]
        : [
            `INSERT INTO audit_log ${columns} ${values} ON CONFLICT (id) DO UPDATE SET target = 'eve'`,
            "TRUNCATE audit_log",
          ]),
    ];
    for (const statement of statements) {
      const change = store.transaction((tx) => tx.run(statement));
      await expect(change, statement).rejects.toMatchObject({ code: "database_error" });
    }
    const again = name === "sqlite memory" ? audit : (await moreServices(url)).audit;
    expect((await again.list({ tenant: "acme" })).items).toMatchObject([{ id: "a", target: "bob" }]);
  });

  it("refuses what must never be in it", async () => {
    const { store, audit } = await startServices(await freshUrl());
    for (const over of [
      { details: { token: "x" } },
      { details: { nested: [{ secretHash: "x" }] } },
      { details: { note: "ara_0123456789ab_abc" } },
      { details: { long: "x".repeat(20_000) } },
      { action: "Removed a member" },
    ]) {
      expect(await codeOf(append(store, entry(over)))).toBe("invalid_audit_entry");
    }
    expect((await audit.listAcrossTenants()).items).toEqual([]);
  });
});
