// docs/deployment.md, "Backup while serving", "Restore" and the rights of a PostgreSQL account: done, not believed.

import { mkdirSync, readdirSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import Database from "better-sqlite3";
import pg from "pg";
import { describe, expect, inject, it } from "vitest";
import { freshFolder } from "../support/database.ts";
import { call, operatorKeyOf, servedEngine } from "../support/http-server.ts";
import { blocksOf, runBlock, serve } from "./guide.ts";

const SECRET = { ARAGORA_JWT_SECRET: "for tests alone: 8f31c0b2a97d4e65" };
const [BACKUP = "", RESTORE = ""] = blocksOf("docs/deployment.md", "sh");
const [RIGHTS = ""] = blocksOf("docs/deployment.md", "sql");
const EVENT = { provider: "openai", model: "gpt-4o-mini", tokensIn: 7, tokensOut: 3 };

/** A prepared database and an operator's key for it. */
async function keyFor(url: string): Promise<string> {
  const engine = servedEngine(url);
  await engine.ready();
  const key = await operatorKeyOf(engine);
  await engine.close();
  return key;
}

function idsIn(file: string): Set<string> {
  const database = new Database(file, { readonly: true });
  const ids = database.prepare("SELECT id FROM usage_events").pluck().all() as string[];
  database.close();
  return new Set(ids);
}

/** Clients that record one event after the other. */
function recording(url: string, key: string) {
  const acknowledged: string[] = [];
  let isOver = false;
  const clients = [1, 2, 3, 4].map(async (client) => {
    for (let n = 0; !isOver; n += 1) {
      const id = `c${client}-${n}`;
      const { status } = await call(url, "/v1/events", { key, tenant: "acme", body: { ...EVENT, id } });
      if (status === 200) acknowledged.push(id);
    }
  });
  const reach = async (count: number) => {
    while (acknowledged.length < count) await sleep(5);
    return [...acknowledged];
  };
  const stop = async () => {
    isOver = true;
    await Promise.all(clients);
  };
  return { acknowledged, reach, stop };
}

describe("the guide's backup", () => {
  it("taken during usage holds all that was acknowledged before it, and takes the place of a lost database", async () => {
    const [DATA, BACKUPS] = [join(freshFolder(), "data"), freshFolder()];
    mkdirSync(DATA);
    const file = join(DATA, "billing.db");
    const key = await keyFor(`sqlite:${file}`);
    const server = await serve({ ARAGORA_DATA_DIR: DATA });
    const clients = recording(server.url, key);
    const before = await clients.reach(200);
    expect(runBlock(BACKUP, { DATA, BACKUPS })).toMatch(/^ok: \d+ events recomputed/);
    const [name = ""] = readdirSync(BACKUPS);
    const backup = join(BACKUPS, name);
    const kept = idsIn(backup);
    expect(before.filter((id) => !kept.has(id))).toEqual([]);
    expect(statSync(backup).mode & 0o077).toBe(0);
    // Usage went on, and nobody was refused: there is something that the backup has not.
    await clients.reach(kept.size + 100);
    await clients.stop();
    // A killed server leaves a log that must not meet another database.
    await server.end("SIGKILL");
    const ours = ["billing.db", "billing.db-shm", "billing.db-wal"];
    expect(readdirSync(DATA)).toEqual(expect.arrayContaining(ours));
    writeFileSync(join(DATA, "billing.db.of-somebody"), "");

    const restored = runBlock(RESTORE, { DATA, BACKUP: backup });
    expect(restored).toContain(`ok: ${kept.size.toLocaleString("en-US")} events recomputed`);
    expect(idsIn(file)).toEqual(kept);
    // It takes away what is the database's, and nothing that lies beside it.
    expect(readdirSync(join(DATA, "before")).sort()).toEqual(ours);
    expect(readdirSync(DATA)).toContain("billing.db.of-somebody");
    const again = await serve({ ARAGORA_DATA_DIR: DATA });
    const lost = clients.acknowledged.filter((id) => !kept.has(id));
    expect(lost.length).toBeGreaterThan(0);
    const { json } = await call(again.url, "/v1/events", {
      ...{ key, tenant: "acme" },
      body: clients.acknowledged.slice(-500).map((id) => ({ ...EVENT, id })),
    });
    const sent = clients.acknowledged.slice(-500);
    expect(json.accepted).toBe(sent.filter((id) => !kept.has(id)).length);
    expect(await again.end("SIGTERM")).toBe(0);
  });

  it("never overwrites a file", () => {
    const [DATA, BACKUPS] = [freshFolder(), freshFolder()];
    new Database(join(DATA, "billing.db")).exec("CREATE TABLE a (b)").close();
    const copyOnly = BACKUP.split("\n")
      .filter((line) => !line.startsWith("aragora-billing"))
      .join("\n");
    runBlock(copyOnly, { DATA, BACKUPS });
    expect(() => runBlock(copyOnly, { DATA, BACKUPS })).toThrow(/already exists/);
  });
});

describe("the guide's PostgreSQL account", () => {
  it("has all the rights that a server needs; others cannot reach its database, nor serve it if they can", async () => {
    const name = `guide_${process.pid}`;
    const other = `${name}_other`;
    const admin = new pg.Client({ connectionString: inject("postgresUrl") });
    await admin.connect();
    try {
      for (const statement of RIGHTS.replaceAll("billing", name).split(";\n").filter(Boolean)) {
        await admin.query(statement);
      }
      await admin.query(`CREATE ROLE ${other} LOGIN PASSWORD 'a long random one'`);
      const addressFor = (user: string) => {
        const url = new URL(inject("postgresUrl"));
        Object.assign(url, { username: user, password: encodeURIComponent("a long random one") });
        url.pathname = `/${name}`;
        return url.href;
      };
      const key = await keyFor(addressFor(name));
      const server = await serve({ ARAGORA_DATABASE_URL: addressFor(name), ...SECRET });
      const recorded = await call(server.url, "/v1/events", {
        ...{ key, tenant: "acme" },
        body: { ...EVENT, id: "e-1" },
      });
      expect(recorded.json).toMatchObject({ accepted: 1 });
      expect((await call(server.url, "/v1/verify", { key, method: "POST" })).json).toMatchObject({
        ok: true,
      });
      expect(await server.end("SIGTERM")).toBe(0);
      const stranger = new pg.Client({ connectionString: addressFor(other) });
      await expect(stranger.connect()).rejects.toThrow("permission denied for database");
      // Whoever does not own the database cannot bring its schema up to date, so cannot serve it.
      await admin.query(`GRANT CONNECT ON DATABASE ${name} TO ${other}`);
      const refused = serve({ ARAGORA_DATABASE_URL: addressFor(other), ...SECRET });
      await expect(refused).rejects.toThrow(/exit code 5: .*PostgreSQL refused this user or database/s);
    } finally {
      await admin.query(`DROP DATABASE IF EXISTS ${name} WITH (FORCE)`);
      for (const role of [name, other]) await admin.query(`DROP ROLE IF EXISTS ${role}`);
      await admin.end();
    }
  });
});
