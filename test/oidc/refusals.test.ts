import { createServer, type RequestListener } from "node:http";
import type { AddressInfo } from "node:net";
import { inspect } from "node:util";
import { afterAll, afterEach, beforeAll, describe, expect, it, onTestFinished } from "vitest";
import { oidcProvider } from "../../src/adapters/oidc/index.ts";
import type { OidcProvider } from "../../src/domain/identity/index.ts";
import { BillingError } from "../../src/kernel/index.ts";
import { fresh } from "../identity/services.ts";
import { browse, type Claims, REDIRECT_URI, startProvider, type TestProvider } from "./provider.ts";
import { DOMAIN, type OidcWorld, person, startOidc } from "./world.ts";

let provider: TestProvider;
let w: OidcWorld;
/** What was sent over the wire and must show up nowhere. */
const secrets = new Set<string>();

beforeAll(async () => {
  provider = await startProvider();
  secrets.add(provider.client.clientSecret);
  w = await startOidc("sqlite::memory:", provider, { atEnd: (close) => closing.push(close) });
});

const closing: (() => Promise<void>)[] = [];
afterAll(async () => {
  for (const close of closing) await close();
});

afterEach(() => {
  provider.tamper = undefined;
});

/** A sign-in up to its answer, whose code is a secret from then on. */
async function comeBack(login = fresh("p"), claims?: Claims) {
  const back = await w.comeBack(login, claims);
  secrets
    .add(back.browserSecret)
    .add(new URL(back.callbackUrl).searchParams.get("code") ?? back.browserSecret);
  return back;
}

/** Code and reason of a refusal, which tells no secret even to whoever inspects it. */
async function refusal(promise: Promise<unknown>): Promise<string> {
  const error = await promise.then(
    (value) => expect.fail(`resolved with ${inspect(value)}`),
    (reason: unknown) => reason,
  );
  if (!(error instanceof BillingError)) throw error;
  // What the library says may hold what the provider sent.
  expect(error.cause).toBeUndefined();
  const text = inspect(error, { depth: 10, showHidden: true });
  for (const secret of secrets) expect(text).not.toContain(secret);
  return [error.kind, error.code, error.details.reason].filter(Boolean).join(" ");
}

function changed(callbackUrl: string, change: Readonly<Record<string, string>>): string {
  const url = new URL(callbackUrl);
  for (const [name, value] of Object.entries(change)) url.searchParams.set(name, value);
  return url.href;
}

const STATE = "unauthenticated invalid_oidc_state";
const REFUSED = "unauthenticated oidc_sign_in_refused";
const AWAY = "unavailable oidc_provider_unavailable";

