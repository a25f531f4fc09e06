// aragora-billing import: files of usage events into a database, exactly once however often it is run.

import { type Command, InvalidArgumentError, Option } from "commander";
import type { Billing, BillingOptions } from "../billing.ts";
import { type Clock, systemClock } from "../kernel/index.ts";
import { DATABASE_HELP, databaseUrl, withBilling } from "./database.ts";
import { ACCEPTED_COLUMNS } from "./event-columns.ts";
import { type EventFile, type EventFormat, openEventFile } from "./event-file.ts";
import { sayFailure } from "./failure.ts";
import { exitCodeOfImport, type ImportResult, importJson, sayImport } from "./import-result.ts";
import { importFiles } from "./importer.ts";
import { type Interruption, onInterrupt } from "./interrupt.ts";
import { say, writeJson } from "./output.ts";
import { readPriceFile } from "./price-file.ts";
import { startProgress } from "./progress.ts";

interface ImportFlags {
  readonly database?: string;
  readonly prices?: string;
  readonly tenant?: string;
  readonly format: EventFormat;
  readonly unknownModel: NonNullable<BillingOptions["unknownModel"]>;
  readonly strict?: true;
  readonly json?: true;
}

const HELP = `
Columns (CSV header, JSONL fields; snake_case or camelCase; JSONL also takes metadata):
  ${ACCEPTED_COLUMNS.replaceAll(", ", "\n  ")}
Every row needs an id: importing a file again then counts nothing twice, and an interrupted import is
continued by running it again. input_tokens include cached_tokens.

Examples:
  $ aragora-billing import usage.csv
  $ aragora-billing import 2025-*.jsonl.gz --database postgres://billing@db/billing
  $ zcat usage.csv.gz | aragora-billing import - --tenant acme --json

Exit codes: 0 every row is in, now or before; 1 some are not (conflicts, rejected); 2 wrong usage or file;
4 no such file; 7 database out of reach; 130, 143 interrupted.`;

export function addImportCommand(program: Command): void {
  program
    .command("import")
    .summary("record usage events from CSV or JSONL files")
    .description(
      "Records usage events from CSV or JSONL files (gzip or not; - is the standard input), exactly once.",
    )
    .argument("<file...>", "files to import; - for the standard input")
    .option("--database <url>", DATABASE_HELP)
    .option("--prices <file>", "JSON list of price entries to add to the price book first")
    .option("--tenant <id>", "tenant of rows that name none", notEmpty)
    .addOption(
      new Option("--format <format>", "of the files").choices(["csv", "jsonl", "auto"]).default("auto"),
    )
    .addOption(
      new Option("--unknown-model <policy>", "price of models that the price book does not know")
        .choices(["fallback", "unpriced", "refuse"])
        .default("fallback"),
    )
    .option("--strict", "stop at the first bad row; batches before it stay")
    .option("--json", "print the result as JSON")
    .addHelpText("after", HELP)
    .action(runImport);
}

async function runImport(paths: readonly string[], flags: ImportFlags): Promise<void> {
  const interruption = onInterrupt();
  try {
    const { database, tenant, format, unknownModel } = flags;
    const start = systemClock.now();
    const prices = flags.prices === undefined ? [] : readPriceFile(flags.prices);
    const files = await openAll(paths, format, interruption);
    const options = { database: databaseUrl(database), unknownModel };
    const result = await withBilling(options, async (billing) => {
      if (prices.length > 0) await billing.pricing.add(prices);
      const choices = { tenant, strict: flags.strict === true, json: flags.json === true };
      return importWithProgress(billing, files, choices, interruption, start);
    });
    if (flags.json) writeJson(importJson(result));
    else sayImport(result);
    if (result.error !== undefined) sayFailure(result.error);
    process.exitCode = exitCodeOfImport(result);
  } catch (error) {
    const exitCode = interruption.exitCode();
    if (exitCode === undefined) throw error;
    say("interrupted before anything was imported");
    process.exitCode = exitCode;
  } finally {
    interruption.release();
  }
}

/** Imports opened files with a bar on stderr. `start`: since when it is timed. */
export async function importWithProgress(
  billing: Billing,
  files: readonly EventFile[],
  choices: { readonly tenant: string | undefined; readonly strict: boolean; readonly json: boolean },
  interruption: Interruption,
  start: number,
  clock: Clock = systemClock,
): Promise<ImportResult> {
  const sizes = files.map(({ size }) => size);
  const total = sizes.includes(undefined)
    ? undefined
    : sizes.reduce((sum: number, size) => sum + (size ?? 0), 0);
  const progress = startProgress(total, "rows", choices.json);
  const outcome = await importFiles(billing, files, {
    ...choices,
    signal: interruption.signal,
    onProgress: ({ bytes, rows }) => progress.update(bytes, rows),
  });
  progress.stop();
  const seconds = Math.max(0, clock.now() - start) / 1_000;
  return { ...outcome, seconds, interruptedBy: interruption.exitCode() };
}

/** Opens files and looks at their headers, before anything of any of them is imported. */
export async function openAll(
  paths: readonly string[],
  format: EventFormat,
  { signal }: Interruption,
): Promise<EventFile[]> {
  if (paths.filter((path) => path === "-").length > 1)
    throw new InvalidArgumentError("the standard input (-) can be named once");
  const files: EventFile[] = [];
  try {
    for (const path of paths) files.push(await openEventFile(path, format, signal));
    return files;
  } catch (error) {
    for (const file of files) file.close();
    throw error;
  }
}

function notEmpty(value: string): string {
  if (value === "") throw new InvalidArgumentError("It must not be empty.");
  return value;
}
