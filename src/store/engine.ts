import type { Dialect, Reader, Tx } from "./tx.ts";

/** What a database engine must do for the store. One implementation per dialect. */
export interface Engine {
  readonly dialect: Dialect;
  /** Transactions that may run at once: 1 where the database has a single writer. */
  readonly lanes: number;
  /** Opens and, under a lock that other processes respect, brings the schema up to date. */
  open(): Promise<void>;
  /**
   * Runs `work` in one durable transaction: committed and fsynced when the promise resolves, else rolled back. One
   * whose statement failed never commits, even if `work` caught the error.
   */
  transaction<T>(work: (tx: Tx) => Promise<T>): Promise<T>;
  /** Runs `work` on one consistent snapshot. */
  read<T>(work: (reader: Reader) => Promise<T>): Promise<T>;
  /** The store calls this once, after every other call has settled. */
  close(): Promise<void>;
}
