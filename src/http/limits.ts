// Who asks too much waits or is turned away, so that the others do not have to.

import type { Clock } from "../kernel/index.ts";
import { HttpError } from "./problem.ts";

/** So many at once, refilled at so many a second. */
export interface Rate {
  readonly perSecond: number;
  readonly burst: number;
}

interface Bucket {
  tokens: number;
  at: number;
}

const MAX_BUCKETS = 100_000;

/** Token buckets by name, in the memory of this process. */
export class RateLimiter {
  readonly #rate: Rate;
  readonly #clock: Clock;
  readonly #buckets = new Map<string, Bucket>();

  constructor(rate: Rate, clock: Clock) {
    this.#rate = rate;
    this.#clock = clock;
  }

  /** Takes a token. @throws HttpError 429 `rate_limited` with the seconds until there is one. */
  take(name: string): void {
    const bucket = this.#filled(name);
    if (bucket.tokens < 1) throw this.#refusal(bucket);
    bucket.tokens -= 1;
  }

  /** Refuses while there is no token; takes none. */
  check(name: string): void {
    const bucket = this.#filled(name);
    if (bucket.tokens < 1) throw this.#refusal(bucket);
  }

  /** Takes a token if there is one. */
  charge(name: string): void {
    const bucket = this.#filled(name);
    bucket.tokens = Math.max(0, bucket.tokens - 1);
  }

  #filled(name: string): Bucket {
    const now = this.#clock.now();
    const { perSecond, burst } = this.#rate;
    let bucket = this.#buckets.get(name);
    if (bucket === undefined) {
      bucket = { tokens: burst, at: now };
      // Whoever was seen first: with a bucket gone, its owner starts with a full one.
      if (this.#buckets.size >= MAX_BUCKETS) this.#buckets.delete(this.#buckets.keys().next().value ?? "");
      this.#buckets.set(name, bucket);
    }
    // A clock that stepped back takes nothing away.
    bucket.tokens = Math.min(burst, bucket.tokens + (Math.max(0, now - bucket.at) / 1_000) * perSecond);
    bucket.at = now;
    return bucket;
  }

  #refusal({ tokens }: Bucket): HttpError {
    const seconds = Math.max(1, Math.ceil((1 - tokens) / this.#rate.perSecond));
    return new HttpError(429, "rate_limited", "too many requests; slow down", {
      headers: { "retry-after": String(seconds) },
    });
  }
}

/** Counts requests under way by name. */
export class InFlight {
  readonly #limit: number;
  readonly #counts = new Map<string, number>();

  constructor(limit: number) {
    this.#limit = limit;
  }

  /** @throws HttpError 429 `too_many_in_flight`. Returns what ends it; calling that twice does no harm. */
  begin(name: string): () => void {
    const count = this.#counts.get(name) ?? 0;
    if (count >= this.#limit) {
      const text = `more than ${this.#limit} requests of this tenant are under way; wait for some of them`;
      throw new HttpError(429, "too_many_in_flight", text);
    }
    this.#counts.set(name, count + 1);
    let isOver = false;
    return () => {
      if (isOver) return;
      isOver = true;
      const left = (this.#counts.get(name) ?? 1) - 1;
      if (left === 0) this.#counts.delete(name);
      else this.#counts.set(name, left);
    };
  }
}

interface Turn {
  readonly weight: number;
  readonly start: () => void;
}

/** A name that is alone may have so many times its share: large commits are cheap commits. */
const ALONE = 16;
/** How long after another name's last work a name is not alone. */
const COMPANY_MS = 10_000;

/**
 * Lets each name have so much in the engine at a time; more waits its turn here, in order, and not in the queue that all
 * share. A name that has been alone for ten seconds may have sixteen times as much.
 */
export class FairGate {
  readonly #share: number;
  readonly #clock: Clock;
  readonly #lanes = new Map<string, { used: number; waiting: Turn[] }>();
  #lastName: string | undefined;
  #aloneAt = 0;

  constructor(share: number, clock: Clock) {
    this.#share = share;
    this.#clock = clock;
  }

  async run<T>(name: string, size: number, work: () => Promise<T>): Promise<T> {
    this.#note(name);
    const weight = Math.max(1, size);
    const lane = this.#lanes.get(name) ?? { used: 0, waiting: [] };
    this.#lanes.set(name, lane);
    if (lane.waiting.length > 0 || !this.#hasRoom(lane.used, weight)) {
      await new Promise<void>((start) => lane.waiting.push({ weight, start }));
    } else {
      lane.used += weight;
    }
    try {
      return await work();
    } finally {
      lane.used -= weight;
      for (let next = lane.waiting[0]; next !== undefined; next = lane.waiting[0]) {
        if (!this.#hasRoom(lane.used, next.weight)) break;
        lane.waiting.shift();
        lane.used += next.weight;
        next.start();
      }
      if (lane.used === 0 && lane.waiting.length === 0) this.#lanes.delete(name);
    }
  }

  #note(name: string): void {
    if (this.#lastName !== undefined && this.#lastName !== name)
      this.#aloneAt = this.#clock.now() + COMPANY_MS;
    this.#lastName = name;
  }

  /** One piece that is larger than all there is goes when it is the only one of its name. */
  #hasRoom(used: number, weight: number): boolean {
    const most = this.#clock.now() < this.#aloneAt ? this.#share : this.#share * ALONE;
    return used === 0 || used + weight <= most;
  }
}

/**
 * One piece of work at a time, the names in turn, and after it a rest as long as it took. For work that holds the event loop,
 * such as drawing: a flood of it takes at most half of the loop's time, and waits behind itself only.
 */
export class Turns {
  readonly #clock: Clock;
  /** Who waits, whose turn is next first. */
  readonly #lanes = new Map<string, (() => void)[]>();
  #isBusy = false;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  async run<T>(name: string, work: () => Promise<T>): Promise<T> {
    if (this.#isBusy) await new Promise<void>((start) => this.#wait(name, start));
    this.#isBusy = true;
    const began = this.#clock.now();
    try {
      return await work();
    } finally {
      setTimeout(() => this.#next(), this.#clock.now() - began);
    }
  }

  #wait(name: string, start: () => void): void {
    this.#lanes.set(name, [...(this.#lanes.get(name) ?? []), start]);
  }

  #next(): void {
    const [lane] = this.#lanes;
    if (lane === undefined) {
      this.#isBusy = false;
      return;
    }
    const [name, [start, ...others]] = lane;
    this.#lanes.delete(name);
    if (others.length > 0) this.#lanes.set(name, others);
    start?.();
  }
}
