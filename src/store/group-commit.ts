// Many callers, one transaction, one fsync. While a commit runs, new jobs wait; the next group takes all of them.
// No timer: an idle store commits a lone job at once.

import { BillingError } from "../kernel/index.ts";
import type { Tx } from "./tx.ts";

/** A kind of write that can be applied for many callers at once. */
export interface Operation<Input, Output> {
  readonly name: string;
  /** Rows this input will write; groups are capped by their sum. */
  size(input: Input): number;
  /**
   * Applies the inputs of one group inside its transaction; outputs in input order. It may run again (a retried
   * transaction, or alone after a failed group), so it must keep no state of its own.
   */
  apply(tx: Tx, inputs: readonly Input[]): Promise<Output[]>;
}

interface Job {
  readonly operation: Operation<unknown, unknown>;
  readonly input: unknown;
  readonly size: number;
  readonly resolve: (output: unknown) => void;
  readonly reject: (error: unknown) => void;
}

const GROUP_ROWS = 1_000;
const WAITING_ROWS = 500_000;

/**
 * Puts jobs of many callers into shared transactions.
 *
 * A job's promise settles only after its transaction is durable. When a group fails it is run again job by job, so one
 * bad job fails alone. At most 500,000 rows wait: beyond that a job is refused (`write_queue_full`) instead of
 * growing the process without bound.
 */
export class GroupCommit {
  readonly #transaction: <T>(work: (tx: Tx) => Promise<T>) => Promise<T>;
  readonly #lanes: number;
  readonly #idle: (() => void)[] = [];
  #queue: Job[] = [];
  #waitingRows = 0;
  #running = 0;
  #scheduled = false;

  constructor(transaction: <T>(work: (tx: Tx) => Promise<T>) => Promise<T>, lanes: number) {
    this.#transaction = transaction;
    this.#lanes = lanes;
  }

  submit<Input, Output>(operation: Operation<Input, Output>, input: Input): Promise<Output> {
    const size = operation.size(input);
    if (this.#waitingRows > 0 && this.#waitingRows + size > WAITING_ROWS) {
      return Promise.reject(
        new BillingError("unavailable", "write_queue_full", "too many writes are waiting; slow down and retry"),
      );
    }
    this.#waitingRows += size;
    return new Promise<Output>((resolve, reject) => {
      this.#queue.push({ operation, input, size, resolve, reject } as Job);
      this.#schedule();
    });
  }

  /** Resolves when everything submitted so far has settled. */
  drain(): Promise<void> {
    if (this.#queue.length === 0 && this.#running === 0) return Promise.resolve();
    return new Promise((resolve) => this.#idle.push(resolve));
  }

  #schedule(): void {
    if (this.#scheduled || this.#running >= this.#lanes || this.#queue.length === 0) return;
    this.#scheduled = true;
    setImmediate(() => {
      this.#scheduled = false;
      void this.#runGroup(this.#takeGroup());
      this.#schedule();
    });
  }

  #takeGroup(): Job[] {
    let rows = 0;
    let count = 0;
    for (const job of this.#queue) {
      if (count > 0 && rows + job.size > GROUP_ROWS) break;
      rows += job.size;
      count += 1;
    }
    const group = this.#queue.slice(0, count);
    this.#queue = this.#queue.slice(count);
    this.#waitingRows -= rows;
    return group;
  }

  async #runGroup(group: readonly Job[]): Promise<void> {
    this.#running += 1;
    try {
      const outputs = await this.#transaction((tx) => applyGroup(tx, group));
      group.forEach((job, index) => {
        job.resolve(outputs[index]);
      });
    } catch (error) {
      if (group.length === 1) group[0]?.reject(error);
      else for (const job of group) await this.#runAlone(job);
    } finally {
      this.#running -= 1;
      this.#schedule();
      if (this.#running === 0 && this.#queue.length === 0) for (const wake of this.#idle.splice(0)) wake();
    }
  }

  async #runAlone(job: Job): Promise<void> {
    try {
      const outputs = await this.#transaction((tx) => applyGroup(tx, [job]));
      job.resolve(outputs[0]);
    } catch (error) {
      job.reject(error);
    }
  }
}

async function applyGroup(tx: Tx, group: readonly Job[]): Promise<unknown[]> {
  const outputs: unknown[] = new Array(group.length);
  const byOperation = new Map<Operation<unknown, unknown>, number[]>();
  group.forEach((job, index) => {
    const indexes = byOperation.get(job.operation);
    if (indexes === undefined) byOperation.set(job.operation, [index]);
    else indexes.push(index);
  });
  for (const [operation, indexes] of byOperation) {
    const results = await operation.apply(
      tx,
      indexes.map((index) => group[index]?.input),
    );
    if (results.length !== indexes.length) {
      throw new BillingError("internal", "group_commit_outputs", `${operation.name} answered for some inputs only`);
    }
    indexes.forEach((index, position) => {
      outputs[index] = results[position];
    });
  }
  return outputs;
}
