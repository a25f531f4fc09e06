import { type ChildProcessByStdio, spawn } from "node:child_process";
import { once } from "node:events";
import { readdirSync } from "node:fs";
import { dirname, join } from "node:path";
import { createInterface } from "node:readline";
import type { Readable, Writable } from "node:stream";
import { fileURLToPath } from "node:url";
import { describe, expect, it, onTestFinished } from "vitest";
import { DAY_MS } from "../../src/kernel/index.ts";
import { ENGINES, freshFolder } from "../support/database.ts";
import { codeOf } from "./services.ts";
import { moreSessions, SECRET, type SessionServices, startSessions } from "./sessions-world.ts";

const CHILD = fileURLToPath(new URL("sessions-child.ts", import.meta.url));

/** Starts a process with sessions on a database; the function asks it and waits for its answer. */
async function startChild(url: string): Promise<(question: string) => Promise<string>> {
  const child: ChildProcessByStdio<Writable, Readable, null> = spawn(
    process.execPath,
    ["--import", "tsx", CHILD, url, SECRET.current],
    { stdio: ["pipe", "pipe", "inherit"] },
  );
  onTestFinished(async () => {
    const ended = once(child, "close");
    child.stdin.end();
    await ended;
  });
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  const next = async () => (await lines.next()).value as string;
  expect(await next()).toBe("ready");
  return (question) => {
    child.stdin.write(`${question}\n`);
    return next();
  };
}

const signIn = async (s: SessionServices) =>
  s.sessions.issue({ userId: await s.newUser(), authenticatedBy: ["password"] });

const SHARED = ENGINES.filter(({ name }) => name !== "sqlite memory");
const OTHER = "another-Secret-0f-these-tests-7Tq3mZ";

