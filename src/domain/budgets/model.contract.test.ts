// Random histories against an independent recomputation that knows nothing of the engine: plain lists and sums.

import { afterEach, describe, expect, it } from "vitest";
import { ENGINES } from "../../../test/support/database.ts";
import { BillingError, DAY_MS, parseUsd } from "../../kernel/index.ts";
import { differences, eventOf, type Started, startBudgets } from "./fixtures.ts";

/** mulberry32: the same history for the same seed. */
function seeded(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}

interface ModelHold {
  readonly user: string;
  readonly at: number;
  readonly amount: bigint;
  readonly expiresAt: number;
  open: boolean;
}

const LIMITS = { all: parseUsd("20", "limit"), each: parseUsd("6", "limit") };
const TOKEN = 150_000n;

class Model {
  readonly spends: { user: string; at: number; amount: bigint }[] = [];
  readonly holds = new Map<string, ModelHold>();

  spent(at: number, user?: string): bigint {
    return this.#sum(this.spends, at, user);
  }

  held(at: number, user?: string): bigint {
    return this.#sum(
      [...this.holds.values()].filter(({ open }) => open),
      at,
      user,
    );
  }

  expire(now: number): void {
    for (const hold of this.holds.values()) if (hold.expiresAt <= now) hold.open = false;
  }

  admits(at: number, user: string, amount: bigint): boolean {
    const room = (limit: bigint, of?: string) => {
      const spent = this.spent(at, of);
      return (spent > 0n ? spent : 0n) + this.held(at, of) + amount <= limit;
    };
    return room(LIMITS.all) && (user === "" || room(LIMITS.each, user));
  }

  #sum(rows: readonly { user: string; at: number; amount: bigint }[], at: number, user?: string): bigint {
    const day = Math.floor(at / DAY_MS);
    let sum = 0n;
    for (const row of rows)
      if (Math.floor(row.at / DAY_MS) === day && (user === undefined || row.user === user)) sum += row.amount;
    return sum;
  }
}

describe.each(ENGINES)("a random history of budgets on $name", ({ name, freshUrl }) => {
  const opened: Started[] = [];

  afterEach(async () => {
    for (const { store } of opened.splice(0)) await store.close();
  });

  it.each(name === "sqlite memory" ? [1, 2, 3, 4, 5, 6] : [7, 8])(
    "agrees with an independent recomputation (seed %i)",
    async (seed) => {
      const random = seeded(seed);
      const pick = <T>(list: readonly T[]) => list[Math.floor(random() * list.length)] as T;
      const started = await startBudgets(await freshUrl(), { tenant: "acme" });
      opened.push(started);
      const { budgets, holds, metering, clock } = started;
      const all = await budgets.create({ name: "all", limit: "20", period: "daily" });
      const each = await budgets.create({
        name: "each",
        limit: "6",
        period: "daily",
        scope: { user: "each" },
      });
      const model = new Model();
      const events: { id: string; user: string; at: number; amount: bigint; corrected: boolean }[] = [];

      for (let step = 0; step < 150; step += 1) {
        const now = clock.now();
        const user = pick(["", "a", "b", "c"]);
        const cents = Math.floor(random() * 250);
        const amount = BigInt(cents) * 10n ** 10n;
        const text = (cents / 100).toFixed(2);
        const open = [...model.holds].filter(([, hold]) => hold.open).map(([id]) => id);
        switch (
          pick([
            "authorize",
            "authorize",
            "enforce",
            "capture",
            "release",
            "spend",
            "record",
            "settle",
            "correct",
            "time",
          ])
        ) {
          case "authorize":
          case "enforce": {
            model.expire(now);
            const admitted = model.admits(now, user, amount);
            const ttlMs = 1_000 + Math.floor(random() * 100_000);
            const enforce = random() < 0.3;
            const dimensions = { user };
            const asked = enforce
              ? holds.spend({ dimensions, amountUsd: text })
              : holds.authorize({ dimensions, estimatedCostUsd: text, ttlMs });
            const answer = await asked.catch((error: unknown) => error);
            expect(!(answer instanceof BillingError), `step ${step}: ${String(answer)}`).toBe(admitted);
            if (!admitted) break;
            if (enforce) model.spends.push({ user, at: now, amount });
            else {
              const { id } = answer as { id: string };
              model.holds.set(id, { user, at: now, amount, expiresAt: now + ttlMs, open: true });
            }
            break;
          }
          case "capture":
          case "settle": {
            const id = pick(open);
            const hold = id === undefined ? undefined : model.holds.get(id);
            if (id === undefined || hold === undefined) break;
            if (random() < 0.5) {
              await holds.capture(id, { costUsd: text });
              model.spends.push({ user: hold.user, at: hold.at, amount });
            } else {
              const tokens = Math.floor(random() * 5_000_000);
              const event = {
                id: `s${step}`,
                user,
                at: now,
                amount: BigInt(tokens) * TOKEN,
                corrected: false,
              };
              await metering.record(eventOf(tokens, { id: event.id, user, holdId: id }));
              model.spends.push(event);
              events.push(event);
            }
            hold.open = false;
            break;
          }
          case "release": {
            const id = pick(open);
            const hold = id === undefined ? undefined : model.holds.get(id);
            if (id === undefined || hold === undefined) break;
            await holds.release(id);
            hold.open = false;
            break;
          }
          case "spend":
            await holds.recordSpend({ dimensions: { user }, amountUsd: text });
            model.spends.push({ user, at: now, amount });
            break;
          case "record": {
            const tokens = Math.floor(random() * 5_000_000);
            const at = now - (random() < 0.2 ? DAY_MS : 0);
            const event = { id: `r${step}`, user, at, amount: BigInt(tokens) * TOKEN, corrected: false };
            await metering.record(eventOf(tokens, { id: event.id, user, timestamp: new Date(at) }));
            model.spends.push(event);
            events.push(event);
            break;
          }
          case "correct": {
            const event = pick(events.filter(({ corrected }) => !corrected));
            if (event === undefined) break;
            const tokens = Math.floor(random() * 5_000_000);
            await metering.correct(event.id, { tokensIn: tokens }, "the provider's log says otherwise");
            event.corrected = true;
            model.spends.push({ ...event, amount: BigInt(tokens) * TOKEN - event.amount });
            break;
          }
          case "time":
            clock.advance(Math.floor(random() * (random() < 0.2 ? DAY_MS : 30_000)));
            if (random() < 0.5) await holds.expireDue(clock.now());
            break;
        }
      }

      clock.advance(100_000);
      await holds.expireDue(clock.now());
      model.expire(clock.now());
      for (const day of new Set(model.spends.map(({ at }) => Math.floor(at / DAY_MS)))) {
        const at = day * DAY_MS;
        if (at < all.countsFrom.getTime()) continue;
        const [whole] = (await budgets.status(all.id, { at: new Date(at) })).counters;
        expect(parseUsd(whole?.spent ?? 0, "spent")).toBe(model.spent(at));
        expect(whole?.held.isZero()).toBe(true);
        for (const { counter, spent } of (await budgets.status(each.id, { at: new Date(at) })).counters)
          expect(parseUsd(spent, "spent")).toBe(model.spent(at, counter.user));
      }
      expect(await differences(started)).toEqual([]);
      expect((await metering.verify()).differences).toEqual([]);
    },
  );
});
