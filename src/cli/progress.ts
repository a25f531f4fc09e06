// Bars on stderr, for people who wait; nothing where nobody looks.

import cliProgress from "cli-progress";
import { type Clock, systemClock } from "../kernel/index.ts";
import { grouped } from "./output.ts";

export interface Progress {
  /** `done` of the total given at the start, and the rows so far. */
  readonly update: (done: number, rows: number) => void;
  readonly stop: () => void;
}

const SILENT: Progress = { update: () => undefined, stop: () => undefined };

/**
 * A progress display, silent where `json` is asked for or stderr is no terminal. Without a total it shows rows and rate.
 */
export function startProgress(
  total: number | undefined,
  noun: string,
  json: boolean,
  clock: Clock = systemClock,
): Progress {
  if (json || process.stderr.isTTY !== true) return SILENT;
  const start = clock.now();
  const share = total === undefined ? "" : "{bar} {percentage}%  ";
  const bar = new cliProgress.SingleBar(
    { format: `${share}{rows} ${noun}  {rate}/s`, clearOnComplete: true, stream: process.stderr },
    cliProgress.Presets.shades_classic,
  );
  // A bar turns line wrapping off; a second Ctrl-C must not leave the terminal so.
  const restore = () => bar.stop();
  process.once("exit", restore);
  bar.start(total ?? 0, 0, { rows: 0, rate: 0 });
  return {
    update: (done, rows) => {
      const seconds = Math.max(0.001, (clock.now() - start) / 1_000);
      bar.update(done, { rows: grouped(rows), rate: grouped(Math.round(rows / seconds)) });
    },
    stop: () => {
      process.off("exit", restore);
      bar.stop();
    },
  };
}
