import { describe, expect, it, vi } from "vitest";
import { isMfaFresh, type TokenPair } from "../../src/domain/identity/index.ts";
import { BillingError, DAY_MS, HOUR_MS } from "../../src/kernel/index.ts";
import { ENGINES } from "../support/database.ts";
import { codeOf, fresh, OPERATOR } from "./services.ts";
import {
  moreSessions,
  partsOf,
  type SessionServices,
  sessionsOver,
  startSessions,
} from "./sessions-world.ts";

const FIREFOX = "Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:141.0) Gecko/20100101 Firefox/141.0";

const signIn = (s: SessionServices, userId: string): Promise<TokenPair> =>
  s.sessions.issue({ userId, authenticatedBy: ["password"], userAgent: FIREFOX, ip: "192.0.2.7" });

/** How each of many tries ended: its code, or what it brought. */
async function ends<T>(tries: readonly Promise<T>[]): Promise<{ good: T[]; codes: string[] }> {
  const settled = await Promise.allSettled(tries);
  return {
    good: settled.flatMap((one) => (one.status === "fulfilled" ? [one.value] : [])),
    codes: settled.flatMap((one) =>
      one.status === "rejected" ? [one.reason.code ?? String(one.reason)] : [],
    ),
  };
}

describe.each(ENGINES)("sessions on $name", ({ name, freshUrl }) => {
  const isShared = name !== "sqlite memory";

  it("open with tokens of their own, also twice in one millisecond", async () => {
    const s = await startSessions(await freshUrl());
    const userId = await s.newUser();
    const [one, two] = [await signIn(s, userId), await signIn(s, userId)];
    expect(one).toEqual({
      accessToken: expect.stringMatching(/^[\w-]+\.[\w-]+\.[\w-]+$/),
      refreshToken: expect.stringMatching(/^art_[\w-]{43}$/),
      accessExpiresAt: "2026-01-02T00:00:00.000Z",
      refreshExpiresAt: "2026-01-31T00:00:00.000Z",
      tokenType: "Bearer",
      sessionId: expect.stringMatching(/^ses_/),
    });
    for (const field of ["accessToken", "refreshToken", "sessionId"] as const) {
      expect(one[field]).not.toBe(two[field]);
    }
    const { tokenId } = await s.sessions.authenticate(one.accessToken);
    await s.sessions.revokeToken(tokenId);
    await s.sessions.revokeToken(tokenId);
    expect(await codeOf(s.sessions.authenticate(one.accessToken))).toBe("invalid_token");
    expect(await s.sessions.authenticate(two.accessToken)).toEqual({
      ...{ userId, sessionId: two.sessionId, tokenId: expect.stringMatching(/^tok_/) },
      ...{ authenticatedBy: ["password"], authenticatedAt: "2026-01-01T00:00:00.000Z", mfaAt: null },
    });
    expect((await s.sessions.refresh(one.refreshToken)).sessionId).toBe(one.sessionId);
  });

  it("are opened for nobody unknown or erased, and only with the caller's transaction", async () => {
    const s = await startSessions(await freshUrl());
    const userId = await s.newUser();
    expect(await codeOf(signIn(s, "nobody"))).toBe("user_not_found");
    expect(await codeOf(s.store.transaction((tx) => s.sessions.issueMfaPending("nobody", tx)))).toBe(
      "user_not_found",
    );
    let pair: TokenPair | undefined;
    const undone = s.store.transaction(async (tx) => {
      pair = await s.sessions.open({ userId, authenticatedBy: ["oidc"] }, tx);
      throw new Error("undone");
    });
    await expect(undone).rejects.toThrow("undone");
    expect(await codeOf(s.sessions.authenticate(pair?.accessToken as string))).toBe("invalid_token");
    expect(await codeOf(s.sessions.refresh(pair?.refreshToken as string))).toBe("invalid_token");
    expect((await s.sessions.sessions(userId)).items).toEqual([]);
  });

  it("never take over an id or token that was there before the sign-in", async () => {
    const s = await startSessions(await freshUrl());
    const [attacker, victim] = [await s.newUser(), await s.newUser()];
    const planted = await signIn(s, attacker);
    // Whatever a client brings along, a sign-in looks at none of it.
    const input = {
      userId: victim,
      authenticatedBy: ["password"] as const,
      ...{ sessionId: planted.sessionId },
    };
    const pair = await s.sessions.issue(input);
    expect(pair.sessionId).not.toBe(planted.sessionId);
    expect((await s.sessions.authenticate(planted.accessToken)).userId).toBe(attacker);
    expect(await codeOf(s.sessions.revoke(attacker, pair.sessionId))).toBe("session_not_found");
    expect(await s.sessions.authenticate(pair.accessToken)).toMatchObject({ userId: victim });
  });

  it("end when they are revoked: one, all but one, or all, and for no other user", async () => {
    const s = await startSessions(await freshUrl());
    const [userId, other] = [await s.newUser(), await s.newUser()];
    const [a, b, c, d] = [
      await signIn(s, userId),
      await signIn(s, userId),
      await signIn(s, userId),
      await signIn(s, other),
    ];
    const live = async () => {
      const { good } = await ends(
        [a, b, c, d].map(({ accessToken }) => s.sessions.authenticate(accessToken)),
      );
      return good.map(({ sessionId }) => sessionId);
    };
    s.clock.advance(1_000);
    const ended = await s.sessions.revoke(userId, a.sessionId);
    expect(ended).toMatchObject({ endedAt: "2026-01-01T00:00:01.000Z", endReason: "revoked" });
    s.clock.advance(1_000);
    expect(await s.sessions.revoke(userId, a.sessionId)).toEqual(ended);
    expect(await codeOf(s.sessions.refresh(a.refreshToken))).toBe("invalid_token");
    expect(await live()).toEqual([b, c, d].map(({ sessionId }) => sessionId));
    expect(await s.sessions.revokeOthers(userId, b.sessionId)).toBe(1);
    expect(await live()).toEqual([b, d].map(({ sessionId }) => sessionId));
    expect(await s.sessions.revokeAll(userId)).toBe(1);
    expect(await live()).toEqual([d.sessionId]);
    expect(await s.sessions.revokeAll(userId)).toBe(0);
    const next = await signIn(s, userId);
    expect(partsOf(next.accessToken).payload.tv).toBe(2);
    await s.sessions.authenticate(next.accessToken);
    for (const unknown of ["ses_unknown", d.sessionId]) {
      expect(await codeOf(s.sessions.revoke(userId, unknown))).toBe("session_not_found");
    }
    const { items } = await s.audit.list({ tenant: "", actor: { id: userId } });
    expect(items.map(({ action, target, details }) => [action, target, details])).toEqual([
      ["session.all_revoked", userId, { sessions: 0 }],
      ["session.all_revoked", userId, { sessions: 1 }],
      ["session.others_revoked", userId, { sessions: 1 }],
      ["session.ended", a.sessionId, { reason: "revoked" }],
    ]);
  });

  it("survive alone when all others end with a changed password, by their refresh token", async () => {
    const s = await startSessions(await freshUrl());
    const userId = await s.newUser();
    const [own, other] = [await signIn(s, userId), await signIn(s, userId)];
    const pending = await s.store.transaction((tx) => s.sessions.issueMfaPending(userId, tx));
    const count = await s.store.transaction((tx) => s.sessions.endAll(userId, tx, { except: own.sessionId }));
    expect(count).toBe(1);
    // A token of the version before, whose session is live: the version alone refuses it.
    expect(await codeOf(s.sessions.authenticate(own.accessToken))).toBe("invalid_token");
    expect(await codeOf(s.store.transaction((tx) => s.sessions.consumeMfaPending(pending, tx)))).toBe(
      "invalid_token",
    );
    expect(await codeOf(s.sessions.refresh(other.refreshToken))).toBe("invalid_token");
    const next = await s.sessions.refresh(own.refreshToken);
    expect(await s.sessions.authenticate(next.accessToken)).toMatchObject({ sessionId: own.sessionId });
  });

  it("go on by refresh tokens that are good for one use; a copy used later ends the family", async () => {
    const s = await startSessions(await freshUrl());
    const userId = await s.newUser();
    const first = await signIn(s, userId);
    const bystander = await signIn(s, userId);
    s.clock.advance(HOUR_MS);
    const second = await s.sessions.refresh(first.refreshToken, { ip: "2001:db8::7" });
    expect(second.refreshExpiresAt).toBe(first.refreshExpiresAt);
    expect(second.accessExpiresAt).toBe("2026-01-02T01:00:00.000Z");
    await s.sessions.authenticate(first.accessToken);
    // Within the grace: no tokens, and no harm.
    for (const after of [0, 4_999]) {
      s.clock.advance(after);
      expect(await codeOf(s.sessions.refresh(first.refreshToken))).toBe("refresh_token_used");
    }
    await s.sessions.authenticate(second.accessToken);
    const third = await s.sessions.refresh(second.refreshToken);
    s.clock.advance(1);
    expect(await codeOf(s.sessions.refresh(first.refreshToken))).toBe("invalid_token");
    for (const { accessToken, refreshToken } of [first, second, third]) {
      expect(await codeOf(s.sessions.authenticate(accessToken))).toBe("invalid_token");
      if (refreshToken !== second.refreshToken) {
        expect(await codeOf(s.sessions.refresh(refreshToken))).toBe("invalid_token");
      }
    }
    await s.sessions.authenticate(bystander.accessToken);
    const { items } = await s.sessions.sessions(userId);
    expect(items.find(({ id }) => id === first.sessionId)).toMatchObject({
      endReason: "reuse",
      ip: "2001:db8::7",
    });
    expect(
      (await s.audit.list({ tenant: "" })).items.filter(({ action }) => action === "session.ended"),
    ).toMatchObject([{ target: first.sessionId, details: { reason: "reuse" } }]);
  });

  it("give one pair to 50 refreshes at once with one token", async () => {
    const url = await freshUrl();
    const s = await startSessions(url);
    const other = isShared ? await moreSessions(url) : s;
    const pair = await signIn(s, await s.newUser());
    const tries = Array.from({ length: 50 }, (_, at) =>
      (at % 2 ? s : other).sessions.refresh(pair.refreshToken),
    );
    const { good, codes } = await ends(tries);
    expect(good).toHaveLength(1);
    expect(codes).toEqual(Array(49).fill("refresh_token_used"));
    expect(await other.sessions.authenticate(good[0]?.accessToken as string)).toMatchObject({
      sessionId: pair.sessionId,
    });
    expect((await s.sessions.refresh(good[0]?.refreshToken as string)).sessionId).toBe(pair.sessionId);
  });

  it("refuse what is no refresh token of theirs", async () => {
    const s = await startSessions(await freshUrl());
    const { refreshToken, accessToken } = await signIn(s, await s.newUser());
    const unknown = `art_${"A".repeat(43)}`;
    for (const text of [
      unknown,
      `${refreshToken} `,
      refreshToken.slice(4),
      accessToken,
      "",
      undefined,
      null,
      7,
      [refreshToken],
    ]) {
      expect(await codeOf(s.sessions.refresh(text as string))).toBe("invalid_token");
    }
    expect(await codeOf(s.sessions.authenticate(refreshToken))).toBe("invalid_token");
    await s.sessions.refresh(refreshToken);
  });

  it("end after a day without use and after 30 days of use, their tokens with them", async () => {
    const s = await startSessions(await freshUrl(), { lifetimes: { accessHours: 168 } });
    const userId = await s.newUser();
    const idle = await signIn(s, userId);
    let pair = await signIn(s, userId);
    for (let day = 0; day < 30; day += 1) {
      s.clock.advance(DAY_MS - 1_000);
      pair = await s.sessions.refresh(pair.refreshToken);
      if (day === 0) await s.sessions.authenticate(pair.accessToken);
    }
    s.clock.set("2026-01-30T23:59:59Z");
    await s.sessions.authenticate(pair.accessToken);
    expect(pair.accessExpiresAt).toBe("2026-01-31T00:00:00.000Z");
    s.clock.set("2026-01-31T00:00:00Z");
    expect(await codeOf(s.sessions.authenticate(pair.accessToken))).toBe("invalid_token");
    expect(await codeOf(s.sessions.refresh(pair.refreshToken))).toBe("invalid_token");
    expect(await codeOf(s.sessions.refresh(idle.refreshToken))).toBe("invalid_token");
    expect((await s.sessions.sessions(userId)).items).toMatchObject([
      { id: pair.sessionId, endedAt: "2026-01-31T00:00:00.000Z", endReason: "expired" },
      { id: idle.sessionId, endedAt: "2026-01-02T00:00:00.000Z", endReason: "idle" },
    ]);
  });

  it("refuse an access token of a session idle for a day, which the token would outlive", async () => {
    const s = await startSessions(await freshUrl(), { lifetimes: { accessHours: 168 } });
    const { accessToken } = await signIn(s, await s.newUser());
    s.clock.advance(DAY_MS);
    expect(await codeOf(s.sessions.authenticate(accessToken))).toBe("invalid_token");
  });

  it("note their last use, once a minute at most", async () => {
    const s = await startSessions(await freshUrl());
    const userId = await s.newUser();
    const { accessToken } = await signIn(s, userId);
    const lastSeen = async () => (await s.sessions.sessions(userId)).items[0]?.lastSeenAt;
    s.clock.advance(59_999);
    await s.sessions.authenticate(accessToken);
    expect(await lastSeen()).toBe("2026-01-01T00:00:00.000Z");
    s.clock.advance(1);
    await Promise.all(Array.from({ length: 20 }, () => s.sessions.authenticate(accessToken)));
    await vi.waitFor(async () => expect(await lastSeen()).toBe("2026-01-01T00:01:00.000Z"));
    s.clock.advance(23 * HOUR_MS);
    const { accessToken: next } = await signIn(s, userId);
    expect(next).not.toBe(accessToken);
    await s.sessions.authenticate(accessToken);
  });

  it("are ten per user: an eleventh ends the least recently used, also when many open at once", async () => {
    const url = await freshUrl();
    const s = await startSessions(url);
    const other = isShared ? await moreSessions(url) : s;
    const userId = await s.newUser();
    const pairs: TokenPair[] = [];
    for (let count = 0; count < 10; count += 1) {
      pairs.push(await signIn(s, userId));
      s.clock.advance(1_000);
    }
    const [oldest, second] = pairs as [TokenPair, TokenPair];
    const refreshed = await s.sessions.refresh(oldest.refreshToken);
    await signIn(s, userId);
    expect(await codeOf(s.sessions.authenticate(second.accessToken))).toBe("invalid_token");
    expect(await codeOf(s.sessions.refresh(second.refreshToken))).toBe("invalid_token");
    await s.sessions.authenticate(refreshed.accessToken);
    other.clock.set(s.clock.now());
    await Promise.all(Array.from({ length: 24 }, (_, at) => signIn(at % 2 ? s : other, userId)));
    const { items } = await s.sessions.sessions(userId);
    expect(items).toHaveLength(35);
    expect(items.filter(({ endedAt }) => endedAt === null)).toHaveLength(10);
    expect(new Set(items.map(({ endReason }) => endReason))).toEqual(new Set([null, "displaced"]));
  });

  it("are shown with device, address and times, page by page, without anything that opens them", async () => {
    const s = await startSessions(await freshUrl());
    const userId = await s.newUser();
    await signIn(s, userId);
    const odd = {
      userId,
      authenticatedBy: ["login_link"] as const,
      userAgent: "x".repeat(100_000),
      ip: "not an address",
    };
    await s.sessions.issue(odd);
    const page = await s.sessions.sessions(userId, { limit: 1 });
    expect(page.items).toMatchObject([
      { device: "Unknown device", ip: null, authenticatedBy: ["login_link"] },
    ]);
    const rest = await s.sessions.sessions(userId, { cursor: page.nextCursor ?? "" });
    expect(rest.items).toEqual([
      {
        ...{ id: expect.stringMatching(/^ses_/), device: "Firefox on Windows", ip: "192.0.2.7" },
        ...{ authenticatedBy: ["password"], startedAt: "2026-01-01T00:00:00.000Z" },
        ...{ lastSeenAt: "2026-01-01T00:00:00.000Z", expiresAt: "2026-01-31T00:00:00.000Z" },
        ...{ endedAt: null, endReason: null },
      },
    ]);
    expect(rest.nextCursor).toBeNull();
  });

  it("know for 15 minutes that a second factor was shown", async () => {
    const s = await startSessions(await freshUrl());
    const userId = await s.newUser();
    const { accessToken, sessionId } = await s.sessions.issue({
      userId,
      authenticatedBy: ["password", "totp"],
    });
    const isFresh = async () => isMfaFresh(await s.sessions.authenticate(accessToken), s.clock.now());
    s.clock.advance(899_999);
    expect(await isFresh()).toBe(true);
    s.clock.advance(1);
    expect(await isFresh()).toBe(false);
    await s.store.transaction((tx) => s.sessions.noteMfa(userId, sessionId, tx));
    expect(await isFresh()).toBe(true);
    const stranger = await s.newUser();
    expect(await codeOf(s.store.transaction((tx) => s.sessions.noteMfa(stranger, sessionId, tx)))).toBe(
      "session_not_found",
    );
  });

  it("take the token between two factors once, within 5 minutes, and again after a wrong code", async () => {
    const s = await startSessions(await freshUrl());
    const userId = await s.newUser();
    const issue = () => s.store.transaction((tx) => s.sessions.issueMfaPending(userId, tx));
    const consume = (token: string) => s.store.transaction((tx) => s.sessions.consumeMfaPending(token, tx));
    const token = await issue();
    const wrongCode = s.store.transaction(async (tx) => {
      await s.sessions.consumeMfaPending(token, tx);
      throw new Error("wrong code");
    });
    await expect(wrongCode).rejects.toThrow("wrong code");
    const { good, codes } = await ends(Array.from({ length: 10 }, () => consume(token)));
    expect([good, codes]).toEqual([[userId], Array(9).fill("invalid_token")]);
    const late = await issue();
    s.clock.advance(300_000);
    expect(await codeOf(consume(late))).toBe("invalid_token");
    const { accessToken } = await signIn(s, userId);
    expect(await codeOf(consume(accessToken))).toBe("invalid_token");
    expect(await codeOf(s.sessions.authenticate(await issue()))).toBe("invalid_token");
  });

  it("die with their user's erasure, and leave nothing of what they knew", async () => {
    const s = await startSessions(await freshUrl());
    const org = await s.organizations.createOrganization(OPERATOR, {
      name: fresh("team"),
      ownerId: "erased_owner",
      tier: "free",
    });
    const { accessToken, refreshToken } = await signIn(s, "erased_owner");
    const pending = await s.store.transaction((tx) => s.sessions.issueMfaPending("erased_owner", tx));
    const bystander = await signIn(s, await s.newUser());
    await s.organizations.erase(OPERATOR, org.id);
    expect(await codeOf(s.sessions.authenticate(accessToken))).toBe("invalid_token");
    expect(await codeOf(s.sessions.refresh(refreshToken))).toBe("invalid_token");
    expect(await codeOf(s.store.transaction((tx) => s.sessions.consumeMfaPending(pending, tx)))).toBe(
      "invalid_token",
    );
    expect(await codeOf(signIn(s, "erased_owner"))).toBe("user_not_found");
    await s.store.transaction((tx) => s.sessions.eraseTenant(org.id, s.clock.now(), tx));
    expect((await s.sessions.sessions("erased_owner")).items).toEqual([]);
    await s.sessions.authenticate(bystander.accessToken);
  });

  it("leave no row behind that nobody needs", async () => {
    const s = await startSessions(await freshUrl());
    const userId = await s.newUser();
    const { accessToken, refreshToken } = await signIn(s, userId);
    await s.sessions.revokeToken((await s.sessions.authenticate(accessToken)).tokenId);
    await s.sessions.refresh(refreshToken);
    const job = s.sessions.cleanup();
    const counts = () =>
      s.store.read(async (reader) => {
        const all = [];
        for (const table of ["refresh_tokens", "revoked_tokens", "user_sessions"]) {
          all.push(Number((await reader.get<{ n: bigint }>(`SELECT count(*) AS n FROM ${table}`))?.n));
        }
        return all;
      });
    expect([await job.hasWork(s.clock.now()), await counts()]).toEqual([false, [2, 1, 1]]);
    const steps: [number, number[]][] = [
      [7 * DAY_MS, [2, 0, 1]],
      [23 * DAY_MS, [0, 0, 1]],
      [30 * DAY_MS, [0, 0, 0]],
    ];
    for (const [wait, left] of steps) {
      s.clock.advance(wait - 1);
      expect(await job.hasWork(s.clock.now())).toBe(false);
      s.clock.advance(1);
      expect(await job.hasWork(s.clock.now())).toBe(true);
      await job.runDue(s.clock.now());
      expect(await counts()).toEqual(left);
    }
  });

  it("cannot be entered with what a dump of the database holds", async () => {
    const s = await startSessions(await freshUrl());
    const pair = await signIn(s, await s.newUser());
    const rows = await s.store.read(async (reader) => {
      const all = [];
      for (const table of [
        "user_sessions",
        "refresh_tokens",
        "revoked_tokens",
        "signing_keys",
        "audit_log",
      ]) {
        all.push(await reader.all(`SELECT * FROM ${table}`));
      }
      return all;
    });
    const dump = JSON.stringify(rows, (_, value) => (typeof value === "bigint" ? String(value) : value));
    expect(dump).toContain(pair.sessionId);
    for (const secret of [pair.accessToken, pair.refreshToken, pair.refreshToken.slice(4)]) {
      expect(dump).not.toContain(secret);
    }
    const hashes = dump.match(/[0-9a-f]{64}/g) ?? [];
    expect(hashes).toHaveLength(1);
    expect(await codeOf(s.sessions.refresh(`art_${hashes[0]?.slice(0, 43)}`))).toBe("invalid_token");
  });

  it("need a secret when they are used, and not before", async () => {
    const missing = new BillingError("failed_precondition", "signing_secret_missing", "set it");
    const secret = () => {
      throw missing;
    };
    const s = await startSessions(await freshUrl(), { secret });
    const userId = await s.newUser();
    expect(await codeOf(signIn(s, userId))).toBe("signing_secret_missing");
    expect(await codeOf(s.sessions.authenticate("a.b.c"))).toBe("signing_secret_missing");
    expect(() => s.sessions.requireSecret()).toThrow(missing);
    expect((await s.sessions.sessions(userId)).items).toEqual([]);
  });

  it("seal with a text of each user, which no token holds and another secret changes", async () => {
    const url = await freshUrl();
    const s = await startSessions(url);
    const other = sessionsOver(s, { secret: { current: "another-Secret-0f-these-tests-7Tq3mZ" } });
    const seal = s.sessions.sealingSecret("a");
    expect(seal).toMatch(/^[\w-]{43}$/);
    expect(s.sessions.sealingSecret("a")).toBe(seal);
    expect(new Set([seal, s.sessions.sealingSecret("b"), other.sessions.sealingSecret("a")]).size).toBe(3);
  });

  it("take lifetimes within the specification's only", async () => {
    const url = await freshUrl();
    for (const lifetimes of [
      { accessHours: 0 },
      { accessHours: 169 },
      { refreshDays: 91 },
      { refreshDays: 1.5 },
    ]) {
      expect(await codeOf(startSessions(url, { lifetimes }))).toBe("invalid_lifetime");
    }
  });

  it("let nobody in when the database does not answer", async () => {
    const s = await startSessions(await freshUrl());
    const { accessToken } = await signIn(s, await s.newUser());
    await s.sessions.authenticate(accessToken);
    await s.store.transaction((tx) => tx.run("DROP TABLE revoked_tokens"));
    await expect(s.sessions.authenticate(accessToken)).rejects.toMatchObject({ code: "database_error" });
    await s.store.close();
    await expect(s.sessions.authenticate(accessToken)).rejects.toMatchObject({ code: "store_closed" });
  });
});
