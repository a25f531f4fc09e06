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
   * transaction, or with fewer inputs after a failed group), so it must keep no state of its own.
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
 * A job's promise settles only after its transaction is durable. A group that fails is run again in halves, so a bad
 * job ends up failing alone; when the database itself is unavailable the whole group fails with it. At most 500,000
 * rows wait: beyond that a job is refused (`write_queue_full`) instead of growing the process without bound.
 */
export class GroupCommit {
  readonly #transaction: <T>(work: (tx: Tx) => Promise<T>) => Promise<T>;
  readonly #lanes: number;
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
        new BillingError(
          "unavailable",
          "write_queue_full",
          "too many writes are waiting; slow down and retry",
        ),
      );
    }
    this.#waitingRows += size;
    return new Promise<Output>((resolve, reject) => {
      this.#queue.push({ operation, input, size, resolve, reject } as Job);
      this.#schedule();
    });
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
    await this.#commit(group);
    this.#running -= 1;
    this.#schedule();
  }

  async #commit(group: readonly Job[]): Promise<void> {
    try {
      const outputs = await this.#transaction((tx) => applyGroup(tx, group));
      group.forEach((job, index) => {
        job.resolve(outputs[index]);
      });
    } catch (error) {
      if (group.length === 1 || isUnavailable(error)) {
        for (const job of group) job.reject(error);
        return;
      }
      const middle = Math.ceil(group.length / 2);
      await this.#commit(group.slice(0, middle));
      await this.#commit(group.slice(middle));
    }
  }
}

/** No job's own fault, and after a connection lost during COMMIT the group may even be durable: never run it again. */
function isUnavailable(error: unknown): boolean {
  return error instanceof BillingError && error.kind === "unavailable";
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
      throw new BillingError(
        "internal",
        "group_commit_outputs",
        `${operation.name} answered for some inputs only`,
      );
    }
    indexes.forEach((index, position) => {
      outputs[index] = results[position];
    });
  }
  return outputs;
}
