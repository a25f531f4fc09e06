import { rate } from "../src/domain/rating/index.ts";
import { progress, Stopwatch } from "./measure.ts";
import { checked, shippedBook } from "./prepared.ts";
import { stream } from "./streams.ts";

export interface RatingFigures {
  readonly events: number;
  readonly perSecond: number;
  readonly cpuMicros: number;
  /** What one pass over the trace costs: the proof that it was computed. */
  readonly costPicoUsd: string;
}

const TRACE_CALLS = 52_956;
const PASSES = 20;

/** `rate()` alone, on one core, over the trace with the shipped book: nothing is stored. */
export function benchRating(): RatingFigures {
  const book = shippedBook();
  const events = [...stream({ name: "trace", events: TRACE_CALLS, ids: "ordered" })].map(checked);
  const pass = () => {
    let cost = 0n;
    for (const event of events) cost += rate(book, event, "fallback")?.cost ?? 0n;
    return cost;
  };
  const costPicoUsd = pass().toString();
  pass();
  const watch = new Stopwatch();
  for (let count = 0; count < PASSES; count += 1) pass();
  const { seconds, cpuSeconds } = watch.stop();
  const rated = events.length * PASSES;
  progress(`rating: ${(rated / seconds).toFixed(0)}/s`);
  return { events: rated, perSecond: rated / seconds, cpuMicros: (cpuSeconds * 1e6) / rated, costPicoUsd };
}
