// `npm run bench`: options, order, output. What the figures mean is in README.md.

import { writeFileSync } from "node:fs";
import { parseArgs } from "node:util";
import { benchBudgets } from "./budgets.ts";
import { benchCallers } from "./callers.ts";
import { benchCredits } from "./credits.ts";
import { type BenchEngine, DURABILITY, ENGINES, type EngineName, startEngine } from "./databases.ts";
import { benchFacade } from "./facade.ts";
import { benchFsync } from "./fsync.ts";
import { benchImport } from "./import.ts";
import { benchIngest, type IngestOptions } from "./ingest.ts";
import { benchInvoices } from "./invoices.ts";
import { progress } from "./measure.ts";
import { type Results, textOf, thisMachine } from "./output.ts";
import { benchRating } from "./rating.ts";
import { benchReport } from "./report.ts";
import { STREAMS, type StreamName } from "./streams.ts";

const PARTS = [
  "fsync",
  "rating",
  "ingest",
  "callers",
  "facade",
  "budgets",
  "credits",
  "invoices",
  "report",
  "import",
] as const;
type Part = (typeof PARTS)[number];

const USAGE = `npm run bench -- [options]
  --engine sqlite|postgres|all     default all
  --stream ${STREAMS.join("|")}|all  default all
  --events N                       timed events of an ingest measurement, default 30000
  --rounds N                       pairs of raw and ours, default 3
  --only ${PARTS.join("|")}   may be repeated
  --full                           also reports on 5 million events and an import of 5 million rows: many minutes
  --json                           JSON instead of tables
  --out FILE                       JSON into a file too
`;

interface Options extends IngestOptions {
  readonly engines: readonly EngineName[];
  readonly parts: ReadonlySet<Part>;
  readonly full: boolean;
  readonly json: boolean;
  readonly out: string | undefined;
}

const SMALL = 100_000;
const LARGE = 5_000_000;
const SMALL_BATCH = 1_000;
const LARGE_BATCH = 10_000;

async function main(): Promise<void> {
  const options = readOptions();
  const startedAt = new Date();
  const machine = thisMachine();
  const { parts } = options;
  const local = {
    ...(parts.has("fsync") && { fsync: benchFsync() }),
    ...(parts.has("rating") && { rating: benchRating() }),
  };
  const stored = {
    ingest: [],
    callers: [],
    facade: [],
    budgets: [],
    credits: [],
    invoices: [],
    report: [],
    import: [],
  } satisfies StoredFigures as StoredFigures;
  const needsEngine = (
    ["ingest", "callers", "facade", "budgets", "credits", "invoices", "report", "import"] as const
  ).some((part) => parts.has(part));
  for (const name of needsEngine ? options.engines : []) {
    const engine = await startEngine(name);
    try {
      await benchEngine(engine, options, stored);
    } finally {
      await engine.stop();
    }
  }
  const results: Results = {
    startedAt: startedAt.toISOString(),
    seconds: (Date.now() - startedAt.getTime()) / 1_000,
    machine,
    durability: Object.fromEntries(options.engines.map((name) => [name, DURABILITY[name]])),
    ...local,
    ...stored,
  };
  const json = `${JSON.stringify(results, null, 2)}\n`;
  if (options.out !== undefined) writeFileSync(options.out, json);
  process.stdout.write(options.json ? json : textOf(results));
}

interface StoredFigures {
  readonly ingest: Results["ingest"][number][];
  readonly callers: Results["callers"][number][];
  readonly facade: Results["facade"][number][];
  readonly budgets: Results["budgets"][number][];
  readonly credits: Results["credits"][number][];
  readonly invoices: Results["invoices"][number][];
  readonly report: Results["report"][number][];
  readonly import: Results["import"][number][];
}

async function benchEngine(engine: BenchEngine, options: Options, figures: StoredFigures): Promise<void> {
  const { parts, full } = options;
  if (parts.has("ingest")) figures.ingest.push(...(await benchIngest(engine, options)));
  if (parts.has("callers")) {
    // Small commits cost several times as much per event.
    const events = Math.ceil(options.events / 3);
    const streams = options.streams.filter((name) => name !== "uniform");
    figures.callers.push(...(await benchCallers(engine, { ...options, events, streams })));
  }
  // The classes do not know which engine they are over: one is enough.
  if (parts.has("facade") && engine.name === "sqlite") {
    // A difference of two figures needs more rounds than a ratio, not longer ones.
    const [events, rounds] = [Math.ceil(options.events / 3), 2 * options.rounds + 1];
    figures.facade.push(...(await benchFacade(engine, { events, rounds })));
  }
  if (parts.has("budgets")) {
    const { events, rounds } = options;
    figures.budgets.push(await benchBudgets(engine, { events, rounds }));
  }
  if (parts.has("credits")) figures.credits.push(await benchCredits(engine));
  if (parts.has("invoices")) figures.invoices.push(await benchInvoices(engine));
  const sizes = full ? [SMALL, LARGE] : [SMALL];
  for (const events of sizes) {
    const batch = events === LARGE ? LARGE_BATCH : SMALL_BATCH;
    if (parts.has("report")) figures.report.push(...(await benchReport(engine, { events, batch })));
    if (parts.has("import")) figures.import.push(await benchImport(engine, events));
  }
}

function readOptions(): Options {
  const { values } = parseArgs({
    options: {
      engine: { type: "string", default: "all" },
      stream: { type: "string", default: "all" },
      events: { type: "string", default: "30000" },
      rounds: { type: "string", default: "3" },
      only: { type: "string", multiple: true },
      full: { type: "boolean", default: false },
      json: { type: "boolean", default: false },
      out: { type: "string" },
      help: { type: "boolean", default: false },
    },
  });
  if (values.help) {
    process.stdout.write(USAGE);
    process.exit(0);
  }
  return {
    engines: values.engine === "all" ? ENGINES : [oneOf(ENGINES, values.engine, "--engine")],
    streams: values.stream === "all" ? STREAMS : [oneOf<StreamName>(STREAMS, values.stream, "--stream")],
    events: positive(values.events, "--events"),
    rounds: positive(values.rounds, "--rounds"),
    parts: new Set(values.only?.map((part) => oneOf(PARTS, part, "--only")) ?? PARTS),
    full: values.full,
    json: values.json,
    out: values.out,
  };
}

function oneOf<Name extends string>(names: readonly Name[], value: string, option: string): Name {
  const found = names.find((name) => name === value);
  if (found === undefined) throw new UsageError(`${option}: ${value} is none of ${names.join(", ")}`);
  return found;
}

function positive(text: string, option: string): number {
  if (!/^[1-9]\d{0,8}$/.test(text)) throw new UsageError(`${option}: ${text} is not a whole number above 0`);
  return Number(text);
}

class UsageError extends Error {}

// `exit` handlers remove the temporary data, also after Ctrl-C.
for (const signal of ["SIGINT", "SIGTERM"] as const) process.on(signal, () => process.exit(130));
try {
  await main();
} catch (error) {
  const isUsage =
    error instanceof UsageError || (error as { code?: string }).code?.startsWith("ERR_PARSE_ARGS");
  progress(isUsage ? `${(error as Error).message}\n${USAGE}` : String((error as Error).stack));
  process.exitCode = isUsage ? 2 : 1;
}
