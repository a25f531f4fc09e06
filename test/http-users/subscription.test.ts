import { expect, it } from "vitest";
import { call, startServer } from "../support/http-server.ts";

const OPERATOR = { kind: "operator", id: "test" } as const;

it("who is for billing buys, cancels and sees the lines; whoever is in the organization only looks", async () => {
  const server = await startServer("sqlite::memory:");
  const { engine, url } = server;
  await server.keyOf("acme");
  await engine.organizations.setTier(OPERATOR, "acme", "professional");
  const ask = async (role: "member" | "billing", path: string, body?: object) => {
    const userId = `our_${role}`;
    const { accessToken: key } = await engine.sessions.issue({ userId, authenticatedBy: ["password"] });
    const { status, json } = await call(url, path, { key, tenant: "acme", ...(body && { body }) });
    return [status, json.code ?? json.subscription?.tier ?? json.tier ?? json.items.length];
  };
  for (const role of ["member", "billing"] as const) {
    await engine.organizations.addMember(OPERATOR, "acme", `our_${role}`, role);
    expect(await ask(role, "/v1/subscription")).toEqual([200, "professional"]);
  }
  const buy = { tier: "enterprise" };
  expect(await ask("member", "/v1/subscription/change", buy)).toEqual([403, "permission_denied"]);
  expect(await ask("member", "/v1/subscription/lines")).toEqual([403, "permission_denied"]);
  expect(await ask("billing", "/v1/subscription/preview", { kind: "cancel" })).toEqual([200, "professional"]);
  expect(await ask("billing", "/v1/subscription/change", buy)).toEqual([200, "enterprise"]);
  expect(await ask("billing", "/v1/subscription/change", { tier: "starter", when: "now" })).toEqual([
    ...[403, "permission_denied"],
  ]);
  expect(await ask("billing", "/v1/subscription/lines")).toEqual([200, 1]);
  expect(await ask("billing", "/v1/subscription/pause", {})).toEqual([403, "operator_only"]);
  expect(await ask("billing", "/v1/subscription/cancel", { when: "now" })).toEqual([200, "free"]);
  await server.close();
});
