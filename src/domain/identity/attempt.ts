// Guesses are few: what may be one is counted before it is looked at, so that no number of them at once gets past.

import { type Clock, DAY_MS, digest, HOUR_MS, type Ids } from "../../kernel/index.ts";
import type { Store, Tx } from "../../store/index.ts";
import { appendAudit } from "../audit/index.ts";
import { tooManyTries } from "./account.ts";
import { accountWithEmailAcrossTenants } from "./account-store.ts";
import { countAttemptAcrossTenants, forgetAttemptsAcrossTenants } from "./one-time-token-store.ts";

const MINUTE_MS = 60_000;

const RULES = {
  /** Of where it comes from. */
  address: { of: "nobody", limit: 60, windowMs: MINUTE_MS },
  /** Passwords to sign in with. */
  account: { of: "email", limit: 10, windowMs: MINUTE_MS },
  account_hour: { of: "email", limit: 50, windowMs: HOUR_MS },
  /** Passwords of somebody who is signed in. */
  own_password: { of: "user", limit: 10, windowMs: MINUTE_MS },
  /** Codes for one second step, and codes of somebody who is signed in. */
  second_step: { of: "nobody", limit: 5, windowMs: 5 * MINUTE_MS },
  own_code: { of: "user", limit: 5, windowMs: 5 * MINUTE_MS },
  /** Both, so that a stolen password opens no endless row of second steps: a hundred codes a day until one is right. */
  second_factor: { of: "user", limit: 20, windowMs: DAY_MS },
  mail: { of: "email", limit: 5, windowMs: HOUR_MS },
} as const;

type Rule = keyof typeof RULES;

/** Something that may be a guess. */
export interface Attempt {
  readonly rule: Rule;
  /** Of the address, user or token that it is at only the hash is kept. */
  readonly subject: string;
}

export function fromAddress(ip: string | undefined): readonly Attempt[] {
  return ip === undefined ? [] : [{ rule: "address", subject: ip }];
}

/** Signing in by a password. */
export function atPasswordOf(email: string): readonly Attempt[] {
  return [
    { rule: "account", subject: email },
    { rule: "account_hour", subject: email },
  ];
}

/** Counts attempts in the database, for all processes. */
export class AttemptLimits {
  readonly #store: Store;
  readonly #clock: Clock;
  readonly #ids: Ids;

  constructor({ store, clock, ids }: { readonly store: Store; readonly clock: Clock; readonly ids: Ids }) {
    this.#store = store;
    this.#clock = clock;
    this.#ids = ids;
  }

  /**
   * Counts in a commit of its own: whatever comes of them, they were made. Those after one that is over its limit are
   * not counted. The first over a limit is put on record, once per window.
   *
   * @throws BillingError rate_limited `too_many_tries`.
   */
  async count(attempts: readonly Attempt[]): Promise<void> {
    const now = this.#clock.now();
    const until = await this.#store.transaction(async (tx) => {
      for (const attempt of attempts) {
        const over = await countAttemptAcrossTenants(nameOf(attempt), RULES[attempt.rule], now, tx);
        if (over?.isFirst) await this.#record(attempt, now, tx);
        if (over !== undefined) return over.until;
      }
      return undefined;
    });
    if (until !== undefined) throw tooManyTries(until, now);
  }

  /** Begins anew, after one that was right. */
  forget(attempts: readonly Attempt[], tx: Tx): Promise<void> {
    return forgetAttemptsAcrossTenants(attempts.map(nameOf), tx);
  }

  /** An unknown address is looked up and put on record too: what takes longer for a known one would tell of it. */
  async #record({ rule, subject }: Attempt, at: number, tx: Tx): Promise<void> {
    const { of } = RULES[rule];
    const known = of === "email" ? await accountWithEmailAcrossTenants(subject, tx) : undefined;
    const target = of === "user" ? subject : (known?.userId ?? "unknown");
    const actor = { kind: "system", id: "sign-in limits" } as const;
    const entry = { id: this.#ids.next("aud"), at, tenant: "", actor, action: "account.tries_exceeded" };
    await appendAudit(tx, [{ ...entry, target, details: { limit: rule } }]);
  }
}

function nameOf({ rule, subject }: Attempt): string {
  return `${rule} ${digest(subject)}`;
}
