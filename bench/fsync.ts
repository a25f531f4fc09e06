import { closeSync, fdatasyncSync, openSync, rmSync, writeSync } from "node:fs";
import { join } from "node:path";
import { benchFolder } from "./databases.ts";
import { progress, quantile } from "./measure.ts";

export interface FsyncFigures {
  readonly writes: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
}

const PAGE = Buffer.alloc(4_096, 1);
const WRITES = 1_000;
const SECONDS = 3;

/** What one commit can not be cheaper than here: append 4 KiB and fdatasync, up to 1,000 times or 3 seconds. */
export function benchFsync(): FsyncFigures {
  const path = join(benchFolder(), "fsync");
  const file = openSync(path, "w");
  const times: number[] = [];
  try {
    const startedAt = performance.now();
    while (times.length < WRITES && performance.now() - startedAt < SECONDS * 1_000) {
      const writtenAt = performance.now();
      writeSync(file, PAGE);
      fdatasyncSync(file);
      times.push(performance.now() - writtenAt);
    }
  } finally {
    closeSync(file);
    rmSync(path, { force: true });
  }
  const figures = { writes: times.length, p50Ms: quantile(times, 0.5), p99Ms: quantile(times, 0.99) };
  progress(`fsync: p50 ${figures.p50Ms.toFixed(2)} ms, p99 ${figures.p99Ms.toFixed(2)} ms`);
  return figures;
}
