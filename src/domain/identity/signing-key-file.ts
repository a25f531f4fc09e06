// The secret of an installation that names none: a file beside its database, made once, for its owner only.

import {
  closeSync,
  fsyncSync,
  linkSync,
  mkdirSync,
  openSync,
  readFileSync,
  rmSync,
  statSync,
  writeSync,
} from "node:fs";
import { dirname } from "node:path";
import { BillingError } from "../../kernel/index.ts";
import { parseDatabaseUrl } from "../../store/database-url.ts";
import { type SecureRandom, secretText } from "../organizations/index.ts";
import type { TokenSecret } from "./signing-key.ts";

const SECRET_BYTES = 32;
const TEXT = /^[A-Za-z0-9_-]{43}\n$/;

/**
 * The secret of an installation that was given none: of an SQLite file, {@link secretBesideDatabase}; of a database in
 * memory, one that ends with it. A PostgreSQL database may have servers on several machines, so it has no such place.
 *
 * @throws BillingError failed_precondition `signing_secret_missing` for PostgreSQL; what {@link secretBesideDatabase} throws.
 */
export function ownSecret(databaseUrl: string, random: SecureRandom): TokenSecret {
  const address = parseDatabaseUrl(databaseUrl);
  if (address.dialect === "postgres") {
    const text =
      "people sign in only where tokens can be signed: set ARAGORA_JWT_SECRET to the same secret in every process " +
      "on this database; make one with: openssl rand -base64 32";
    throw new BillingError("failed_precondition", "signing_secret_missing", text);
  }
  const { path } = address;
  return { current: path === null ? secretText(random, SECRET_BYTES) : secretBesideDatabase(path, random) };
}

/**
 * The secret in the file `<path of the database>.jwt-secret`; if there is none, one is made. Of any number of processes
 * that start at once one makes it and all get the same. Keep it with the database's backups: without it everybody has
 * to sign in again.
 *
 * @throws BillingError failed_precondition `secret_file_invalid` for a file that others may read or that holds no secret;
 * unavailable `secret_file_unreachable`.
 */
export function secretBesideDatabase(databasePath: string, random: SecureRandom): string {
  const path = `${databasePath}.jwt-secret`;
  try {
    return readSecret(path) ?? makeSecret(path, random);
  } catch (cause) {
    if (cause instanceof BillingError) throw cause;
    const text = `${path} can be neither read nor made; set ARAGORA_JWT_SECRET instead`;
    throw new BillingError("unavailable", "secret_file_unreachable", text, { cause });
  }
}

function makeSecret(path: string, random: SecureRandom): string {
  const secret = secretText(random, SECRET_BYTES);
  mkdirSync(dirname(path), { recursive: true });
  // Written under another name and linked: whoever sees the file sees all of it, and only the first link succeeds.
  const draft = `${path}-${Buffer.from(random(8)).toString("hex")}`;
  const file = openSync(draft, "wx", 0o600);
  try {
    writeSync(file, `${secret}\n`);
    fsyncSync(file);
    linkSync(draft, path);
    return secret;
  } catch (error) {
    if (!isCode(error, "EEXIST")) throw error;
    return readSecret(path) ?? makeSecret(path, random);
  } finally {
    closeSync(file);
    rmSync(draft, { force: true });
  }
}

/** Undefined when there is no file. */
function readSecret(path: string): string | undefined {
  const stat = statSync(path, { throwIfNoEntry: false });
  if (stat === undefined) return undefined;
  if (process.platform !== "win32" && (stat.mode & 0o077) !== 0) {
    throw invalidFile(`others may read ${path}: run chmod 600 on it`);
  }
  const text = readFileSync(path, "utf8");
  if (!TEXT.test(text))
    throw invalidFile(`${path} holds no secret: restore it, or delete it and sign in again`);
  return text.trimEnd();
}

function isCode(error: unknown, code: string): boolean {
  return (error as NodeJS.ErrnoException).code === code;
}

function invalidFile(text: string): BillingError {
  return new BillingError("failed_precondition", "secret_file_invalid", text);
}
