// Signing in over HTTP, by tokens and by a browser's cookies; a real mail server, and a second process.

import { TOTP } from "otpauth";
import { describe, expect, it } from "vitest";
import { buildServer } from "../../src/http/server.ts";
import { freshPostgresUrl, freshSqliteUrl } from "../support/database.ts";
import { call, servedEngine, startServerProcess } from "../support/http-server.ts";
import { startSmtpSink, TEST_CERTIFICATE } from "../support/smtp-sink.ts";

const ADA = { email: "ada@example.com", password: "planted password of ada" };
const OWN_PAGE = { "aragora-csrf": "1" };

/** A server whose mails arrive, and whose log can be read. */
async function start(url: string) {
  const sink = await startSmtpSink();
  const engine = servedEngine(url, {
    notifications: {
      smtp: { host: "localhost", port: sink.port, ca: TEST_CERTIFICATE },
      log: () => undefined,
    },
  });
  await engine.ready();
  const lines: string[] = [];
  const app = await buildServer(engine, {
    log: { level: "debug", stream: { write: (line) => lines.push(line) } },
  });
  await app.listen({ host: "127.0.0.1", port: 0 });
  const address = app.server.address();
  const base = `http://127.0.0.1:${typeof address === "object" ? address?.port : 0}`;
  /** The token of the latest mail. */
  const mailed = async () => {
    await engine.notifications.deliverDue();
    return /Your token: (\S+)/.exec(sink.mails.at(-1)?.body.replace(/=\r?\n/g, "") ?? "")?.[1] ?? "";
  };
  const post = (path: string, body: object, headers: Record<string, string> = {}) =>
    call(base, path, { method: "POST", body, headers });
  return {
    ...{ base, engine, sink, lines, mailed, post },
    close: async () => {
      await app.close();
      await engine.close();
    },
  };
}

const cookiesOf = (headers: Headers) => headers.getSetCookie().map((text) => text.split("; "));

