import { describe, expect, it, onTestFinished } from "vitest";
import { codeOf, OPERATOR, startTeam } from "../../test/identity/services.ts";
import { type SessionServices, startSessions } from "../../test/identity/sessions-world.ts";
import { freshSqliteUrl } from "../../test/support/database.ts";
import { createBilling } from "../billing.ts";
import { DAY_MS } from "../kernel/index.ts";
import {
  createAccessToken,
  createRefreshToken,
  createTokenPair,
  decodeJwt,
  extractUserFromRequest,
  type HeaderedRequest,
  validateAccessToken,
  validateRefreshToken,
} from "./auth-tokens.ts";
import { setDefaultBilling } from "./default-billing.ts";

const start = () => startSessions("sqlite::memory:");

const bearer = (text: string): HeaderedRequest => ({ headers: { authorization: `Bearer ${text}` } });

async function inTeam(s: SessionServices) {
  const { org, users } = await startTeam(s);
  await s.organizations.putUser(OPERATOR, { id: users.admin, email: "now@example.com" });
  const subject = { userId: users.admin, email: "then@example.com", orgId: org.id, role: "owner" };
  return { org, users, subject };
}

describe("the specification's functions about tokens", () => {
  it("make a pair whose access token says what it was given, and answer with what the database says", async () => {
    const s = await start();
    const { subject } = await inTeam(s);
    const pair = await createTokenPair(subject, s);
    expect(pair).toMatchObject({ tokenType: "Bearer", expiresIn: 86_400 });
    const times = { iat: 1_767_225_600, exp: 1_767_312_000, sessionId: pair.sessionId, type: "access" };
    const { userId: sub, email, orgId, role } = subject;
    expect(await decodeJwt(pair.accessToken, s)).toEqual({ sub, email, orgId, role, ...times });
    const now = { email: "now@example.com", orgId, role: "admin" };
    expect(await validateAccessToken(pair.accessToken, s)).toEqual({ sub, ...now, ...times });
    expect(await validateRefreshToken(pair.refreshToken, s)).toEqual({
      ...{ sub, email: null, orgId: null, role: null, type: "refresh", sessionId: pair.sessionId },
      ...{ iat: 1_767_225_600, exp: 1_769_817_600 },
    });
  });

  it("know of a changed role and a lost membership at the next call", async () => {
    const s = await start();
    const { org, users, subject } = await inTeam(s);
    const token = await createAccessToken(subject, s);
    const role = async () => (await validateAccessToken(token, s))?.role;
    await s.organizations.updateRole(OPERATOR, org.id, users.admin, "viewer");
    expect(await role()).toBe("viewer");
    await s.organizations.removeMember(OPERATOR, org.id, users.admin);
    expect(await role()).toBeNull();
  });

  it("compare token versions and revocations, which decoding alone does not", async () => {
    const s = await start();
    const { subject } = await inTeam(s);
    const [one, two] = [await createTokenPair(subject, s), await createTokenPair(subject, s)];
    expect(one.accessToken).not.toBe(two.accessToken);
    await s.sessions.revoke(subject.userId, one.sessionId);
    expect(await validateAccessToken(one.accessToken, s)).toBeNull();
    expect(await validateRefreshToken(one.refreshToken, s)).toBeNull();
    expect(await validateAccessToken(two.accessToken, s)).not.toBeNull();
    await s.sessions.revokeAll(subject.userId);
    expect(await validateAccessToken(two.accessToken, s)).toBeNull();
    expect(await decodeJwt(two.accessToken, s)).toMatchObject({ sub: subject.userId });
    expect(await extractUserFromRequest(bearer(two.accessToken), s)).toMatchObject({
      ...{ authenticated: false, userId: null, orgId: null, errorReason: "invalid_token" },
    });
  });

  it("look at a refresh token without using it, and take none that was used", async () => {
    const s = await start();
    const token = await createRefreshToken({ userId: "user_of_ours", expiryDays: 2 }, s);
    for (let look = 0; look < 2; look += 1) {
      expect(await validateRefreshToken(token, s)).toMatchObject({ sub: "user_of_ours", exp: 1_767_398_400 });
    }
    const pair = await s.sessions.refresh(token);
    expect(await validateRefreshToken(token, s)).toBeNull();
    expect(await validateRefreshToken(pair.refreshToken, s)).not.toBeNull();
    expect(await validateRefreshToken(pair.accessToken, s)).toBeNull();
    expect(await validateAccessToken(pair.refreshToken, s)).toBeNull();
    s.clock.advance(2 * DAY_MS);
    expect(await validateRefreshToken(pair.refreshToken, s)).toBeNull();
  });

  it("end tokens when they were told to, and take no other ends than the specification's", async () => {
    const s = await start();
    const token = await createAccessToken({ userId: "u", expiryHours: 1 }, s);
    s.clock.advance(3_599_000);
    expect(await validateAccessToken(token, s)).not.toBeNull();
    s.clock.advance(1_000);
    expect([await validateAccessToken(token, s), await decodeJwt(token, s)]).toEqual([null, null]);
    for (const expiryHours of [0, 169, 1.5, Number.NaN, "24" as unknown as number]) {
      await expect(createAccessToken({ userId: "u", expiryHours }, s)).rejects.toMatchObject({
        ...{ code: "invalid_lifetime", details: { field: "expiryHours" } },
      });
    }
    for (const expiryDays of [0, 91]) {
      await expect(createRefreshToken({ userId: "u", expiryDays }, s)).rejects.toMatchObject({
        ...{ code: "invalid_lifetime", details: { field: "expiryDays" } },
      });
    }
    expect(await codeOf(createTokenPair({ userId: "u", email: "e".repeat(4_000) }, s))).toBe(
      "token_too_long",
    );
    const misspelt = { userId: "u", organisation: "o" };
    expect(await codeOf(createTokenPair(misspelt, s))).toBe("unknown_field");
  });

  it("tell who a request is from, by token or key, whatever kind of request it is", async () => {
    const s = await start();
    const { org, subject } = await inTeam(s);
    const token = await createAccessToken(subject, s);
    const known = { authenticated: true, userId: subject.userId, email: "now@example.com", orgId: org.id };
    const fetched = new Request("https://host.example", { headers: { authorization: `bearer ${token}` } });
    expect(await extractUserFromRequest(fetched, s)).toEqual({
      ...{ ...known, role: "admin", tokenType: "access", clientIp: null, errorReason: null },
    });
    const forwarded = { authorization: `Bearer ${token}`, "x-forwarded-for": "198.51.100.1" };
    const node = { headers: forwarded, socket: { remoteAddress: "192.0.2.1" } };
    expect(await extractUserFromRequest(node, s)).toMatchObject({ ...known, clientIp: "192.0.2.1" });
    const input = { tenant: org.id, name: "k", scopes: ["usage:read"], networks: ["192.0.2.0/24"] } as const;
    const { key } = await s.identity.createKey(OPERATOR, input);
    expect(await extractUserFromRequest({ ...bearer(key), ip: "192.0.2.1" }, s)).toEqual({
      ...{ authenticated: true, userId: null, email: null, orgId: org.id, role: null },
      ...{ tokenType: "api_key", clientIp: "192.0.2.1", errorReason: null },
    });
    expect(await extractUserFromRequest(bearer(key), s)).toMatchObject({ errorReason: "ip_not_allowed" });
    for (const [request, errorReason] of [
      [{ headers: {} }, "missing_token"],
      [{ headers: { authorization: token } }, "missing_token"],
      [{ headers: { authorization: `Basic ${token}` } }, "missing_token"],
      [{ headers: { authorization: `Bearer ${token} ${token}` } }, "missing_token"],
      [{ headers: { authorization: [`Bearer ${token}`] } }, "missing_token"],
      [bearer(`${token}x`), "invalid_token"],
      [bearer(`${key}x`), "invalid_api_key"],
    ] as const) {
      expect(await extractUserFromRequest(request, s)).toMatchObject({ authenticated: false, errorReason });
    }
  });

  it("let nobody in when the database does not answer", async () => {
    const s = await start();
    const { accessToken, refreshToken } = await createTokenPair({ userId: "u" }, s);
    await s.store.close();
    const calls = [
      () => validateAccessToken(accessToken, s),
      () => validateRefreshToken(refreshToken, s),
      () => extractUserFromRequest(bearer(accessToken), s),
    ];
    for (const call of calls) expect(await codeOf(call())).toBe("store_closed");
  });

  it("work over the default billing, signed by a secret beside its file", async () => {
    const billing = createBilling({ database: await freshSqliteUrl() });
    setDefaultBilling(billing);
    onTestFinished(() => {
      setDefaultBilling(undefined);
      return billing.close();
    });
    const { accessToken } = await createTokenPair({ userId: "u" });
    expect(await extractUserFromRequest(bearer(accessToken))).toMatchObject({
      authenticated: true,
      userId: "u",
    });
    await billing.sessions.revokeAll("u");
    expect(await validateAccessToken(accessToken)).toBeNull();
  });

  it("make no token for somebody who was erased", async () => {
    const s = await start();
    const { id } = await s.organizations.createOrganization(OPERATOR, {
      name: "gone",
      ownerId: "gone_owner",
    });
    await s.organizations.erase(OPERATOR, id);
    expect(await codeOf(createTokenPair({ userId: "gone_owner" }, s))).toBe("user_erased");
  });
});
