// PostgreSQL: a pool of connections, READ COMMITTED writes made safe by row locks and unique keys, repeatable reads.

import pg from "pg";
import { BillingError } from "../kernel/index.ts";
import type { Engine } from "./engine.ts";
import { type AppliedMigration, migrationChecksum, migrationStatements, pendingMigrations } from "./migration.ts";
import { MIGRATIONS } from "./migrations/index.ts";
import { retry } from "./retry.ts";
import type { Reader, Tx, Value } from "./tx.ts";

const POOL_SIZE = 10;
const CONNECT_MS = 10_000;
/** Times a whole transaction is run again after a deadlock or serialization failure. */
const CONFLICT_RETRIES = 8;
const MAX_PARAMETERS = 60_000;
/** "arab": the advisory lock under which the schema is changed. */
const MIGRATION_LOCK = 0x61726162;

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
      application_name: "aragora-billing",
      types: { getTypeParser: typeParser as typeof pg.types.getTypeParser },
    });
    // An idle connection that breaks is dropped by the pool; the next query gets a new one or its own error.
    this.#pool.on("error", () => undefined);
  }

  async open(): Promise<void> {
    await this.#withClient(async (client) => {
      await client.query("SELECT pg_advisory_lock($1)", [MIGRATION_LOCK]);
      try {
        await migrate(client);
      } finally {
        await client.query("SELECT pg_advisory_unlock($1)", [MIGRATION_LOCK]);
      }
    });
  }

  transaction<T>(work: (tx: Tx) => Promise<T>): Promise<T> {
    return retry(
      () => this.#withClient((client) => runTransaction(client, "BEGIN", work)),
      CONFLICT_RETRIES,
      (error) => error instanceof BillingError && error.code === "database_conflict",
    );
  }

  read<T>(work: (reader: Reader) => Promise<T>): Promise<T> {
    return this.#withClient((client) =>
      runTransaction(client, "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY", work),
    );
  }

  async close(): Promise<void> {
    if (!this.#pool.ended) await this.#pool.end();
  }

  async #withClient<T>(work: (client: pg.PoolClient) => Promise<T>): Promise<T> {
    let client: pg.PoolClient | undefined;
    let broken = false;
    try {
      if (this.#pool.ending) {
        throw new BillingError("failed_precondition", "store_closed", "the billing instance was closed");
      }
      client = await this.#pool.connect();
      return await work(client);
    } catch (error) {
      broken = isConnectionFault(error);
      throw postgresError(error);
    } finally {
      client?.release(broken);
    }
  }
}

async function runTransaction<T>(client: pg.PoolClient, begin: string, work: (tx: Tx) => Promise<T>): Promise<T> {
  await client.query(begin);
  const tx = new PostgresTx(client);
  try {
    const result = await work(tx);
    await client.query("COMMIT");
    return result;
  } catch (error) {
    // On a broken connection the rollback fails too; the server has then rolled back by itself.
    await client.query("ROLLBACK").catch(() => undefined);
    throw error;
  } finally {
    tx.end();
  }
}

class PostgresTx implements Tx {
  readonly dialect = "postgres";
  #client: pg.PoolClient | undefined;

  constructor(client: pg.PoolClient) {
    this.#client = client;
  }

  end(): void {
    this.#client = undefined;
  }

