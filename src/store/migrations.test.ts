import { readFileSync } from "node:fs";
import Database from "better-sqlite3";
import pg from "pg";
import { describe, expect, it } from "vitest";
import { ENGINES } from "../../test/support/database.ts";
import { refusal, startProcess, storeFor } from "./fixtures.ts";
import type { Store } from "./index.ts";
import { migrationChecksum } from "./migration.ts";
import { MIGRATIONS } from "./migrations/index.ts";
import { APPLICATION_ID } from "./sqlite-file.ts";

/** Of released migrations: a line is added with its migration and never edited. */
const CHECKSUMS = [
  {
    version: 1,
    name: "outbox and leases",
    sqlite: "3f1e1a89ffe1b380963d80a3235190196f6ea1ce533d7bb834b766e8fffad5f6",
    postgres: "fc0ff78f4c6190e05ac5aef347d7a756962644c9f17477157505cd17ce4b42fb",
  },
  {
    version: 2,
    name: "price book",
    sqlite: "07e417b8bddeb1b7df6f52babab39b72b7b8eec5f5e59a3095ec004ded70a20e",
    postgres: "b741faf45f38731cbce8c73b1dd76a13498b84f46a29043017be106a7fd2a8d0",
  },
  {
    version: 3,
    name: "usage events and rollups",
    sqlite: "d7300d9f204c69eec66ef73aedf1844b14e6ea5f03e9057977b21a6fdef4a6c2",
    postgres: "ef0ab4c4839d3f7f9e94e0ebd7a935f76a89f9f397405b0f3c8404fcfba12e44",
  },
  {
    version: 4,
    name: "corrections, provider costs and price rules",
    sqlite: "e465769a2179388710b77a2236d692766102ee0be9ce78796e7bd9494aa7c8ac",
    postgres: "b4237385be5280bc3166273d0887130766156a47437adf350927da9ba3c5f3a1",
  },
  {
    version: 5,
    name: "budgets, holds and alerts",
    sqlite: "247d68957d06dd65f58d4a5866f3ec50bd05f8e689accacc7e1aa48caedad860",
    postgres: "ff1a0c30065e2ffaa82e0e81c2cd2ee5ad565fc5f6f48a31b5611d1fbc79a728",
  },
  {
    version: 6,
    name: "notifications and job runs",
    sqlite: "ecfde5e69612170e993ce6aaa7cdb99c6e217558d4d17fc133310bf641f532eb",
    postgres: "2b1862a6ded3a1615835159a094c8911c5385ee61155a1147b29fa2361d70946",
  },
  {
    version: 7,
    name: "audit log, organizations and API keys",
    sqlite: "3e0224c5c4379a6911d91abb0b119ed04de9b9186b64c5ce89b04de4a0bd03a4",
    postgres: "e9447efc69760672baba171acdd22e68561adb668d7c2c7716176b5b192568a2",
  },
  {
    version: 8,
    name: "answers to requests with an idempotency key",
    sqlite: "3c79d21826c2129e18ebb1e1d44a183fab5d90a13bbdfc9694237a02b746d98e",
    postgres: "b7bf61a336b85bc8da788c2993c79fdfa1a1e37d3a439f9ff3b29ac1386267ac",
  },
  {
    version: 9,
    name: "webhook endpoints",
    sqlite: "2d1d89c115687b3646779c9e726fccb430c181ed4de7cff1e0e7a3c56793fbae",
    postgres: "e5247658204d4471ea4f4fb117ff24510db17ce7fba7ce6ff60f0f867869a529",
  },
  {
    version: 10,
    name: "sessions of users and their tokens",
    sqlite: "dbc2886d830b5cb8517e33f45aaaa8409eb77bd8c0f5693c77dc423a0e115cb9",
    postgres: "baa42e78dfb8ed9c9459f2f5d0e5f586c6dec5fe46455d8f267ed3005779a228",
  },
  {
    version: 11,
    name: "accounts of users: passwords, second factors, tokens sent by mail",
    sqlite: "360ee848c49248bea60b6eca240447be99017ad7ef6d976173f153dae4915dfd",
    postgres: "bc8fe14c62ca586d6fdf1476e11741123f0f0748fa92665ce835c73401e491ba",
  },
  {
    version: 12,
    name: "ledger and credits",
    sqlite: "bd4cd1867c12f45161b241f941ce884a3915c32c4003bc581938e33325607f52",
    postgres: "535a089cb37cac90aa04bc9fca24053fa8204b3ebefe3226a01cd4feca297f16",
  },
  {
    version: 13,
    name: "sign-in by OpenID Connect",
    sqlite: "4c6537f9d564a32a55a2c4a8857e58c31346aac31ff2ccefc873765210ecff50",
    postgres: "adde702b029cacdc45013602161669eda7d569e830a3e70b0fd11db3de2602c8",
  },
  {
    version: 14,
    name: "discount codes and volume discounts",
    sqlite: "645724a2f100fa1e63e0f569c64984a4d8636bd5e2ef1c429cb36187527bf3d6",
    postgres: "6a7fe7c22b53ab75077d79505be4b22383fac79ca64c1aa05560a6af7c61425b",
  },
  {
    version: 15,
    name: "budgets owned by plans",
    sqlite: "e6b7d922d518cf66f82c3da8f72e57ee4e1861556d6826ef480e2236baca32df",
    postgres: "575f167779abc673f1c2b1f4b694423120ea55f4dc2dd29bfde33a087facc6a3",
  },
  {
    version: 16,
    name: "subscriptions",
    sqlite: "af8aabf307df778f4aa77aefd94448a56aaf6732815c46890191bcc922c2cc77",
    postgres: "f22554a8b4fa148d31b41eb9106533f58692a30f2f9689d32fd288cf3616f2a8",
  },
  {
    version: 17,
    name: "invoices",
    sqlite: "deaf89ab58155625974c37c0de784f1f565a354b206432cfdfc6a200e90e1ccd",
    postgres: "b1dd61c4e4c26fdd02e9eb40d068a30421763b82c2eb19a697f512621ee1daed",
  },
  {
    version: 18,
    name: "invoice reminders",
    sqlite: "42daa5862217dfd9943f3af0b2504ffd69ca4bce7486345db62eedf9b132478b",
    postgres: "adeb7e8dd8aae2a1c474a371534ec3547212f94f659bef075d2eeb104499ecce",
  },
  {
    version: 19,
    name: "credit expiry notices",
    sqlite: "4b8f2668e530b747fa9e538b069b8bdbf8e17e703202d6dcb1f8c6b96fb308c0",
    postgres: "eca47278166a952fd8fc97770e8cc97ed685d044a08be7f08394e0ee9956597c",
  },
];

