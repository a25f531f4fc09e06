import { cpus, loadavg } from "node:os";
import type { BudgetFigures } from "./budgets.ts";
import type { CallersFigures } from "./callers.ts";
import type { CreditFigures } from "./credits.ts";
import { DURABILITY, type EngineName } from "./databases.ts";
import type { FacadeFigures } from "./facade.ts";
import type { FsyncFigures } from "./fsync.ts";
import type { ImportFigures, ImportSkipped } from "./import.ts";
import type { IngestFigures } from "./ingest.ts";
import type { InvoiceFigures } from "./invoices.ts";
import type { RatingFigures } from "./rating.ts";
import type { ReportFigures } from "./report.ts";
import { type Column, fixed, textTable, whole } from "./table.ts";

/** One run, as `--json` and `--out` give it. What was not asked for is empty or missing. */
export interface Results {
  readonly startedAt: string;
  readonly seconds: number;
  readonly machine: Machine;
  readonly durability: Readonly<Partial<Record<EngineName, string>>>;
  readonly fsync?: FsyncFigures;
  readonly rating?: RatingFigures;
  readonly ingest: readonly IngestFigures[];
  readonly callers: readonly CallersFigures[];
  readonly facade: readonly FacadeFigures[];
  readonly budgets: readonly BudgetFigures[];
  readonly credits: readonly CreditFigures[];
  readonly invoices: readonly InvoiceFigures[];
  readonly report: readonly ReportFigures[];
  readonly import: readonly (ImportFigures | ImportSkipped)[];
}

export interface Machine {
  readonly cpu: string;
  readonly cores: number;
  readonly node: string;
  readonly platform: string;
  /** Of the last minute: what else was running. */
  readonly loadBefore: number;
}

export function thisMachine(): Machine {
  return {
    cpu: cpus()[0]?.model ?? "unknown",
    cores: cpus().length,
    node: process.version,
    platform: `${process.platform} ${process.arch}`,
    loadBefore: loadavg()[0] ?? 0,
  };
}

/** The tables of a run. README.md tells what each column means. */
export function textOf(results: Results): string {
  const { machine, fsync, rating } = results;
  const parts = [
    `${machine.cores} x ${machine.cpu}, Node ${machine.node}, ${machine.platform}, ` +
      `load ${machine.loadBefore.toFixed(1)} before, ${results.seconds.toFixed(0)} s in all`,
  ];
  for (const engine of Object.keys(results.durability) as EngineName[]) {
    parts.push(`${engine}: ${DURABILITY[engine]}`);
  }
  if (fsync !== undefined) {
    parts.push(`\nfsync: p50 ${ms(fsync.p50Ms)} ms, p99 ${ms(fsync.p99Ms)} ms (4 KiB + fdatasync)`);
  }
  if (rating !== undefined) {
    parts.push(
      `\nrating alone (nothing stored): ${whole(rating.perSecond)} events/s on one core, ` +
        `${rating.cpuMicros.toFixed(2)} CPU us/event`,
    );
  }
  addTable(parts, "durable ingest, a commit per batch, against the raw limit", INGEST, results.ingest);
  addTable(parts, "64 callers of single events, against raw commits of 64 rows", CALLERS, results.callers);
  addTable(
    parts,
    "the specification's classes over metering.record, 64 callers, CPU us per event",
    FACADE,
    results.facade,
  );
  addTable(
    parts,
    "budgets: holds of 64 callers, of one alone, checks, and ingest with 5 of them",
    BUDGETS,
    results.budgets,
  );
  addTable(parts, "credits: deductions of 64 callers, of one alone, and a balance", CREDITS, results.credits);
  addTable(parts, "invoices: the month end", INVOICES, results.invoices);
  addTable(parts, "one tenant's month, 1,000 tenants", REPORT, results.report);
  addTable(
    parts,
    "CSV import through the CLI, process start to exit",
    IMPORT,
    results.import.filter((row) => "perSecond" in row),
  );
  for (const row of results.import) {
    if ("skipped" in row) parts.push(`\nimport ${row.engine}: skipped, ${row.skipped}`);
  }
  return `${parts.join("\n")}\n`;
}

const ms = fixed(2);
const micro = fixed(3);
const micros = fixed(1);

const RATIO: readonly Column<IngestFigures | CallersFigures>[] = [
  ["raw/s", (row) => whole(row.rawPerSecond)],
  ["ours/s", (row) => whole(row.oursPerSecond)],
  ["ratio", (row) => row.ratio.toFixed(2)],
  ["least–most", (row) => `${row.ratioLeast.toFixed(2)}–${row.ratioMost.toFixed(2)}`],
  ["raw CPU us", (row) => micros(row.rawCpuMicros)],
  ["ours CPU us", (row) => micros(row.oursCpuMicros)],
  ["RSS MiB", (row) => whole(row.oursPeakRssMib)],
];

