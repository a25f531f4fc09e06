// Looks at a database file before SQLite may touch it: whatever is not ours is refused byte for byte unchanged.

import { closeSync, mkdirSync, openSync, readSync, type Stats, statSync } from "node:fs";
import { dirname } from "node:path";
import { BillingError } from "../kernel/index.ts";

/** "ARAB" in the file header marks a database as ours. */
export const APPLICATION_ID = 0x41524142;

const HEADER_BYTES = 100;
const MAGIC = "SQLite format 3\0";

/**
 * Refuses a file that is not a whole database of this program; a missing or empty file is fine. Opens read-only.
 *
 * @returns its size in bytes, 0 when it is missing.
 * @throws BillingError failed_precondition `foreign_file` or `database_damaged`, unavailable `database_unreachable`.
 */
export function inspectSqliteFile(path: string): number {
  const size = sizeOf(path);
  if (size === undefined) makeFolder(path);
  if (size === undefined || size === 0) return 0;
  const header = readHeader(path);
  if (header.length < HEADER_BYTES || header.toString("latin1", 0, MAGIC.length) !== MAGIC) {
    throw new BillingError(
      "failed_precondition",
      "foreign_file",
      `${path} is not an SQLite database; left untouched`,
    );
  }
  if (header.readUInt32BE(68) !== APPLICATION_ID) {
    throw new BillingError(
      "failed_precondition",
      "foreign_file",
      `${path} is an SQLite database of another program; left untouched`,
    );
  }
  refuseIfCutShort(path, header);
  return size;
}

/** Looks at the log before the size: another process may be moving pages from the one into the other right now. */
function refuseIfCutShort(path: string, header: Buffer): void {
  // With a write-ahead log beside it, the missing pages may be in there and SQLite itself recovers them.
  if ((sizeOf(`${path}-wal`) ?? 0) > 0) return;
  const pageSize = header.readUInt16BE(16) === 1 ? 65_536 : header.readUInt16BE(16);
  const expected = header.readUInt32BE(28) * pageSize;
  const size = sizeOf(path) ?? 0;
  if (size >= expected) return;
  throw new BillingError(
    "failed_precondition",
    "database_damaged",
    `${path} is cut short (${size} of ${expected} bytes); left untouched: restore it from a backup`,
  );
}

/** Undefined when there is none. */
function sizeOf(path: string): number | undefined {
  let stat: Stats | undefined;
  try {
    stat = statSync(path, { throwIfNoEntry: false });
  } catch (cause) {
    throw new BillingError("unavailable", "database_unreachable", `${path} cannot be read`, { cause });
  }
  if (stat?.isFile() === false) {
    throw new BillingError("failed_precondition", "foreign_file", `${path} is not a file`);
  }
  return stat?.size;
}

function readHeader(path: string): Buffer {
  const header = Buffer.alloc(HEADER_BYTES);
  let file: number | undefined;
  try {
    file = openSync(path, "r");
    return header.subarray(0, readSync(file, header, 0, HEADER_BYTES, 0));
  } catch (cause) {
    throw new BillingError("unavailable", "database_unreachable", `${path} cannot be read`, { cause });
  } finally {
    if (file !== undefined) closeSync(file);
  }
}

function makeFolder(path: string): void {
  try {
    mkdirSync(dirname(path), { recursive: true });
  } catch (cause) {
    throw new BillingError("unavailable", "database_unreachable", `the folder of ${path} cannot be made`, {
      cause,
    });
  }
}
