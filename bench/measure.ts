import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";

/** What a piece of work took. */
export interface Cost {
  readonly seconds: number;
  /** User and system time of this process, all threads. */
  readonly cpuSeconds: number;
  readonly peakRssMib: number;
}

/** Times a piece of work; call `sample` now and then so that the peak of memory is seen. */
export class Stopwatch {
  readonly #startedAt = performance.now();
  readonly #cpu = process.cpuUsage();
  #peak = 0;

  sample(): void {
    this.#peak = Math.max(this.#peak, process.memoryUsage.rss());
  }

  stop(): Cost {
    const seconds = (performance.now() - this.#startedAt) / 1_000;
    const { user, system } = process.cpuUsage(this.#cpu);
    this.sample();
    return { seconds, cpuSeconds: (user + system) / 1e6, peakRssMib: this.#peak / 2 ** 20 };
  }
}

/**
 * Runs `write` for each batch in turn. The first `untimed` ones pay for page caches, statements and compilation, in
 * every contestant alike.
 */
export async function timeBatches(
  batches: number,
  untimed: number,
  write: (index: number) => unknown,
): Promise<Cost> {
  // A replay without promises stays without them.
  const run = async (index: number) => {
    const pending = write(index);
    if (pending instanceof Promise) await pending;
  };
  for (let index = 0; index < untimed; index += 1) await run(index);
  const watch = new Stopwatch();
  for (let index = untimed; index < batches; index += 1) {
    await run(index);
    watch.sample();
  }
  return watch.stop();
}

/** The value below which a share of the values lies; NaN for none. */
export function quantile(values: readonly number[], share: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? Number.NaN;
}

export function median(values: readonly number[]): number {
  return quantile(values, 0.5);
}

setFlagsFromString("--expose-gc");
const gc = runInNewContext("gc") as () => void;

/** So that nobody pays for what was left behind by another. */
export function collectGarbage(): void {
  gc();
}

/** A line about what is being done, where no result goes. */
export function progress(text: string): void {
  process.stderr.write(`${text}\n`);
}
