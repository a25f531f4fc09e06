// `npm run sim`: seeds one after another, until one fails.

import { parseArgs } from "node:util";
import cliProgress from "cli-progress";
import { databasesOf } from "./databases.ts";
import { FailedSeed, simulate } from "./simulation.ts";

const USAGE = `npm run sim -- [options]
  --seed N                   the first seed, default 1
  --seeds N                  how many seeds, default 1
  --days N                   how long each of them lasts, default 90
  --operations N             how many operations each of them does, default 400
  --engine sqlite|postgres   default sqlite
`;

const NAMES = ["seed", "seeds", "days", "operations"] as const;

interface Options extends Readonly<Record<(typeof NAMES)[number], number>> {
  readonly engine: "sqlite" | "postgres";
}

async function main(): Promise<void> {
  const options = readOptions();
  if (options === undefined) return;
  const { seed: first, seeds, days, operations, engine } = options;
  const databases = await databasesOf(engine);
  const bar = progressBar(seeds * operations);
  const startedAt = performance.now();
  const done: Record<string, number> = {};
  try {
    for (let seed = first; seed < first + seeds; seed += 1) {
      const database = await databases.fresh();
      const before = (seed - first) * operations;
      const onStep = (steps: number) => bar?.update(before + steps, { seed });
      try {
        const outcome = await simulate({ seed, days, operations, database: database.url, onStep });
        for (const [name, count] of Object.entries(outcome.done)) done[name] = (done[name] ?? 0) + count;
      } finally {
        await database.remove();
      }
    }
    bar?.stop();
    const seconds = ((performance.now() - startedAt) / 1_000).toFixed(1);
    const kinds = Object.entries(done).sort(([, a], [, b]) => b - a);
    console.log(`No difference: ${seeds} seeds of ${operations} operations on ${engine} in ${seconds} s.`);
    console.log(kinds.map(([name, count]) => `${name} ${count}`).join(", "));
  } catch (error) {
    bar?.stop();
    if (!(error instanceof FailedSeed)) throw error;
    console.error(error.message);
    const repeat = `--seed ${error.seed} --days ${days} --operations ${operations} --engine ${engine}`;
    console.error(`Repeat it: npm run sim -- ${repeat}`);
    process.exitCode = 1;
  } finally {
    await databases.stop();
  }
}

/** On a terminal only. */
function progressBar(total: number): cliProgress.SingleBar | undefined {
  if (process.stderr.isTTY !== true) return undefined;
  const format = "{bar} {percentage}%  seed {seed}  {value} of {total} operations  {eta_formatted} left";
  const bar = new cliProgress.SingleBar(
    { format, clearOnComplete: true, stream: process.stderr },
    cliProgress.Presets.shades_classic,
  );
  bar.start(total, 0, { seed: "" });
  return bar;
}

/** Undefined after an answer that needs no run. */
function readOptions(): Options | undefined {
  const text = { type: "string" } as const;
  try {
    const { values } = parseArgs({
      options: {
        ...{ seed: text, seeds: text, days: text, operations: text, engine: text },
        help: { type: "boolean" },
      },
    });
    const { engine = "sqlite" } = values;
    if (values.help === true) {
      process.stdout.write(USAGE);
      return undefined;
    }
    if (engine !== "sqlite" && engine !== "postgres") throw new Error(`unknown engine ${engine}`);
    const numbers = { seed: 1, seeds: 1, days: 90, operations: 400 };
    for (const name of NAMES) {
      const value = values[name];
      if (value === undefined) continue;
      if (!/^[1-9][0-9]{0,8}$/.test(value)) throw new Error(`--${name} must be a whole number from 1`);
      numbers[name] = Number(value);
    }
    return { ...numbers, engine };
  } catch (error) {
    process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n${USAGE}`);
    process.exitCode = 1;
    return undefined;
  }
}

await main();
