import { describe, expect, it } from "vitest";
import type { Actor, MembershipRole, OrganizationView } from "../../src/domain/organizations/index.ts";
import { DAY_MS } from "../../src/kernel/index.ts";
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

const PROFILE = {
  legalName: "Acme Corp Ltd",
  address: "1 High Street\nLondon",
  country: "GB",
  taxId: "GB123456789",
  email: "Bills@Acme.example",
  currency: "GBP",
};

/** Invites a new user and returns who may accept, and by what. */
async function invited(
  { organizations }: Services,
  tenant: string,
  role: MembershipRole = "member",
): Promise<{ actor: Actor & { kind: "user" }; token: string }> {
  const id = fresh("guest");
  const email = `${id}@example.com`;
  await organizations.putUser(OPERATOR, { id, email });
  const { token } = await organizations.inviteMember(OPERATOR, tenant, { email, role });
  return { actor: { kind: "user", id }, token };
}

/** What is counted, beside what is there to count. */
async function counts({ store }: Services, tenant: string) {
  return store.read((reader) =>
    reader.get<{ members: bigint; owners: bigint; actual: bigint; actual_owners: bigint }>(
      `SELECT o.members, o.owners,
         (SELECT COUNT(*) FROM memberships m WHERE m.tenant = o.id AND m.status = 'active') AS actual,
         (SELECT COUNT(*) FROM memberships m WHERE m.tenant = o.id AND m.status = 'active' AND m.role = 'owner')
           AS actual_owners
       FROM organizations o WHERE o.id = ?`,
      [tenant],
    ),
  );
}

async function organization(
  { organizations }: Services,
  over: object = {},
): Promise<OrganizationView & { owner: string }> {
  const owner = fresh("owner");
  const input = { name: fresh("Org"), ownerId: owner, tier: "enterprise", ...over } as const;
  return { ...(await organizations.createOrganization(OPERATOR, input)), owner };
}

