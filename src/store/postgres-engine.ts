// PostgreSQL: a pool of connections, READ COMMITTED writes made safe by row locks and unique keys, repeatable reads.

import pg from "pg";
import { BillingError } from "../kernel/index.ts";
import type { Engine } from "./engine.ts";
import {
  type AppliedMigration,
  migrationChecksum,
  migrationStatements,
  pendingMigrations,
} from "./migration.ts";
import { MIGRATIONS } from "./migrations/index.ts";
import { insertOfMany } from "./postgres-arrays.ts";
import { postgresError } from "./postgres-error.ts";
import { retry } from "./retry.ts";
import type { Reader, Tx, Value } from "./tx.ts";

const POOL_SIZE = 10;
const CONNECT_MS = 10_000;
/** An idle peer that vanished without a word is noticed by the kernel, not by a query that hangs. */
const KEEP_ALIVE_MS = 10_000;
/** Times a whole transaction is run again after a deadlock or serialization failure. */
const CONFLICT_RETRIES = 8;
/** Statements that each connection keeps prepared; a statement text beyond them is planned at each run. */
const PREPARED_STATEMENTS = 500;
/** "arab": the advisory lock under which the schema is changed. */
const MIGRATION_LOCK = 0x61726162;

const BEGIN_WRITE = "BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE";
const BEGIN_READ = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY";

export class PostgresEngine implements Engine {
  readonly dialect = "postgres";
  readonly lanes: number;
  readonly #pool: pg.Pool;

  constructor(connectionString: string, lanes = 2) {
    this.lanes = lanes;
    this.#pool = new pg.Pool({
      connectionString,
      max: POOL_SIZE,
      connectionTimeoutMillis: CONNECT_MS,
      keepAlive: true,
      keepAliveInitialDelayMillis: KEEP_ALIVE_MS,
      application_name: "aragora-billing",
      types: { getTypeParser: typeParser as typeof pg.types.getTypeParser },
      onConnect: prepareConnection,
    });
    // An idle connection that breaks is dropped by the pool; the next query gets a new one or its own error.
    this.#pool.on("error", () => undefined);
  }

  async open(): Promise<void> {
    await this.#inTransaction(BEGIN_WRITE, migrate);
  }

  transaction<T>(work: (tx: Tx) => Promise<T>): Promise<T> {
    return retry(
      () => this.#inTransaction(BEGIN_WRITE, work),
      CONFLICT_RETRIES,
      (error) => error instanceof BillingError && error.code === "database_conflict",
    );
  }

  read<T>(work: (reader: Reader) => Promise<T>): Promise<T> {
    return this.#inTransaction(BEGIN_READ, work);
  }

  async close(): Promise<void> {
    await this.#pool.end();
  }

  async #inTransaction<T>(begin: string, work: (tx: PostgresTx) => Promise<T>): Promise<T> {
    const client = await this.#connect();
    let isUsable = false;
    try {
      await query(client, begin);
      try {
        const result = await runAndCommit(client, work);
        isUsable = true;
        return result;
      } catch (error) {
        // On a broken connection the rollback fails too; the server has then rolled back by itself.
        isUsable = await query(client, "ROLLBACK").then(
          () => true,
          () => false,
        );
        throw error;
      }
    } finally {
      client.release(!isUsable);
    }
  }

  async #connect(): Promise<pg.PoolClient> {
    try {
      return await this.#pool.connect();
    } catch (error) {
      throw postgresError(error);
    }
  }
}

async function runAndCommit<T>(client: pg.PoolClient, work: (tx: PostgresTx) => Promise<T>): Promise<T> {
  const tx = new PostgresTx(client);
  let result: T;
  try {
    result = await work(tx);
  } finally {
    // Before COMMIT: a statement after it would run in no transaction at all.
    tx.end();
  }
  // After a failed statement the server answers COMMIT with ROLLBACK, and calls that success.
  const { command } = await query(client, "COMMIT");
  if (command !== "COMMIT") throw tx.failure;
  return result;
}

class PostgresTx implements Tx {
  readonly dialect = "postgres";
  #client: pg.PoolClient | undefined;
  #failure: unknown;

  constructor(client: pg.PoolClient) {
    this.#client = client;
  }

  /** The first error of a statement. */
  get failure(): unknown {
    return this.#failure;
  }

