import { type ChildProcess, spawn } from "node:child_process";
import { closeSync, existsSync, openSync, readFileSync, rmSync, writeSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { type BenchEngine, benchFolder, type EngineName } from "./databases.ts";
import { recordedUsage } from "./ingest.ts";
import { progress } from "./measure.ts";
import { batchesOf, stream } from "./streams.ts";

export interface ImportFigures {
  readonly engine: EngineName;
  readonly rows: number;
  readonly seconds: number;
  readonly perSecond: number;
  /** Of the CLI's process; null where /proc is missing. */
  readonly peakRssMib: number | null;
}

/** Why there are no figures. */
export interface ImportSkipped {
  readonly engine: EngineName;
  readonly rows: number;
  readonly skipped: string;
}

const CLI = fileURLToPath(new URL("../dist/cli/main.js", import.meta.url));
const COLUMNS =
  "event_id,timestamp,tenant_id,debate_id,agent_id,provider,model,input_tokens,cached_tokens,output_tokens";
const SAMPLE_MS = 50;

/** A CSV file of the trace through the CLI as a process of its own, from start to exit. */
export async function benchImport(engine: BenchEngine, rows: number): Promise<ImportFigures | ImportSkipped> {
  if (!existsSync(CLI)) {
    return { engine: engine.name, rows, skipped: "not built: dist/cli/main.js is missing (npm run build)" };
  }
  const file = join(benchFolder(), "import.csv");
  writeCsv(file, rows);
  const url = await engine.fresh();
  try {
    const startedAt = performance.now();
    const child = spawn(process.execPath, [CLI, "import", file, "--database", url], {
      stdio: ["ignore", "pipe", "pipe"],
    });
    const { exitCode, output, peakRssMib } = await watch(child);
    const seconds = (performance.now() - startedAt) / 1_000;
    if (exitCode !== 0) {
      return { engine: engine.name, rows, skipped: `import ended with ${exitCode}: ${output.slice(-300)}` };
    }
    const { events } = await recordedUsage(url);
    if (events !== rows) throw new Error(`${rows} rows were imported, ${events} events are on record`);
    progress(`import ${engine.name}: ${(rows / seconds).toFixed(0)} rows/s`);
    return { engine: engine.name, rows, seconds, perSecond: rows / seconds, peakRssMib };
  } finally {
    rmSync(file, { force: true });
    await engine.drop(url);
  }
}

function writeCsv(path: string, rows: number): void {
  const file = openSync(path, "w");
  try {
    writeSync(file, `${COLUMNS}\n`);
    for (const batch of batchesOf(stream({ name: "trace", events: rows, ids: "ordered" }), 10_000)) {
      const lines = batch.map(
        (call) =>
          `${call.id},${call.timestamp},${call.tenant},${call.debate},${call.agent},${call.provider},${call.model},` +
          `${call.tokensIn},${call.cachedTokens},${call.tokensOut}\n`,
      );
      writeSync(file, lines.join(""));
    }
  } finally {
    closeSync(file);
  }
}

function watch(
  child: ChildProcess,
): Promise<{ exitCode: number | null; output: string; peakRssMib: number | null }> {
  return new Promise((resolve, reject) => {
    let output = "";
    let peakRssMib: number | null = null;
    const keep = (text: Buffer) => {
      output = `${output}${text}`.slice(-2_000);
    };
    child.stdout?.on("data", keep);
    child.stderr?.on("data", keep);
    const timer = setInterval(() => {
      peakRssMib = highWaterMib(child.pid) ?? peakRssMib;
    }, SAMPLE_MS);
    child.on("error", reject);
    child.on("close", (exitCode) => {
      clearInterval(timer);
      resolve({ exitCode, output, peakRssMib });
    });
  });
}

/** The kernel's own peak, so that no sample can miss it but for the last moments. */
function highWaterMib(pid: number | undefined): number | null {
  try {
    const status = readFileSync(`/proc/${pid}/status`, "utf8");
    const kib = /^VmHWM:\s+(\d+) kB/m.exec(status)?.[1];
    return kib === undefined ? null : Number(kib) / 1_024;
  } catch {
    return null;
  }
}
