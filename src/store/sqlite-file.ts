// Looks at a database file before SQLite may touch it: whatever is not ours is refused byte for byte unchanged.

import { closeSync, existsSync, fstatSync, mkdirSync, openSync, readSync, statSync } from "node:fs";
import { dirname } from "node:path";
import { BillingError } from "../kernel/index.ts";

/** "ARAB" in the file header marks a database as ours. */
export const APPLICATION_ID = 0x41524142;

const HEADER_BYTES = 100;
const MAGIC = "SQLite format 3\0";

/**
 * Refuses a file that is not a whole database of this program; a missing or empty file is fine. Opens read-only.
 *
 * @throws BillingError failed_precondition `foreign_file` or `database_damaged`, unavailable `database_unreachable`.
 */
export function inspectSqliteFile(path: string): void {
  if (!existsSync(path)) {
    makeFolder(path);
    return;
  }
  const header = Buffer.alloc(HEADER_BYTES);
  const { bytes, size } = readHeader(path, header);
  if (size === 0) return;
  if (bytes < HEADER_BYTES || header.toString("latin1", 0, MAGIC.length) !== MAGIC) {
    throw new BillingError("failed_precondition", "foreign_file", `${path} is not an SQLite database; left untouched`);
  }
  if (header.readUInt32BE(68) !== APPLICATION_ID) {
    throw new BillingError(
      "failed_precondition",
      "foreign_file",
      `${path} is an SQLite database of another program; left untouched`,
    );
  }
  const pageSize = header.readUInt16BE(16) === 1 ? 65_536 : header.readUInt16BE(16);
  const expected = header.readUInt32BE(28) * pageSize;
  // With a write-ahead log beside it, the missing pages may be in there and SQLite itself recovers them.
  if (size < expected && !hasContent(`${path}-wal`)) {
    throw new BillingError(
      "failed_precondition",
      "database_damaged",
      `${path} is cut short (${size} of ${expected} bytes); left untouched: restore it from a backup`,
    );
  }
}

function readHeader(path: string, header: Buffer): { bytes: number; size: number } {
  let file: number | undefined;
  try {
    file = openSync(path, "r");
    const stat = fstatSync(file);
    if (!stat.isFile()) throw new BillingError("failed_precondition", "foreign_file", `${path} is not a file`);
    return { bytes: readSync(file, header, 0, HEADER_BYTES, 0), size: stat.size };
  } catch (cause) {
    if (cause instanceof BillingError) throw cause;
    throw new BillingError("unavailable", "database_unreachable", `${path} cannot be read`, { cause });
  } finally {
    if (file !== undefined) closeSync(file);
  }
}

function makeFolder(path: string): void {
  try {
    mkdirSync(dirname(path), { recursive: true });
  } catch (cause) {
    throw new BillingError("unavailable", "database_unreachable", `the folder of ${path} cannot be made`, { cause });
  }
}

function hasContent(path: string): boolean {
  return existsSync(path) && statSync(path).size > 0;
}
