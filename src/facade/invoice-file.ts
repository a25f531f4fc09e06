// Writes an exported document where it belongs: a name of ours inside the folder given, all of it or nothing.

import type { Stats } from "node:fs";
import { lstat, mkdir, open, realpath, rename, rm } from "node:fs/promises";
import { join } from "node:path";
import { BillingError, secureRandom } from "../kernel/index.ts";

/**
 * Writes a file into a folder, which is made if it is missing, and returns its path. What had that name is replaced at once
 * when all bytes are on disk, if it was a file.
 *
 * @throws BillingError conflict `not_a_file` where the name is a link, a folder or a device: that is never written through.
 */
export async function writeExport(directory: string, name: string, content: Uint8Array): Promise<string> {
  await mkdir(directory, { recursive: true });
  const folder = await realpath(directory);
  const path = join(folder, name);
  const present = await stat(path);
  if (present !== undefined && !present.isFile())
    throw new BillingError(
      "conflict",
      "not_a_file",
      `${name} is in the folder and is no plain file; remove it`,
    );
  const temporary = join(folder, `.${name}.${Buffer.from(secureRandom(9)).toString("base64url")}.tmp`);
  const file = await open(temporary, "wx", 0o600);
  try {
    try {
      await file.writeFile(content);
      await file.sync();
    } finally {
      await file.close();
    }
    await rename(temporary, path);
  } catch (error) {
    await rm(temporary, { force: true });
    throw error;
  }
  return path;
}

async function stat(path: string): Promise<Stats | undefined> {
  try {
    return await lstat(path);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
    throw error;
  }
}
