// docs/deployment.md: the settings of a server, the proxy before it and the files of deploy/.

import { join } from "node:path";
import { parseEnv } from "node:util";
import { describe, expect, it } from "vitest";
import { readConfig } from "../../src/config.ts";
import { run } from "../cli/program.ts";
import { freshFolder } from "../support/database.ts";
import { call, operatorKeyOf, servedEngine } from "../support/http-server.ts";
import { serve, textOf } from "./guide.ts";

const TOKEN = "planted-token-0123456789";
const PROGRAM = "dist/cli/main.js";
const GUIDE = textOf("docs/deployment.md");

describe("a server's environment", () => {
  it("names the database and the metrics' token, which opens the metrics and nothing else and is never printed", async () => {
    const file = join(freshFolder(), "named.db");
    const server = await serve({
      ARAGORA_DATABASE_URL: `sqlite:${file}`,
      ARAGORA_METRICS_TOKEN: TOKEN,
    });
    const statusOf = async (path: string, key?: string) => (await call(server.url, path, { key })).status;
    expect(await statusOf("/metrics", TOKEN)).toBe(200);
    expect(await statusOf("/metrics", TOKEN.replace("9", "8"))).toBe(401);
    expect(await statusOf("/metrics")).toBe(401);
    expect(await statusOf("/v1/organizations", TOKEN)).toBe(401);
    expect(await server.end("SIGTERM")).toBe(0);
    const engine = servedEngine(`sqlite:${file}`);
    expect(await engine.identity.ensureOperatorKey()).toBeNull();
    await engine.close();
    expect(server.printed()).not.toContain("planted");
    expect(server.printed()).toContain('"metricsToken":"set"');
  });

  it("stops the start with a token that could be guessed, in words that do not repeat it", async () => {
    const folder = freshFolder();
    const start = serve({ ARAGORA_DATA_DIR: folder, ARAGORA_METRICS_TOKEN: "planted" });
    const error = await start.then(String, ({ message }: Error) => message);
    expect(error).toMatch(/^exit code 2: error: ARAGORA_METRICS_TOKEN must be 16 to 200/);
    expect(error).not.toContain("planted");
  });

  it("is overruled by flags", async () => {
    const [named, other] = [join(freshFolder(), "a.db"), join(freshFolder(), "b.db")];
    const env = { ARAGORA_DATABASE_URL: `sqlite:${other}` };
    const made = await run(
      ["keys", "create", "--operator", "--name", "a", "--scope", "*", "--database", `sqlite:${named}`],
      { env },
    );
    expect(made.code).toBe(0);
    const listed = await run(["keys", "list", "--database", `sqlite:${named}`], { env });
    expect(listed.stdout).toContain("1 key");
    expect((await run(["keys", "list"], { env })).stderr).toContain("there is no database at");
  });

  it("is in the guide's table, every variable of it, and nothing more is", () => {
    const named = (text: string) => [...new Set(text.match(/ARAGORA_[A-Z_]+/g))].sort();
    const rows = GUIDE.split("\n").filter((line) => line.startsWith("| `ARAGORA_"));
    expect(named(rows.map((row) => row.split("|")[1]).join(""))).toEqual(named(textOf("src/config.ts")));
  });
});

describe("a proxy before the server", () => {
  const guess = async (url: string, client: string) =>
    (await call(url, "/v1/usage/summary", { key: "ara_guess", headers: { "x-forwarded-for": client } }))
      .status;

  it("that is named by --trust-proxy keeps its clients apart: one who guesses keys stops nobody else", async () => {
    const folder = freshFolder();
    const engine = servedEngine(`sqlite:${join(folder, "billing.db")}`);
    const key = await operatorKeyOf(engine);
    await engine.close();
    for (const [flags, statusOfOthers] of [
      [["--trust-proxy", "127.0.0.1"], 200],
      [[], 429],
    ] as const) {
      const server = await serve({ ARAGORA_DATA_DIR: folder }, flags);
      for (let n = 0; n < 10; n += 1) expect(await guess(server.url, "192.0.2.1")).toBe(401);
      expect(await guess(server.url, "192.0.2.1")).toBe(429);
      const headers = { "x-forwarded-for": "192.0.2.2" };
      const { status } = await call(server.url, "/v1/usage/summary", { key, tenant: "acme", headers });
      expect(status).toBe(statusOfOthers);
      await server.end("SIGTERM");
    }
  });
});

