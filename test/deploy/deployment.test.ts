// What docs/deployment.md promises, tried: a backup while usage is recorded, the settings of the environment, the files of
// deploy/.

import { execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import Database from "better-sqlite3";
import { describe, expect, it } from "vitest";
import { freshFolder } from "../support/database.ts";
import { call, servedEngine, startServerProcess, tenantKeyOf } from "../support/http-server.ts";

const ROOT = fileURLToPath(new URL("../..", import.meta.url));
const CLI = join(ROOT, "dist", "cli", "main.js");
const EVENT = { provider: "openai", model: "gpt-4o-mini", tokensIn: 7, tokensOut: 3 };
const run = promisify(execFile);
const textOf = (path: string) => readFileSync(join(ROOT, path), "utf8");

describe("a backup by VACUUM INTO while the server records", () => {
  it("is whole, holds all that was acknowledged before it began, and can be served", async () => {
    const folder = freshFolder();
    const url = `sqlite:${join(folder, "billing.db")}`;
    const backup = join(folder, "backup.db");
    const engine = servedEngine(url);
    await engine.ready();
    const key = await tenantKeyOf(engine, "acme");
    await engine.close();
    const server = await startServerProcess(url);
    const acknowledged: string[] = [];
    let isOver = false;
    const clients = [1, 2, 3, 4].map(async (client) => {
      for (let n = 0; !isOver; n += 1) {
        const id = `c${client}-${n}`;
        const { status } = await call(server.url, "/v1/events", { key, body: { ...EVENT, id } });
        if (status === 200) acknowledged.push(id);
      }
    });
    while (acknowledged.length < 200) await new Promise((resolve) => setTimeout(resolve, 10));
    const before = [...acknowledged];
    // The statement that the guide gives to the sqlite3 program, from another process than the server's.
    const database = new Database(join(folder, "billing.db"));
    database.prepare("VACUUM INTO ?").run(backup);
    database.close();
    isOver = true;
    await Promise.all(clients);
    expect(await server.terminate()).toBe(0);

    const { stdout } = await run(process.execPath, [
      CLI,
      "verify",
      "--json",
      "--database",
      `sqlite:${backup}`,
    ]);
    expect(JSON.parse(stdout)).toMatchObject({ ok: true });
    const restored = await startServerProcess(`sqlite:${backup}`);
    const kept = new Database(backup, { readonly: true })
      .prepare("SELECT id FROM usage_events")
      .pluck()
      .all() as string[];
    expect(before.filter((id) => !kept.includes(id))).toEqual([]);
    const { json } = await call(restored.url, "/v1/usage/summary", { key });
    expect(json.total.events).toBe(kept.length);
    expect(await restored.terminate()).toBe(0);
  });
});

describe("the environment", () => {
  it("names the database and the metrics' token of a server, and neither is printed", async () => {
    const folder = freshFolder();
    const child = spawn(process.execPath, [CLI, "serve", "--port", "0"], {
      env: {
        PATH: process.env.PATH,
        ARAGORA_DATABASE_URL: `sqlite:${join(folder, "named.db")}`,
        ARAGORA_METRICS_TOKEN: "planted-token-0123456789",
      },
      stdio: ["ignore", "pipe", "pipe"],
    });
    let said = "";
    let logged = "";
    child.stderr.on("data", (data: Buffer) => {
      logged += data;
    });
    const url = await new Promise<string>((resolve) =>
      child.stdout.on("data", (data: Buffer) => {
        said += data;
        const found = /^serving (\S+)$/m.exec(said)?.[1];
        if (found !== undefined) resolve(found);
      }),
    );
    const statuses = [];
    for (const key of ["planted-token-0123456789", "planted-token-012345678x", undefined])
      statuses.push((await call(url, "/metrics", { key })).status);
    // It opens the metrics and nothing else.
    statuses.push((await call(url, "/v1/organizations", { key: "planted-token-0123456789" })).status);
    child.kill("SIGTERM");
    const [code] = await once(child, "close");
    expect([statuses, code]).toEqual([[200, 401, 401, 401], 0]);
    expect(new Database(join(folder, "named.db"), { readonly: true }).name).toContain("named.db");
    expect(said + logged).not.toContain("planted");
    expect(logged).toContain('"metricsToken":"set"');
  });
});

describe("the files of deploy/", () => {
  it("start the program that the package installs, and name no setting that is not read", () => {
    const program = "dist/cli/main.js";
    expect(JSON.parse(textOf("package.json")).bin["aragora-billing"]).toBe(program);
    expect(textOf("deploy/aragora-billing.service")).toContain(`ExecStart=/usr/bin/node ${program} serve `);
    expect(textOf("deploy/Containerfile")).toContain(`ENTRYPOINT ["node", "${program}"]`);
    const read = new Set(textOf("src/config.ts").match(/ARAGORA_\w+/g));
    for (const file of [
      "deploy/environment.example",
      "deploy/aragora-billing.service",
      "deploy/Containerfile",
      "docs/deployment.md",
    ]) {
      const named = textOf(file).match(/ARAGORA_\w+/g) ?? [];
      expect(named.filter((name) => !read.has(name))).toEqual([]);
    }
  });

  it("give the server more time to drain than it takes", () => {
    const seconds = Number(/TimeoutStopSec=(\d+)/.exec(textOf("deploy/aragora-billing.service"))?.[1]);
    const drain =
      Number(/DRAIN_MS = ([\d_]+)/.exec(textOf("src/http/run.ts"))?.[1]?.replaceAll("_", "")) / 1_000;
    expect(seconds).toBeGreaterThan(drain + 1.5);
  });
});