describe("an answer from a provider is refused", () => {
  it("with a state that is wrong, another browser's or none", async () => {
    const [mine, theirs] = [await comeBack(), await comeBack()];
    const before = provider.asked.length;
    const { callbackUrl, browserSecret } = mine;
    for (const state of [
      "",
      "0".repeat(64),
      new URL(theirs.callbackUrl).searchParams.get("state") as string,
    ]) {
      const answer = { callbackUrl: changed(callbackUrl, { state }), browserSecret };
      expect(await refusal(w.oidc.complete(answer))).toBe(STATE);
    }
    const strangers = [theirs.browserSecret, "", "x".repeat(43), undefined as unknown as string];
    for (const secret of strangers) {
      expect(await refusal(w.oidc.complete({ callbackUrl, browserSecret: secret }))).toBe(STATE);
    }
    for (const url of ["", "http://[", `/?${"a".repeat(9_000)}`, null as unknown as string]) {
      expect(await refusal(w.oidc.complete({ callbackUrl: url, browserSecret }))).toBe(STATE);
    }
    // Nobody was asked meanwhile, and both are still good for their own browsers.
    expect(provider.asked).toHaveLength(before);
    const [one, two] = [await w.oidc.complete(mine), await w.oidc.complete(theirs)];
    expect(one.userId).not.toBe(two.userId);
  });

  it("with a state that was used, also by a completion that failed", async () => {
    const good = await comeBack();
    await w.oidc.complete(good);
    expect(await refusal(w.oidc.complete(good))).toBe(STATE);
    const bad = await comeBack(fresh("p"), { email: `x@${DOMAIN}`, email_verified: false });
    expect(await refusal(w.oidc.complete(bad))).toBe("forbidden oidc_email_not_verified");
    expect(await refusal(w.oidc.complete(bad))).toBe(STATE);
  });

  it("after 10 minutes", async () => {
    const [early, late] = [await comeBack(), await comeBack()];
    w.clock.advance(599_999);
    expect((await w.oidc.complete(early)).userId).toMatch(/^user_/);
    w.clock.advance(1);
    expect(await refusal(w.oidc.complete(late))).toBe(STATE);
  });

  it("with an ID token of another nonce, issuer, audience, time or key", async () => {
    const signed = async (change: Claims) => {
      const back = await comeBack();
      provider.tamper = (context, sign) => {
        secrets.add((context.body as { access_token: string }).access_token);
        return sign(change);
      };
      return w.oidc.complete(back);
    };
    // That it was signed again is no reason.
    expect((await signed({})).userId).toMatch(/^user_/);
    const claim = `${REFUSED} OAUTH_JWT_CLAIM_COMPARISON_FAILED`;
    expect(await refusal(signed({ nonce: "0".repeat(64) }))).toBe(claim);
    expect(await refusal(signed({ iss: "https://other.example" }))).toBe(claim);
    expect(await refusal(signed({ aud: "another-client" }))).toBe(claim);
    expect(await refusal(signed({ nonce: undefined }))).toMatch(REFUSED);
    const past = `${REFUSED} OAUTH_JWT_TIMESTAMP_CHECK_FAILED`;
    expect(await refusal(signed({ iat: 1_700_000_000, exp: 1_700_000_600 }))).toBe(past);
    expect(await refusal(signed({ isForeign: true }))).toMatch(REFUSED);
    const contradiction = "provider_failed oidc_provider_failed OAUTH_JSON_ATTRIBUTE_COMPARISON_FAILED";
    expect(await refusal(signed({ sub: "somebody-else" }))).toBe(contradiction);
  });

  it("with an identity too long to keep", async () => {
    const login = "p".repeat(256);
    provider.people.set(login, person(fresh("p")));
    const { url, browserSecret } = await w.oidc.begin();
    const answer = { callbackUrl: await browse(url, login), browserSecret };
    expect(await refusal(w.oidc.complete(answer))).toBe(`${REFUSED} invalid_subject`);
  });

  it("with the code of another sign-in, or one that was made up", async () => {
    const [mine, theirs] = [await comeBack(), await comeBack()];
    const code = new URL(theirs.callbackUrl).searchParams.get("code") as string;
    const injected = { ...mine, callbackUrl: changed(mine.callbackUrl, { code }) };
    expect(await refusal(w.oidc.complete(injected))).toBe(`${REFUSED} provider_refused`);
    const next = await comeBack();
    const made = { ...next, callbackUrl: changed(next.callbackUrl, { code: "made-up" }) };
    expect(await refusal(w.oidc.complete(made))).toBe(`${REFUSED} provider_refused`);
  });

  it("with the mark of another issuer", async () => {
    const back = await comeBack();
    const answer = { ...back, callbackUrl: changed(back.callbackUrl, { iss: "https://other.example" }) };
    expect(await refusal(w.oidc.complete(answer))).toMatch(REFUSED);
  });

  it("when the person did not consent", async () => {
    const { url, browserSecret } = await w.oidc.begin();
    const callbackUrl = await browse(url, "nobody", { abort: true });
    expect(callbackUrl).toContain("error=access_denied");
    const answer = { callbackUrl, browserSecret };
    expect(await refusal(w.oidc.complete(answer))).toBe(`${REFUSED} provider_refused`);
  });

  it("without a verified address", async () => {
    for (const email_verified of [false, undefined, "true", 1]) {
      const back = await comeBack(fresh("p"), person("p", { email_verified }));
      expect(await refusal(w.oidc.complete(back))).toBe("forbidden oidc_email_not_verified");
    }
  });

  it("with an address of another domain", async () => {
    const addresses = [`p@sub.${DOMAIN}`, `p@not${DOMAIN}`, `p@${DOMAIN}.evil.example`, "p", undefined];
    for (const email of [...addresses, `p@evil.example, q@${DOMAIN}`, [`p@${DOMAIN}`]]) {
      const back = await comeBack(fresh("p"), person("p", { email }));
      expect(await refusal(w.oidc.complete(back)), String(email)).toBe("forbidden oidc_domain_not_allowed");
    }
  });

  it("and leaves neither a user nor a secret in the database", async () => {
    const dump: string[] = [];
    for (const table of ["audit_log", "users", "oidc_identities", "oidc_handshakes", "user_sessions"]) {
      const rows = await w.store.read((reader) => reader.all(`SELECT * FROM ${table}`));
      dump.push(inspect(rows, { depth: 10, maxArrayLength: null, maxStringLength: null }));
    }
    expect(secrets.size).toBeGreaterThan(20);
    for (const secret of secrets) expect(dump.join("\n")).not.toContain(secret);
    expect(dump.join("\n")).not.toContain("evil");
  });
});

