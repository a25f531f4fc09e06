import type { Reader, Tx } from "../../store/index.ts";
import type { RatedEvent } from "./event.ts";

/**
 * A later domain that must change with the events: in the same transaction or not at all.
 *
 * `apply` sees newly accepted events only, of many tenants. It writes one row per distinct key, sorted by key (so that
 * two batches on PostgreSQL cannot deadlock), and never refuses for a business reason: the usage has happened.
 * It may run again when a transaction is retried.
 */
export interface CommitParticipant {
  readonly name: string;
  /** Before the events are written, in their transaction: for locks that must be held when events get their numbers. */
  prepare?(tx: Tx, rated: readonly RatedEvent[]): Promise<void>;
  apply(tx: Tx, accepted: readonly RatedEvent[]): Promise<void>;
  /** What does not agree with the events, as sentences that name the row; empty when all does. */
  differences(reader: Reader): Promise<readonly string[]>;
}
