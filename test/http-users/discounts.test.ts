import { expect, it } from "vitest";
import { call, startServer } from "../support/http-server.ts";

const OPERATOR = { kind: "operator", id: "test" } as const;

it("who signed in uses a code themselves, whatever the body says, and needs a role for billing", async () => {
  const server = await startServer("sqlite::memory:");
  const { engine, url } = server;
  await server.keyOf("acme");
  await engine.organizations.setTier(OPERATOR, "acme", "enterprise");
  await engine.discounts.createCode({ code: "ONE", discountPercent: 50 });
  const answers: unknown[] = [];
  for (const role of ["member", "billing"] as const) {
    await engine.organizations.addMember(OPERATOR, "acme", `our_${role}`, role);
    const { accessToken } = await engine.sessions.issue({
      ...{ userId: `our_${role}`, authenticatedBy: ["password"] },
    });
    const body = { code: "one", purchaseAmountCents: 500, userId: "somebody_else" };
    const { status, json } = await call(url, "/v1/discount-codes/apply", { key: accessToken, body });
    answers.push([status, json.code, json.userId]);
  }
  expect(answers).toEqual([
    [403, "scope_missing", undefined],
    [201, "ONE", "our_billing"],
  ]);
  await server.close();
});
