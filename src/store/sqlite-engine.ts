// SQLite: one write connection, one writer at a time; readers on connections of their own see committed snapshots.

import Database from "better-sqlite3";
import { BillingError } from "../kernel/index.ts";
import type { Engine } from "./engine.ts";
import { type AppliedMigration, migrationChecksum, migrationStatements, pendingMigrations } from "./migration.ts";
import { MIGRATIONS } from "./migrations/index.ts";
import { retry } from "./retry.ts";
import { APPLICATION_ID, inspectSqliteFile } from "./sqlite-file.ts";
import type { Reader, Tx, Value } from "./tx.ts";

/** How long a statement blocks this process on another process's lock before the wait becomes asynchronous. */
const BUSY_MS = 500;
const IDLE_READERS = 2;
const CHECKPOINT_PAGES = 4_000;

export class SqliteEngine implements Engine {
  readonly dialect = "sqlite";
  readonly lanes = 1;
  readonly #path: string | null;
  readonly #readers: SqliteConnection[] = [];
  #writer: SqliteConnection | undefined;
  #turn: Promise<unknown> = Promise.resolve();
  #closed = false;

  /** `path: null` keeps the database in memory. */
  constructor(path: string | null) {
    this.#path = path;
  }

  async open(): Promise<void> {
    if (this.#path !== null) inspectSqliteFile(this.#path);
    try {
      this.#writer = this.#connect(false);
      await retryWhileBusy(async () => prepareFile(this.#write));
      await this.transaction(async () => migrate(this.#write));
    } catch (error) {
      this.#writer?.close();
      this.#writer = undefined;
      throw sqliteError(error, this.#path);
    }
  }

  transaction<T>(work: (tx: Tx) => Promise<T>): Promise<T> {
    return this.#exclusively(async () => {
      const connection = this.#write;
      await retryWhileBusy(async () => connection.exec("BEGIN IMMEDIATE"));
      return this.#finish(connection, work);
    });
  }

  async read<T>(work: (reader: Reader) => Promise<T>): Promise<T> {
    if (this.#path === null) {
      return this.#exclusively(async () => {
        this.#write.exec("BEGIN");
        return this.#finish(this.#write, work);
      });
    }
    try {
      if (this.#closed) throw closedError();
      const connection = this.#readers.pop() ?? this.#connect(true);
      try {
        connection.exec("BEGIN");
        return await this.#finish(connection, work);
      } finally {
        if (this.#closed || this.#readers.length >= IDLE_READERS) connection.close();
        else this.#readers.push(connection);
      }
    } catch (error) {
      throw sqliteError(error, this.#path);
    }
  }

  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    await this.#turn.catch(() => undefined);
    for (const reader of this.#readers.splice(0)) reader.close();
    this.#writer?.close();
  }

  get #write(): SqliteConnection {
    if (this.#writer === undefined) throw closedError();
    return this.#writer;
  }

  #connect(readonly: boolean): SqliteConnection {
    const database = new Database(this.#path ?? ":memory:", { readonly, timeout: BUSY_MS });
    database.defaultSafeIntegers(true);
    database.pragma("cache_size = -32768");
    return new SqliteConnection(database);
  }

  /** One at a time, in the order of the calls: nothing interleaves on the write connection. */
  #exclusively<T>(work: () => Promise<T>): Promise<T> {
    const result = this.#turn.then(async () => {
      try {
        return await work();
      } catch (error) {
        throw sqliteError(error, this.#path);
      }
    });
    this.#turn = result.catch(() => undefined);
    return result;
  }

  async #finish<T>(connection: SqliteConnection, work: (tx: Tx) => Promise<T>): Promise<T> {
    const tx = new SqliteTx(connection);
    try {
      const result = await work(tx);
      connection.exec("COMMIT");
      return result;
    } catch (error) {
      if (connection.inTransaction) connection.exec("ROLLBACK");
      throw error;
    } finally {
      tx.end();
    }
  }
}

/** A connection and its prepared statements. */
class SqliteConnection {
  readonly #database: Database.Database;
  readonly #statements = new Map<string, Database.Statement>();

  constructor(database: Database.Database) {
    this.#database = database;
  }

  get inTransaction(): boolean {
    return this.#database.inTransaction;
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
    this.#statements.set(sql, statement);
    return statement;
  }

  close(): void {
    this.#database.close();
  }
}

class SqliteTx implements Tx {
  readonly dialect = "sqlite";
  #connection: SqliteConnection | undefined;

  constructor(connection: SqliteConnection) {
    this.#connection = connection;
  }

  end(): void {
    this.#connection = undefined;
  }

  async all<Row>(sql: string, values: readonly Value[] = []): Promise<Row[]> {
    return this.#statement(sql).all(...values) as Row[];
  }

  async get<Row>(sql: string, values: readonly Value[] = []): Promise<Row | undefined> {
    return this.#statement(sql).get(...values) as Row | undefined;
  }

  async run(sql: string, values: readonly Value[] = []): Promise<number> {
    return this.#statement(sql).run(...values).changes;
  }

  async many(sql: string, rows: readonly (readonly Value[])[]): Promise<number> {
    const statement = this.#statement(sql);
    let changes = 0;
    for (const row of rows) changes += statement.run(row).changes;
    return changes;
  }

  async each(sql: string, rows: readonly (readonly Value[])[]): Promise<number[]> {
    const statement = this.#statement(sql);
    return rows.map((row) => statement.run(row).changes);
  }

  #statement(sql: string): Database.Statement {
    if (this.#connection === undefined) {
      throw new BillingError("internal", "transaction_ended", "the transaction has ended; a promise was not awaited");
    }
    return this.#connection.prepare(sql);
  }
}

/** WAL and a full fsync for every commit; the mark that the file is ours is written before the first log exists. */
function prepareFile(connection: SqliteConnection): void {
  if (connection.pragma("application_id") !== BigInt(APPLICATION_ID)) {
    connection.exec(`PRAGMA application_id = ${APPLICATION_ID}`);
  }
  connection.exec("PRAGMA journal_mode = WAL");
  connection.exec("PRAGMA synchronous = FULL");
  connection.exec("PRAGMA foreign_keys = ON");
  connection.exec(`PRAGMA wal_autocheckpoint = ${CHECKPOINT_PAGES}`);
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

/** A long import's commit may hold the file; together with BUSY_MS this waits about a minute and a half. */
function retryWhileBusy<T>(attempt: () => Promise<T>): Promise<T> {
  return retry(attempt, 120, isBusy);
}

function isBusy(error: unknown): boolean {
  return error instanceof Database.SqliteError && error.code.startsWith("SQLITE_BUSY");
}

function closedError(): BillingError {
  return new BillingError("failed_precondition", "store_closed", "the billing instance was closed");
}

/** SQLite's own words stay in `cause`: they may hold values of other tenants. */
function sqliteError(error: unknown, path: string | null): unknown {
  if (!(error instanceof Database.SqliteError)) return error;
  const where = path ?? "the database in memory";
  const cause = error;
  const code = error.code;
  if (code.startsWith("SQLITE_BUSY") || code.startsWith("SQLITE_LOCKED")) {
    return new BillingError("unavailable", "database_busy", `${where} is locked by another process`, { cause });
  }
  if (code === "SQLITE_FULL") {
    return new BillingError("unavailable", "storage_full", `${where} is full; nothing of this write was kept`, { cause });
  }
  if (code === "SQLITE_NOTADB" || code.startsWith("SQLITE_CORRUPT")) {
    const text = `${where} is damaged; nothing was written: restore it from a backup`;
    return new BillingError("failed_precondition", "database_damaged", text, { cause });
  }
  if (/^SQLITE_(CANTOPEN|READONLY|IOERR|PERM|AUTH)/.test(code)) {
    return new BillingError("unavailable", "database_unreachable", `${where} cannot be opened or written`, { cause });
  }
  return new BillingError("internal", "database_error", `the database refused a statement (${code})`, { cause });
}
