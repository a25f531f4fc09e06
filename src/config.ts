// The only reader of the environment.

import { homedir } from "node:os";
import { join } from "node:path";

export interface Config {
  /** Where data lives when no database is named. */
  readonly database: string;
}

/** The settings of this process: `ARAGORA_DATA_DIR`, default `~/.nomic`. */
export function readConfig(environment: Readonly<Record<string, string | undefined>> = process.env): Config {
  const folder = environment.ARAGORA_DATA_DIR || join(homedir(), ".nomic");
  return Object.freeze({ database: `sqlite:${join(folder, "billing.db")}` });
}