describe.each([
  { name: "sqlite", freshUrl: freshSqliteUrl },
  { name: "postgres", freshUrl: freshPostgresUrl },
])("signing in on $name", ({ freshUrl }) => {
  it("goes from a mail to a session, through a second factor, to its end in another process; no secret is left behind", async () => {
    const url = await freshUrl();
    const s = await start(url);
    const secrets: string[] = [ADA.password];
    const keep = (secret: string) => {
      secrets.push(secret);
      return secret;
    };
    expect((await s.post("/v1/auth/register", ADA)).status).toBe(202);
    const token = keep(await s.mailed());
    expect(token).toHaveLength(43);
    expect(s.sink.mails.at(-1)).toMatchObject({ to: ["ada@example.com"] });
    const { userId } = (await s.post("/v1/auth/verify-email", { token })).json;
    const first = (await s.post("/v1/auth/login", ADA)).json.tokens;
    const key = keep(first.accessToken);
    const enrolment = (await call(s.base, "/v1/auth/mfa/enrol", { method: "POST", key })).json;
    const code = () => new TOTP({ secret: enrolment.secret }).generate();
    const confirmed = await call(s.base, "/v1/auth/mfa/confirm", { key, body: { code: code() } });
    keep(enrolment.secret);
    const backup = keep(confirmed.json.backupCodes[0]);
    const { status, mfaToken } = (await s.post("/v1/auth/login", ADA)).json;
    expect(status).toBe("mfa_required");
    expect((await call(s.base, "/v1/me", { key: keep(mfaToken) })).json.code).toBe("invalid_token");
    expect((await s.post("/v1/auth/mfa", { mfaToken, code: "000000" })).json.code).toBe("invalid_mfa_code");
    const pair = (await s.post("/v1/auth/mfa", { mfaToken, code: backup })).json.tokens;
    const next = (await s.post("/v1/auth/refresh", { refreshToken: keep(pair.refreshToken) })).json.tokens;
    const me = await call(s.base, "/v1/me", { key: keep(next.accessToken) });
    expect(me.json).toMatchObject({
      id: userId,
      email: "ada@example.com",
      isMfaEnabled: true,
      backupCodesLeft: 9,
    });

    // What programs and endpoints of the person's organization show.
    const as = { key: next.accessToken };
    const { id: tenant } = (await call(s.base, "/v1/organizations", { ...as, body: { name: "Acme" } })).json;
    const made = await call(s.base, "/v1/api-keys", { ...as, tenant, body: { name: "k", scopes: ["*"] } });
    keep(made.json.key);
    const hook = { url: "https://hooks.acme.example/in", events: ["*"] };
    keep((await call(s.base, "/v1/webhook-endpoints", { ...as, tenant, body: hook })).json.secret);
    keep(
      (
        await call(s.base, "/v1/invitations", {
          ...as,
          tenant,
          body: { email: "b@acme.example", role: "viewer" },
        })
      ).json.token,
    );
    keep("for tests alone: 8f31c0b2a97d4e65");
    const shown = [
      await call(s.base, `/v1/organizations/${tenant}/export`, { ...as, method: "POST" }),
      ...(await Promise.all(
        [
          "/v1/audit-log",
          "/v1/api-keys",
          "/v1/webhook-endpoints",
          "/v1/invitations",
          "/v1/usage/export",
          "/v1/me",
          "/v1/sessions",
        ].map((path) =>
          call(s.base, path, { ...as, ...(path !== "/v1/me" && path !== "/v1/sessions" && { tenant }) }),
        ),
      )),
    ];
    expect(shown.map(({ status }) => status)).toEqual(Array(8).fill(200));
    expect(secrets).toHaveLength(12);
    const answers = shown.map(({ text }) => text).join("");
    expect(secrets.filter((secret) => answers.includes(secret))).toEqual([]);

    const other = await startServerProcess(url);
    expect((await call(other.url, "/v1/me", { key: next.accessToken })).status).toBe(200);
    const all = await call(s.base, "/v1/auth/logout-all", { method: "POST", key: next.accessToken });
    expect([all.status, all.json]).toEqual([200, { ended: 2 }]);
    for (const base of [s.base, other.url]) {
      for (const shown of [next.accessToken, key]) {
        expect((await call(base, "/v1/me", { key: shown })).json.code).toBe("invalid_token");
      }
      const refreshed = await call(base, "/v1/auth/refresh", { body: { refreshToken: next.refreshToken } });
      expect([401, 409]).toContain(refreshed.status);
    }
    await other.terminate();
    const logged = s.lines.join("") + other.logged() + other.said();
    expect(secrets.filter((secret) => logged.includes(secret))).toEqual([]);
    const rows = await s.engine.store.read(async (reader) =>
      JSON.stringify(
        [
          await reader.all("SELECT * FROM user_sessions"),
          await reader.all("SELECT * FROM refresh_tokens"),
          await reader.all("SELECT * FROM one_time_tokens"),
          await reader.all("SELECT * FROM audit_log"),
          await reader.all("SELECT * FROM notifications"),
          await reader.all("SELECT * FROM mfa_backup_codes"),
          await reader.all("SELECT password_hash FROM accounts"),
        ],
        (_, value) => (typeof value === "bigint" ? String(value) : value),
      ),
    );
    // The secret of the second factor has to be kept: codes are made of it.
    expect(secrets.filter((secret) => rows.includes(secret))).toEqual([]);
    await s.close();
  });

  it("is a pair of cookies for a browser, which no other site can use, and which a sign-in never takes over", async () => {
    const s = await start(await freshUrl());
    await s.post("/v1/auth/register", ADA);
    await s.post("/v1/auth/verify-email", { token: await s.mailed() });
    // Session fixation: what a browser had before is no part of what it gets.
    const planted = { cookie: "__Host-aragora_access=planted; __Host-aragora_refresh=planted" };
    const signedIn = await s.post("/v1/auth/login", { ...ADA, cookies: true }, planted);
    expect(JSON.stringify(signedIn.json)).not.toContain('Token"');
    const set = cookiesOf(signedIn.headers);
    expect(set.map(([pair = ""]) => pair.split("=")[0])).toEqual([
      "__Host-aragora_access",
      "__Host-aragora_refresh",
    ]);
    for (const [pair, ...attributes] of set) {
      expect(pair).not.toContain("planted");
      expect(attributes.sort()).toEqual([
        ...["HttpOnly", expect.stringMatching(/^Max-Age=\d+$/), "Path=/", "SameSite=Strict", "Secure"],
      ]);
    }
    const cookie = set.map(([pair]) => pair).join("; ");
    const look = (headers: Record<string, string>) => call(s.base, "/v1/me", { headers });
    expect((await look({ cookie })).json.email).toBe("ada@example.com");
    const make = (headers: Record<string, string>) =>
      s.post("/v1/organizations", { name: "Acme" }, { cookie, ...headers });
    expect((await make({})).json).toMatchObject({ status: 403, code: "csrf" });
    for (const origin of ["https://evil.example", "null", s.base.replace("127.0.0.1", "localhost")]) {
      expect((await make({ ...OWN_PAGE, origin })).json.code).toBe("csrf");
    }
    const preflight = await call(s.base, "/v1/organizations", {
      method: "OPTIONS",
      headers: { origin: "https://evil.example", "access-control-request-method": "POST" },
    });
    expect([preflight.status, preflight.headers.get("access-control-allow-origin")]).toEqual([405, null]);
    expect((await make({ ...OWN_PAGE, origin: s.base })).status).toBe(201);
    expect((await s.post("/v1/auth/refresh", {}, { cookie })).json.code).toBe("csrf");
    const refreshed = await s.post("/v1/auth/refresh", {}, { cookie, ...OWN_PAGE });
    const later = cookiesOf(refreshed.headers)
      .map(([pair]) => pair)
      .join("; ");
    expect([refreshed.status, later === cookie]).toEqual([200, false]);
    const out = await s.post("/v1/auth/logout", {}, { cookie: later, ...OWN_PAGE });
    expect(cookiesOf(out.headers).map(([pair]) => pair)).toEqual([
      "__Host-aragora_access=",
      "__Host-aragora_refresh=",
    ]);
    expect((await look({ cookie: later })).status).toBe(401);
    // A header names what is meant, whatever cookies come with it.
    expect((await look({ cookie: later, authorization: "Bearer ara_nonsense" })).json.code).toBe(
      "invalid_api_key",
    );
    await s.close();
  });
});