describe.each(ENGINES)("organizations on $name", ({ name, freshUrl }) => {
  const isShared = name !== "sqlite memory";

  it("let exactly five of fifty join who accept at once on five free seats", async () => {
    const url = await freshUrl();
    const s = await startServices(url);
    const { id } = await organization(s, { tier: "professional" });
    for (let count = 0; count < 4; count += 1) {
      await s.organizations.addMember(OPERATOR, id, fresh("member"), "member");
    }
    const guests = [];
    for (let count = 0; count < 50; count += 1) guests.push(await invited(s, id));
    const processes = isShared ? [s, await moreServices(url)] : [s];
    const outcomes = await Promise.allSettled(
      guests.map(({ actor, token }, index) =>
        (processes[index % processes.length] as Services).organizations.acceptInvitation(actor, token),
      ),
    );
    const refused = outcomes.flatMap((outcome) =>
      outcome.status === "rejected" ? [outcome.reason.code] : [],
    );
    expect(refused).toEqual(Array(45).fill("seat_limit_reached"));
    expect((await s.organizations.members(OPERATOR, id)).items).toHaveLength(10);
    expect(await counts(s, id)).toEqual({ members: 10n, owners: 1n, actual: 10n, actual_owners: 1n });
    // Who was refused may still come in when there is a seat.
    const late = guests[outcomes.findIndex(({ status }) => status === "rejected")] as (typeof guests)[0];
    await s.organizations.setTier(OPERATOR, id, "enterprise");
    expect(await s.organizations.acceptInvitation(late.actor, late.token)).toMatchObject({ role: "member" });
  });

  it("keep one of two owners who leave, or demote each other, at once", async () => {
    const url = await freshUrl();
    const s = await startServices(url);
    const [here, there] = [s, isShared ? await moreServices(url) : s];
    for (const way of ["leave", "demote"] as const) {
      for (let round = 0; round < 5; round += 1) {
        const { id, owner } = await organization(s);
        const second = fresh("second");
        await s.organizations.addMember(OPERATOR, id, second, "owner");
        const outcomes = await Promise.allSettled(
          way === "leave"
            ? [
                here.organizations.removeMember(user(owner), id, owner),
                there.organizations.removeMember(user(second), id, second),
              ]
            : [
                here.organizations.updateRole(user(owner), id, second, "viewer"),
                there.organizations.updateRole(user(second), id, owner, "viewer"),
              ],
        );
        expect(outcomes.filter(({ status }) => status === "fulfilled")).toHaveLength(1);
        expect(await counts(s, id)).toMatchObject({ owners: 1n, actual_owners: 1n });
      }
    }
  });

  it("never lose their last owner, whoever asks", async () => {
    const s = await startServices(await freshUrl());
    const { id, owner } = await organization(s);
    for (const actor of [user(owner), OPERATOR]) {
      expect(await codeOf(s.organizations.removeMember(actor, id, owner))).toBe("last_owner");
      expect(await codeOf(s.organizations.updateRole(actor, id, owner, "admin"))).toBe("last_owner");
    }
    expect(await s.organizations.contextFor(owner, id)).toMatchObject({ role: "owner" });
  });

  it("let one of several acceptances of one invitation through", async () => {
    const url = await freshUrl();
    const s = await startServices(url);
    const { id } = await organization(s);
    const { actor, token } = await invited(s, id);
    const outcomes = await Promise.allSettled(
      Array.from({ length: 10 }, () => s.organizations.acceptInvitation(actor, token)),
    );
    expect(outcomes.filter(({ status }) => status === "fulfilled")).toHaveLength(1);
    await s.organizations.removeMember(OPERATOR, id, actor.id);
    expect(await codeOf(s.organizations.acceptInvitation(actor, token))).toBe("invitation_used");
    expect(await counts(s, id)).toMatchObject({ members: 1n, actual: 1n });
  });

  it("take an invitation from its own address only, and tell nobody else about it", async () => {
    const s = await startServices(await freshUrl());
    const { id, owner } = await organization(s);
    const { token } = await s.organizations.inviteMember(user(owner), id, {
      ...{ email: " Grace@Example.COM ", role: "admin" },
    });
    await s.organizations.putUser(OPERATOR, { id: "eve", email: "eve@example.com" });
    await s.organizations.putUser(OPERATOR, { id: "nomail" });
    const unknown = await s.organizations
      .acceptInvitation(user("eve"), "inv_x")
      .catch((error: unknown) => error);
    for (const actor of [user("eve"), user("nomail"), user("nobody"), OPERATOR]) {
      const refused = await s.organizations.acceptInvitation(actor, token).catch((error: unknown) => error);
      expect(JSON.stringify(refused)).toBe(JSON.stringify(unknown));
    }
    await s.organizations.putUser(OPERATOR, { id: "grace", email: "GRACE@example.com" });
    const member = await s.organizations.acceptInvitation(user("grace"), token);
    expect(member).toMatchObject({ organizationId: id, role: "admin", email: "grace@example.com" });
  });

  it("end an invitation after seven days, when withdrawn, and when the address is invited again", async () => {
    const s = await startServices(await freshUrl());
    const { id, owner } = await organization(s);
    const first = await invited(s, id);
    s.clock.advance(7 * DAY_MS - 1);
    const inTime = await invited(s, id);
    s.clock.advance(1);
    expect(await codeOf(s.organizations.acceptInvitation(first.actor, first.token))).toBe(
      "invitation_expired",
    );
    await s.organizations.acceptInvitation(inTime.actor, inTime.token);

    const guest = await invited(s, id);
    const email = `${guest.actor.id}@example.com`;
    const again = await s.organizations.inviteMember(user(owner), id, { email, role: "viewer" });
    expect(await codeOf(s.organizations.acceptInvitation(guest.actor, guest.token))).toBe(
      "invitation_revoked",
    );
    await s.organizations.revokeInvitation(user(owner), id, again.id);
    await s.organizations.revokeInvitation(user(owner), id, again.id);
    expect(await codeOf(s.organizations.acceptInvitation(guest.actor, again.token))).toBe(
      "invitation_revoked",
    );
    const { items } = await s.organizations.invitations(OPERATOR, id);
    expect(items.map(({ status }) => status)).toEqual(["revoked", "revoked", "accepted", "expired"]);
    expect(JSON.stringify(items)).not.toContain("inv_");
  });

  it("do not let an old invitation change who one is by now", async () => {
    const s = await startServices(await freshUrl());
    const { id } = await organization(s);
    const { actor, token } = await invited(s, id, "viewer");
    await s.organizations.addMember(OPERATOR, id, actor.id, "owner");
    expect(await codeOf(s.organizations.acceptInvitation(actor, token))).toBe("already_member");
    expect(await s.organizations.contextFor(actor.id, id)).toMatchObject({ role: "owner" });
    const email = `${actor.id}@example.com`;
    expect(await codeOf(s.organizations.inviteMember(OPERATOR, id, { email, role: "viewer" }))).toBe(
      "already_member",
    );
  });

  it("let nobody give, change or take a role above their own", async () => {
    const s = await startServices(await freshUrl());
    const { org, users } = await startTeam(s);
    const admin = user(users.admin);
    for (const role of ["owner", "billing"] as const) {
      const email = "x@example.com";
      expect(await codeOf(s.organizations.inviteMember(admin, org.id, { email, role }))).toBe(
        "role_above_own",
      );
      expect(await codeOf(s.organizations.removeMember(admin, org.id, users[role]))).toBe("role_above_own");
    }
    for (const [actor, role] of [
      [users.viewer, "owner"],
      [users.admin, "owner"],
      [users.member, "admin"],
    ] as const) {
      expect(await codeOf(s.organizations.updateRole(user(actor), org.id, actor, role))).toBe(
        "permission_denied",
      );
    }
    // Everybody may leave, though.
    for (const role of ["viewer", "billing", "member", "admin"] as const) {
      await s.organizations.removeMember(user(users[role]), org.id, users[role]);
    }
  });

  it("apply a change of role at the next call, also in another process", async () => {
    const url = await freshUrl();
    const s = await startServices(url);
    const other = isShared ? await moreServices(url) : s;
    const { org, users } = await startTeam(s);
    const rename = () => other.organizations.updateOrganization(user(users.admin), org.id, { name: "New" });
    await rename();
    await s.organizations.updateRole(user(users.owner), org.id, users.admin, "member");
    expect(await codeOf(rename())).toBe("permission_denied");
    expect(await other.organizations.contextFor(users.admin, org.id)).toMatchObject({
      role: "member",
      permissions: ["debates.create", "debates.view", "api.access"],
    });
  });

  it("are ten per user at most, also when many are made at once", async () => {
    const s = await startServices(await freshUrl());
    const ada = user(fresh("ada"));
    const outcomes = await Promise.allSettled(
      Array.from({ length: 14 }, () => s.organizations.createOrganization(ada, { name: "Same name" })),
    );
    const made = outcomes.flatMap((outcome) => (outcome.status === "fulfilled" ? [outcome.value] : []));
    expect(made).toHaveLength(10);
    expect(new Set(made.map(({ slug }) => slug)).size).toBe(10);
    expect(outcomes.flatMap((o) => (o.status === "rejected" ? [o.reason.code] : []))).toEqual(
      Array(4).fill("organization_limit_reached"),
    );
    expect(await s.organizations.organizationsOf(ada.id)).toHaveLength(10);
    // Leaving one makes room for one.
    const [left] = made as [OrganizationView];
    await s.organizations.addMember(OPERATOR, left.id, fresh("heir"), "owner").catch(() => undefined);
    await s.organizations.setTier(OPERATOR, left.id, "starter");
    await s.organizations.addMember(OPERATOR, left.id, fresh("heir"), "owner");
    await s.organizations.removeMember(ada, left.id, ada.id);
    await s.organizations.createOrganization(ada, { name: "One more" });
  });

  it("have slugs of their own", async () => {
    const s = await startServices(await freshUrl());
    const one = await organization(s, { name: "Café Müller & Söhne" });
    const two = await organization(s, { name: "Cafe Muller, Sohne!" });
    expect([one.slug, two.slug]).toEqual(["cafe-muller-sohne", "cafe-muller-sohne-2"]);
    expect(await codeOf(organization(s, { slug: one.slug }))).toBe("slug_taken");
    const change = s.organizations.updateOrganization(user(two.owner), two.id, { slug: one.slug });
    expect(await codeOf(change)).toBe("slug_taken");
    await s.organizations.updateOrganization(user(one.owner), one.id, { slug: "free-again" });
    await s.organizations.updateOrganization(user(two.owner), two.id, { slug: one.slug });
    expect(await s.organizations.getBySlug(user(two.owner), one.slug)).toMatchObject({ id: two.id });
    const racers = await Promise.allSettled([
      organization(s, { slug: "race" }),
      organization(s, { slug: "race" }),
    ]);
    expect(racers.filter(({ status }) => status === "fulfilled")).toHaveLength(1);
  });

  it("are made by users for themselves only, on the free tier", async () => {
    const s = await startServices(await freshUrl());
    const make = (input: object) =>
      s.organizations.createOrganization(user("ada"), { name: "Mine", ...input });
    expect(await make({})).toMatchObject({ tier: "free", seats: 1, members: 1, status: "active" });
    for (const input of [{ tier: "enterprise" }, { id: "acme" }, { ownerId: "bob" }]) {
      expect(await codeOf(make(input))).toBe("permission_denied");
    }
    const acme = await organization(s, { id: "acme" });
    expect(acme.id).toBe("acme");
    expect(await codeOf(organization(s, { id: "acme" }))).toBe("organization_exists");
  });

  it("are to outsiders, to the letter, as if they were not there", async () => {
    const s = await startServices(await freshUrl());
    const a = await startTeam(s);
    const b = await startTeam(s);
    const spaces = await s.organizations.createWorkspace(OPERATOR, b.org.id, { name: "Lab" });
    const key = { kind: "key", id: "key_a", tenant: a.org.id, scopes: ["*"] } as const;
    const scopeless = { kind: "key", id: "key_b", tenant: b.org.id, scopes: ["events:write"] } as const;
    const o = s.organizations;
    const calls: ((actor: Actor, tenant: string) => Promise<unknown>)[] = [
      (actor, tenant) => o.get(actor, tenant),
      (actor, tenant) => o.members(actor, tenant),
      (actor, tenant) => o.invitations(actor, tenant),
      (actor, tenant) => o.workspaces(actor, tenant),
      (actor, tenant) => o.billingProfile(actor, tenant),
      (actor, tenant) => o.contextFor(actor.id, tenant),
      (actor, tenant) => o.getBySlug(actor, tenant === b.org.id ? b.org.slug : "no-such-slug"),
      (actor, tenant) => o.renameWorkspace(actor, tenant, spaces.id, "x"),
      (actor, tenant) => o.removeMember(actor, tenant, b.users.viewer),
      (actor, tenant) => o.erase(actor, tenant),
      (actor, tenant) => s.identity.keys(actor, { tenant }),
    ];
    for (const actor of [user(a.users.owner), user("nobody"), key, scopeless]) {
      for (const call of calls) {
        if (actor === scopeless && call === calls.at(-1)) continue;
        const answer = async (tenant: string) =>
          JSON.stringify(await call(actor, tenant).catch((error: unknown) => error));
        expect(await answer(b.org.id)).toBe(await answer("org_unknown"));
        expect(await answer(b.org.id)).toContain("organization_not_found");
      }
    }
    expect(await codeOf(o.user(user(a.users.owner), b.users.owner))).toBe("user_not_found");
    expect(await codeOf(o.listAcrossTenants(user(a.users.owner)))).toBe("permission_denied");
    expect(await codeOf(o.renameWorkspace(user(a.users.owner), a.org.id, spaces.id, "x"))).toBe(
      "workspace_not_found",
    );
    expect((await o.organizationsOf(a.users.owner)).map(({ organization }) => organization.id)).toEqual([
      a.org.id,
    ]);
    const { nextCursor } = await o.members(user(b.users.owner), b.org.id, { limit: 1 });
    const { items } = await o.members(user(a.users.owner), a.org.id, { cursor: nextCursor as string });
    expect(items.every(({ organizationId }) => organizationId === a.org.id)).toBe(true);
  });

  it("keep a billing profile each, and the seller's", async () => {
    const s = await startServices(await freshUrl());
    const { org, users } = await startTeam(s);
    expect(await s.organizations.billingProfile(user(users.billing), org.id)).toBeNull();
    const profile = await s.organizations.setBillingProfile(user(users.billing), org.id, PROFILE);
    expect(profile).toEqual({
      ...PROFILE,
      email: "bills@acme.example",
      updatedAt: "2026-01-01T00:00:00.000Z",
    });
    expect(await s.organizations.sellerProfile()).toBeNull();
    await s.organizations.setSellerProfile(OPERATOR, { ...PROFILE, currency: "EUR" });
    expect(await s.organizations.sellerProfile()).toMatchObject({ currency: "EUR" });
    expect(await s.organizations.billingProfile(user(users.owner), org.id)).toEqual(profile);
    expect(await codeOf(s.organizations.billingProfile(user(users.admin), org.id))).toBe("permission_denied");
  });

  it("are read-only while suspended, but for operators", async () => {
    const s = await startServices(await freshUrl());
    const { org, users } = await startTeam(s);
    const guest = await invited(s, org.id);
    await s.organizations.suspend(OPERATOR, org.id);
    const owner = user(users.owner);
    expect(await codeOf(s.organizations.updateOrganization(owner, org.id, { name: "x" }))).toBe(
      "organization_suspended",
    );
    expect(await codeOf(s.organizations.acceptInvitation(guest.actor, guest.token))).toBe(
      "organization_suspended",
    );
    expect((await s.organizations.contextFor(users.owner, org.id)).permissions).toEqual([
      "audit.view",
      "debates.view",
    ]);
    await s.organizations.updateOrganization(OPERATOR, org.id, { name: "x" });
    await s.organizations.resume(OPERATOR, org.id);
    await s.organizations.acceptInvitation(guest.actor, guest.token);
  });

  it("give out all personal data of a tenant, and erase it, leaving ids, history and others alone", async () => {
    const s = await startServices(await freshUrl());
    const { id, owner } = await organization(s, { name: "Zenobia Ltd" });
    const elsewhere = await organization(s);
    const people = [
      { id: owner, name: "Zenobia Owner", email: "owner@zenobia.example" },
      { id: fresh("left"), name: "Zenobia Gone", email: "gone@zenobia.example" },
      { id: fresh("both"), name: "Both Places", email: "both@elsewhere.example" },
    ] as const;
    for (const person of people) await s.organizations.putUser(OPERATOR, person);
    const [, gone, both] = people;
    await s.organizations.addMember(OPERATOR, id, gone.id, "viewer");
    await s.organizations.removeMember(OPERATOR, id, gone.id);
    await s.organizations.addMember(OPERATOR, id, both.id, "admin");
    await s.organizations.addMember(OPERATOR, elsewhere.id, both.id, "viewer");
    await s.organizations.setBillingProfile(OPERATOR, id, { ...PROFILE, email: "bills@zenobia.example" });
    await s.organizations.inviteMember(OPERATOR, id, { email: "new@zenobia.example", role: "viewer" });

    const data = await s.organizations.exportPersonalData(user(owner), id);
    expect(JSON.parse(JSON.stringify(data))).toMatchObject({
      organization: { name: "Zenobia Ltd" },
      billingProfile: { email: "bills@zenobia.example" },
      invitations: [{ email: "new@zenobia.example" }],
    });
    expect(data.members.map(({ email, status }) => `${email} ${status}`).sort()).toEqual([
      "both@elsewhere.example active",
      "gone@zenobia.example removed",
      "owner@zenobia.example active",
    ]);

    await s.organizations.erase(user(owner), id);
    expect(await dump(s)).not.toMatch(/zenobia|High Street|GB123456789/i);
    expect(await dump(s)).toContain("both@elsewhere.example");
    expect(await dump(s)).toContain(gone.id);
    expect(await s.organizations.get(OPERATOR, id)).toMatchObject({ id, status: "erased", members: 0 });
    expect(await codeOf(s.organizations.get(user(owner), id))).toBe("organization_not_found");
    expect(await codeOf(s.organizations.resume(OPERATOR, id))).toBe("organization_erased");
    expect(await s.organizations.organizationsOf(both.id)).toHaveLength(1);
    expect(await codeOf(s.organizations.addMember(OPERATOR, elsewhere.id, owner, "viewer"))).toBe(
      "user_not_found",
    );
    expect(await codeOf(s.organizations.putUser(OPERATOR, { id: owner, name: "Back" }))).toBe("user_erased");
  });

  it("list their people and workspaces page by page", async () => {
    const s = await startServices(await freshUrl());
    const { org, users } = await startTeam(s);
    const ids: string[] = [];
    let cursor: string | undefined;
    do {
      const page = await s.organizations.members(user(users.viewer), org.id, { limit: 2, cursor });
      ids.push(...page.items.map(({ userId }) => userId));
      cursor = page.nextCursor ?? undefined;
    } while (cursor !== undefined);
    expect(ids).toEqual(Object.values(users).sort());
    const lab = await s.organizations.createWorkspace(user(users.admin), org.id, { id: "lab", name: "Lab" });
    expect(await codeOf(s.organizations.createWorkspace(OPERATOR, org.id, { id: "lab", name: "x" }))).toBe(
      "workspace_exists",
    );
    await s.organizations.archiveWorkspace(user(users.admin), org.id, lab.id);
    expect((await s.organizations.workspaces(user(users.viewer), org.id)).items).toMatchObject([
      { id: "lab", name: "Lab", status: "archived" },
    ]);
    expect((await s.organizations.listAcrossTenants(OPERATOR, { limit: 1 })).items).toHaveLength(1);
  });

  it("refuse what is no name, address, role, country, or actor, and name the field", async () => {
    const s = await startServices(await freshUrl());
    const { org, users } = await startTeam(s);
    const o = s.organizations;
    const owner = user(users.owner);
    const bad = (over: object) => o.setBillingProfile(owner, org.id, { ...PROFILE, ...over });
    const cases: [() => Promise<unknown>, string, string][] = [
      [() => o.createOrganization(owner, { name: " " }), "invalid_text", "name"],
      [() => o.updateOrganization(owner, org.id, { name: "a\u202eb" }), "invalid_text", "name"],
      [() => o.updateOrganization(owner, org.id, { slug: "-a" }), "invalid_slug", "slug"],
      [() => o.inviteMember(owner, org.id, { email: "a@b@c", role: "viewer" }), "invalid_email", "email"],
      [
        () => o.inviteMember(owner, org.id, { email: "a@b.c", role: "god" as "viewer" }),
        "unknown_role",
        "role",
      ],
      [() => o.updateRole(owner, org.id, users.viewer, "toString" as "viewer"), "unknown_role", "role"],
      [() => bad({ country: "UK" }), "unknown_country", "country"],
      [() => bad({ currency: "gbp" }), "unknown_currency", "currency"],
      [() => bad({ legalName: "a\nb" }), "invalid_text", "legalName"],
      [() => o.setTier(OPERATOR, org.id, "gold" as "free"), "unknown_tier", "tier"],
      [() => o.get({ kind: "root", id: "x" } as unknown as Actor, org.id), "invalid_actor", "actor"],
      [() => o.erase(undefined as unknown as Actor, org.id), "invalid_actor", "actor"],
      [() => o.erase({ kind: "user", id: "" }, org.id), "invalid_actor", "actor"],
    ];
    for (const [call, code, field] of cases) {
      await expect(call()).rejects.toMatchObject({ kind: "invalid_input", code, details: { field } });
    }
    expect(
      await codeOf(
        o
          .putUser(OPERATOR, { id: "u1", email: "one@example.com" })
          .then(() => o.putUser(OPERATOR, { id: "u2", email: "ONE@example.com" })),
      ),
    ).toBe("email_taken");
  });
});

/** Every table as text. */
async function dump({ store }: Services): Promise<string> {
  const tables = [
    "users",
    "user_emails",
    "organizations",
    "organization_slugs",
    "memberships",
    "organization_invitations",
    "workspaces",
    "billing_profiles",
    "audit_log",
  ];
  const texts = await store.read(async (reader) => {
    const all = [];
    for (const table of tables) all.push(await reader.all(`SELECT * FROM ${table}`));
    return all;
  });
  return JSON.stringify(texts, (_, value) => (typeof value === "bigint" ? String(value) : value));
}
