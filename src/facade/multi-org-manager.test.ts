import { describe, expect, it } from "vitest";
import { OPERATOR, startServices } from "../../test/identity/services.ts";
import { ENGINES } from "../../test/support/database.ts";
import type { Billing } from "../billing.ts";
import { setDefaultBilling } from "./default-billing.ts";
import { getMultiOrgManager, MultiOrgManager } from "./multi-org-manager.ts";
import { MembershipRole, MembershipStatus } from "./organization-models.ts";

describe.each(ENGINES)("the manager of organizations on $name", ({ freshUrl }) => {
  it("runs the specification's example", async () => {
    const services = await startServices(await freshUrl());
    setDefaultBilling(services as unknown as Billing);
    try {
      const manager = getMultiOrgManager();
      expect(getMultiOrgManager()).toBe(manager);

      const org = await manager.createOrganization({ name: "Acme Corp", ownerId: "user_123" });
      await manager.inviteMember({
        ...{ orgId: org.id, email: "colleague@acme.com", role: MembershipRole.ADMIN, invitedBy: "user_123" },
      });
      const orgs = await manager.getUserOrganizations("user_123");
      const permissions = manager.getRolePermissions(MembershipRole.ADMIN);

      expect(orgs).toEqual([org]);
      expect(org).toMatchObject({ name: "Acme Corp", slug: "acme-corp", tier: "free", seats: 1 });
      expect([...permissions].sort()).toEqual([
        "api.access",
        "audit.view",
        "debates.create",
        "debates.delete",
        "debates.view",
        "members.invite",
        "members.remove",
        "org.settings",
        "org.update",
      ]);
    } finally {
      setDefaultBilling(undefined);
    }
  });

  it("takes a colleague from the invitation to another role and out again", async () => {
    const services = await startServices(await freshUrl());
    const manager = new MultiOrgManager({}, services);
    const org = await manager.createOrganization({ name: "Acme Corp", ownerId: "ada" });
    await services.organizations.setTier(OPERATOR, org.id, "starter");
    const invitation = await manager.inviteMember({
      ...{ orgId: org.id, email: "Bob@Acme.com", role: MembershipRole.VIEWER, invitedBy: "ada" },
    });
    expect(invitation).toMatchObject({
      status: MembershipStatus.PENDING,
      userId: null,
      email: "bob@acme.com",
    });

    const bob = await manager.registerUser({ id: "bob", email: "bob@acme.com", name: "Bob" });
    expect(bob).toMatchObject({ id: "bob", email: "bob@acme.com", isActive: true });
    const membership = await manager.acceptInvitation(invitation.token, "bob");
    expect(membership).toMatchObject({ orgId: org.id, userId: "bob", status: MembershipStatus.ACTIVE });

    expect(await manager.switchContext("bob", org.id)).toMatchObject({
      ...{ organization: { id: org.id, members: 2 }, role: "viewer", permissions: ["debates.view"] },
    });
    const own = manager.updateRole({
      ...{ orgId: org.id, userId: "bob", role: MembershipRole.OWNER, updatedBy: "bob" },
    });
    await expect(own).rejects.toMatchObject({ kind: "forbidden" });
    await manager.updateRole({
      ...{ orgId: org.id, userId: "bob", role: MembershipRole.MEMBER, updatedBy: "ada" },
    });
    await services.organizations.suspend(OPERATOR, org.id);
    expect(await manager.getUserMemberships("bob")).toMatchObject([
      { role: "member", status: MembershipStatus.SUSPENDED },
    ]);
    await services.organizations.resume(OPERATOR, org.id);
    await manager.removeMember({ orgId: org.id, userId: "bob", removedBy: "ada" });
    expect(await manager.getUserOrganizations("bob")).toEqual([]);
    await expect(manager.switchContext("bob", org.id)).rejects.toMatchObject({ kind: "not_found" });
  });

  it("refuses a call without somebody who makes it, and a role that is none", async () => {
    const manager = new MultiOrgManager({}, await startServices(await freshUrl()));
    const call = manager.removeMember({ orgId: "o", userId: "u", removedBy: "" });
    await expect(call).rejects.toMatchObject({ code: "invalid_id", details: { field: "removedBy" } });
    expect(() => manager.getRolePermissions("toString" as MembershipRole)).toThrow(
      expect.objectContaining({ code: "unknown_role" }),
    );
  });
});
