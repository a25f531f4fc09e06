// docs/organizations.md says who may change what. Every cell of its table is tried, and every change leaves its trace.

import { readFileSync } from "node:fs";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { IdentityService } from "../../src/domain/identity/index.ts";
import { MUTATIONS } from "../../src/domain/organizations/access.ts";
import { type Actor, OrganizationService } from "../../src/domain/organizations/index.ts";
import { ENGINES } from "../support/database.ts";
import { fresh, OPERATOR, type Services, startServices, user } from "./services.ts";

const COLUMNS = ["operator", "owner", "admin", "member", "viewer", "billing", "key", "outsider"] as const;
type Column = (typeof COLUMNS)[number];

const PROFILE = {
  legalName: "Acme Corp Ltd",
  address: "1 High Street\nLondon",
  country: "GB",
  email: "bills@acme.example",
  currency: "GBP",
};

interface Scene extends Services {
  readonly tenant: string;
  /** A member whom others act upon. */
  readonly other: string;
  /** The user in the column; none for operators and keys. */
  readonly self: string;
  /** Something made by an operator for the change to work on. */
  readonly prepared: string;
}

interface Change {
  readonly action: string;
  /** In the installation's log rather than the organization's. */
  readonly isInstallation?: true;
  readonly prepare?: (scene: Scene) => Promise<string>;
  readonly run: (scene: Scene, actor: Actor) => Promise<unknown>;
  /** In whose log the entry is, where that is another organization's. */
  readonly tenantOf?: (result: unknown) => string;
}

const CHANGES: Readonly<Record<string, Change>> = {
  putUser: {
    action: "user.updated",
    isInstallation: true,
    run: (s, actor) => s.organizations.putUser(actor, { id: s.other, name: "Ada Lovelace" }),
  },
  createOrganization: {
    action: "organization.created",
    tenantOf: (result) => (result as { id: string }).id,
    run: (s, actor) =>
      s.organizations.createOrganization(actor, { name: fresh("Ada"), ownerId: s.self || s.other }),
  },
  updateOrganization: {
    action: "organization.updated",
    run: (s, actor) => s.organizations.updateOrganization(actor, s.tenant, { name: "Ada's" }),
  },
  setTier: {
    action: "organization.tier_changed",
    run: (s, actor) => s.organizations.setTier(actor, s.tenant, "starter"),
  },
  suspend: {
    action: "organization.suspended",
    run: (s, actor) => s.organizations.suspend(actor, s.tenant),
  },
  resume: { action: "organization.resumed", run: (s, actor) => s.organizations.resume(actor, s.tenant) },
  setBillingProfile: {
    action: "billing_profile.updated",
    run: (s, actor) => s.organizations.setBillingProfile(actor, s.tenant, PROFILE),
  },
  setSellerProfile: {
    action: "seller_profile.updated",
    isInstallation: true,
    run: (s, actor) => s.organizations.setSellerProfile(actor, PROFILE),
  },
  addMember: {
    action: "member.added",
    run: (s, actor) => s.organizations.addMember(actor, s.tenant, fresh("added"), "viewer"),
  },
  updateRole: {
    action: "member.role_changed",
    run: (s, actor) => s.organizations.updateRole(actor, s.tenant, s.other, "viewer"),
  },
  removeMember: {
    action: "member.removed",
    run: (s, actor) => s.organizations.removeMember(actor, s.tenant, s.other),
  },
  inviteMember: {
    action: "member.invited",
    run: (s, actor) =>
      s.organizations.inviteMember(actor, s.tenant, { email: "eve@acme.example", role: "viewer" }),
  },
  revokeInvitation: {
    action: "invitation.revoked",
    prepare: async (s) => {
      const invitation = { email: "eve@acme.example", role: "viewer" } as const;
      return (await s.organizations.inviteMember(OPERATOR, s.tenant, invitation)).id;
    },
    run: (s, actor) => s.organizations.revokeInvitation(actor, s.tenant, s.prepared),
  },
  acceptInvitation: {
    action: "member.joined",
    tenantOf: (result) => (result as { organizationId: string }).organizationId,
    prepare: async (s) => {
      const email = `${fresh("invited")}@acme.example`;
      await s.organizations.putUser(OPERATOR, { id: s.self || s.other, email });
      const host = { name: "Host", ownerId: fresh("host"), tier: "enterprise" } as const;
      const { id } = await s.organizations.createOrganization(OPERATOR, host);
      return (await s.organizations.inviteMember(OPERATOR, id, { email, role: "member" })).token;
    },
    run: (s, actor) => s.organizations.acceptInvitation(actor, s.prepared),
  },
  createWorkspace: {
    action: "workspace.created",
    run: (s, actor) => s.organizations.createWorkspace(actor, s.tenant, { name: "Ada's lab" }),
  },
  renameWorkspace: {
    action: "workspace.renamed",
    prepare: workspace,
    run: (s, actor) => s.organizations.renameWorkspace(actor, s.tenant, s.prepared, "Ada's lab"),
  },
  archiveWorkspace: {
    action: "workspace.archived",
    prepare: workspace,
    run: (s, actor) => s.organizations.archiveWorkspace(actor, s.tenant, s.prepared),
  },
  exportPersonalData: {
    action: "organization.exported",
    run: (s, actor) => s.organizations.exportPersonalData(actor, s.tenant),
  },
  erase: { action: "organization.erased", run: (s, actor) => s.organizations.erase(actor, s.tenant) },
  createKey: {
    action: "api_key.created",
    run: (s, actor) =>
      s.identity.createKey(actor, { tenant: s.tenant, name: "Ada's key", scopes: ["organizations:write"] }),
  },
  revokeKey: {
    action: "api_key.revoked",
    prepare: async (s) => {
      const input = { tenant: s.tenant, name: "Ada's key", scopes: ["events:write"] } as const;
      return (await s.identity.createKey(OPERATOR, input)).id;
    },
    run: (s, actor) => s.identity.revokeKey(actor, s.prepared),
  },
};

