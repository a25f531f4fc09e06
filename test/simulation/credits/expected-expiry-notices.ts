// What tenants must be told of credit that ends, from docs/credits.md: of each lot once, in one notice for an end.

import { JobTimes } from "../part.ts";
import type { ExpectedCredits, Lot } from "./expected-credits.ts";

export interface ExpiryNotice {
  readonly tenant: string;
  readonly end: number;
  cents: number;
}

const JOB = "credit expiry notices";
const EVERY_MS = 60_000;
/** So long before a lot ends. */
export const NOTICE_MS = 7 * 86_400_000;

export class ExpectedExpiryNotices {
  readonly told: ExpiryNotice[] = [];
  readonly #lots = new Set<Lot>();
  readonly #credits: ExpectedCredits;
  readonly #now: () => number;
  readonly #times: JobTimes;

  constructor(credits: ExpectedCredits, now: () => number) {
    this.#credits = credits;
    this.#now = now;
    this.#times = new JobTimes(now);
  }

  /** Of a tenant, as lines. */
  linesOf(tenant: string): string[] {
    return this.told
      .filter((notice) => notice.tenant === tenant)
      .map(({ cents, end }) =>
        noticeLine(`$${(cents / 100).toFixed(2)}`, new Date(end).toISOString(), tenant),
      );
  }

  runJobs(): ReadonlyMap<string, number> {
    const now = this.#now();
    const lots = this.#credits.lots.filter(
      (lot) => !this.#lots.has(lot) && lot.left > 0 && lot.end > now && lot.end <= now + NOTICE_MS,
    );
    if (!this.#times.runs(JOB, EVERY_MS, lots.length)) return new Map([[JOB, 0]]);
    const notices: ExpiryNotice[] = [];
    for (const lot of lots) {
      const { tenant, end, left } = lot;
      this.#lots.add(lot);
      const same = notices.find((notice) => notice.tenant === tenant && notice.end === end);
      if (same === undefined) notices.push({ tenant, end, cents: left });
      else same.cents += left;
    }
    this.told.push(...notices);
    return new Map([[JOB, notices.length]]);
  }
}

export function noticeLine(amount: unknown, end: unknown, name: unknown): string {
  return `${amount} of ${name} until ${end}`;
}
