// The server over one database: on a real port of this process, or as a process of its own
// (`http-server.ts DATABASE_URL PORT LIMITS_AS_JSON` prints its address, then serves until it is ended).

import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import type { FastifyInstance } from "fastify";
import { Billing, type BillingOptions } from "../../src/billing.ts";
import type { Scope } from "../../src/domain/identity/index.ts";
import type { ServerLimits, ServerOptions } from "../../src/http/context.ts";
import { batchedLines } from "../../src/http/logging.ts";
import { runServer, stopAtSignal } from "../../src/http/run.ts";
import { buildServer } from "../../src/http/server.ts";
import { storeAt } from "../../src/store/index.ts";

const OPERATOR = { kind: "operator", id: "test" } as const;
const CHILD = fileURLToPath(import.meta.url);

/** An engine with everything that the server serves, as `billing.ts` joins it. */
export function servedEngine(url: string, options: Partial<BillingOptions> = {}) {
  const store = storeAt(url);
  const billing = new Billing(
    store,
    {
      database: url,
      notifications: { log: () => undefined },
      tokenSecret: { current: "for tests alone: 8f31c0b2a97d4e65" },
      ...options,
    },
    [],
  );
  return Object.assign(billing, { store });
}

export type TestEngine = ReturnType<typeof servedEngine>;

export interface TestServer {
  readonly url: string;
  readonly app: FastifyInstance;
  readonly engine: TestEngine;
  readonly operatorKey: string;
  /** A key of a tenant, which is made if it is not there. */
  readonly keyOf: (tenant: string, scopes?: readonly (Scope | "*")[]) => Promise<string>;
  readonly close: () => Promise<void>;
}

/** A server on a port of this process. */
export async function startServer(url: string, options: ServerOptions = {}): Promise<TestServer> {
  const engine = servedEngine(url);
  await engine.ready();
  const app = await buildServer(engine, { log: { level: "silent" }, ...options });
  await app.listen({ host: "127.0.0.1", port: 0 });
  const address = app.server.address();
  const port = typeof address === "object" && address !== null ? address.port : 0;
  const operatorKey = await operatorKeyOf(engine);
  return {
    url: `http://127.0.0.1:${port}`,
    ...{ app, engine, operatorKey },
    keyOf: (tenant, scopes = ["*"]) => tenantKeyOf(engine, tenant, scopes),
    close: async () => {
      await app.close();
      await engine.close();
    },
  };
}

export async function operatorKeyOf({ identity }: TestEngine): Promise<string> {
  return (await identity.createKey(OPERATOR, { name: "test", scopes: ["*"] })).key;
}

export async function tenantKeyOf(
  { identity, organizations }: TestEngine,
  tenant: string,
  scopes: readonly (Scope | "*")[] = ["*"],
): Promise<string> {
  const found = await organizations.get(OPERATOR, tenant).catch(() => undefined);
  if (found === undefined) {
    await organizations.createOrganization(OPERATOR, {
      id: tenant,
      name: tenant,
      ownerId: `${tenant}_owner`,
    });
  }
  return (await identity.createKey(OPERATOR, { tenant, name: "test", scopes })).key;
}

export interface Answer {
  readonly status: number;
  readonly headers: Headers;
  readonly text: string;
  // biome-ignore lint/suspicious/noExplicitAny: answers are looked into by tests of every route.
  readonly json: any;
}

/** One request over a real connection. */
export async function call(
  base: string,
  path: string,
  options: {
    readonly method?: string;
    readonly key?: string | undefined;
    readonly tenant?: string | undefined;
    readonly once?: string | undefined;
    readonly body?: unknown;
    readonly type?: string;
    readonly headers?: Readonly<Record<string, string>>;
  } = {},
): Promise<Answer> {
  const {
    method = options.body === undefined ? "GET" : "POST",
    key,
    tenant,
    once: onceKey,
    body,
    type,
  } = options;
  const response = await fetch(`${base}${path}`, {
    method,
    headers: {
      ...(key !== undefined && { authorization: `Bearer ${key}` }),
      ...(tenant !== undefined && { "aragora-tenant": tenant }),
      ...(onceKey !== undefined && { "idempotency-key": onceKey }),
      ...(body !== undefined && { "content-type": type ?? "application/json" }),
      ...options.headers,
    },
    ...(body !== undefined && { body: typeof body === "string" ? body : JSON.stringify(body) }),
  });
  const text = await response.text();
  const isJson = (response.headers.get("content-type") ?? "").includes("json");
  return {
    status: response.status,
    headers: response.headers,
    text,
    json: isJson ? JSON.parse(text) : undefined,
  };
}

export interface ServerProcess {
  readonly url: string;
  readonly child: ChildProcess;
  /** Everything it said so far. */
  readonly said: () => string;
  readonly logged: () => string;
  /** `kill -9`. */
  readonly kill: () => Promise<void>;
  /** SIGTERM; resolves with the exit code. */
  readonly terminate: () => Promise<number | null>;
}

/** A server as a process of its own, on a database that is prepared. */
export async function startServerProcess(
  url: string,
  port = 0,
  limits: ServerLimits = {},
): Promise<ServerProcess> {
  const child = spawn(
    process.execPath,
    ["--import", "tsx", CHILD, url, String(port), JSON.stringify(limits)],
    {
      stdio: ["ignore", "pipe", "pipe"],
    },
  );
  let said = "";
  let logged = "";
  const address = new Promise<string>((resolve, reject) => {
    child.stdout.on("data", (data: Buffer) => {
      said += data.toString();
      const found = /^serving (\S+)$/m.exec(said)?.[1];
      if (found !== undefined) resolve(found);
    });
    child.once("close", () => reject(new Error(`the server ended: ${logged.slice(-2_000)}`)));
  });
  child.stderr.on("data", (data: Buffer) => {
    logged += data.toString();
  });
  const end = async (signal: "SIGKILL" | "SIGTERM") => {
    if (child.exitCode !== null || child.signalCode !== null) return child.exitCode;
    const closed = once(child, "close");
    child.kill(signal);
    return (await closed)[0] as number | null;
  };
  return {
    url: await address,
    child,
    said: () => said,
    logged: () => logged,
    kill: async () => void (await end("SIGKILL")),
    terminate: () => end("SIGTERM"),
  };
}

if (process.argv[1] === CHILD) {
  const [database = "", port = "0", limits = "{}"] = process.argv.slice(2);
  const engine = servedEngine(database);
  const server = await runServer(engine, {
    ...{ host: "127.0.0.1", port: Number(port) },
    say: (line) => process.stdout.write(`${line}\n`),
    log: { stream: batchedLines(process.stderr) },
    limits: JSON.parse(limits) as ServerLimits,
  });
  stopAtSignal(server, (error) => process.stderr.write(`${String(error)}\n`));
}