/** A unit's settings by section and name; what is given more than once is there more than once. */
function unitOf(text: string): Map<string, string[]> {
  const settings = new Map<string, string[]>();
  let section = "";
  for (const line of text.split("\n")) {
    if (line === "" || line.startsWith("#")) continue;
    const [, head] = /^\[(\w+)\]$/.exec(line) ?? [];
    const [, name, value = ""] = /^(\w+)=(.*)$/.exec(line) ?? [];
    if (head !== undefined) section = head;
    else if (name === undefined || section === "") throw new Error(`no line of a unit: ${line}`);
    else settings.set(`${section}.${name}`, [...(settings.get(`${section}.${name}`) ?? []), value]);
  }
  return settings;
}

describe("the files of deploy/", () => {
  const unit = unitOf(textOf("deploy/aragora-billing.service"));
  const service = (name: string) => unit.get(`Service.${name}`)?.at(-1);

  it("start the program that the package installs", () => {
    expect(JSON.parse(textOf("package.json")).bin["aragora-billing"]).toBe(PROGRAM);
    expect(service("ExecStart")).toBe(`/usr/bin/node ${PROGRAM} serve $SERVE_FLAGS`);
    const container = textOf("deploy/Containerfile");
    expect(container).toContain(`ENTRYPOINT ["node", "${PROGRAM}"]`);
    expect(container).toContain('CMD ["serve", "--host", "0.0.0.0"]');
  });

  it("run it without rights, on a system that it cannot write to, but where it can say where it listens", () => {
    expect([service("User"), service("StateDirectory")]).toEqual(["aragora-billing", "aragora-billing"]);
    for (const name of ["NoNewPrivileges", "PrivateTmp", "ProtectHome", "RestrictSUIDSGID"]) {
      expect([name, service(name)]).toEqual([name, "yes"]);
    }
    expect([service("ProtectSystem"), service("CapabilityBoundingSet")]).toEqual(["strict", ""]);
    expect([service("UMask"), service("StateDirectoryMode")]).toEqual(["0077", "0700"]);
    expect(unit.has("Service.MemoryDenyWriteExecute")).toBe(false);
    // On 0.0.0.0 the HTTP server asks for the machine's addresses and ends when it may not.
    expect(service("RestrictAddressFamilies")?.split(" ")).toContain("AF_NETLINK");
    expect(textOf("deploy/Containerfile")).toMatch(/^USER node$(?=[\s\S]*^ENTRYPOINT )/m);
  });

  it("give the server more time to drain than it takes", () => {
    const drainMs = Number(/DRAIN_MS = ([\d_]+)/.exec(textOf("src/http/run.ts"))?.[1]?.replaceAll("_", ""));
    expect(Number(service("TimeoutStopSec"))).toBeGreaterThan(drainMs / 1_000 + 1.5);
    expect(Number(/--stop-timeout (\d+)/.exec(GUIDE)?.[1])).toBeGreaterThan(drainMs / 1_000 + 1.5);
  });

  it("show an environment that is taken as it stands once it is filled in", () => {
    const filled = textOf("deploy/environment.example")
      .replace(/^#(?=[A-Z_]+=)/gm, "")
      .replace("ARAGORA_METRICS_TOKEN=", `ARAGORA_METRICS_TOKEN=${TOKEN}`)
      .replace("ARAGORA_SMTP_HOST=", "ARAGORA_SMTP_HOST=mail.example.com")
      .replace("ARAGORA_NOTIFICATION_WEBHOOK=", "ARAGORA_NOTIFICATION_WEBHOOK=https://hooks.example.com/a");
    const { SERVE_FLAGS = "", ...environment } = parseEnv(filled) as Record<string, string>;
    expect(readConfig(environment)).toMatchObject({
      database: "postgres://billing:password@db.internal/billing",
      metricsToken: TOKEN,
      notifications: { smtp: { host: "mail.example.com", port: 587, from: "billing@example.com" } },
    });
    const source = textOf("src/config.ts");
    for (const name of Object.keys(environment)) expect(source).toContain(`"${name}"`);
    for (const flag of SERVE_FLAGS.match(/--[a-z-]+/g) ?? []) {
      expect(textOf("src/cli/serve.ts")).toContain(`"${flag} <`);
    }
  });
});