  async all<Row>(sql: string, values: readonly Value[] = []): Promise<Row[]> {
    return (await this.#query(numbered(sql), values)).rows as Row[];
  }

  async get<Row>(sql: string, values: readonly Value[] = []): Promise<Row | undefined> {
    return (await this.#query(numbered(sql), values)).rows[0] as Row | undefined;
  }

  async run(sql: string, values: readonly Value[] = []): Promise<number> {
    return (await this.#query(numbered(sql), values)).rowCount ?? 0;
  }

  async many(sql: string, rows: readonly (readonly Value[])[]): Promise<number> {
    const width = rows[0]?.length ?? 0;
    const tuple = `VALUES (${new Array(width).fill("?").join(", ")})`;
    if (!sql.includes(tuple)) {
      let changes = 0;
      for (const row of rows) changes += await this.run(sql, row);
      return changes;
    }
    const rowsAtOnce = Math.max(1, Math.floor(MAX_PARAMETERS / Math.max(1, width)));
    let changes = 0;
    for (let start = 0; start < rows.length; start += rowsAtOnce) {
      const chunk = rows.slice(start, start + rowsAtOnce);
      const tuples = new Array(chunk.length).fill(tuple.slice("VALUES ".length)).join(", ");
      // Not named: the text depends on the number of rows.
      const text = number(sql.replace(tuple, `VALUES ${tuples}`));
      changes += (await this.#open.query(text, chunk.flat())).rowCount ?? 0;
    }
    return changes;
  }

  async each(sql: string, rows: readonly (readonly Value[])[]): Promise<number[]> {
    const changes: number[] = [];
    for (const row of rows) changes.push(await this.run(sql, row));
    return changes;
  }

  #query(statement: NumberedStatement, values: readonly Value[]): Promise<pg.QueryResult> {
    return this.#open.query({ name: statement.name, text: statement.text, values: values as unknown[] });
  }

  get #open(): pg.PoolClient {
    if (this.#client === undefined) {
      throw new BillingError("internal", "transaction_ended", "the transaction has ended; a promise was not awaited");
    }
    return this.#client;
  }
}

interface NumberedStatement {
  readonly name: string;
  readonly text: string;
}

const statements = new Map<string, NumberedStatement>();

/** The statement in PostgreSQL's spelling, under a name, so that each connection plans it once. */
function numbered(sql: string): NumberedStatement {
  const known = statements.get(sql);
  if (known !== undefined) return known;
  const statement = { name: `s${statements.size}`, text: number(sql) };
  statements.set(sql, statement);
  return statement;
}

/** `?` to `$1`, `$2` …: our statements hold no question mark inside quotes. */
function number(sql: string): string {
  let position = 0;
  return sql.replaceAll("?", () => {
    position += 1;
    return `$${position}`;
  });
}

const INTEGER_TYPES = new Set([20, 21, 23, 1700]); // int8, int2, int4, numeric (sums of int8)

function typeParser(oid: number): (text: string) => unknown {
  return INTEGER_TYPES.has(oid) ? BigInt : (text) => text;
}

async function migrate(client: pg.PoolClient): Promise<void> {
  await client.query("BEGIN");
  try {
    await client.query(
      'CREATE TABLE IF NOT EXISTS schema_migrations (version BIGINT PRIMARY KEY, name TEXT COLLATE "C" NOT NULL, checksum TEXT COLLATE "C" NOT NULL)',
    );
    const applied = await client.query<AppliedMigration>("SELECT version, name, checksum FROM schema_migrations");
    for (const migration of pendingMigrations(MIGRATIONS, applied.rows, "postgres")) {
      for (const statement of migrationStatements(migration, "postgres")) await client.query(statement);
      await client.query("INSERT INTO schema_migrations (version, name, checksum) VALUES ($1, $2, $3)", [
        migration.version,
        migration.name,
        migrationChecksum(migration, "postgres"),
      ]);
    }
    await client.query("COMMIT");
  } catch (error) {
    await client.query("ROLLBACK").catch(() => undefined);
    throw error;
  }
}

function isConnectionFault(error: unknown): boolean {
  if (error instanceof BillingError) return false;
  return !(error instanceof pg.DatabaseError) || (error.code ?? "").startsWith("57P");
}

/** The server's own words stay in `cause`: they may hold values of other tenants, or an address. */
function postgresError(error: unknown): unknown {
  if (error instanceof BillingError) return error;
  const cause = error;
  const code = (error as { code?: unknown }).code;
  if (!(error instanceof pg.DatabaseError)) {
    if (!(error instanceof Error)) return error;
    const reason = typeof code === "string" ? ` (${code})` : "";
    if (typeof code !== "string" && !/connect|connection|terminated/i.test(error.message)) return error;
    return new BillingError("unavailable", "database_unreachable", `PostgreSQL cannot be reached${reason}`, { cause });
  }
  const state = error.code ?? "";
  if (state === "40001" || state === "40P01") {
    const text = "a transaction lost to others again and again; retry";
    return new BillingError("unavailable", "database_conflict", text, { cause });
  }
  if (state.startsWith("28") || state === "3D000" || state === "42501") {
    const text = `PostgreSQL refused this user or database (${state})`;
    return new BillingError("failed_precondition", "database_refused", text, { cause });
  }
  if (state.startsWith("53")) {
    const text = `PostgreSQL has no room left (${state}); nothing of this write was kept`;
    return new BillingError("unavailable", "storage_full", text, { cause });
  }
  if (state.startsWith("08") || state.startsWith("57P")) {
    return new BillingError("unavailable", "database_unreachable", `PostgreSQL went away (${state})`, { cause });
  }
  return new BillingError("internal", "database_error", `the database refused a statement (${state})`, { cause });
}
