// What an import says at its end.

import { exitCodeOfFailure, failureOf } from "./failure.ts";
import type { ImportOutcome } from "./importer.ts";
import { counted, grouped, say } from "./output.ts";

/** The figures of an import, and how it ended. */
export interface ImportResult extends ImportOutcome {
  readonly seconds: number;
  readonly interruptedBy: number | undefined;
}

const SHOWN_REJECTIONS = 20;

/** The result for programs. */
export function importJson({ tally, error, seconds, interruptedBy }: ImportResult) {
  const { rows, accepted, duplicates, conflicts, rejected, rejections } = tally;
  return {
    ...{ rows, accepted, duplicates, conflicts, rejected },
    seconds,
    eventsPerSecond: ratePerSecond(tally.rows, seconds),
    rejections,
    ...(tally.isTruncated && { rejectionsTruncated: true }),
    ...(interruptedBy !== undefined && { interrupted: true }),
    ...(error !== undefined && { error: failureOf(error) }),
  };
}

/** The result for people. */
export function sayImport({ tally, seconds, interruptedBy }: ImportResult): void {
  const rate = ratePerSecond(tally.rows, seconds);
  say(`Read ${counted(tally.rows, "row")} in ${seconds.toFixed(1)} s (${grouped(rate)} rows/s)`);
  for (const name of ["accepted", "duplicates", "conflicts", "rejected"] as const)
    say(`  ${name.padEnd(10)} ${grouped(tally[name]).padStart(13)}`);
  const { rejections } = tally;
  if (rejections.length > 0) say("Not recorded:");
  for (const { file, line, code, message } of rejections.slice(0, SHOWN_REJECTIONS))
    say(`  ${file === undefined ? "" : `${file} `}line ${line}: ${message} (${code})`);
  const hidden = tally.bad - Math.min(rejections.length, SHOWN_REJECTIONS);
  if (hidden > 0) say(`  … and ${grouped(hidden)} more; --json lists up to 1,000`);
  if (interruptedBy !== undefined) say("interrupted; run the same command again to continue");
}

/** 0 when every row is in, 130 or 143 when interrupted, else 1 or what the error says. */
export function exitCodeOfImport({ tally, error, interruptedBy }: ImportResult): number {
  if (interruptedBy !== undefined) return interruptedBy;
  if (error !== undefined) return exitCodeOfFailure(error);
  return tally.bad > 0 ? 1 : 0;
}

function ratePerSecond(rows: number, seconds: number): number {
  return seconds > 0 ? Math.round(rows / seconds) : 0;
}
