import { createPrivateKey, createSign, generateKeyPairSync } from "node:crypto";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { beforeAll, describe, expect, it } from "vitest";
import { freshFolder } from "../support/database.ts";
import { codeOf, startServices } from "./services.ts";
import { encode, forge, partsOf, SECRET, type SessionServices, sessionsOver } from "./sessions-world.ts";

// Each of these is a good token of a live session but for the one thing that is wrong with it.
describe("an access token", () => {
  let s: SessionServices;
  let good: string;
  let mfaPending: string;
  let header: Readonly<Record<string, unknown>>;
  let payload: Readonly<Record<string, unknown>>;

  beforeAll(async () => {
    let close = async () => {};
    const services = await startServices("sqlite::memory:", undefined, (end) => {
      close = end;
    });
    s = sessionsOver(services, {});
    const userId = await s.newUser();
    good = (await s.sessions.issue({ userId, authenticatedBy: ["password"] })).accessToken;
    mfaPending = await s.store.transaction((tx) => s.sessions.issueMfaPending(userId, tx));
    ({ header, payload } = partsOf(good));
    return close;
  });

  const refused = async (token: unknown) => {
    expect(token).not.toBe(good);
    const error: unknown = await s.sessions.authenticate(token as string).catch((reason: unknown) => reason);
    expect(JSON.parse(JSON.stringify(error))).toEqual({
      ...{ kind: "unauthenticated", code: "invalid_token", retryable: false, details: {} },
      message: "this takes a valid token; sign in again",
    });
  };
  const changed = (claims: Record<string, unknown>) => forge(header, { ...payload, ...claims });

  it("is taken as it was made, and when it is made again by hand with the secret", async () => {
    expect(forge(header, payload)).toBe(good);
    expect(await s.sessions.authenticate(good)).toMatchObject({ userId: payload.sub });
    expect(header).toEqual({ alg: "HS256", typ: "JWT", kid: expect.stringMatching(/^[0-9a-f]{16}$/) });
    expect(payload).toEqual({
      ...{ sub: "user_1", sid: expect.stringMatching(/^ses_/), jti: expect.stringMatching(/^tok_/) },
      ...{ iss: "aragora-billing", aud: "aragora-billing", type: "access", tv: 0 },
      ...{ iat: 1_767_225_600, nbf: 1_767_225_570, exp: 1_767_312_000 },
    });
    expect(good).not.toContain(SECRET.current);
  });

  it("is refused without a signature, with the algorithm none", async () => {
    for (const alg of ["none", "None", "NONE", "nOnE", ""]) {
      const text = `${encode({ ...header, alg })}.${encode(payload)}`;
      await refused(`${text}.`);
      await refused(text);
      await refused(`${text}.${partsOf(good).signature}`);
      await refused(forge({ ...header, alg }, payload));
    }
    const { alg: _, ...without } = header;
    await refused(forge(without, payload));
  });

  it("is refused with another algorithm, be it right by its own rules", async () => {
    for (const bits of ["384", "512"]) {
      await refused(forge({ ...header, alg: `HS${bits}` }, payload, { hash: `sha${bits}` }));
    }
    const { privateKey, publicKey } = generateKeyPairSync("rsa", {
      modulusLength: 2048,
      publicKeyEncoding: { type: "spki", format: "pem" },
      privateKeyEncoding: { type: "pkcs8", format: "pem" },
    });
    const text = `${encode({ ...header, alg: "RS256" })}.${encode(payload)}`;
    const signature = createSign("sha256").update(text).sign(createPrivateKey(privateKey), "base64url");
    await refused(`${text}.${signature}`);
    await refused(forge(header, payload, { secret: publicKey }));
    await refused(forge({ ...header, alg: "RS256" }, payload));
  });

  it("is refused with a header, payload or signature that was changed", async () => {
    const [head, body, signature] = good.split(".") as [string, string, string];
    const other = encode({ ...payload, sub: "user_2" });
    await refused(`${head}.${other}.${signature}`);
    await refused(`${encode({ ...header, typ: "jwt" })}.${body}.${signature}`);
    for (const at of [0, 20, signature.length - 2]) {
      const letter = signature[at] === "A" ? "B" : "A";
      await refused(`${head}.${body}.${signature.slice(0, at)}${letter}${signature.slice(at + 1)}`);
    }
    await refused(`${head}.${body}.${signature.slice(0, -1)}`);
    await refused(`${head}.${body}.`);
    for (const secret of ["", "secret", `${SECRET.current} `, "0".repeat(64)]) {
      await refused(forge(header, payload, { secret }));
    }
  });

  it("is refused before and after its time, to the second", async () => {
    const now = payload.iat as number;
    await refused(changed({ exp: now }));
    await refused(changed({ exp: now - 86_400 }));
    await s.sessions.authenticate(changed({ exp: now + 1 }));
    await refused(changed({ nbf: now + 1 }));
    await s.sessions.authenticate(changed({ nbf: now }));
    await refused(changed({ exp: String(now + 60) }));
    const end = (payload.exp as number) * 1_000;
    expect(await s.sessions.authenticate(good, { now: end - 86_400_000 })).toBeDefined();
    expect(await codeOf(s.sessions.authenticate(good, { now: end }))).toBe("invalid_token");
    expect(await codeOf(s.sessions.authenticate(good, { now: now * 1_000 - 31_000 }))).toBe("invalid_token");
  });

  it("is refused of another issuer, for another audience, of another type, and without any claim", async () => {
    await refused(changed({ iss: "https://evil.example" }));
    await refused(changed({ aud: "other-service" }));
    await refused(changed({ aud: ["other-service"] }));
    await refused(changed({ type: "refresh" }));
    await refused(changed({ type: "mfa_pending" }));
    await refused(mfaPending);
    await refused(forge({ ...header, typ: "at+jwt" }, payload));
    for (const claim of Object.keys(payload)) {
      const { [claim]: _, ...rest } = payload;
      await refused(forge(header, rest));
    }
  });

  it("is refused when its session, user or version is not its own", async () => {
    const stranger = await s.newUser();
    const other = await s.sessions.issue({ userId: stranger, authenticatedBy: ["password"] });
    await refused(changed({ sub: stranger }));
    await refused(changed({ sid: other.sessionId }));
    await refused(changed({ sid: "ses_unknown" }));
    for (const tv of [-1, 1, 0.5, "0", null]) await refused(changed({ tv }));
    for (const sub of ["", " ", 7, null, ["user_1"]]) await refused(changed({ sub }));
  });

  it("is refused when its header names a key by a path, an address, or brings one along", async () => {
    const folder = freshFolder();
    const file = join(folder, "key");
    mkdirSync(folder, { recursive: true });
    writeFileSync(file, "known to the attacker, in a file of ours");
    for (const kid of [
      file,
      `../..${file}`,
      "/dev/null",
      "' OR 1=1 --",
      "__proto__",
      "",
      null,
      7,
      [header.kid],
    ]) {
      for (const secret of [SECRET.current, "known to the attacker, in a file of ours", ""]) {
        await refused(forge({ ...header, kid }, payload, { secret }));
      }
    }
    const { kid: _, ...without } = header;
    await refused(forge(without, payload));
    const jwk = { kty: "oct", k: Buffer.from("mine").toString("base64url") };
    for (const extra of [
      { jwk },
      { jku: "https://evil.example/keys" },
      { x5u: "https://evil.example/x" },
      { x5c: ["MII"] },
      { crit: ["exp"] },
      { b64: false },
      { zip: "DEF" },
    ]) {
      await refused(forge({ ...header, ...extra }, payload, { secret: "mine" }));
      await refused(forge({ ...header, ...extra }, payload));
    }
  });

  it("is refused unread above 4 KiB, and in any other form", async () => {
    const huge = forge(header, { ...payload, filler: "x".repeat(4_000) });
    expect(huge.length).toBeGreaterThan(4_096);
    await refused(huge);
    const padded = forge(header, { ...payload, filler: "x".repeat(2_000) });
    expect(await s.sessions.authenticate(padded)).toBeDefined();
    const started = performance.now();
    await refused("a".repeat(50_000_000));
    await refused(`${".".repeat(4_000)}`);
    expect(performance.now() - started).toBeLessThan(1_000);
    for (const text of [
      "",
      " ",
      "a.b.c",
      `${good} `,
      ` ${good}`,
      `Bearer ${good}`,
      `${good}.x`,
      `${good}=`,
    ]) {
      await refused(text);
    }
    for (const text of [undefined, null, 7, {}, [good], new String(good)]) await refused(text);
    await refused(forge(header, Buffer.from("[]").toString("base64url")));
    await refused(forge(header, Buffer.from("{").toString("base64url")));
    await refused(forge(header, Buffer.from([0xff, 0xfe]).toString("base64url")));
  });

  it("gives a role to nobody, whatever it says", async () => {
    const session = await s.sessions.authenticate(changed({ role: "owner", org_id: "org_1", admin: true }));
    expect(Object.keys(session).sort()).toEqual([
      "authenticatedAt",
      "authenticatedBy",
      "mfaAt",
      "sessionId",
      "tokenId",
      "userId",
    ]);
  });
});
