// A real OpenID Connect provider on this machine, and a browser to sign in at it.
import { randomBytes } from "node:crypto";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { exportJWK, generateKeyPair, type JWTPayload, SignJWT } from "jose";
import type { Context } from "oidc-provider";
import { afterAll } from "vitest";

export const REDIRECT_URI = "https://billing.example/v1/auth/oidc/callback";

export interface TestClient {
  readonly clientId: string;
  readonly clientSecret: string;
}

export type Claims = Readonly<Record<string, unknown>>;

/** Changes what the token endpoint answers. */
export type Tamper = (context: Context, sign: (change: Claims) => Promise<void>) => Promise<void>;

export interface TestProvider {
  readonly issuer: string;
  readonly client: TestClient;
  /** What it says of each person, by login. */
  readonly people: Map<string, Claims>;
  /** Set, it meddles with the next answers of the token endpoint. */
  tamper: Tamper | undefined;
  /** Paths it was asked for. */
  readonly asked: string[];
}

/** Starts one; it ends with the test file. */
export async function startProvider(): Promise<TestProvider> {
  const { Provider } = await quietly(() => import("oidc-provider"));
  const { privateKey } = await generateKeyPair("RS256", { extractable: true });
  const { privateKey: foreignKey } = await generateKeyPair("RS256");
  const header = { alg: "RS256", kid: "key-1" };
  const jwk = { ...(await exportJWK(privateKey)), ...header, use: "sig" };
  const client = { clientId: "billing", clientSecret: `secret-${randomBytes(12).toString("hex")}` };
  const people = new Map<string, Claims>();

  let answer: ReturnType<InstanceType<typeof Provider>["callback"]> | undefined;
  const server = createServer((request, response) => answer?.(request, response));
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  afterAll(() => {
    server.closeAllConnections();
    return new Promise((resolve) => server.close(resolve));
  });
  const issuer = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const started: TestProvider = { issuer, client, people, tamper: undefined, asked: [] };

  const provider = await quietly(
    async () =>
      new Provider(issuer, {
        clients: [
          {
            client_id: client.clientId,
            client_secret: client.clientSecret,
            redirect_uris: [REDIRECT_URI],
          },
        ],
        jwks: { keys: [jwk] },
        cookies: { keys: [randomBytes(16).toString("hex")] },
        ttl: { Interaction: 600, Session: 600, Grant: 600, AccessToken: 600, IdToken: 600 },
        pkce: { required: () => true },
        claims: { openid: ["sub"], email: ["email", "email_verified"], profile: ["name", "groups"] },
        findAccount: (_: unknown, login: string) => ({
          accountId: login,
          claims: () => ({ sub: login, ...people.get(login) }),
        }),
      }),
  );
  provider.use(async (context, next) => {
    started.asked.push(context.path);
    await next();
    if (context.path !== "/token" || started.tamper === undefined) return;
    await started.tamper(context, async ({ isForeign, ...change }) => {
      const body = context.body as { id_token: string };
      const payload = JSON.parse(Buffer.from(body.id_token.split(".")[1] ?? "", "base64url").toString());
      const changed: JWTPayload = { ...payload, ...change };
      const token = new SignJWT(changed).setProtectedHeader(header);
      context.body = { ...body, id_token: await token.sign(isForeign ? foreignKey : privateKey) };
    });
  });
  answer = provider.callback();
  return started;
}

/**
 * Signs somebody in at the provider as a browser does, through its own pages, and returns the address it is sent back
 * to.
 */
export async function browse(url: string, login: string, form: Claims = {}): Promise<string> {
  const cookies = new Map<string, string>();
  let [at, body] = [url, undefined as URLSearchParams | undefined];
  for (let step = 0; step < 20; step += 1) {
    const response: Response = await fetch(at, {
      method: body === undefined ? "GET" : "POST",
      redirect: "manual",
      headers: { cookie: [...cookies].map(([name, value]) => `${name}=${value}`).join("; ") },
      ...(body && { body }),
    });
    for (const line of response.headers.getSetCookie()) {
      const [name = "", value = ""] = (line.split(";")[0] ?? "").split(/=(.*)/s);
      if (value === "") cookies.delete(name);
      else cookies.set(name, value);
    }
    const location = response.headers.get("location");
    const page = await response.text();
    body = undefined;
    if (location !== null) {
      at = new URL(location, at).href;
      if (at.startsWith(REDIRECT_URI)) return at;
      continue;
    }
    const action = /<form[^>]* action="([^"]+)"/.exec(page)?.[1];
    const prompt = /name="prompt" value="(\w+)"/.exec(page)?.[1];
    if (action === undefined || prompt === undefined) throw new Error(`${response.status} at ${at}: ${page}`);
    if (form.abort === true) at = /href="([^"]+\/abort)"/.exec(page)?.[1] ?? "";
    else {
      at = action;
      body = new URLSearchParams(prompt === "login" ? { prompt, login, password: "any" } : { prompt });
    }
  }
  throw new Error("the provider sends the browser round and round");
}

/** The provider greets its developers on the console; a test has nothing to say. */
async function quietly<T>(work: () => Promise<T>): Promise<T> {
  const { info, warn } = console;
  console.info = console.warn = () => undefined;
  try {
    return await work();
  } finally {
    Object.assign(console, { info, warn });
  }
}
