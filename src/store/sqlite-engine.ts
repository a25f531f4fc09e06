// SQLite: one write connection, one writer at a time; readers on connections of their own see committed snapshots.

import Database from "better-sqlite3";
import { BillingError } from "../kernel/index.ts";
import type { Engine } from "./engine.ts";
import {
  type AppliedMigration,
  migrationChecksum,
  migrationStatements,
  pendingMigrations,
} from "./migration.ts";
import { MIGRATIONS } from "./migrations/index.ts";
import { retry } from "./retry.ts";
import { APPLICATION_ID, inspectSqliteFile } from "./sqlite-file.ts";
import type { Reader, Tx, Value } from "./tx.ts";

/** How long BEGIN blocks this process on another process's write before the wait becomes asynchronous. */
const BUSY_MS = 100;
/** How long a read blocks on another process that repairs the log of a killed one: rare, and short. */
const READ_BUSY_MS = 5_000;
const READERS = 4;
/** A file of up to 64 MiB is checked whole at opening, in about 100 ms; a larger one by `verify`. */
const CHECKED_BYTES = 64 * 1024 * 1024;
const PREPARED_STATEMENTS = 500;

export class SqliteEngine implements Engine {
  readonly dialect = "sqlite";
  readonly lanes = 1;
  readonly #path: string | null;
  readonly #readers: SqliteConnection[] = [];
  readonly #waitingReads: (() => void)[] = [];
  #reading = 0;
  #writer: SqliteConnection | undefined;
  #turn: Promise<unknown> = Promise.resolve();

  /** `path: null` keeps the database in memory. */
  constructor(path: string | null) {
    this.#path = path;
  }

