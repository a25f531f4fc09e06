// When due work last ran, and who is at it: shared by all processes of a database.

import type { Reader, Tx } from "./tx.ts";

/** The last run of a job that came to its end. */
export interface LastRun {
  /** When it began, epoch ms. */
  readonly at: number;
  readonly done: number;
  /** Empty when it went well. */
  readonly error: string;
}

/** A job's last run; undefined before the first. */
export async function lastJobRun(reader: Reader, name: string): Promise<LastRun | undefined> {
  const row = await reader.get<{ last_run_at: bigint; done: bigint; last_error: string }>(
    "SELECT last_run_at, done, last_error FROM job_runs WHERE name = ?",
    [name],
  );
  return row && { at: Number(row.last_run_at), done: Number(row.done), error: row.last_error };
}

/** Notes that a job has run. */
export async function recordJobRun(tx: Tx, name: string, { at, done, error }: LastRun): Promise<void> {
  await tx.run(
    `INSERT INTO job_runs (name, last_run_at, done, last_error) VALUES (?, ?, ?, ?)
     ON CONFLICT (name) DO UPDATE SET
       last_run_at = excluded.last_run_at, done = excluded.done, last_error = excluded.last_error`,
    [name, at, done, error],
  );
}

/** Who holds a lease now; undefined when nobody does. */
export async function leaseHolder(reader: Reader, name: string, now: number): Promise<string | undefined> {
  const row = await reader.get<{ owner: string }>(
    "SELECT owner FROM leases WHERE name = ? AND expires_at > ?",
    [name, now],
  );
  return row?.owner;
}