describe("a provider", () => {
  it("that is away, answers too late, breaks off or fails is unavailable, and asked again later", async () => {
    const gone = await serverOf(() => undefined);
    await gone.close();
    expect(await refusal(begin(clientOf(gone.issuer)))).toBe(AWAY);
    const silent = await serverOf(() => undefined);
    expect(await refusal(begin(clientOf(silent.issuer)))).toBe(AWAY);
    const dripping = await serverOf((_, response) => {
      response.writeHead(200, { "content-type": "application/json" });
      response.write("{");
    });
    expect(await refusal(begin(clientOf(dripping.issuer)))).toBe(AWAY);
    const broken = await serverOf((_, response) => {
      response.writeHead(200, { "content-type": "application/json", "content-length": "100" });
      response.write("{", () => response.destroy());
    });
    expect(await refusal(begin(clientOf(broken.issuer)))).toBe(AWAY);
    let isUp = false;
    const failing = await serverOf((request, response) => {
      response.writeHead(isUp ? 200 : 503, { "content-type": "application/json" });
      const issuer = `http://${request.headers.host}`;
      response.end(JSON.stringify({ issuer, authorization_endpoint: `${issuer}/auth` }));
    });
    const client = clientOf(failing.issuer);
    expect(await refusal(begin(client))).toBe(AWAY);
    isUp = true;
    expect(await begin(client)).toContain(`${failing.issuer}/auth?`);
  });

  it("that fails while a code is redeemed is unavailable", async () => {
    for (const status of [500, 503]) {
      const back = await comeBack();
      provider.tamper = async (context) => {
        context.status = status;
        context.body = { error: "server_error" };
      };
      expect(await refusal(w.oidc.complete(back))).toBe(AWAY);
    }
    const impatient = await startOidc("sqlite::memory:", provider, { timeoutMs: 1_500 });
    const back = await impatient.comeBack(fresh("p"));
    provider.tamper = () => new Promise(() => undefined);
    expect(await refusal(impatient.oidc.complete(back))).toBe(AWAY);
  });

  it("that calls itself otherwise, or does not speak the protocol, is for an operator to see to", async () => {
    const other = await serverOf((_, response) => {
      response.writeHead(200, { "content-type": "application/json" });
      response.end(JSON.stringify({ issuer: "https://other.example" }));
    });
    expect(await refusal(begin(clientOf(other.issuer)))).toMatch("provider_failed oidc_provider_failed");
    const page = await serverOf((_, response) => {
      response.writeHead(200, { "content-type": "text/html" });
      response.end("<h1>It works</h1>");
    });
    expect(await refusal(begin(clientOf(page.issuer)))).toMatch("provider_failed oidc_provider_failed");
    expect(await refusal(begin(oidcProvider({ ...clientParts(page.issuer), allowInsecure: false })))).toMatch(
      "provider_failed oidc_provider_failed",
    );
  });

  it("that does not know our secret is for an operator to see to, and the secret is in no error", async () => {
    const clientSecret = "a-wrong-secret-that-nobody-may-read";
    secrets.add(clientSecret);
    const stranger = await startOidc("sqlite::memory:", provider, { connection: { clientSecret } });
    const back = await stranger.comeBack(fresh("p"));
    expect(await refusal(stranger.oidc.complete(back))).toBe(
      "provider_failed oidc_provider_failed invalid_client",
    );
  });
});

function clientParts(issuer: string) {
  return { issuer, ...provider.client, timeoutMs: 300 };
}

function clientOf(issuer: string): OidcProvider {
  return oidcProvider({ ...clientParts(issuer), allowInsecure: true });
}

function begin(client: OidcProvider): Promise<string> {
  const codeVerifier = "v".repeat(43);
  return client.authorizationUrl({ state: "s", nonce: "n", codeVerifier, redirectUri: REDIRECT_URI });
}

async function serverOf(listener: RequestListener): Promise<{ issuer: string; close: () => Promise<void> }> {
  const server = createServer(listener);
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const close = async () => {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  };
  onTestFinished(close);
  return { issuer: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, close };
}
