// Migrations are numbered, run once, in order, and never change: their text is hashed into the database.

import { BillingError, digest } from "../kernel/index.ts";
import type { Dialect } from "./tx.ts";

/** The words in which the two engines' table definitions differ. */
export interface Ddl {
  /** A 64-bit integer. */
  readonly int: string;
  /** Text that sorts by its bytes on both engines. */
  readonly text: string;
  /** A row number, given on arrival; the primary key. */
  readonly serial: string;
  /** The same where another key is primary; indexed on SQLite only, where it is the row's own address. */
  readonly arrival: string;
  /** What ends a table with a row number. */
  readonly table: string;
  /** What ends a table that lives in its primary key. */
  readonly keyTable: string;
}

export interface Migration {
  readonly version: number;
  readonly name: string;
  readonly statements: (ddl: Ddl) => readonly string[];
}

export interface AppliedMigration {
  readonly version: bigint;
  readonly name: string;
  readonly checksum: string;
}

export const DDL: Readonly<Record<Dialect, Ddl>> = {
  sqlite: {
    int: "INTEGER",
    text: "TEXT",
    serial: "INTEGER PRIMARY KEY",
    arrival: "INTEGER PRIMARY KEY",
    table: " STRICT",
    keyTable: " WITHOUT ROWID, STRICT",
  },
  postgres: {
    int: "BIGINT",
    text: 'TEXT COLLATE "C"',
    serial: "BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY",
    arrival: "BIGINT GENERATED ALWAYS AS IDENTITY",
    table: "",
    keyTable: "",
  },
};

export function migrationStatements(migration: Migration, dialect: Dialect): readonly string[] {
  return migration.statements(DDL[dialect]);
}

export function migrationChecksum(migration: Migration, dialect: Dialect): string {
  return digest(migrationStatements(migration, dialect).join(";\n"));
}

/**
 * The migrations still to run, after checking those that did.
 *
 * @throws BillingError failed_precondition `schema_newer` when the database has seen a newer program, `schema_differs`
 * when an applied migration is not the one this program knows.
 */
export function pendingMigrations(
  known: readonly Migration[],
  applied: readonly AppliedMigration[],
  dialect: Dialect,
): readonly Migration[] {
  for (const row of applied) {
    const migration = known.find(({ version }) => BigInt(version) === row.version);
    if (migration === undefined) {
      throw new BillingError(
        "failed_precondition",
        "schema_newer",
        `the database has schema version ${row.version}, this program knows ${known.length}: upgrade the program`,
      );
    }
    if (migrationChecksum(migration, dialect) !== row.checksum) {
      throw new BillingError(
        "failed_precondition",
        "schema_differs",
        `migration ${row.version} (${row.name}) in the database is not the one this program was built with`,
      );
    }
  }
  const done = new Set(applied.map(({ version }) => Number(version)));
  return known.filter(({ version }) => !done.has(version));
}
