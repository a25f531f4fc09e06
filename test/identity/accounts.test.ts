import { TOTP } from "otpauth";
import { afterEach, describe, expect, it } from "vitest";
import { type AccountMailer, AccountService, SessionService } from "../../src/domain/identity/index.ts";
import { AccountMails } from "../../src/domain/notifications/index.ts";
import { OrganizationService } from "../../src/domain/organizations/index.ts";
import { createIds, DAY_MS, HOUR_MS, ManualClock, secureRandom } from "../../src/kernel/index.ts";
import { open, type Store } from "../../src/store/index.ts";
import { ENGINES } from "../support/database.ts";

const START = "2026-01-15T12:00:00.000Z";
const ADA = { email: "Ada@Example.com", password: "a long enough secret" };
/** A thousandth of the real cost: what is tested here is not how long it takes. */
const CHEAP = { logN: 5, r: 8, p: 1 };
const OPERATOR = { kind: "operator", id: "op" } as const;

let stores: Store[] = [];
afterEach(async () => {
  for (const store of stores) await store.close();
  stores = [];
});

async function start(url: string, cost = CHEAP, at = START) {
  const store = await open(url);
  stores.push(store);
  const clock = new ManualClock(at);
  const parts = { store, clock, ids: createIds(clock), random: secureRandom };
  const sessions = new SessionService({
    ...parts,
    secret: () => ({ current: "for tests alone: 8f31c0b2a97d4e65" }),
  });
  const mailer: AccountMailer = new AccountMails(parts.ids);
  const accounts = new AccountService({ ...parts, sessions, mailer }, cost);
  const organizations = new OrganizationService({ ...parts, holders: [sessions, accounts] });
  /** Mails to an address, the latest last, with the token in them. */
  const mails = async (to = "ada@example.com") =>
    (
      await store.read((reader) =>
        reader.all<{ payload: string; secret: string }>(
          "SELECT payload, secret FROM notifications WHERE kind = 'account' AND recipient = ? ORDER BY seq",
          [to],
        ),
      )
    ).map(({ payload, secret }) => ({ ...JSON.parse(payload), token: secret }));
  const registered = async () => {
    await accounts.register(ADA);
    return (await accounts.verifyEmail((await mails()).at(-1).token)).userId;
  };
  /** A second factor that is on. */
  const withMfa = async (userId: string) => {
    const { secret, uri } = await accounts.enrolMfa(userId);
    const signedIn = await accounts.signIn(ADA);
    if (signedIn.status !== "signed_in") throw new Error("a second factor already");
    const code = () => new TOTP({ secret }).generate({ timestamp: clock.now() });
    const { backupCodes } = await accounts.confirmMfa({ userId, ...signedIn.tokens }, code());
    return { uri, code, backupCodes };
  };
  const audit = async () =>
    store.read((reader) =>
      reader.all<{ action: string; target: string; details: string }>(
        "SELECT action, target, details FROM audit_log ORDER BY seq",
      ),
    );
  return { store, clock, sessions, accounts, organizations, mails, registered, withMfa, audit };
}

const mfaTokenOf = (result: Awaited<ReturnType<AccountService["signIn"]>>) =>
  result.status === "mfa_required" ? result.mfaToken : "";

