// Rows of files into the engine, a batch at a time: while one is committed, the next one is read.

import type { Billing } from "../billing.ts";
import type { UsageEvent } from "../domain/metering/index.ts";
import type { EventFile } from "./event-file.ts";
import type { RowBlock, RowProblem } from "./row.ts";
import { Tally } from "./tally.ts";

export interface ImportOptions {
  /** The tenant of rows that name none. */
  readonly tenant: string | undefined;
  /** Whether to stop at the first row that is not taken. */
  readonly strict: boolean;
  /** Aborted: the batch under way is finished, nothing more is read. */
  readonly signal: AbortSignal;
  readonly onProgress: (progress: { readonly rows: number; readonly bytes: number }) => void;
}

/** What is in; and what ended the import early, if something did. */
export interface ImportOutcome {
  readonly tally: Tally;
  readonly error: unknown;
}

/**
 * Events of a transaction: enough to make its fsync cheap. Larger ones are no faster, and live long enough to be moved
 * to the old heap: with 5,000 an import took 230 MB instead of 180.
 */
const BATCH = 2_000;

/**
 * Imports files one after the other. Never rejects: what is in stays in and is counted, and `error` says what stopped
 * the rest. Running it again is safe, as every row has an id.
 */
export async function importFiles(
  billing: Billing,
  files: readonly EventFile[],
  options: ImportOptions,
): Promise<ImportOutcome> {
  const tally = new Tally(files.map(({ name }) => name));
  const progress = () => {
    options.onProgress({ rows: tally.rows, bytes: files.reduce((sum, file) => sum + file.bytesRead(), 0) });
  };
  try {
    for (const [index, file] of files.entries()) {
      const commits = new Commits(billing, tally, index, progress);
      const onProblem = (problem: RowProblem) => tally.reject(index, problem);
      if (!(await importFile(file, commits, onProblem, options))) break;
    }
    return { tally, error: undefined };
  } catch (error) {
    return { tally, error };
  }
}

/** False when the import is to end here. */
async function importFile(
  file: EventFile,
  commits: Commits,
  onProblem: (problem: RowProblem) => void,
  options: ImportOptions,
): Promise<boolean> {
  const { tenant, strict, signal } = options;
  const isOver = () => signal.aborted || (strict && commits.tally.bad > 0);
  try {
    for await (const block of file.rows()) {
      if (signal.aborted) return false;
      const rows = complete(block, tenant);
      const firstBad = strict ? earliest(rows.problems) : undefined;
      for (const [index, event] of rows.events.entries()) {
        const line = rows.lines[index] as number;
        if (firstBad !== undefined && line > firstBad.line) break;
        if (commits.add(event, line)) await commits.commit();
        if (isOver()) return false;
      }
      if (firstBad !== undefined) {
        await commits.finish();
        if (!isOver()) onProblem(firstBad);
        return false;
      }
      for (const problem of rows.problems) onProblem(problem);
    }
    await commits.finish();
  } catch (error) {
    // The rows before the place that cannot be read are good.
    if (!isOver()) await commits.finish();
    throw error;
  } finally {
    await commits.settled();
    file.close();
  }
  return !isOver();
}

/** The batches of one file: one under way, one being filled. */
class Commits {
  readonly tally: Tally;
  readonly #billing: Billing;
  readonly #file: number;
  readonly #onCommit: () => void;
  #events: UsageEvent[] = [];
  #lines: number[] = [];
  #underWay: Promise<void> = Promise.resolve();

  constructor(billing: Billing, tally: Tally, file: number, onCommit: () => void) {
    this.tally = tally;
    this.#billing = billing;
    this.#file = file;
    this.#onCommit = onCommit;
  }

  /** True when the batch is full. */
  add(event: UsageEvent, line: number): boolean {
    this.#events.push(event);
    this.#lines.push(line);
    return this.#events.length >= BATCH;
  }

  /** Waits for the batch under way, then hands over the one that was filled meanwhile. */
  async commit(): Promise<void> {
    await this.#underWay;
    if (this.#events.length === 0) return;
    const [events, lines] = [this.#events, this.#lines];
    this.#events = [];
    this.#lines = [];
    this.#underWay = this.#record(events, lines);
    // Its failure is thrown where it is waited for.
    this.#underWay.catch(() => undefined);
  }

  /** Commits what is left and waits for it. */
  async finish(): Promise<void> {
    await this.commit();
    await this.#underWay;
  }

  /** Resolves when nothing is under way, whatever became of it. */
  async settled(): Promise<void> {
    await this.#underWay.catch(() => undefined);
  }

  async #record(events: readonly UsageEvent[], lines: readonly number[]): Promise<void> {
    const { tally } = this;
    const verdicts = await this.#billing.metering.record(events);
    for (const [index, { status, rejection }] of verdicts.entries()) {
      if (status === "accepted") tally.accepted += 1;
      else if (status === "duplicate") tally.duplicates += 1;
      else {
        const { code = status, message = "" } = rejection ?? {};
        const problem = { line: lines[index] as number, code, message };
        if (status === "conflict") tally.conflict(this.#file, problem);
        else tally.reject(this.#file, problem);
      }
    }
    this.#onCommit();
  }
}

/** Rows that name all an import needs, the default tenant filled in; the others join the problems. */
function complete(block: RowBlock, tenant: string | undefined): RowBlock {
  const rows: RowBlock = { events: [], lines: [], problems: block.problems };
  for (const [index, event] of block.events.entries()) {
    const line = block.lines[index] as number;
    event.tenant ??= tenant;
    if (event.id === undefined || event.id === "") {
      const message =
        "the row has no id, so importing it again would count it twice; give every row an id of its own";
      rows.problems.push({ line, code: "id_required", message });
    } else if (event.tenant === undefined) {
      const message =
        "the row names no tenant; add the column tenant_id, or name one for all rows with --tenant";
      rows.problems.push({ line, code: "tenant_required", message });
    } else {
      rows.events.push(event);
      rows.lines.push(line);
    }
  }
  return rows;
}

function earliest(problems: readonly RowProblem[]): RowProblem | undefined {
  return problems.reduce<RowProblem | undefined>(
    (first, problem) => (first === undefined || problem.line < first.line ? problem : first),
    undefined,
  );
}
