import type { AddressInfo } from "node:net";
import { expect, it, onTestFinished } from "vitest";
import { createBilling } from "../../src/billing.ts";
import { buildServer } from "../../src/http/server.ts";
import { browse, REDIRECT_URI, startProvider } from "./provider.ts";
import { DOMAIN, person } from "./world.ts";

it("signs a browser in over HTTP, by cookies that no script reads", async () => {
  const provider = await startProvider();
  const operator = { kind: "operator", id: "op_1" } as const;
  const organization = { id: "org_acme", name: "Acme", ownerId: "owner" };
  const connection = { issuer: provider.issuer, ...provider.client, domains: [DOMAIN], tenant: "org_acme" };
  const billing = createBilling({
    database: "sqlite::memory:",
    tokenSecret: { current: "Zq7-test-secret-of-sessions-9vXw2Lk" },
    oidc: {
      connections: [{ ...connection, defaultRole: "admin" }],
      redirectUri: REDIRECT_URI,
      allowInsecureLoopback: true,
    },
  });
  await billing.organizations.createOrganization(operator, { ...organization, tier: "enterprise" });
  const lines: string[] = [];
  const app = await buildServer(billing, { log: { stream: { write: (line) => lines.push(line) } } });
  await app.listen({ port: 0, host: "127.0.0.1" });
  onTestFinished(async () => {
    await app.close();
    await billing.close();
  });
  const base = `http://127.0.0.1:${(app.server.address() as AddressInfo).port}`;

  const start = await fetch(`${base}/v1/auth/oidc/start?email=ada@${DOMAIN}&returnTo=/usage`, {
    redirect: "manual",
  });
  expect(start.status).toBe(303);
  const [cookie = ""] = start.headers.getSetCookie();
  expect(cookie).toMatch(
    /^__Host-aragora_oidc=[\w-]{43}; Path=\/; Secure; HttpOnly; SameSite=Lax; Max-Age=600$/,
  );
  provider.people.set("ada", person("ada"));
  const back = new URL(await browse(start.headers.get("location") as string, "ada"));
  const callback = `${base}${back.pathname}${back.search}`;

  expect((await fetch(callback)).status).toBe(401);
  const answer = await fetch(callback, { headers: { cookie: cookie.split(";")[0] as string } });
  expect(answer.status, await answer.clone().text()).toBe(200);
  expect(await answer.text()).toContain('content="0;url=/usage"');
  const set = answer.headers.getSetCookie();
  expect(set.map((line) => line.split("=")[0])).toEqual([
    ...["__Host-aragora_oidc", "__Host-aragora_access", "__Host-aragora_refresh"],
  ]);
  const cookies = set.map((line) => line.split(";")[0]).join("; ");
  const me = await fetch(`${base}/v1/me`, { headers: { cookie: cookies, "aragora-csrf": "1" } });
  expect(await me.json()).toMatchObject({ email: `ada@${DOMAIN}`, organizations: [{ role: "admin" }] });
  expect((await fetch(`${base}/v1/auth/oidc/start?to=/x`)).status).toBe(422);
  expect(lines.join("")).not.toContain(back.searchParams.get("code"));
  expect(lines.join("")).not.toContain(back.searchParams.get("state"));
});