describe.each(ENGINES)("accounts on $name", ({ freshUrl }) => {
  it("come into being when their address is confirmed, once, and then sign in", async () => {
    const { accounts, sessions, mails } = await start(await freshUrl());
    await accounts.register({ ...ADA, name: "Ada" });
    await expect(accounts.signIn(ADA)).rejects.toMatchObject({ code: "invalid_credentials" });
    const [mail] = await mails();
    expect(mail).toMatchObject({ purpose: "verify_email", expiresAt: "2026-01-16T12:00:00.000Z" });
    const tries = await Promise.allSettled(
      Array.from({ length: 50 }, () => accounts.verifyEmail(mail.token)),
    );
    const [done, ...more] = tries.filter(({ status }) => status === "fulfilled");
    expect([done?.status, more.length]).toEqual(["fulfilled", 0]);
    const result = await accounts.signIn(ADA, {
      userAgent: "Mozilla/5.0 (X11; Linux) Firefox/130.0",
      ip: "192.0.2.7",
    });
    if (result.status !== "signed_in") throw new Error("no second factor was set up");
    const session = await sessions.authenticate(result.tokens.accessToken);
    expect(session.authenticatedBy).toEqual(["password"]);
    expect(await accounts.me(session.userId)).toEqual({
      ...{ id: session.userId, email: "ada@example.com", name: "Ada", organizations: [] },
      ...{ hasPassword: true, isMfaEnabled: false, backupCodesLeft: 0 },
    });
  });

  it("belong to the user whose address was known already, and give nobody an address that he has not shown", async () => {
    const { accounts, organizations, mails, clock } = await start(await freshUrl());
    await organizations.putUser(OPERATOR, { id: "ada-7", email: "ada@example.com", name: "Ada" });
    await accounts.register({ ...ADA, password: "of somebody else" });
    await accounts.register(ADA);
    const [first, second] = await mails();
    await expect(accounts.verifyEmail(first.token)).rejects.toMatchObject({ code: "invalid_one_time_token" });
    expect(await accounts.verifyEmail(second.token)).toEqual({ userId: "ada-7" });
    await expect(accounts.signIn({ ...ADA, password: "of somebody else" })).rejects.toThrow();
    await accounts.register({ email: "bob@example.com", password: "another long secret" });
    clock.advance(DAY_MS);
    const [late] = await mails("bob@example.com");
    await expect(accounts.verifyEmail(late.token)).rejects.toMatchObject({ code: "invalid_one_time_token" });
  });

  it("are told from addresses without one by nothing but the mail", async () => {
    const { accounts, registered, mails } = await start(await freshUrl());
    await registered();
    expect(await accounts.register(ADA)).toEqual(
      await accounts.register({ ...ADA, email: "new@example.com" }),
    );
    expect((await mails()).at(-1)).toEqual({ purpose: "account_exists", token: "" });
    expect(await accounts.requestPasswordReset("nobody@example.com")).toBeUndefined();
    expect(await mails("nobody@example.com")).toEqual([]);
    const refusals = [
      accounts.signIn({ ...ADA, password: "wrong" }),
      accounts.signIn({ ...ADA, email: "nobody@example.com" }),
    ].map((refusal) => refusal.catch((error) => JSON.stringify(error)));
    const [wrong, unknown] = await Promise.all(refusals);
    expect(wrong).toBe(unknown);
  });

  it("refuse the eleventh try of a minute and the fifty-first of an hour, right or wrong, however many come at once", async () => {
    const { accounts, clock, registered } = await start(await freshUrl());
    await registered();
    const wrong = { ...ADA, password: "wrong" };
    const burst = async () => {
      const tries = await Promise.allSettled(Array.from({ length: 30 }, () => accounts.signIn(wrong)));
      return tries.map((one) => (one.status === "rejected" ? one.reason.code : "let in"));
    };
    const codes = await burst();
    expect(codes.filter((code) => code === "invalid_credentials")).toHaveLength(10);
    expect(codes.filter((code) => code === "too_many_tries")).toHaveLength(20);
    await expect(accounts.signIn(ADA)).rejects.toMatchObject({
      ...{ kind: "rate_limited", code: "too_many_tries", details: { retryAfterSeconds: 60 } },
    });
    clock.advance(60_000);
    expect((await accounts.signIn(ADA)).status).toBe("signed_in");
    for (let minute = 0; minute < 5; minute += 1) {
      await burst();
      clock.advance(60_000);
    }
    await expect(accounts.signIn(ADA)).rejects.toMatchObject({ code: "too_many_tries" });
    clock.advance(HOUR_MS);
    expect((await accounts.signIn(ADA)).status).toBe("signed_in");
  });

  it("get a new password by mail once, which ends every session and every other token", async () => {
    const { accounts, sessions, clock, registered, mails } = await start(await freshUrl());
    const userId = await registered();
    const before = await accounts.signIn(ADA);
    const link = await accounts.createLoginLink(OPERATOR, userId);
    await accounts.requestPasswordReset("ADA@example.com");
    await accounts.requestPasswordReset("ada@example.com");
    const resets = (await mails()).filter(({ purpose }) => purpose === "password_reset");
    const [first, second] = resets.map(({ token }) => token);
    const reset = (token: string) => accounts.resetPassword({ token, password: "an entirely new one" });
    await expect(reset(first)).rejects.toMatchObject({ code: "invalid_one_time_token" });
    await expect(accounts.resetPassword({ token: second, password: "short" })).rejects.toMatchObject({
      ...{ code: "invalid_password", details: { field: "password" } },
    });
    const tries = await Promise.allSettled(Array.from({ length: 50 }, () => reset(second)));
    expect(tries.filter(({ status }) => status === "fulfilled")).toHaveLength(1);
    if (before.status !== "signed_in") throw new Error("no second factor was set up");
    await expect(sessions.authenticate(before.tokens.accessToken)).rejects.toMatchObject({
      code: "invalid_token",
    });
    await expect(accounts.redeemLoginLink(link.token)).rejects.toMatchObject({
      code: "invalid_one_time_token",
    });
    await expect(accounts.signIn(ADA)).rejects.toMatchObject({ code: "invalid_credentials" });
    expect((await accounts.signIn({ ...ADA, password: "an entirely new one" })).status).toBe("signed_in");
    expect((await mails()).at(-1).purpose).toBe("password_changed");
    await accounts.requestPasswordReset("ada@example.com");
    clock.advance(HOUR_MS);
    await expect(reset((await mails()).at(-1).token)).rejects.toMatchObject({
      code: "invalid_one_time_token",
    });
  });

  it("change their password by showing the old one, and keep only the session that did it", async () => {
    const { accounts, sessions, registered } = await start(await freshUrl());
    const userId = await registered();
    const [one, two] = [await accounts.signIn(ADA), await accounts.signIn(ADA)];
    if (one.status !== "signed_in" || two.status !== "signed_in")
      throw new Error("no second factor was set up");
    const me = { userId, sessionId: one.tokens.sessionId };
    await expect(
      accounts.changePassword(me, { current: "wrong", next: "another long secret" }),
    ).rejects.toMatchObject({
      code: "invalid_credentials",
    });
    await accounts.changePassword(me, { current: ADA.password, next: "another long secret" });
    const live = (await sessions.sessions(userId)).items.filter(({ endedAt }) => endedAt === null);
    expect(live.map(({ id }) => id)).toEqual([one.tokens.sessionId]);
    expect((await sessions.refresh(one.tokens.refreshToken)).sessionId).toBe(one.tokens.sessionId);
    await expect(sessions.refresh(two.tokens.refreshToken)).rejects.toMatchObject({ code: "invalid_token" });
  });

  it("ask for a second factor once it is confirmed; a code is good once, five are tried, backup codes help out once", async () => {
    const { accounts, sessions, clock, registered, withMfa } = await start(await freshUrl());
    const userId = await registered();
    const { uri, code, backupCodes } = await withMfa(userId);
    expect(uri).toMatch(/^otpauth:\/\/totp\/.*ada%40example\.com\?/);
    expect(new Set(backupCodes).size).toBe(10);
    expect(backupCodes.every((text) => /^([A-Z2-7]{4}-){3}[A-Z2-7]{4}$/.test(text))).toBe(true);
    const mfaToken = mfaTokenOf(await accounts.signIn(ADA));
    // The step that confirmed it is used up.
    await expect(accounts.completeMfa({ mfaToken, code: code() })).rejects.toMatchObject({
      code: "invalid_mfa_code",
    });
    clock.advance(30_000);
    /** Fifty at once with one code: ten second steps, five tries each. */
    const fifty = async (used: string) => {
      const steps = await Promise.all(Array.from({ length: 10 }, () => accounts.signIn(ADA)));
      const tries = await Promise.allSettled(
        [...steps, ...steps, ...steps, ...steps, ...steps].map((step) =>
          accounts.completeMfa({ mfaToken: mfaTokenOf(step), code: used }),
        ),
      );
      return tries.flatMap((one) => (one.status === "fulfilled" ? [one.value] : []));
    };
    const pairs = await fifty(code());
    expect(pairs).toHaveLength(1);
    const session = await sessions.authenticate(pairs[0]?.accessToken ?? "");
    expect([session.authenticatedBy, session.mfaAt]).toEqual([
      ["password", "totp"],
      "2026-01-15T12:00:30.000Z",
    ]);
    clock.advance(60_000);
    const guessed = mfaTokenOf(await accounts.signIn(ADA));
    const guesses = await Promise.allSettled(
      Array.from({ length: 9 }, (_, n) => accounts.completeMfa({ mfaToken: guessed, code: `00000${n}` })),
    );
    const refused = guesses.map((one) => (one.status === "rejected" ? one.reason.code : "let in"));
    expect(refused.filter((reason) => reason === "invalid_mfa_code")).toHaveLength(5);
    await expect(accounts.completeMfa({ mfaToken: guessed, code: code() })).rejects.toMatchObject({
      code: "too_many_tries",
    });
    const backup = backupCodes[0]?.toLowerCase().replaceAll("-", " ") ?? "";
    expect(await fifty(backup)).toHaveLength(1);
    expect(await accounts.me(userId)).toMatchObject({ isMfaEnabled: true, backupCodesLeft: 9 });
  });

  it("open twenty second steps a day to whoever has the password, and a hundred codes in them, until one is right", async () => {
    const { accounts, clock, registered, withMfa, mails } = await start(await freshUrl());
    const { code, backupCodes } = await withMfa(await registered());
    const signIn = async () => mfaTokenOf(await accounts.signIn(ADA));
    const guess = (mfaToken: string) => accounts.completeMfa({ mfaToken, code: "not a code" });
    let looked = 0;
    for (let step = 0; step < 20; step += 1) {
      const mfaToken = await signIn();
      const tries = await Promise.allSettled(Array.from({ length: 6 }, () => guess(mfaToken)));
      looked += tries.filter(
        (one) => one.status === "rejected" && one.reason.code === "invalid_mfa_code",
      ).length;
    }
    expect(looked).toBe(100);
    await expect(signIn()).rejects.toMatchObject({
      ...{ code: "too_many_tries", details: { retryAfterSeconds: 86_400 } },
    });
    // The way out of the owner, whose password is known to somebody: another one.
    await accounts.requestPasswordReset(ADA.email);
    await accounts.resetPassword({ token: (await mails()).at(-1).token, password: ADA.password });
    await accounts.completeMfa({ mfaToken: await signIn(), code: backupCodes[0] ?? "" });
    for (let step = 0; step < 19; step += 1) await signIn();
    clock.advance(30_000);
    await accounts.completeMfa({ mfaToken: await signIn(), code: code() });
    for (let step = 0; step < 20; step += 1) await signIn();
    await expect(signIn()).rejects.toMatchObject({ code: "too_many_tries" });
    clock.advance(DAY_MS);
    expect(await signIn()).not.toBe("");
  });

  it("are tried sixty times a minute from one address, which then uses up nobody's tries", async () => {
    const { accounts, registered } = await start(await freshUrl());
    await registered();
    const origin = { ip: "192.0.2.7" };
    const guess = (n: number) =>
      accounts
        .signIn({ ...ADA, email: `user${n}@example.com` }, origin)
        .catch(({ code }: { code: string }) => code);
    const codes = await Promise.all(Array.from({ length: 70 }, (_, n) => guess(n % 10)));
    expect(codes.filter((code) => code === "invalid_credentials")).toHaveLength(60);
    for (let n = 0; n < 20; n += 1) {
      await expect(accounts.signIn(ADA, origin)).rejects.toMatchObject({ code: "too_many_tries" });
    }
    expect((await accounts.signIn(ADA, { ip: "192.0.2.8" })).status).toBe("signed_in");
  });

  it("have each limit that was passed on record once, known or not, without an address", async () => {
    const { accounts, clock, registered, audit } = await start(await freshUrl());
    const userId = await registered();
    const guesses = (email: string) =>
      Promise.allSettled(Array.from({ length: 30 }, () => accounts.signIn({ ...ADA, email })));
    await guesses(ADA.email);
    await guesses("nobody@example.com");
    clock.advance(60_000);
    await guesses(ADA.email);
    const passed = (await audit()).filter(({ action }) => action === "account.tries_exceeded");
    expect(passed.map(({ target, details }) => [target, JSON.parse(details)])).toEqual([
      [userId, { limit: "account" }],
      ["unknown", { limit: "account" }],
      [userId, { limit: "account" }],
    ]);
    expect(JSON.stringify(passed)).not.toContain("@");
  });

  it("cost a reset of an unknown address the same commit, which leaves nothing that could be used", async () => {
    const { accounts, store, mails, clock } = await start(await freshUrl());
    await accounts.requestPasswordReset("nobody@example.com");
    const rows = await store.read((reader) =>
      reader.all<{ subject: string }>("SELECT subject FROM one_time_tokens"),
    );
    expect(rows).toEqual([{ subject: expect.stringMatching(/^nobody [\w-]+$/) }]);
    expect(await mails("nobody@example.com")).toEqual([]);
    clock.advance(HOUR_MS);
    await accounts.cleanup().runDue(clock.now());
    expect(await store.read((reader) => reader.all("SELECT subject FROM one_time_tokens"))).toEqual([]);
  });

  it("switch a second factor off, and renew backup codes, only with a code", async () => {
    const { accounts, clock, registered, withMfa } = await start(await freshUrl());
    const userId = await registered();
    const { code, backupCodes } = await withMfa(userId);
    await expect(accounts.enrolMfa(userId)).rejects.toMatchObject({ code: "mfa_enabled" });
    await expect(accounts.disableMfa(userId, "000000")).rejects.toMatchObject({ code: "invalid_mfa_code" });
    clock.advance(30_000);
    const { backupCodes: renewed } = await accounts.regenerateBackupCodes(userId, code());
    await expect(accounts.disableMfa(userId, backupCodes[1] ?? "")).rejects.toMatchObject({
      code: "invalid_mfa_code",
    });
    await accounts.disableMfa(userId, renewed[0] ?? "");
    expect(await accounts.me(userId)).toMatchObject({ isMfaEnabled: false, backupCodesLeft: 0 });
    expect((await accounts.signIn(ADA)).status).toBe("signed_in");
    await expect(accounts.disableMfa(userId, code())).rejects.toMatchObject({ code: "mfa_not_enabled" });
  });

  it("begin with one link for the first owner, whatever starts at once; links are operators' to make, and used once", async () => {
    const url = await freshUrl();
    const { accounts, sessions, organizations, clock } = await start(url);
    const links = await Promise.all(Array.from({ length: 50 }, () => accounts.ensureFirstOwnerLink()));
    const [link, ...others] = links.filter((one) => one !== null);
    expect(others).toEqual([]);
    const tries = await Promise.allSettled(
      Array.from({ length: 50 }, () => accounts.redeemLoginLink(link?.token ?? "")),
    );
    const results = tries.flatMap((one) => (one.status === "fulfilled" ? [one.value] : []));
    expect(results.map(({ status }) => status)).toEqual(["signed_in"]);
    const [result] = results;
    if (result?.status !== "signed_in") throw new Error("no second factor was set up");
    const { userId, sessionId } = await sessions.authenticate(result.tokens.accessToken);
    expect(await accounts.me(userId)).toMatchObject({ hasPassword: false, email: null });
    await accounts.changePassword({ userId, sessionId }, { next: "the first owner's own" });
    await organizations.createOrganization({ kind: "user", id: userId }, { name: "Acme", ownerId: userId });
    expect(await accounts.ensureFirstOwnerLink()).toBeNull();
    await expect(accounts.createLoginLink({ kind: "user", id: userId }, userId)).rejects.toMatchObject({
      code: "permission_denied",
    });
    const late = await accounts.createLoginLink(OPERATOR, userId);
    clock.advance(15 * 60_000);
    await expect(accounts.redeemLoginLink(late.token)).rejects.toMatchObject({
      code: "invalid_one_time_token",
    });
    await expect(accounts.createLoginLink(OPERATOR, "nobody")).rejects.toMatchObject({
      code: "user_not_found",
    });
  });

  it("are gone with the people who are erased, and leave no secret in the database or the audit log", async () => {
    const { accounts, organizations, store, registered, withMfa, mails, audit } = await start(
      await freshUrl(),
    );
    const userId = await registered();
    const { backupCodes } = await withMfa(userId);
    await accounts.requestPasswordReset("ada@example.com");
    const { token } = (await mails()).at(-1);
    const kept = async () => {
      const rows = await store.read(async (reader) => [
        await reader.all("SELECT * FROM accounts"),
        await reader.all("SELECT * FROM mfa_backup_codes"),
        await reader.all("SELECT * FROM one_time_tokens"),
        await reader.all("SELECT * FROM sign_in_attempts"),
      ]);
      return JSON.stringify(rows, (_, value) => (typeof value === "bigint" ? String(value) : value));
    };
    const text =
      (await kept()) + JSON.stringify((await audit()).map(({ action, details }) => [action, details]));
    for (const secret of [ADA.password, token, backupCodes[0] ?? "", "ada@example.com"]) {
      expect(text).not.toContain(secret);
    }
    expect((await audit()).map(({ action }) => action)).toEqual([
      ...["account.registered", "account.signed_in", "account.mfa_enabled", "account.reset_requested"],
    ]);
    const { id } = await organizations.createOrganization(
      { kind: "user", id: userId },
      { name: "Acme", ownerId: userId },
    );
    await organizations.erase(OPERATOR, id);
    expect(await kept()).not.toContain(userId);
    await expect(accounts.signIn(ADA)).rejects.toMatchObject({ code: "invalid_credentials" });
  });

  it("have their password kept anew at today's cost when they sign in", async () => {
    const url = await freshUrl();
    if (url === "sqlite::memory:") return;
    await (await start(url)).registered();
    const { accounts, store } = await start(url, { ...CHEAP, logN: 6 }, "2026-01-15T12:30:00.000Z");
    const hash = async () =>
      (await store.read((reader) => reader.get<{ h: string }>("SELECT password_hash AS h FROM accounts")))?.h;
    expect(await hash()).toMatch(/^scrypt\$5\$/);
    expect((await accounts.signIn(ADA)).status).toBe("signed_in");
    expect(await hash()).toMatch(/^scrypt\$6\$/);
    expect((await accounts.signIn(ADA)).status).toBe("signed_in");
  });

  it("lose their expired tokens and counts to the job", async () => {
    const { accounts, store, clock } = await start(await freshUrl());
    await accounts.register(ADA, { ip: "192.0.2.7" });
    const job = accounts.cleanup();
    expect(await job.hasWork(clock.now())).toBe(false);
    clock.advance(DAY_MS);
    expect([await job.hasWork(clock.now()), await job.runDue(clock.now())]).toEqual([true, 3]);
    const rows = await store.read((reader) => reader.all("SELECT name FROM sign_in_attempts"));
    expect([rows, await job.hasWork(clock.now())]).toEqual([[], false]);
  });
});

describe("passwords", () => {
  it.each([
    "short",
    "password123",
    "aaaaaaaaaaaa",
    "ADA@example.com",
    "line\nbreak here",
    12345678,
    undefined,
    `${"x".repeat(200)}${"y".repeat(57)}`,
  ])("refuse %j, naming the field and repeating nothing", async (password) => {
    const { accounts } = await start("sqlite::memory:");
    const attempt = accounts.register({ ...ADA, password: password as string });
    await expect(attempt).rejects.toMatchObject({ code: "invalid_password", details: { field: "password" } });
    await expect(attempt).rejects.not.toThrow(/short|aaaa|ADA@/);
  });
});
