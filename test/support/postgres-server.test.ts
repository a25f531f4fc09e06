import pg from "pg";
import { afterEach, describe, expect, inject, it } from "vitest";
import { freshPostgresUrl } from "./database.ts";

describe("the PostgreSQL that tests run on", () => {
  const clients: pg.Client[] = [];

  afterEach(async () => {
    for (const client of clients.splice(0)) await client.end();
  });

  async function connect(url: string): Promise<pg.Client> {
    const client = new pg.Client({ connectionString: url });
    await client.connect();
    clients.push(client);
    return client;
  }

  async function show(client: pg.Client, setting: string): Promise<string> {
    const result = await client.query<Record<string, string>>(`SHOW ${setting}`);
    return Object.values(result.rows[0] ?? {})[0] ?? "";
  }

  it("is version 18 and writes to disk before it answers", async () => {
    const client = await connect(inject("postgresUrl"));
    expect(await show(client, "server_version")).toMatch(/^18\./);
    expect(await show(client, "fsync")).toBe("on");
    expect(await show(client, "synchronous_commit")).toBe("on");
    expect(await show(client, "full_page_writes")).toBe("on");
  });

  it("listens on this machine only and asks for the password", async () => {
    const client = await connect(inject("postgresUrl"));
    expect(await show(client, "listen_addresses")).toBe("127.0.0.1");
    const stranger = new URL(inject("postgresUrl"));
    stranger.password = "wrong";
    await expect(connect(stranger.href)).rejects.toThrow(/password authentication failed/);
  });

  it("gives every caller an empty database of its own", async () => {
    const first = await connect(await freshPostgresUrl());
    const second = await connect(await freshPostgresUrl());
    await first.query("CREATE TABLE note (text text)");
    const tables = await second.query("SELECT 1 FROM pg_tables WHERE tablename = 'note'");
    expect(tables.rows).toEqual([]);
  });
});
