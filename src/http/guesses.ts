// Wrong keys are few per address. Whoever showed a right one from there before is not held up by those who guess.

import { BillingError, type Clock, digest } from "../kernel/index.ts";
import { RateLimiter } from "./limits.ts";

/** Wrong keys from one address: eleven in a minute are too many. */
const FAILURES = { perSecond: 10 / 60, burst: 10 };
const MAX_KNOWN = 10_000;
/** What of a key or token is no secret: a key's prefix, a token without its signature. */
const PUBLIC_PART = /^(?:ara_[0-9a-f]{12}|[\w-]+\.[\w-]+)(?=[._])/;

/**
 * Limits guessing without shutting out neighbours of the guesser, who share its address behind a proxy or a NAT.
 *
 * While an address is over its limit nothing that is new from there is looked at, be it right or wrong: an answer would
 * tell a guesser which. A key that was right there before is still looked up. So that this is no second way to guess,
 * wrong secrets under a known key's public part are counted for that key too, and beyond ten in a minute it waits as well.
 */
export class GuessLimit {
  readonly #failures: RateLimiter;
  /** The hash of what was right, by address and public part. */
  readonly #known = new Map<string, string>();

  constructor(clock: Clock) {
    this.#failures = new RateLimiter(FAILURES, clock);
  }

  /** Looks whose a secret is. @throws HttpError 429 `rate_limited` in place of the look. */
  async run<T>(ip: string, secret: string, look: () => Promise<T>): Promise<T> {
    const name = `${ip} ${PUBLIC_PART.exec(secret)?.[0] ?? ""}`;
    const hash = digest(secret);
    const known = this.#known.get(name);
    if (known === hash) {
      this.#failures.check(name);
    } else {
      if (known !== undefined) this.#failures.charge(name);
      this.#failures.check(ip);
    }
    try {
      const found = await look();
      if (known !== hash) this.#remember(name, hash);
      return found;
    } catch (error) {
      if (error instanceof BillingError && error.kind === "unauthenticated") {
        this.#failures.charge(ip);
        if (known === hash) this.#known.delete(name);
      }
      throw error;
    }
  }

  #remember(name: string, hash: string): void {
    if (this.#known.size >= MAX_KNOWN) this.#known.delete(this.#known.keys().next().value ?? "");
    this.#known.set(name, hash);
  }
}