const VERSIONS = CHECKSUMS.map(({ version }) => BigInt(version));

describe("migrations", () => {
  it("are the ones that were released", () => {
    expect(
      MIGRATIONS.map((migration) => ({
        version: migration.version,
        name: migration.name,
        sqlite: migrationChecksum(migration, "sqlite"),
        postgres: migrationChecksum(migration, "postgres"),
      })),
    ).toEqual(CHECKSUMS);
  });

  it("are numbered from 1 without a gap", () => {
    expect(MIGRATIONS.map(({ version }) => version)).toEqual(MIGRATIONS.map((_, index) => index + 1));
  });
});

describe.each(ENGINES)("the schema of a database on $name", ({ freshUrl }) => {
  it("is made by the first opening, all of it", async () => {
    const store = storeFor(await freshUrl());
    expect(await appliedTo(store)).toEqual(VERSIONS);
    const tables = await store.read((reader) => reader.all<{ name: string }>(tablesQuery(store.dialect)));
    expect(tables.map(({ name }) => name)).toEqual(
      expect.arrayContaining(["leases", "outbox", "prices", "usage_by_day", "usage_events"]),
    );
  });
});

const FILES_AND_SERVERS = ENGINES.filter(({ name }) => name !== "sqlite memory");

describe.each(FILES_AND_SERVERS)(
  "the schema of a database on $name that exists already",
  ({ name, freshUrl }) => {
    it("is left alone by the next opening", async () => {
      const url = await freshUrl();
      const first = storeFor(url);
      await first.transaction((tx) =>
        tx.run("INSERT INTO leases (name, owner, token, expires_at) VALUES ('a', 'b', 1, 2)"),
      );
      await first.close();
      const before = name === "sqlite" ? fileOf(url) : undefined;
      const second = storeFor(url);
      await second.ready();
      expect(await appliedTo(second)).toEqual(VERSIONS);
      expect(await second.read((reader) => reader.get("SELECT token FROM leases"))).toEqual({ token: 1n });
      await second.close();
      if (before !== undefined) expect(fileOf(url).equals(before)).toBe(true);
    });

    it("is made once by processes that open it at the same moment", async () => {
      const url = await freshUrl();
      const script = `
      say("waiting");
      await go;
      const store = await open(url);
      await store.transaction((tx) => tx.run("DELETE FROM leases"));
      await store.close();`;
      const processes = [startProcess(url, script), startProcess(url, script), startProcess(url, script)];
      await Promise.all(processes.map((process) => process.printed(1)));
      for (const process of processes) process.go();
      await Promise.all(processes.map((process) => process.succeeded));
      expect(await appliedTo(storeFor(url))).toEqual(VERSIONS);
    });

    it("is made once by many stores of one process", async () => {
      const url = await freshUrl();
      const stores = Array.from({ length: 5 }, () => storeFor(url));
      await Promise.all(stores.map((store) => store.ready()));
      expect(await appliedTo(stores[0] as Store)).toEqual(VERSIONS);
    });

    it("is refused when a newer program has changed it", async () => {
      const url = await freshUrl();
      await change(
        url,
        "INSERT INTO schema_migrations (version, name, checksum) VALUES (99, 'time travel', 'x')",
      );
      const error = await refusal(storeFor(url).ready());
      expect(error).toMatchObject({ kind: "failed_precondition", code: "schema_newer", retryable: false });
      expect(error.message).toMatch(/version 99.*upgrade the program/);
    });

    it("is refused when an applied migration is another one", async () => {
      const url = await freshUrl();
      await change(url, "UPDATE schema_migrations SET checksum = 'edited' WHERE version = 2");
      const error = await refusal(storeFor(url).ready());
      expect(error).toMatchObject({ kind: "failed_precondition", code: "schema_differs", retryable: false });
      expect(error.message).toContain("migration 2 (price book)");
    });

    it("keeps nothing of a migration that fails, and is made by a later try", async () => {
      const url = await freshUrl();
      // A table in its way makes a migration fail after others, and parts of its own, went through.
      await runRaw(url, "CREATE TABLE usage_by_dimension (day INTEGER)");
      const store = storeFor(url);
      expect(await refusal(store.ready())).toMatchObject({ kind: "internal", code: "database_error" });
      expect(await tablesRaw(url)).toEqual(["usage_by_dimension"]);
      await runRaw(url, "DROP TABLE usage_by_dimension");
      expect(await appliedTo(store)).toEqual(VERSIONS);
    });
  },
);

