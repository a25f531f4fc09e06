import pg from "pg";
import { BillingError, type ErrorKind } from "../kernel/index.ts";

type Meaning = readonly [kind: ErrorKind, code: string, text: string];

const REFUSED: Meaning = [
  "failed_precondition",
  "database_refused",
  "PostgreSQL refused this user or database",
];
const BUSY: Meaning = ["unavailable", "database_busy", "PostgreSQL is too busy for this call"];
const GONE: Meaning = ["unavailable", "database_unreachable", "PostgreSQL went away"];
const CONFLICT: Meaning = [
  "unavailable",
  "database_conflict",
  "a transaction lost to others again and again; retry",
];

const OTHER: Meaning = ["internal", "database_error", "the database refused a statement"];

/** By SQLSTATE, or its beginning; the first that matches. */
const MEANINGS: readonly (readonly [state: string, meaning: Meaning])[] = [
  ["40001", CONFLICT],
  ["40P01", CONFLICT],
  ["28", REFUSED],
  ["3D000", REFUSED],
  ["42501", REFUSED],
  ["53100", ["unavailable", "storage_full", "PostgreSQL has no room left; nothing of this write was kept"]],
  ["53", BUSY],
  ["55P03", BUSY],
  ["57014", BUSY],
  ["08P01", OTHER], // a statement with the wrong number of values
  ["08", GONE],
  ["57P", GONE],
  ["XX001", ["failed_precondition", "database_damaged", "the database is damaged: restore it from a backup"]],
  ["XX002", ["failed_precondition", "database_damaged", "an index of the database is damaged: rebuild it"]],
];

/** What the driver threw, as ours. Its own words stay in `cause`: they may hold values of other tenants, or an address. */
export function postgresError(error: unknown): unknown {
  const state = (error as { code?: unknown }).code;
  const reason = typeof state === "string" ? ` (${state})` : "";
  const [kind, code, text] = meaningOf(error, typeof state === "string" ? state : "");
  return new BillingError(kind, code, `${text}${reason}`, { cause: error });
}

function meaningOf(error: unknown, state: string): Meaning {
  if (error instanceof pg.DatabaseError) {
    return MEANINGS.find(([prefix]) => state.startsWith(prefix))?.[1] ?? OTHER;
  }
  // A value that the driver cannot write or read; whatever else it throws is about the connection.
  if (error instanceof TypeError || error instanceof SyntaxError || error instanceof RangeError) return OTHER;
  return ["unavailable", "database_unreachable", "PostgreSQL cannot be reached"];
}