async function workspace(s: Scene): Promise<string> {
  return (await s.organizations.createWorkspace(OPERATOR, s.tenant, { name: "Lab" })).id;
}

const READS = {
  organizations: [
    "billingProfile",
    "contextFor",
    "get",
    "getBySlug",
    "invitations",
    "listAcrossTenants",
    "members",
    "organizationsOf",
    "sellerProfile",
    "user",
    "workspaces",
  ],
  identity: ["authenticate", "ensureOperatorKey", "keys", "keysAcrossTenants"],
};

const DOCUMENTED = documentedMatrix();

describe("the documented matrix", () => {
  it("has a row for every change that the services offer, and for nothing else", () => {
    const methods = (service: object, reads: readonly string[]) =>
      Object.getOwnPropertyNames(service).filter((name) => name !== "constructor" && !reads.includes(name));
    const organizations = methods(OrganizationService.prototype, READS.organizations);
    expect(Object.keys(MUTATIONS)).toEqual(organizations);
    const offered = [...organizations, ...methods(IdentityService.prototype, READS.identity)];
    expect([...DOCUMENTED.keys()].sort()).toEqual(offered.sort());
    expect(Object.keys(CHANGES).sort()).toEqual(offered);
  });
});

describe.each(ENGINES)("who may change what on $name", ({ freshUrl }) => {
  let services: Services;
  let close: () => Promise<void>;

  beforeAll(async () => {
    services = await startServices(await freshUrl(), undefined, (atEnd) => {
      close = atEnd;
    });
  });

  afterAll(() => close());

  it.each([...DOCUMENTED])("is as documented for %s", async (mutation, cells) => {
    const change = CHANGES[mutation] as Change;
    for (const column of COLUMNS) {
      const { scene, actor } = await sceneFor(services, column, change);
      const [last] = await entries(services);
      const outcome = await change.run(scene, actor).then(
        (result) => ({ result }),
        (error: { kind?: string }) => ({ error }),
      );
      const [entry, entryBefore] = await entries(services);
      const isAllowed = "result" in outcome;
      expect([mutation, column, isAllowed ? "yes" : "–"]).toEqual([mutation, column, cells[column]]);
      if (!isAllowed) {
        expect(["forbidden", "not_found"]).toContain(outcome.error.kind);
        if (column === "outsider" && change.isInstallation === undefined) {
          expect(["not_found"]).toContain(outcome.error.kind);
        }
        expect(entry?.id, `${mutation} by ${column} was refused and left a trace`).toBe(last?.id);
        continue;
      }
      expect(entryBefore?.id, `${mutation} leaves one entry`).toBe(last?.id);
      const tenant = change.isInstallation ? "" : (change.tenantOf?.(outcome.result) ?? scene.tenant);
      expect(entry).toMatchObject({
        action: change.action,
        tenant,
        actor: { kind: actor.kind, id: actor.id },
        requestId: "req_1",
      });
      expect(JSON.stringify(entry), "names and addresses stay out of the log").not.toMatch(
        /Ada|acme|High Street|eve/,
      );
    }
  });
});

async function entries({ audit }: Services) {
  return (await audit.listAcrossTenants({ limit: 2 })).items;
}

async function sceneFor(
  services: Services,
  column: Column,
  change: Change,
): Promise<{ scene: Scene; actor: Actor }> {
  const { organizations } = services;
  const name = fresh("org");
  const [owner, other] = [`${name}_owner`, `${name}_other`];
  const { id: tenant } = await organizations.createOrganization(OPERATOR, {
    ...{ name, ownerId: owner, tier: "enterprise" },
  });
  await organizations.addMember(OPERATOR, tenant, other, "member");
  const isUser = column !== "operator" && column !== "key";
  const self = isUser ? `${name}_${column}` : "";
  if (isUser && column !== "owner" && column !== "outsider") {
    await organizations.addMember(OPERATOR, tenant, self, column);
  }
  if (column === "outsider") await organizations.putUser(OPERATOR, { id: self });
  const bare = { ...services, tenant, other, self, prepared: "" };
  const prepared = (await change.prepare?.(bare)) ?? "";
  const scopes = ["organizations:write", "keys:write"];
  const actor: Actor =
    column === "key" ? { kind: "key", id: "key_1", tenant, scopes } : isUser ? user(self) : OPERATOR;
  return { scene: { ...bare, prepared }, actor: { ...actor, requestId: "req_1" } };
}

function documentedMatrix(): Map<string, Readonly<Record<Column, string>>> {
  const text = readFileSync(new URL("../../docs/organizations.md", import.meta.url), "utf8");
  const [, section = ""] = text.split("## Who may change what");
  const rows = [...(section.split("\n## ")[0] ?? "").matchAll(/^\| `(\w+)` \|(.*)\|$/gm)];
  return new Map(
    rows.map(([, name = "", cells = ""]) => {
      const values = cells.split("|").map((cell) => cell.trim());
      const row = Object.fromEntries(COLUMNS.map((column, index) => [column, values[index] ?? ""]));
      return [name, row as Record<Column, string>];
    }),
  );
}