function tablesQuery(dialect: "sqlite" | "postgres"): string {
  return dialect === "sqlite"
    ? "SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite%' ORDER BY name"
    : "SELECT tablename::text COLLATE \"C\" AS name FROM pg_tables WHERE schemaname = 'public' ORDER BY name";
}

async function appliedTo(store: Store): Promise<bigint[]> {
  const rows = await store.read((reader) =>
    reader.all<{ version: bigint }>("SELECT version FROM schema_migrations ORDER BY version"),
  );
  return rows.map(({ version }) => version);
}

function pathOf(url: string): string {
  return url.slice("sqlite:".length);
}

function fileOf(url: string): Buffer {
  return readFileSync(pathOf(url));
}

/** Makes the schema, then changes it by hand. */
async function change(url: string, sql: string): Promise<void> {
  const store = storeFor(url);
  await store.transaction((tx) => tx.run(sql));
  await store.close();
}

/** Runs SQL behind the store's back, in an SQLite file that is marked as ours. */
async function runRaw(url: string, sql: string): Promise<Record<string, unknown>[]> {
  if (url.startsWith("sqlite:")) {
    const database = new Database(pathOf(url));
    database.pragma(`application_id = ${APPLICATION_ID}`);
    const statement = database.prepare(sql);
    const rows: unknown[] = [];
    if (statement.reader) rows.push(...statement.all());
    else statement.run();
    database.close();
    return rows as Record<string, unknown>[];
  }
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  const { rows } = await client.query(sql);
  await client.end();
  return rows as Record<string, unknown>[];
}

async function tablesRaw(url: string): Promise<unknown[]> {
  const dialect = url.startsWith("sqlite:") ? "sqlite" : "postgres";
  return (await runRaw(url, tablesQuery(dialect))).map((row) => row.name);
}
