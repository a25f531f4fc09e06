// The database as the domains see it: text with `?` placeholders, positional values, rows as plain objects.
// Every integer of a row is a bigint on both engines, so that no driver default can round money.

export type Dialect = "sqlite" | "postgres";

/** A bound value. Bind money as bigint: SQLite takes every JS number for a double inside an expression. */
export type Value = string | number | bigint | null;

/** One consistent snapshot of the database. */
export interface Reader {
  readonly dialect: Dialect;
  /** All rows, in the statement's order. */
  all<Row>(sql: string, values?: readonly Value[]): Promise<Row[]>;
  /** The first row, or undefined. */
  get<Row>(sql: string, values?: readonly Value[]): Promise<Row | undefined>;
}

/** One transaction that will write. Usable only until its function settles. */
export interface Tx extends Reader {
  /** Runs one statement; returns the number of rows it changed. */
  run(sql: string, values?: readonly Value[]): Promise<number>;
  /**
   * Runs one statement for many rows of values; returns the number of rows changed in all.
   * On PostgreSQL an `INSERT … VALUES (?, …)` becomes one statement over all rows, so sort the rows by key (locks are
   * then taken in one order by everybody) and name each key once.
   */
  many(sql: string, rows: readonly (readonly Value[])[]): Promise<number>;
  /** Runs one statement once per row of values, in order; returns the rows changed by each. */
  each(sql: string, rows: readonly (readonly Value[])[]): Promise<number[]>;
}
