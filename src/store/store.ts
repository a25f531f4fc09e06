import { AsyncLocalStorage } from "node:async_hooks";
import { BillingError } from "../kernel/index.ts";
import { parseDatabaseUrl } from "./database-url.ts";
import type { Engine } from "./engine.ts";
import { GroupCommit, type Operation } from "./group-commit.ts";
import { OvertakenError } from "./overtaken.ts";
import { PostgresEngine } from "./postgres-engine.ts";
import { SqliteEngine } from "./sqlite-engine.ts";
import type { Dialect, Reader, Tx } from "./tx.ts";

/** The one way to the database: durable transactions, shared commits and consistent reads. */
export class Store {
  readonly #engine: Engine;
  /** SQLite: one for all, as it has one writer and one fsync serves all. */
  readonly #shared: GroupCommit | undefined;
  /**
   * PostgreSQL: one per kind of write. A transaction that did several would take their locks in an order of chance, and
   * two of them could deadlock.
   */
  readonly #byKind = new WeakMap<Operation<never, unknown>, GroupCommit>();
  /** The transaction that `atomically` runs its calls in. */
  readonly #joined = new AsyncLocalStorage<Tx>();
  readonly #afterCommit = new WeakMap<Tx, (() => void)[]>();
  #opened: Promise<void> | undefined;
  #closed: Promise<void> | undefined;
  #calls = 0;
  #whenIdle: (() => void) | undefined;

  constructor(engine: Engine) {
    this.#engine = engine;
    this.#shared = engine.dialect === "sqlite" ? this.#newGroupCommit() : undefined;
  }

  get dialect(): Dialect {
    return this.#engine.dialect;
  }

  /**
   * Opens the database once and brings its schema up to date; every other call does this first. After a failure the
   * next call tries again.
   *
   * @throws BillingError failed_precondition `store_closed`.
   */
  ready(): Promise<void> {
    if (this.#closed !== undefined) {
      return Promise.reject(
        new BillingError("failed_precondition", "store_closed", "the billing instance was closed"),
      );
    }
    this.#opened ??= this.#engine.open().catch((error: unknown) => {
      this.#opened = undefined;
      throw error;
    });
    return this.#opened;
  }

  /**
   * Runs `work` in a transaction of its own: durable (fsynced) when the promise resolves, rolled back when `work`
   * rejects or one of its statements failed, caught or not. After a deadlock, a serialization failure or an
   * {@link OvertakenError} `work` runs again from the start. Await nothing but the database in it, and no other call of this store.
   */
  transaction<T>(work: (tx: Tx) => Promise<T>): Promise<T> {
    const joined = this.#joined.getStore();
    if (joined !== undefined) return work(joined);
    return this.#call(() => this.#commit(work));
  }

  /**
   * Applies `input` in a transaction shared with other callers (on PostgreSQL: of the same operation object); settles after that
   * transaction is durable.
   */
  submit<Input, Output>(operation: Operation<Input, Output>, input: Input): Promise<Output> {
    const joined = this.#joined.getStore();
    if (joined !== undefined) {
      return this.transaction(async (tx) => (await operation.apply(tx, [input]))[0] as Output);
    }
    return this.#call(() => this.#groupCommitOf(operation).submit(operation, input));
  }

  /** Runs `work` on one consistent snapshot that holds everything acknowledged before the call. */
  read<T>(work: (reader: Reader) => Promise<T>): Promise<T> {
    const joined = this.#joined.getStore();
    if (joined !== undefined) return work(joined);
    return this.#call(() => this.#engine.read(work));
  }

  /**
   * Runs `work` so that everything it does through this store, in whatever service, is one transaction: all of it is
   * durable when the promise resolves, and none of it when `work` rejects or a statement failed. Reads inside see its
   * own writes. Nothing inside is shared with other callers' commits, so use it where several effects must be one.
   * `work` runs again after a deadlock; await nothing but this store in it, and leave no call of it unawaited.
   */
  atomically<T>(work: () => Promise<T>): Promise<T> {
    if (this.#joined.getStore() !== undefined) return work();
    return this.transaction((tx) => this.#joined.run(tx, work));
  }

  /**
   * Has `callback` called once `tx` is durable, before its transaction's promise settles; never when it is rolled back. A
   * process that dies in between never calls it: what must not be lost is a row in the outbox. An error it throws is
   * lost; it must start nothing that it does not finish itself.
   */
  afterCommit(tx: Tx, callback: () => void): void {
    const callbacks = this.#afterCommit.get(tx);
    if (callbacks === undefined) this.#afterCommit.set(tx, [callback]);
    else callbacks.push(callback);
  }

  /** Refuses further calls, lets those under way finish, then closes. Idempotent. */
  close(): Promise<void> {
    this.#closed ??= this.#close();
    return this.#closed;
  }

  #groupCommitOf(operation: Operation<never, unknown>): GroupCommit {
    if (this.#shared !== undefined) return this.#shared;
    let commits = this.#byKind.get(operation);
    if (commits === undefined) {
      commits = this.#newGroupCommit();
      this.#byKind.set(operation, commits);
    }
    return commits;
  }

  #newGroupCommit(): GroupCommit {
    return new GroupCommit((work) => this.#commit(work), this.#engine.lanes);
  }

  async #commit<T>(work: (tx: Tx) => Promise<T>): Promise<T> {
    let committed: Tx | undefined;
    const result = await untilFirst(() =>
      this.#engine.transaction((tx) => {
        committed = tx;
        return work(tx);
      }),
    );
    const callbacks = (committed && this.#afterCommit.get(committed)) ?? [];
    for (const callback of callbacks) {
      try {
        // Outside of what was joined: the transaction is over.
        this.#joined.exit(callback);
      } catch {
        // The work is done and durable; whoever asked to hear of it had the fault.
      }
    }
    return result;
  }

  async #close(): Promise<void> {
    await this.#opened?.catch(() => undefined);
    if (this.#calls > 0) {
      await new Promise<void>((resolve) => {
        this.#whenIdle = resolve;
      });
    }
    await this.#engine.close();
  }

  async #call<T>(work: () => Promise<T>): Promise<T> {
    this.#calls += 1;
    try {
      await this.ready();
      return await work();
    } finally {
      this.#calls -= 1;
      if (this.#calls === 0) this.#whenIdle?.();
    }
  }
}

const MAX_RUNS = 10;

async function untilFirst<T>(transaction: () => Promise<T>): Promise<T> {
  for (let run = 1; ; run += 1) {
    try {
      return await transaction();
    } catch (error) {
      if (!(error instanceof OvertakenError) || run === MAX_RUNS) throw error;
    }
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
    address.dialect === "sqlite"
      ? new SqliteEngine(address.path)
      : new PostgresEngine(address.connectionString),
  );
}

/** {@link storeAt}, opened: rejects at once for a database that is damaged, foreign, newer or out of reach. */
export async function open(url: string): Promise<Store> {
  const store = storeAt(url);
  try {
    await store.ready();
  } catch (error) {
    await store.close();
    throw error;
  }
  return store;
}
