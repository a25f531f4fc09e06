import { describe, expect, it } from "vitest";
import { ENGINES } from "../support/database.ts";
import { startServer } from "./server.ts";

const JANUARY = { name: "monthly", from: "2026-01-01T00:00:00.000Z", to: "2026-02-01T00:00:00.000Z" };

describe.each(ENGINES.filter(({ name }) => name !== "sqlite"))(
  "budgets over HTTP on $name",
  ({ freshUrl }) => {
    it("are made, looked at, changed, suspended, reset and closed, with money as exact text", async () => {
      const server = await startServer(await freshUrl());
      const key = await server.organization("acme");
      const body = {
        name: "team",
        limit: "10.000000000001",
        scope: { workspace: "ws" },
        notify: [{ webhook: "https://hooks.acme.example/x", secret: `whsec_${"A".repeat(32)}` }],
      };
      const made = await server.ok(key, "POST", "/v1/budgets", { body });
      expect(made).toEqual({
        id: expect.stringMatching(/^bud_/),
        tenant: "acme",
        name: "team",
        scope: { workspace: "ws" },
        measure: "usd",
        money: "cost",
        period: "monthly",
        zone: "UTC",
        anchor: null,
        limit: "10.000000000001",
        thresholds: [
          { percent: 50, action: "notify" },
          { percent: 75, action: "warn" },
          { percent: 90, action: "soft_limit" },
          { percent: 100, action: "hard_limit" },
        ],
        overage: null,
        rollover: false,
        failOpen: false,
        notify: [{ webhook: "https://hooks.acme.example/x" }],
        status: "active",
        suspendedBy: null,
        countsFrom: "2026-01-01T00:00:00.000Z",
        createdAt: "2026-01-15T12:00:00.000Z",
      });
      const path = `/v1/budgets/${made.id}`;
      expect(await server.ok(key, "GET", path)).toEqual(made);
      expect((await server.ok(key, "PATCH", path, { body: { limit: "2" } })).limit).toBe("2");
      const spend = { amountUsd: "1.5", dimensions: { workspace: "ws" } };
      expect(await server.ok(key, "POST", "/v1/spends", { body: spend })).toMatchObject({
        costUsd: "1.5",
        warnings: [expect.stringContaining("75 %")],
        budgets: [{ budget: made.id, allowed: true, limit: "2", requested: "1.5" }],
      });
      const { counters, ...rest } = await server.ok(key, "GET", `${path}/status`);
      expect(rest).toEqual({ ...made, limit: "2" });
      expect(counters).toEqual([
        {
          ...{ counter: {}, spent: "1.5", held: "0", limit: "2", carriedOver: "0", remaining: "0.5" },
          ...{ percent: 75, level: "warning", overage: "0", period: JANUARY },
        },
      ]);
      const { items } = await server.ok(key, "GET", `${path}/transactions`);
      expect(items).toMatchObject([{ costUsd: "1.5", counted: true, eventId: null, holdId: null }]);
      const trends = await server.ok(key, "GET", `${path}/trends?by=day&from=2026-01-01&to=2026-02-01`);
      expect(trends).toEqual({ items: [{ from: "2026-01-15T00:00:00.000Z", spent: "1.5" }] });
      const alerts = await server.ok(key, "GET", "/v1/alerts");
      expect(
        alerts.items.map(({ percent, level }: { percent: number; level: string }) => [percent, level]),
      ).toEqual([
        [75, "warning"],
        [50, "info"],
      ]);
      const seen = await server.ok(key, "POST", `/v1/alerts/${alerts.items[0].id}/acknowledge`);
      expect(seen).toMatchObject({
        acknowledgedAt: server.clock && expect.any(String),
        acknowledgedBy: expect.stringMatching(/^key key_/),
      });
      for (const [deed, status] of [
        ["suspend", "suspended"],
        ["resume", "active"],
        ["reset", "active"],
        ["close", "closed"],
      ]) {
        expect((await server.ok(key, "POST", `${path}/${deed}`, { body: { reason: "r" } })).status).toBe(
          status,
        );
      }
      const late = await server.call(key, "POST", `${path}/suspend`);
      expect([late.status, late.json.code]).toEqual([412, "budget_closed"]);
      const listed = async (query: string) =>
        (await server.ok(key, "GET", `/v1/budgets${query}`)).items
          .map(({ id }: { id: string }) => id)
          .filter((id: string) => !id.startsWith("plan_"));
      expect(await listed("")).toEqual([]);
      expect(await listed("?closed=true")).toEqual([made.id]);
      const changes = await server.services.budgets.changes(made.id, "acme");
      expect(new Set(changes.map(({ actor }) => actor.replace(/_.*/, "")))).toEqual(new Set(["key key"]));
    });

    it("refuse a hold that would cross the limit with 402 and say why; override lets one user pass", async () => {
      const server = await startServer(await freshUrl());
      const key = await server.organization("acme");
      const { id } = await server.ok(key, "POST", "/v1/budgets", {
        body: { id: "b", name: "all", limit: "1" },
      });
      const ask = (estimatedCostUsd: string, user = "ann") =>
        server.call(key, "POST", "/v1/holds", { body: { estimatedCostUsd, dimensions: { user } } });
      const hold = await ask("0.75");
      expect([hold.status, hold.json]).toEqual([
        201,
        {
          ...{ id: hold.json.id, tenant: "acme", state: "open", expiresAt: "2026-01-15T12:05:00.000Z" },
          parts: [{ budget: "b", amount: "0.75", remaining: "0.75" }],
          ...{ settledBy: null, flags: [], failOpen: false },
          warnings: ['the budget "all" would be at or above 75 % of $1'],
        },
      ]);
      const refused = await ask("0.250000000001");
      expect([refused.status, refused.json]).toEqual([
        402,
        {
          type: "urn:aragora:problem:budget_exceeded",
          title: "Limit exceeded",
          status: 402,
          detail: 'the budget "all" has no room for $0.250000000001: $0 spent and $0.75 held of $1 (monthly)',
          code: "budget_exceeded",
          requestId: refused.json.requestId,
          details: {
            ...{
              budget: "b",
              name: "all",
              counter: {},
              measure: "usd",
              limitUsd: "1",
              spent: "0",
              held: "0.75",
            },
            ...{ requested: "0.250000000001", period: JANUARY },
          },
        },
      ]);
      const check = await server.ok(key, "POST", "/v1/budgets/check", { body: { estimatedCostUsd: "0.5" } });
      expect(check).toMatchObject({ allowed: false, reason: "budget_exceeded", budgets: [{ held: "0.75" }] });
      const body = { user: "boss", until: "2026-01-16T00:00:00Z" };
      const override = await server.ok(key, "POST", `/v1/budgets/${id}/override`, { body });
      expect(override).toEqual({
        id: override.id,
        budget: "b",
        user: "boss",
        until: "2026-01-16T00:00:00.000Z",
      });
      expect((await ask("5", "boss")).status).toBe(201);
      const path = `/v1/holds/${hold.json.id}`;
      const captured = await server.ok(key, "POST", `${path}/capture`, { body: { costUsd: "0.5" } });
      expect(captured).toMatchObject({ state: "captured", settledBy: expect.stringMatching(/^spd_/) });
      expect(await server.ok(key, "GET", path)).toMatchObject({ state: "captured" });
      const other = await server.call(key, "POST", `${path}/capture`, { body: { costUsd: "0.6" } });
      expect([other.status, other.json.code]).toEqual([409, "hold_captured"]);
      expect((await server.ok(key, "POST", `${path}/release`)).state).toBe("captured");
      const spend = (enforce?: boolean) =>
        server.call(key, "POST", "/v1/spends", {
          body: { amountUsd: "9", ...(enforce === false && { enforce }) },
        });
      expect((await spend()).json).toMatchObject({ status: 402, code: "budget_exceeded" });
      expect((await spend(false)).status).toBe(201);
    });

    it("take only recipients that an alert could reach", async () => {
      const server = await startServer(await freshUrl(), { strict: true });
      const key = await server.organization("acme");
      for (const [recipient, code, field] of [
        [{ webhook: "https://169.254.169.254/latest" }, "webhook_refused", "notify[0].webhook"],
        [{ webhook: "http://hooks.acme.example" }, "webhook_refused", "notify[0].webhook"],
        [{ webhook: "https://hooks.acme.example", secret: "short" }, "invalid_secret", "secret"],
        [{ email: "a@b.example,c@d.example" }, "invalid_email", "notify[0].email"],
      ] as const) {
        const body = { name: "b", limit: "1", notify: [recipient] };
        const { status, json } = await server.call(key, "POST", "/v1/budgets", { body });
        expect([status, json.code, json.field]).toEqual([422, code, field]);
      }
    });
  },
);
