// The default billing instance in a folder of the test's own.
import { mkdtempSync, rmSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach } from "vitest";
import { defaultBilling, setDefaultBilling } from "../../src/facade/default-billing.ts";
import { freshFolder } from "../support/database.ts";

/** For a suite: a new, empty default database for each test, closed and removed after it. */
export function useDefaultData(): void {
  const before = process.env.ARAGORA_DATA_DIR;
  let folder: string;

  beforeEach(() => {
    folder = mkdtempSync(join(freshFolder(), "data-"));
    process.env.ARAGORA_DATA_DIR = folder;
    setDefaultBilling(undefined);
  });

  afterEach(async () => {
    await defaultBilling().close();
    setDefaultBilling(undefined);
    if (before === undefined) delete process.env.ARAGORA_DATA_DIR;
    else process.env.ARAGORA_DATA_DIR = before;
    rmSync(folder, { recursive: true, force: true });
  });
}

/** As after a restart of the program: the next call opens the same file anew. */
export async function reopenDefaultData(): Promise<void> {
  await defaultBilling().close();
  setDefaultBilling(undefined);
}

/** Decimals as the texts that a bill would show. */
export function texts(amounts: Readonly<Record<string, { toString(): string }>>): Record<string, string> {
  return Object.fromEntries(Object.entries(amounts).map(([key, amount]) => [key, amount.toString()]));
}