  async open(): Promise<void> {
    if (this.#path !== null) await this.#inspect(this.#path);
    let writer: SqliteConnection | undefined;
    try {
      const connection = await SqliteConnection.toWrite(this.#path);
      writer = connection;
      await retryWhileBusy(async () => prepareFile(connection));
      await connection.write(async () => migrate(connection));
    } catch (error) {
      writer?.close();
      throw sqliteError(error, this.#path);
    }
    this.#writer = writer;
  }

  /** On a connection of its own: what the check reads must not be taken for fresh by the one that writes. */
  async #inspect(path: string): Promise<void> {
    const size = inspectSqliteFile(path);
    if (size === 0 || size > CHECKED_BYTES) return;
    let connection: SqliteConnection | undefined;
    try {
      const checked = await SqliteConnection.toWrite(path);
      connection = checked;
      await retryWhileBusy(async () => refuseIfDamaged(checked, path));
    } catch (error) {
      throw sqliteError(error, path);
    } finally {
      connection?.close();
    }
  }

  transaction<T>(work: (tx: Tx) => Promise<T>): Promise<T> {
    return this.#exclusively((writer) => writer.write(work));
  }

  read<T>(work: (reader: Reader) => Promise<T>): Promise<T> {
    if (this.#path !== null) return this.#onReader(work);
    return this.#exclusively(async (writer) => {
      writer.exec("PRAGMA query_only = ON");
      try {
        return await writer.read(work);
      } finally {
        writer.exec("PRAGMA query_only = OFF");
      }
    });
  }

  async close(): Promise<void> {
    for (const reader of this.#readers.splice(0)) reader.close();
    this.#writer?.close();
  }

  /** One at a time, in the order of the calls: nothing interleaves on the write connection. */
  #exclusively<T>(work: (writer: SqliteConnection) => Promise<T>): Promise<T> {
    const result = this.#turn.then(async () => {
      try {
        if (this.#writer === undefined) throw new Error("the store calls nothing before open() has resolved");
        return await work(this.#writer);
      } catch (error) {
        throw sqliteError(error, this.#path);
      }
    });
    this.#turn = result.catch(() => undefined);
    return result;
  }

  /** At most {@link READERS} at once: a thousand reads started together must not open a thousand files. */
  async #onReader<T>(work: (reader: Reader) => Promise<T>): Promise<T> {
    if (this.#reading < READERS) this.#reading += 1;
    else await new Promise<void>((resolve) => this.#waitingReads.push(resolve));
    let connection: SqliteConnection | undefined;
    try {
      connection = this.#readers.pop() ?? new SqliteConnection(this.#path, true);
      return await connection.read(work);
    } catch (error) {
      throw sqliteError(error, this.#path);
    } finally {
      if (connection !== undefined) this.#readers.push(connection);
      const next = this.#waitingReads.shift();
      if (next === undefined) this.#reading -= 1;
      else next();
    }
  }
}

/** A connection and its prepared statements. */
class SqliteConnection {
  readonly path: string | null;
  readonly #database: Database.Database;
  readonly #statements = new Map<string, Database.Statement>();

  constructor(path: string | null, readonly: boolean) {
    this.path = path;
    this.#database = new Database(path ?? ":memory:", {
      readonly,
      timeout: readonly ? READ_BUSY_MS : BUSY_MS,
    });
    this.#database.defaultSafeIntegers(true);
    try {
      // The first statement that reads the file: another process may have it for itself, as when it makes or closes it.
      this.#database.pragma("cache_size = -32768");
    } catch (error) {
      this.#database.close();
      throw error;
    }
  }

  static toWrite(path: string | null): Promise<SqliteConnection> {
    return retryWhileBusy(async () => new SqliteConnection(path, false));
  }

  exec(sql: string): void {
    this.#database.exec(sql);
  }

  pragma(text: string): unknown {
    return this.#database.pragma(text, { simple: true });
  }

  prepare(sql: string): Database.Statement {
    const known = this.#statements.get(sql);
    if (known !== undefined) return known;
    const statement = this.#database.prepare(sql);
    if (this.#statements.size >= PREPARED_STATEMENTS) this.#statements.clear();
    this.#statements.set(sql, statement);
    return statement;
  }

  async write<T>(work: (tx: Tx) => Promise<T>): Promise<T> {
    await retryWhileBusy(async () => this.exec("BEGIN IMMEDIATE"));
    return this.#finish(work);
  }

  read<T>(work: (reader: Reader) => Promise<T>): Promise<T> {
    this.exec("BEGIN");
    return this.#finish(work);
  }

  close(): void {
    this.#database.close();
  }

  /** Runs `work` in the transaction that was begun, then commits; rolls back when it or one of its statements failed. */
  async #finish<T>(work: (tx: Tx) => Promise<T>): Promise<T> {
    const tx = new SqliteTx(this);
    try {
      const result = await work(tx);
      tx.end();
      if (tx.failure !== undefined) throw tx.failure;
      this.exec("COMMIT");
      return result;
    } catch (error) {
      tx.end();
      // SQLite has rolled back by itself after some errors, such as a failed write to the disk.
      if (this.#database.inTransaction) this.exec("ROLLBACK");
      throw error;
    }
  }
}

class SqliteTx implements Tx {
  readonly dialect = "sqlite";
  #connection: SqliteConnection | undefined;
  #failure: unknown;

  constructor(connection: SqliteConnection) {
    this.#connection = connection;
  }

  /** The first error of a statement. */
  get failure(): unknown {
    return this.#failure;
  }

  end(): void {
    this.#connection = undefined;
  }

  async all<Row>(sql: string, values: readonly Value[] = []): Promise<Row[]> {
    return this.#run(sql, (statement) => statement.all(...values) as Row[]);
  }

  async get<Row>(sql: string, values: readonly Value[] = []): Promise<Row | undefined> {
    return this.#run(sql, (statement) => statement.get(...values) as Row | undefined);
  }

  async run(sql: string, values: readonly Value[] = []): Promise<number> {
    return this.#run(sql, (statement) => statement.run(...values).changes);
  }

  async many(sql: string, rows: readonly (readonly Value[])[]): Promise<number> {
    return this.#run(sql, (statement) => {
      let changes = 0;
      for (const row of rows) changes += statement.run(row).changes;
      return changes;
    });
  }

  async each(sql: string, rows: readonly (readonly Value[])[]): Promise<number[]> {
    return this.#run(sql, (statement) => rows.map((row) => statement.run(row).changes));
  }

  /** After a failed statement nothing more runs, as on PostgreSQL: SQLite might have left the transaction already. */
  #run<T>(sql: string, execute: (statement: Database.Statement) => T): T {
    const connection = this.#connection;
    if (connection === undefined) {
      throw new BillingError(
        "internal",
        "transaction_ended",
        "the transaction has ended; a promise was not awaited",
      );
    }
    if (this.#failure !== undefined) throw this.#failure;
    try {
      return execute(connection.prepare(sql));
    } catch (error) {
      this.#failure = driverError(error, connection.path);
      throw this.#failure;
    }
  }
}

function refuseIfDamaged(connection: SqliteConnection, path: string): void {
  if (connection.pragma("quick_check(1)") === "ok") return;
  throw new BillingError(
    "failed_precondition",
    "database_damaged",
    `${path} is damaged; left untouched: restore it from a backup`,
  );
}

/** WAL and a full fsync for every commit; the mark that the file is ours is written before the first log exists. */
function prepareFile(connection: SqliteConnection): void {
  if (connection.pragma("application_id") !== BigInt(APPLICATION_ID)) {
    connection.exec(`PRAGMA application_id = ${APPLICATION_ID}`);
  }
  connection.exec("PRAGMA journal_mode = WAL");
  connection.exec("PRAGMA synchronous = FULL");
  connection.exec("PRAGMA foreign_keys = ON");
}

function migrate(connection: SqliteConnection): void {
  connection.exec(
    "CREATE TABLE IF NOT EXISTS schema_migrations (version INTEGER PRIMARY KEY, name TEXT NOT NULL, checksum TEXT NOT NULL) STRICT",
  );
  const applied = connection.prepare("SELECT version, name, checksum FROM schema_migrations").all();
  for (const migration of pendingMigrations(MIGRATIONS, applied as AppliedMigration[], "sqlite")) {
    for (const statement of migrationStatements(migration, "sqlite")) connection.exec(statement);
    connection
      .prepare("INSERT INTO schema_migrations (version, name, checksum) VALUES (?, ?, ?)")
      .run(migration.version, migration.name, migrationChecksum(migration, "sqlite"));
  }
}

/** A long import's commit may hold the file; together with BUSY_MS this waits about a minute. */
function retryWhileBusy<T>(attempt: () => Promise<T>): Promise<T> {
  return retry(attempt, 180, isBusy);
}

function isBusy(error: unknown): boolean {
  return error instanceof Database.SqliteError && error.code.startsWith("SQLITE_BUSY");
}

/** The driver throws plain errors too, for values that it cannot bind. */
function driverError(error: unknown, path: string | null): unknown {
  if (error instanceof Database.SqliteError) return sqliteError(error, path);
  return new BillingError("internal", "database_error", "the database refused a value", { cause: error });
}

/** SQLite's own words stay in `cause`: they may hold values of other tenants. */
function sqliteError(error: unknown, path: string | null): unknown {
  if (!(error instanceof Database.SqliteError)) return error;
  const where = path ?? "the database in memory";
  const cause = error;
  const code = error.code;
  if (code.startsWith("SQLITE_BUSY") || code.startsWith("SQLITE_LOCKED")) {
    return new BillingError("unavailable", "database_busy", `${where} is locked by another process`, {
      cause,
    });
  }
  if (code === "SQLITE_FULL") {
    return new BillingError(
      "unavailable",
      "storage_full",
      `${where} is full; nothing of this write was kept`,
      { cause },
    );
  }
  if (code === "SQLITE_NOTADB" || code.startsWith("SQLITE_CORRUPT")) {
    const text = `${where} is damaged; nothing was written: restore it from a backup`;
    return new BillingError("failed_precondition", "database_damaged", text, { cause });
  }
  if (/^SQLITE_(CANTOPEN|READONLY|IOERR|PERM|AUTH)/.test(code)) {
    return new BillingError("unavailable", "database_unreachable", `${where} cannot be opened or written`, {
      cause,
    });
  }
  return new BillingError("internal", "database_error", `the database refused a statement (${code})`, {
    cause,
  });
}
