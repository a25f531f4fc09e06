import { randomBytes } from "node:crypto";
import { beforeAll, describe, expect, it } from "vitest";
import { oidcProvider } from "../../src/adapters/oidc/index.ts";
import { OidcService } from "../../src/domain/identity/index.ts";
import { createIds } from "../../src/kernel/index.ts";
import { codeOf, fresh, OPERATOR } from "../identity/services.ts";
import { ENGINES } from "../support/database.ts";
import { browse, REDIRECT_URI, startProvider, type TestProvider } from "./provider.ts";
import { DOMAIN, moreOidc, person, startOidc } from "./world.ts";

let provider: TestProvider;
beforeAll(async () => {
  provider = await startProvider();
});

const MAPPING = {
  claim: "groups",
  rules: [
    { value: "billing-admins", role: "admin" },
    { value: "finance", role: "billing" },
  ],
} as const;

describe.each(ENGINES)("sign-in by OpenID Connect on $name", ({ name, freshUrl }) => {
  const isShared = name !== "sqlite memory";
  let url: string;
  beforeAll(async () => {
    url = await freshUrl();
  });

  it("asks the provider with code, PKCE, state and nonce, and keeps none of them", async () => {
    const w = await startOidc(url, provider);
    const begun = await w.oidc.begin({ email: `Ada@${DOMAIN.toUpperCase()}`, returnTo: "/usage?by=model" });
    const { searchParams: asked, origin } = new URL(begun.url);
    expect(origin).toBe(provider.issuer);
    expect(Object.fromEntries(asked)).toEqual({
      ...{ response_type: "code", client_id: "billing", redirect_uri: REDIRECT_URI },
      ...{ scope: "openid email profile", code_challenge_method: "S256", login_hint: `ada@${DOMAIN}` },
      code_challenge: expect.stringMatching(/^[\w-]{43}$/),
      state: expect.stringMatching(/^[0-9a-f]{64}$/),
      nonce: expect.stringMatching(/^[0-9a-f]{64}$/),
    });
    expect(begun.expiresAt).toBe("2026-01-01T00:10:00.000Z");
    const rows = await w.store.read((reader) => reader.all("SELECT * FROM oidc_handshakes"));
    expect(rows).not.toEqual([]);
    const kept = JSON.stringify(rows, (_, value) => (typeof value === "bigint" ? Number(value) : value));
    for (const secret of [begun.browserSecret, asked.get("state"), asked.get("nonce")]) {
      expect(kept).not.toContain(secret);
    }
    expect(begun.url).not.toContain(begun.browserSecret);
  });

  it("makes a user and a member at the first, and finds them at the next, also by another address", async () => {
    const w = await startOidc(url, provider);
    const login = fresh("ada");
    const first = await w.signIn(login);
    expect(first).toMatchObject({ email: `${login}@${DOMAIN}`, returnTo: "/" });
    expect(await w.sessions.authenticate(first.tokens.accessToken)).toMatchObject({
      ...{ userId: first.userId, authenticatedBy: ["oidc"], mfaAt: null },
    });
    expect(await w.roleOf(first.userId)).toBe("member");
    expect(await w.organizations.user(OPERATOR, first.userId)).toMatchObject({
      ...{ email: `${login}@${DOMAIN}`, name: `The ${login}` },
    });
    const next = await w.signIn(login, person(`${login}.married`));
    expect(next.userId).toBe(first.userId);
    expect(next.tokens.sessionId).not.toBe(first.tokens.sessionId);
    expect((await w.organizations.get(OPERATOR, w.tenant)).members).toBe(2);
    expect(await w.actions(first.userId)).toEqual([
      ...["user.created", "account.oidc_linked", "member.added", "account.signed_in", "account.signed_in"],
    ]);
  });

  it("links to the user whose confirmed address it is", async () => {
    const w = await startOidc(url, provider);
    const login = fresh("grace");
    await w.organizations.putUser(OPERATOR, { id: login, email: `${login}@${DOMAIN}`, name: "Grace" });
    expect((await w.signIn(login)).userId).toBe(login);
    expect(await w.roleOf(login)).toBe("member");
    expect(await w.organizations.user(OPERATOR, login)).toMatchObject({ name: "Grace" });
  });

  it("gives an address that changed hands at the provider to nobody else", async () => {
    const w = await startOidc(url, provider);
    const [before, after] = [fresh("joe"), fresh("joe")];
    const { userId } = await w.signIn(before);
    expect(await codeOf(w.signIn(after, person(before)))).toBe("oidc_identity_conflict");
    await w.organizations.putUser(OPERATOR, { id: userId, email: "former@elsewhere.example" });
    expect((await w.signIn(after, person(before))).userId).not.toBe(userId);
  });

  it("applies the role that the provider's claims give at each sign-in, but never to an owner", async () => {
    const options = { connection: { defaultRole: "viewer", roleMapping: MAPPING } } as const;
    const w = await startOidc(url, provider, options);
    const login = fresh("eve");
    const roleWith = async (groups: unknown) => {
      const { userId } = await w.signIn(login, person(login, { groups }));
      return w.roleOf(userId);
    };
    expect(await roleWith(["finance", "billing-admins"])).toBe("admin");
    expect(await roleWith("finance")).toBe("billing");
    expect(await roleWith(["owner"])).toBe("viewer");
    expect(await roleWith(undefined)).toBe("viewer");
    const { userId } = await w.signIn(login);
    await w.organizations.updateRole(OPERATOR, w.tenant, userId, "owner");
    expect(await roleWith(["finance"])).toBe("owner");
    expect((await w.actions(userId)).filter((action) => action === "member.role_changed")).toHaveLength(3);
  });

  it("leaves roles as they are where no mapping is configured", async () => {
    const w = await startOidc(url, provider);
    const login = fresh("max");
    const { userId } = await w.signIn(login);
    await w.organizations.updateRole(OPERATOR, w.tenant, userId, "admin");
    await w.signIn(login);
    expect(await w.roleOf(userId)).toBe("admin");
  });

  it("does not bring back whom somebody has removed", async () => {
    const w = await startOidc(url, provider);
    const login = fresh("mallory");
    const { userId } = await w.signIn(login);
    await w.organizations.removeMember(OPERATOR, w.tenant, userId);
    expect((await w.signIn(login)).userId).toBe(userId);
    expect(await w.roleOf(userId)).toBeUndefined();
  });

  it("takes a seat, and leaves nothing behind when there is none", async () => {
    const w = await startOidc(url, provider, { tier: "free" });
    const late = fresh("late");
    expect((await w.organizations.get(OPERATOR, w.tenant)).seats).toBe(1);
    expect(await codeOf(w.signIn(late))).toBe("seat_limit_reached");
    const left = await w.store.read(async (reader) => [
      ...(await reader.all("SELECT * FROM oidc_identities WHERE subject = ?", [late])),
      ...(await reader.all("SELECT * FROM user_emails WHERE email = ?", [`${late}@${DOMAIN}`])),
    ]);
    expect(left).toEqual([]);
    await w.organizations.setTier(OPERATOR, w.tenant, "enterprise_plus");
    expect(await w.roleOf((await w.signIn(late)).userId)).toBe("member");
  });

  it("opens one session for one state, whoever completes it at once, in whatever process", async () => {
    const w = await startOidc(url, provider);
    const other = isShared ? await moreOidc(url, provider, w) : w;
    const back = await w.comeBack(fresh("twice"));
    const tries = Array.from({ length: 12 }, (_, n) => (n % 2 === 0 ? w : other).oidc.complete(back));
    const settled = await Promise.allSettled(tries);
    const good = settled.flatMap((one) => (one.status === "fulfilled" ? [one.value] : []));
    const codes = settled.flatMap((one) => (one.status === "rejected" ? [one.reason.code] : []));
    expect(good).toHaveLength(1);
    expect(codes).toEqual(Array(11).fill("invalid_oidc_state"));
    expect((await w.sessions.sessions(good[0]?.userId as string)).items).toHaveLength(1);
  });

  it("makes one user of two first sign-ins of one person at once", async () => {
    const w = await startOidc(url, provider);
    const other = isShared ? await moreOidc(url, provider, w) : w;
    const login = fresh("pair");
    const backs = [await w.comeBack(login), await w.comeBack(login)] as const;
    const [one, two] = await Promise.all([w.oidc.complete(backs[0]), other.oidc.complete(backs[1])]);
    expect(two.userId).toBe(one.userId);
    expect((await w.organizations.get(OPERATOR, w.tenant)).members).toBe(2);
  });

  it("forgets who erased people were, and sign-ins that were never completed", async () => {
    const w = await startOidc(url, provider);
    const { userId } = await w.signIn(fresh("gone"));
    expect(userId).toMatch(/^user_/);
    await w.oidc.begin();
    const job = w.oidc.cleanup();
    expect(await job.hasWork(w.clock.now())).toBe(false);
    w.clock.advance(600_000);
    expect(await job.hasWork(w.clock.now())).toBe(true);
    expect(await job.runDue(w.clock.now())).toBeGreaterThanOrEqual(1);
    expect(await job.hasWork(w.clock.now())).toBe(false);
    const back = await w.comeBack(fresh("late"));
    await w.organizations.erase(OPERATOR, w.tenant);
    const left = "SELECT * FROM oidc_identities WHERE user_id = ?";
    expect(await w.store.read((reader) => reader.all(left, [userId]))).toEqual([]);
    expect(await codeOf(w.oidc.complete(back))).toBe("organization_erased");
  });
});

