import { expect, it } from "vitest";
import { call, startServer } from "../support/http-server.ts";

const OPERATOR = { kind: "operator", id: "test" } as const;

it("who is for billing sees the organization's invoices; nobody else in it does, and none of them makes one", async () => {
  const server = await startServer("sqlite::memory:");
  const { engine, url } = server;
  await server.keyOf("acme");
  await server.keyOf("globex");
  await engine.organizations.setTier(OPERATOR, "acme", "enterprise");
  const items = [{ description: "Onboarding", amountCents: 5_000 }];
  const { id } = await engine.invoices.create({ tenant: "acme", period: "2025-01", items });
  await engine.invoices.finalize({ tenant: "acme", invoiceId: id });
  const ask = async (role: string, path: string, body?: object, tenant = "acme") => {
    const userId = `our_${role}`;
    const { accessToken: key } = await engine.sessions.issue({ userId, authenticatedBy: ["password"] });
    const { status, json } = await call(url, path, { key, tenant, ...(body && { body }) });
    return [status, json?.code ?? json?.number ?? json?.items?.length];
  };
  for (const role of ["viewer", "member", "admin", "billing"] as const)
    await engine.organizations.addMember(OPERATOR, "acme", `our_${role}`, role);
  for (const role of ["viewer", "member", "admin"]) {
    expect(await ask(role, "/v1/invoices")).toEqual([403, "scope_missing"]);
    expect(await ask(role, `/v1/invoices/${id}.pdf`)).toEqual([403, "scope_missing"]);
  }
  expect(await ask("billing", "/v1/invoices")).toEqual([200, 1]);
  expect(await ask("billing", `/v1/invoices/${id}`)).toEqual([200, "INV-000001"]);
  expect(await ask("billing", `/v1/invoices/${id}.html`)).toEqual([200, undefined]);
  expect(await ask("billing", "/v1/invoices", { period: "2025-02" })).toEqual([403, "operator_only"]);
  expect(await ask("billing", `/v1/invoices/${id}`, undefined, "globex")).toEqual([403, "other_tenant"]);
  await server.close();
});