describe.each(SHARED)("sessions of several processes on $name", ({ freshUrl }) => {
  it("are ended in one and refused by the other at its next call", async () => {
    const url = await freshUrl();
    const s = await startSessions(url);
    const [one, two, three, four] = [await signIn(s), await signIn(s), await signIn(s), await signIn(s)];
    const ask = await startChild(url);
    for (const { accessToken, sessionId } of [one, two, three, four]) {
      expect(await ask(`authenticate ${accessToken}`)).toBe(sessionId);
    }
    const { userId } = await s.sessions.authenticate(one.accessToken);
    await s.sessions.revoke(userId, one.sessionId);
    expect(await ask(`authenticate ${one.accessToken}`)).toBe("invalid_token");
    await s.sessions.revokeToken((await s.sessions.authenticate(two.accessToken)).tokenId);
    expect(await ask(`authenticate ${two.accessToken}`)).toBe("invalid_token");
    await s.sessions.revokeAll((await s.sessions.authenticate(three.accessToken)).userId);
    expect(await ask(`authenticate ${three.accessToken}`)).toBe("invalid_token");
    // And the other way round.
    expect(await ask(`refresh ${four.refreshToken}`)).toBe(four.sessionId);
    expect(await codeOf(s.sessions.refresh(four.refreshToken))).toBe("refresh_token_used");
    s.clock.advance(5_000);
    expect(await codeOf(s.sessions.refresh(four.refreshToken))).toBe("invalid_token");
    expect(await ask(`authenticate ${four.accessToken}`)).toBe("invalid_token");
  });

  it("outlive a restart, and so does every end", async () => {
    const url = await freshUrl();
    const before = await startSessions(url);
    const [live, ended, voided, used] = [
      await signIn(before),
      await signIn(before),
      await signIn(before),
      await signIn(before),
    ];
    const { userId } = await before.sessions.authenticate(ended.accessToken);
    await before.sessions.revoke(userId, ended.sessionId);
    await before.sessions.revokeToken((await before.sessions.authenticate(voided.accessToken)).tokenId);
    await before.sessions.refresh(used.refreshToken);
    const pendingOf = (await before.sessions.authenticate(live.accessToken)).userId;
    const pending = await before.store.transaction((tx) => before.sessions.issueMfaPending(pendingOf, tx));
    const consumed = await before.store.transaction((tx) => before.sessions.issueMfaPending(pendingOf, tx));
    await before.store.transaction((tx) => before.sessions.consumeMfaPending(consumed, tx));
    await before.store.close();

    const { sessions, store } = await moreSessions(url);
    expect((await sessions.authenticate(live.accessToken)).sessionId).toBe(live.sessionId);
    expect(await codeOf(sessions.authenticate(ended.accessToken))).toBe("invalid_token");
    expect(await codeOf(sessions.refresh(ended.refreshToken))).toBe("invalid_token");
    expect(await codeOf(sessions.authenticate(voided.accessToken))).toBe("invalid_token");
    expect(await codeOf(sessions.refresh(used.refreshToken))).toBe("refresh_token_used");
    expect(await codeOf(store.transaction((tx) => sessions.consumeMfaPending(consumed, tx)))).toBe(
      "invalid_token",
    );
    expect(await store.transaction((tx) => sessions.consumeMfaPending(pending, tx))).toBe(pendingOf);
    expect((await sessions.refresh(live.refreshToken)).sessionId).toBe(live.sessionId);
  });

  it("are good under two keys for a day from the new one's first use, whichever process saw it", async () => {
    const url = await freshUrl();
    const lifetimes = { accessHours: 168 };
    const old = await startSessions(url, { lifetimes });
    const pair = await signIn(old);
    const rotated = { secret: { current: OTHER, previous: SECRET.current }, lifetimes };
    // Nobody has used the new key for two hours after the old one's token was made.
    const [one, two] = [await moreSessions(url, rotated), await moreSessions(url, rotated)];
    one.clock.advance(7_200_000);
    await one.sessions.authenticate(pair.accessToken);
    expect(await codeOf(old.sessions.authenticate((await signIn(one)).accessToken))).toBe("invalid_token");
    // The session must be in use, or it ends before the key does.
    one.clock.advance(DAY_MS - 1);
    two.clock.set(one.clock.now());
    const next = await signIn(two);
    await used(two, pair.sessionId);
    for (const { sessions } of [one, two]) {
      await sessions.authenticate(pair.accessToken);
      await sessions.authenticate(next.accessToken);
    }
    one.clock.advance(1);
    two.clock.advance(1);
    for (const { sessions } of [one, two, await moreAt(two)]) {
      expect(await codeOf(sessions.authenticate(pair.accessToken))).toBe("invalid_token");
      await sessions.authenticate(next.accessToken);
    }
    // The session itself goes on: what its refresh token brings is signed with the new key.
    const refreshed = await two.sessions.refresh(pair.refreshToken);
    expect(await one.sessions.authenticate(refreshed.accessToken)).toMatchObject({
      sessionId: pair.sessionId,
    });

    async function moreAt(like: SessionServices): Promise<SessionServices> {
      const more = await moreSessions(url, rotated);
      more.clock.set(like.clock.now());
      return more;
    }
  });

  it("are good beyond that day when the previous key is by mistake the current one", async () => {
    const same = { secret: { current: SECRET.current, previous: SECRET.current } };
    const s = await startSessions(await freshUrl(), same);
    await signIn(s);
    s.clock.advance(2 * DAY_MS);
    const { accessToken } = await signIn(s);
    expect(await s.sessions.authenticate(accessToken)).toMatchObject({ mfaAt: null });
  });

  it("are refused at once without the previous key, and the token between two factors ends with it", async () => {
    const url = await freshUrl();
    const old = await startSessions(url);
    const pair = await signIn(old);
    const { userId } = await old.sessions.authenticate(pair.accessToken);
    const issue = () => old.store.transaction((tx) => old.sessions.issueMfaPending(userId, tx));
    const next = await moreSessions(url, { secret: { current: OTHER } });
    const both = await moreSessions(url, { secret: { current: OTHER, previous: SECRET.current } });
    const consume = (s: SessionServices, token: string) =>
      s.store.transaction((tx) => s.sessions.consumeMfaPending(token, tx));
    expect(await codeOf(next.sessions.authenticate(pair.accessToken))).toBe("invalid_token");
    expect(await codeOf(consume(next, await issue()))).toBe("invalid_token");
    expect(await consume(both, await issue())).toBe(userId);
    old.clock.advance(DAY_MS);
    both.clock.advance(DAY_MS);
    expect(await codeOf(consume(both, await issue()))).toBe("invalid_token");
  });
});

describe("the secret beside an SQLite file", () => {
  it("is made once by processes that ask at the same moment", async () => {
    const path = join(freshFolder(), "billing.db");
    const children = await Promise.all([1, 2, 3].map(() => startChild("sqlite::memory:")));
    const secrets = await Promise.all(children.map((ask) => ask(`secret sqlite:${path}`)));
    expect(new Set(secrets).size).toBe(1);
    expect(secrets[0]).toMatch(/^[\w-]{43}$/);
    expect(readdirSync(dirname(path))).toEqual(["billing.db.jwt-secret"]);
  });
});

/** As if a session had been used a moment ago. */
async function used({ store, clock }: SessionServices, id: string): Promise<void> {
  await store.transaction((tx) =>
    tx.run("UPDATE user_sessions SET last_seen_at = ? WHERE id = ?", [clock.now() - 1, id]),
  );
}
