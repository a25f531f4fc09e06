import { describe, expect, it } from "vitest";
import { type MembershipRole, ROLE_PERMISSIONS } from "../organizations/index.ts";
import { scopesOf } from "./role-scopes.ts";

const LOOK = ["usage:read", "prices:read", "budgets:read", "organizations:read", "organizations:write"];
const EXPECTED: Readonly<Record<MembershipRole, readonly string[]>> = {
  viewer: LOOK,
  billing: [...LOOK, "budgets:write", "invoices:read"],
  member: [...LOOK, "events:write", "holds:write"],
  admin: [
    ...[...LOOK, "events:write", "holds:write", "budgets:write", "keys:write"],
    ...["webhooks:write", "audit:read"],
  ],
  owner: [
    ...[...LOOK, "events:write", "holds:write", "budgets:write", "keys:write"],
    ...["webhooks:write", "audit:read", "invoices:read"],
  ],
};

describe("what a role opens", () => {
  it.each(Object.keys(EXPECTED) as MembershipRole[])("%s: exactly the documented scopes", (role) => {
    expect([...scopesOf(ROLE_PERMISSIONS[role])].sort()).toEqual([...EXPECTED[role]].sort());
  });

  it("is nothing of the installation's, for nobody", () => {
    const all = Object.values(ROLE_PERMISSIONS).flatMap((permissions) => scopesOf(permissions));
    expect(all.filter((scope) => ["prices:write", "invoices:write", "verify:run"].includes(scope))).toEqual(
      [],
    );
  });
});