  end(): void {
    this.#client = undefined;
  }

  async all<Row>(sql: string, values: readonly Value[] = []): Promise<Row[]> {
    return (await this.query(prepared(sql), values)).rows as Row[];
  }

  async get<Row>(sql: string, values: readonly Value[] = []): Promise<Row | undefined> {
    return (await this.query(prepared(sql), values)).rows[0] as Row | undefined;
  }

  async run(sql: string, values: readonly Value[] = []): Promise<number> {
    return (await this.query(prepared(sql), values)).rowCount ?? 0;
  }

  async many(sql: string, rows: readonly (readonly Value[])[]): Promise<number> {
    if (rows.length === 0) return 0;
    const insert = insertOfMany(sql, rows);
    if (insert !== undefined) return this.run(insert.sql, insert.values);
    let changes = 0;
    for (const row of rows) changes += await this.run(sql, row);
    return changes;
  }

  async each(sql: string, rows: readonly (readonly Value[])[]): Promise<number[]> {
    const changes: number[] = [];
    for (const row of rows) changes.push(await this.run(sql, row));
    return changes;
  }

  async query(statement: Statement, values: readonly Value[]): Promise<pg.QueryResult> {
    if (this.#client === undefined) {
      throw new BillingError(
        "internal",
        "transaction_ended",
        "the transaction has ended; a promise was not awaited",
      );
    }
    try {
      return await query(this.#client, { ...statement, values: values as unknown[] });
    } catch (error) {
      this.#failure ??= error;
      throw error;
    }
  }
}

/** In PostgreSQL's spelling. A name lets each connection plan it once. */
interface Statement {
  readonly name?: string;
  readonly text: string;
}

const preparedStatements = new Map<string, Statement>();

function prepared(sql: string): Statement {
  const known = preparedStatements.get(sql);
  if (known !== undefined) return known;
  const text = numbered(sql);
  if (preparedStatements.size >= PREPARED_STATEMENTS) return { text };
  const statement = { name: `s${preparedStatements.size}`, text };
  preparedStatements.set(sql, statement);
  return statement;
}

/** `?` to `$1`, `$2` …: our statements hold no question mark inside quotes. */
function numbered(sql: string): string {
  let position = 0;
  return sql.replaceAll("?", () => {
    position += 1;
    return `$${position}`;
  });
}

async function query(client: pg.ClientBase, statement: string | pg.QueryConfig): Promise<pg.QueryResult> {
  try {
    return await client.query(statement);
  } catch (error) {
    throw postgresError(error);
  }
}

/** A commit is acknowledged when it is on disk, also where the server's default is not to wait for that. */
async function prepareConnection(client: pg.ClientBase): Promise<void> {
  // Without a listener, a connection that breaks between two statements of a transaction would end the process.
  client.on("error", () => undefined);
  await client.query(
    "SELECT set_config('synchronous_commit', 'on', false) WHERE current_setting('synchronous_commit') = 'off'",
  );
}

const INTEGER_TYPES = new Set([20, 21, 23, 1700]); // int8, int2, int4, numeric (sums of int8)

function typeParser(oid: number): (text: string) => unknown {
  return INTEGER_TYPES.has(oid) ? BigInt : (text) => text;
}

/** The lock makes processes that open a new database at once come one after another. It ends with the transaction. */
async function migrate(tx: PostgresTx): Promise<void> {
  await tx.query({ text: `SELECT pg_advisory_xact_lock(${MIGRATION_LOCK})` }, []);
  await tx.query(
    {
      text: 'CREATE TABLE IF NOT EXISTS schema_migrations (version BIGINT PRIMARY KEY, name TEXT COLLATE "C" NOT NULL, checksum TEXT COLLATE "C" NOT NULL)',
    },
    [],
  );
  const applied = await tx.all<AppliedMigration>("SELECT version, name, checksum FROM schema_migrations");
  for (const migration of pendingMigrations(MIGRATIONS, applied, "postgres")) {
    for (const text of migrationStatements(migration, "postgres")) await tx.query({ text }, []);
    await tx.run("INSERT INTO schema_migrations (version, name, checksum) VALUES (?, ?, ?)", [
      migration.version,
      migration.name,
      migrationChecksum(migration, "postgres"),
    ]);
  }
}