const INGEST: readonly Column<IngestFigures>[] = [
  ["engine", (row) => row.engine],
  ["stream", (row) => row.stream],
  ["ids", (row) => row.ids],
  ["batch", (row) => whole(row.batch)],
  ["events", (row) => whole(row.events)],
  ...RATIO,
];

const CALLERS: readonly Column<CallersFigures>[] = [
  ["engine", (row) => row.engine],
  ["stream", (row) => row.stream],
  ["events", (row) => whole(row.events)],
  ...RATIO,
  ["p50 ms", (row) => ms(row.p50Ms)],
  ["p99 ms", (row) => ms(row.p99Ms)],
];

const FACADE: readonly Column<FacadeFigures>[] = [
  ["engine", (row) => row.engine],
  ["call", (row) => row.call],
  ["events", (row) => whole(row.events)],
  ["metering.record", (row) => micros(row.engineCpuMicros)],
  ["class", (row) => micros(row.facadeCpuMicros)],
  ["overhead", (row) => micros(row.overheadMicros)],
  ["least–most", (row) => `${micros(row.overheadLeast)}–${micros(row.overheadMost)}`],
];

const BUDGETS: readonly Column<BudgetFigures>[] = [
  ["engine", (row) => row.engine],
  ["pairs/s", (row) => whole(row.pairsPerSecond)],
  ["alone p50 ms", (row) => ms(row.authorizeP50Ms)],
  ["p99 ms", (row) => ms(row.authorizeP99Ms)],
  ["fsync p50 ms", (row) => ms(row.fsync.p50Ms)],
  ["checks/s", (row) => whole(row.checksPerSecond)],
  ["ingest/s", (row) => whole(row.ingestPerSecond)],
  ["with 5 budgets", (row) => whole(row.budgetedPerSecond)],
  ["ratio", (row) => row.ratio.toFixed(2)],
  ["least–most", (row) => `${row.ratioLeast.toFixed(2)}–${row.ratioMost.toFixed(2)}`],
];

const CREDITS: readonly Column<CreditFigures>[] = [
  ["engine", (row) => row.engine],
  ["deductions/s", (row) => whole(row.deductionsPerSecond)],
  ["of 64 tenants", (row) => whole(row.spreadPerSecond)],
  ["alone p50 ms", (row) => ms(row.deductP50Ms)],
  ["p99 ms", (row) => ms(row.deductP99Ms)],
  ["fsync p50 ms", (row) => ms(row.fsync.p50Ms)],
  ["postings", (row) => whole(row.postings)],
  ["balance p50 ms", (row) => micro(row.balanceP50Ms)],
  ["p99 ms", (row) => micro(row.balanceP99Ms)],
];

const INVOICES: readonly Column<InvoiceFigures>[] = [
  ["engine", (row) => row.engine],
  ["tenants", (row) => whole(row.tenants)],
  ["lines each", (row) => whole(row.lines)],
  ["seconds", (row) => ms(row.monthEndSeconds)],
  ["invoices/s", (row) => whole(row.invoicesPerSecond)],
  ["fsync p50 ms", (row) => ms(row.fsync.p50Ms)],
  ["again s", (row) => ms(row.againSeconds)],
];

const REPORT: readonly Column<ReportFigures>[] = [
  ["engine", (row) => row.engine],
  ["events", (row) => whole(row.events)],
  ["by", (row) => row.by],
  ["p50 ms", (row) => ms(row.p50Ms)],
  ["p99 ms", (row) => ms(row.p99Ms)],
  ["load batch", (row) => whole(row.load.batch)],
  ["load/s", (row) => whole(row.load.perSecond)],
  ["load CPU us", (row) => micros(row.load.cpuMicros)],
  ["load RSS MiB", (row) => whole(row.load.peakRssMib)],
  ["bytes/event", (row) => whole(row.load.databaseBytesPerEvent)],
];

const IMPORT: readonly Column<ImportFigures>[] = [
  ["engine", (row) => row.engine],
  ["rows", (row) => whole(row.rows)],
  ["rows/s", (row) => whole(row.perSecond)],
  ["seconds", (row) => ms(row.seconds)],
  ["RSS MiB", (row) => (row.peakRssMib === null ? "unknown" : whole(row.peakRssMib))],
];

function addTable<Row>(
  parts: string[],
  title: string,
  columns: readonly Column<Row>[],
  rows: readonly Row[],
): void {
  if (rows.length > 0) parts.push(`\n${title}\n${textTable(columns, rows)}`);
}
