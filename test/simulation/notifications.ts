// Notifications that must be there, of every part, and how many of them were delivered: each is a line in the log.

import type { Billing } from "../../src/billing.ts";
import { Disagreement, same } from "./disagreement.ts";

export interface Told {
  readonly tenant: string;
  readonly kind: string;
  readonly count: number;
}

const EVERY_MS = 1_000;
const PAGE = 200;

export class ExpectedNotifications {
  readonly #now: () => number;
  readonly #sources: (() => readonly Told[])[] = [];
  #delivered = 0;
  #lastRun: number | undefined;

  constructor(now: () => number) {
    this.#now = now;
  }

  get delivered(): number {
    return this.#delivered;
  }

  /** `source` tells all there ever were of a part. */
  add(source: () => readonly Told[]): void {
    this.#sources.push(source);
  }

  waiting(): number {
    return this.#all().reduce((sum, { count }) => sum + count, 0) - this.#delivered;
  }

  /**
   * What the job did. Jobs run side by side: what another one of them has written meanwhile may be delivered already.
   *
   * @param before how many were waiting when the jobs began.
   * @throws Disagreement when it did not deliver what was waiting.
   */
  delivery(
    before: number,
    run: { readonly ran: boolean; readonly done: number; readonly error?: string },
  ): void {
    const mayRun = this.#lastRun === undefined || this.#now() >= this.#lastRun + EVERY_MS;
    const [least, most] = mayRun ? [before, this.waiting()] : [0, 0];
    const isExpected = run.error === undefined && run.done >= least && run.done <= most;
    if (!isExpected || (run.ran && !mayRun))
      throw new Disagreement(
        `notifications\n  engine:  ${JSON.stringify(run)}\n  auditor: ${least} to ${most}`,
      );
    if (run.ran) this.#lastRun = this.#now();
    this.#delivered += run.done;
  }

  async inspect(billing: Billing): Promise<void> {
    const counts = new Map<string, number>();
    const count = (name: string, more: number) => counts.set(name, (counts.get(name) ?? 0) + more);
    for (let cursor: string | null = ""; cursor !== null; ) {
      const page = await billing.notifications.listAcrossTenants({
        limit: PAGE,
        ...(cursor !== "" && { cursor }),
      });
      for (const { tenant, kind, state } of page.items) {
        count(`${tenant} ${kind}`, 1);
        count(state, 1);
      }
      cursor = page.nextCursor;
    }
    const engine = [...counts].sort();
    counts.clear();
    for (const { tenant, kind, count: some } of this.#all()) count(`${tenant} ${kind}`, some);
    count("delivered", this.#delivered);
    count("pending", this.waiting());
    same("notifications", engine, [...counts].filter(([, some]) => some > 0).sort());
  }

  #all(): Told[] {
    return this.#sources.flatMap((source) => source());
  }
}