describe("the connection of a sign-in", () => {
  it("is chosen by the domain of the address", async () => {
    const w = await startOidc("sqlite::memory:", provider);
    expect(await codeOf(w.oidc.begin({ email: "ada@elsewhere.example" }))).toBe("oidc_connection_not_found");
    expect(await codeOf(w.oidc.begin({ email: `ada@sub.${DOMAIN}` }))).toBe("oidc_connection_not_found");
    expect(await codeOf(w.oidc.begin({ email: "ada" }))).toBe("invalid_email");
    const { url, browserSecret } = await w.oidc.begin({ returnTo: "/usage" });
    provider.people.set("sole", person("sole"));
    const callbackUrl = await browse(url, "sole");
    // What a server behind a proxy takes for its own address: only the query counts.
    const seen = `http://10.0.0.9:8080/elsewhere${new URL(callbackUrl).search}`;
    expect(await w.oidc.complete({ callbackUrl: seen, browserSecret })).toMatchObject({ returnTo: "/usage" });
  });

  it("is not there unless it is configured, and encrypted unless that was allowed", async () => {
    const { store, clock, organizations, sessions, tenant } = await startOidc("sqlite::memory:", provider);
    const parts = {
      ...{ store, clock, organizations, sessions, ids: createIds(clock), random: randomBytes },
      provider: () => expect.fail("no provider is needed"),
    };
    const off = new OidcService(parts);
    expect(await codeOf(off.begin())).toBe("oidc_connection_not_found");
    expect(await codeOf(off.begin({ email: `ada@${DOMAIN}` }))).toBe("oidc_connection_not_found");
    const answer = { callbackUrl: "/?state=x&code=y", browserSecret: "x".repeat(43) };
    expect(await codeOf(off.complete(answer))).toBe("invalid_oidc_state");
    const { issuer, client } = provider;
    const connection = { issuer, ...client, domains: [DOMAIN], tenant, defaultRole: "member" } as const;
    const settings = { connections: [connection], redirectUri: REDIRECT_URI };
    expect(() => new OidcService(parts, settings)).toThrow("oidc.connections[0].issuer must be an https:");
  });

  it("must be named where there are several", async () => {
    const w = await startOidc("sqlite::memory:", provider);
    const { store, clock, organizations, sessions, tenant } = w;
    const parts = { store, clock, organizations, sessions, ids: createIds(clock), random: randomBytes };
    const one = { ...provider.client, issuer: provider.issuer, tenant, defaultRole: "member" } as const;
    const two = new OidcService(
      { ...parts, provider: (its) => oidcProvider({ ...its, allowInsecure: true }) },
      {
        connections: [
          { ...one, domains: [DOMAIN] },
          { ...one, clientId: "another", domains: ["other.example", "third.example"] },
        ],
        redirectUri: REDIRECT_URI,
        allowInsecureLoopback: true,
      },
    );
    expect(await codeOf(two.begin())).toBe("email_required");
    const clientOf = async (email: string) =>
      new URL((await two.begin({ email })).url).searchParams.get("client_id");
    expect(await clientOf(`ada@${DOMAIN}`)).toBe("billing");
    expect(await clientOf("ada@third.example")).toBe("another");
    // Begun with one connection, nobody comes in by the domain of another.
    const begun = await two.begin({ email: `ada@${DOMAIN}` });
    provider.people.set("cross", { email: "ada@third.example", email_verified: true });
    const back = { ...begun, callbackUrl: await browse(begun.url, "cross") };
    expect(await codeOf(two.complete(back))).toBe("oidc_domain_not_allowed");
  });
});
