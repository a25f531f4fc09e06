import { parseDatabaseUrl } from "./database-url.ts";
import type { Engine } from "./engine.ts";
import { GroupCommit, type Operation } from "./group-commit.ts";
import { PostgresEngine } from "./postgres-engine.ts";
import { SqliteEngine } from "./sqlite-engine.ts";
import type { Dialect, Reader, Tx } from "./tx.ts";

/** The one way to the database: durable transactions, shared commits and consistent reads. */
export class Store {
  readonly #engine: Engine;
  readonly #commits: GroupCommit;
  #opened: Promise<void> | undefined;

  constructor(engine: Engine) {
    this.#engine = engine;
    this.#commits = new GroupCommit((work) => this.transaction(work), engine.lanes);
  }

  get dialect(): Dialect {
    return this.#engine.dialect;
  }

  /** Opens the database once and brings its schema up to date; every other call does this first. */
  ready(): Promise<void> {
    this.#opened ??= this.#engine.open();
    return this.#opened;
  }

  /**
   * Runs `work` in a transaction of its own: durable (fsynced) when the promise resolves, rolled back when it rejects.
   * After a deadlock or serialization failure `work` runs again from the start.
   */
  async transaction<T>(work: (tx: Tx) => Promise<T>): Promise<T> {
    await this.ready();
    return this.#engine.transaction(work);
  }

  /** Applies `input` in a transaction shared with other callers; settles after that transaction is durable. */
  async submit<Input, Output>(operation: Operation<Input, Output>, input: Input): Promise<Output> {
    await this.ready();
    return this.#commits.submit(operation, input);
  }

  /** Runs `work` on one consistent snapshot that holds everything acknowledged before the call. */
  async read<T>(work: (reader: Reader) => Promise<T>): Promise<T> {
    await this.ready();
    return this.#engine.read(work);
  }

  /** Commits what was submitted, then closes. Idempotent. */
  async close(): Promise<void> {
    await this.#opened?.catch(() => undefined);
    await this.#commits.drain();
    await this.#engine.close();
  }
}

/**
 * The store at `sqlite:PATH`, `sqlite::memory:` or `postgres://…`, opened at its first use.
 *
 * @throws BillingError invalid_input `invalid_database_url`.
 */
export function storeAt(url: string): Store {
  const address = parseDatabaseUrl(url);
  return new Store(
    address.dialect === "sqlite" ? new SqliteEngine(address.path) : new PostgresEngine(address.connectionString),
  );
}

/** {@link storeAt}, opened: rejects at once for a database that is damaged, foreign, newer or out of reach. */
export async function open(url: string): Promise<Store> {
  const store = storeAt(url);
  await store.ready();
  return store;
}
