import { resolve } from "node:path";
import { invalidInput } from "../kernel/index.ts";

export type DatabaseUrl =
  | { readonly dialect: "sqlite"; readonly path: string | null }
  | { readonly dialect: "postgres"; readonly connectionString: string };

const EXPECTED = "expected sqlite:PATH, sqlite::memory: or postgres://user:password@host:port/database";

/**
 * Reads a database address. `path: null` is a database in memory.
 *
 * @throws BillingError invalid_input `invalid_database_url`; the message never repeats a password.
 * @example parseDatabaseUrl("sqlite:./billing.db")
 */
export function parseDatabaseUrl(url: string): DatabaseUrl {
  if (typeof url !== "string")
    throw invalidInput("database", "invalid_database_url", `database: ${EXPECTED}`);
  if (url === "sqlite::memory:") return { dialect: "sqlite", path: null };
  if (url.startsWith("sqlite:")) {
    // Trimmed, as the driver trims it: what is inspected must be what is opened.
    const path = url
      .slice("sqlite:".length)
      .replace(/^\/\/(?=\/)/, "")
      .trim();
    if (path === "" || path.includes("\0")) {
      throw invalidInput("database", "invalid_database_url", `database: no path given; ${EXPECTED}`);
    }
    return { dialect: "sqlite", path: resolve(path) };
  }
  if (/^postgres(ql)?:\/\//.test(url) && URL.canParse(url)) {
    return { dialect: "postgres", connectionString: url };
  }
  throw invalidInput("database", "invalid_database_url", `database: ${EXPECTED}`);
}