describe("guessing over HTTP", () => {
  it("is refused at the eleventh wrong password, with the seconds to wait; a forwarded address does not dodge it", async () => {
    const s = await start(await freshSqliteUrl());
    await s.post("/v1/auth/register", ADA);
    await s.post("/v1/auth/verify-email", { token: await s.mailed() });
    const statuses: number[] = [];
    for (let n = 0; n < 11; n += 1) {
      const headers = { "x-forwarded-for": `192.0.2.${n}` };
      const answer = await s.post("/v1/auth/login", { ...ADA, password: `wrong ${n}` }, headers);
      statuses.push(answer.status);
      if (n === 10) expect(Number(answer.headers.get("retry-after"))).toBeGreaterThan(30);
    }
    expect(statuses).toEqual([...Array(10).fill(401), 429]);
    expect((await s.post("/v1/auth/login", ADA)).status).toBe(429);
    await s.close();
  });

  it("of tokens is refused like that of keys: after ten from one address", async () => {
    const s = await start(await freshSqliteUrl());
    const statuses: number[] = [];
    for (let n = 0; n < 12; n += 1) {
      statuses.push((await call(s.base, "/v1/me", { key: `eyJhbGciOiJub25lIn0.e30.${n}` })).status);
    }
    expect(statuses).toEqual([...Array(10).fill(401), 429, 429]);
    await s.close();
  });
});

describe("idempotency of what users write", () => {
  it("is one effect and one answer for five at once and five later", async () => {
    const s = await start(await freshSqliteUrl());
    await s.post("/v1/auth/register", ADA);
    await s.post("/v1/auth/verify-email", { token: await s.mailed() });
    const signIn = async () => (await s.post("/v1/auth/login", ADA)).json.tokens;
    const [one, two] = [await signIn(), await signIn()];
    const key = one.accessToken;
    const writes: [string, object][] = [
      ["/v1/sessions/revoke-others", {}],
      [`/v1/sessions/${two.sessionId}/revoke`, {}],
      ["/v1/auth/mfa/enrol", {}],
      ["/v1/organizations", { name: "Acme" }],
    ];
    for (const [path, body] of writes) {
      const ask = () => call(s.base, path, { key, body, once: `once ${path}`.replaceAll(/[^a-z]/g, "-") });
      const atOnce = await Promise.all([1, 2, 3, 4, 5].map(ask));
      const later = [await ask(), await ask(), await ask(), await ask(), await ask()];
      expect([path, new Set([...atOnce, ...later].map(({ text }) => text)).size]).toEqual([path, 1]);
      expect(later.every(({ headers }) => headers.get("idempotent-replayed") === "true")).toBe(true);
    }
    expect((await call(s.base, "/v1/me", { key })).json.organizations).toHaveLength(1);
    await s.close();
  });
});
