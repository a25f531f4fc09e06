// Delivery: claims what is due, sends it, notes what became of it. Any number of processes may do so at once.

import type { Clock, Ids } from "../../kernel/index.ts";
import { type ClaimedMessage, claimFromOutbox, type Store } from "../../store/index.ts";
import type { Attempt, Channels } from "./channel.ts";
import { TOPIC } from "./enqueue.ts";
import {
  type NotificationMethod,
  notificationsToSendAcrossTenants,
  type StoredNotification,
} from "./notification-store.ts";
import { Pauses } from "./pauses.ts";
import { type Route, routeOf } from "./route.ts";
import { nextTry, spread } from "./schedule.ts";
import { SETTLE, type Settlement } from "./settle.ts";

/** A claim outlasts a pass and the longest try that may begin at its end; then it is somebody else's. */
export const LEASE_MS = 60_000;

const PASS_MS = 15_000;
const CLAIMS_AT_ONCE = 100;
/** Servers that are talked to at once. */
const LANES = 8;
/** The mail server takes several connections; an endpoint is called by one at a time. */
const MAIL_LANES = 4;
const POSTPONED_MS = 5_000;

/** The right to try one notification. */
export interface DeliveryClaim {
  readonly seq: bigint;
  readonly owner: string;
}

/** What became of a try, and how it was made. */
export interface Tried {
  readonly method: NotificationMethod;
  readonly attempt: Attempt;
  readonly willRetry: boolean;
}

/** How many notifications a pass delivered, will try again, put off untried, and gave up. */
export interface DeliveryCounts {
  readonly delivered: number;
  readonly failed: number;
  readonly postponed: number;
  readonly dead: number;
}

type Counted = keyof DeliveryCounts | "gone";

interface Item {
  readonly claim: DeliveryClaim;
  readonly notification: StoredNotification;
  readonly route: Route;
}

export class Delivery {
  readonly #store: Store;
  readonly #clock: Clock;
  readonly #ids: Ids;
  readonly #channels: Channels;
  readonly #pauses = new Pauses();

  constructor({ store, clock, ids }: { store: Store; clock: Clock; ids: Ids }, channels: Channels) {
    this.#store = store;
    this.#clock = clock;
    this.#ids = ids;
    this.#channels = channels;
  }

  /** Tries everything that is due, each notification at most once; what is left over is due again by itself. */
  async deliverDue(): Promise<DeliveryCounts> {
    const counts = { delivered: 0, failed: 0, postponed: 0, dead: 0, gone: 0 };
    const startedAt = this.#clock.now();
    this.#pauses.forget(startedAt);
    for (;;) {
      const now = this.#clock.now();
      // An owner of its own for every claim: one that was lost cannot be settled by its former holder.
      const owner = this.#ids.next("dlv");
      const claims = await claimFromOutbox(this.#store, {
        topic: TOPIC,
        owner,
        limit: CLAIMS_AT_ONCE,
        now,
        leaseMs: LEASE_MS,
      });
      await this.#deliverAll(claims, owner, now + PASS_MS, (what) => {
        counts[what] += 1;
      });
      const isOver = claims.length < CLAIMS_AT_ONCE || Math.abs(this.#clock.now() - startedAt) >= PASS_MS;
      if (isOver) break;
    }
    const { gone, ...rest } = counts;
    return rest;
  }

  /** Tries one claimed notification and notes the outcome. */
  async deliver(
    claim: DeliveryClaim,
    notification: StoredNotification,
    route: Route = routeOf(notification, this.#channels),
  ): Promise<Tried> {
    const { id, tenant } = notification;
    const { method } = route;
    const attempt = await route.send(this.#clock.now()).catch(unexpected);
    const now = this.#clock.now();
    if (attempt.outcome === "delivered") {
      const result = { state: "delivered", method, at: now } as const;
      await this.#settle({ id, tenant, ...claim, outcome: { is: "done", result } });
      return { method, attempt, willRetry: false };
    }
    if (attempt.isUnreachable) this.#pauses.pause(route.destination, now);
    const { error } = attempt;
    const dueAt =
      attempt.outcome === "refused"
        ? null
        : nextTry(id, notification.attempts + 1, now, notification.deadAfter);
    await this.#settle({
      id,
      tenant,
      ...claim,
      outcome:
        dueAt === null
          ? { is: "done", result: { state: "dead", method, error } }
          : { is: "later", result: { state: "pending", method, error }, dueAt },
    });
    return { method, attempt, willRetry: dueAt !== null };
  }

  async #deliverAll(
    claims: readonly ClaimedMessage[],
    owner: string,
    until: number,
    count: (what: Counted) => void,
  ): Promise<void> {
    const ids = claims.map(({ payload }) => JSON.parse(payload) as string);
    const found = await this.#store.read((reader) => notificationsToSendAcrossTenants(reader, ids));
    const lanes = new Map<string, Item[]>();
    const gone: Promise<void>[] = [];
    let mails = 0;
    for (const [index, { seq, tenant }] of claims.entries()) {
      const id = ids[index] as string;
      const notification = found.get(id);
      if (notification?.state !== "pending") {
        gone.push(this.#settle({ id, tenant, seq, owner, outcome: { is: "gone" } }));
        continue;
      }
      const route = routeOf(notification, this.#channels);
      const lane = route.method === "email" ? `mail ${mails % MAIL_LANES}` : route.destination;
      if (route.method === "email") mails += 1;
      const items = lanes.get(lane) ?? [];
      items.push({ claim: { seq, owner }, notification, route });
      lanes.set(lane, items);
    }
    const waiting = [...lanes.values()];
    const work = async () => {
      for (let items = waiting.shift(); items !== undefined; items = waiting.shift()) {
        await this.#deliverLane(items, until, count);
      }
    };
    await allDone([...gone, ...Array.from({ length: LANES }, work)]);
  }

  /** One server's notifications, one after another; when it does not answer, the rest of them is put off. */
  async #deliverLane(items: readonly Item[], until: number, count: (what: Counted) => void): Promise<void> {
    const putOff: Promise<void>[] = [];
    for (const { claim, notification, route } of items) {
      const now = this.#clock.now();
      const pausedUntil = this.#pauses.until(route.destination, now);
      if (pausedUntil === undefined && now < until) {
        const { attempt, willRetry } = await this.deliver(claim, notification, route);
        count(attempt.outcome === "delivered" ? "delivered" : willRetry ? "failed" : "dead");
        continue;
      }
      const error = pausedUntil === undefined ? "waiting for its turn" : "waiting for its server to answer";
      const dueAt = (pausedUntil ?? now) + Math.round((1 + spread(notification.id)) * POSTPONED_MS);
      const isExpired = now >= notification.deadAfter;
      const outcome = isExpired
        ? ({ is: "expired", error } as const)
        : ({ is: "postponed", dueAt, error } as const);
      const { id, tenant } = notification;
      putOff.push(this.#settle({ id, tenant, ...claim, outcome }));
      count(isExpired ? "dead" : "postponed");
    }
    await allDone(putOff);
  }

  #settle(settlement: Settlement): Promise<void> {
    return this.#store.submit(SETTLE, settlement);
  }
}

/** All of it is over, well or not, before the first failure is passed on. */
async function allDone(work: readonly Promise<void>[]): Promise<void> {
  const results = await Promise.allSettled(work);
  for (const result of results) if (result.status === "rejected") throw result.reason;
}

/** A channel does not throw; should one do so, its words stay inside: they may hold anything. */
function unexpected(): Attempt {
  return { outcome: "failed", error: "the channel failed unexpectedly" };
}
