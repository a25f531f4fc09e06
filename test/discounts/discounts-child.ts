// One of two processes that use the same codes: `discounts-child.ts DATABASE_URL NAME` prints a line when it is ready, waits
// for a line, does all of `raceFor` and prints what came of it as JSON.

import { once } from "node:events";
import { startDiscounts } from "../../src/domain/discounts/fixtures.ts";
import { BillingError, systemClock } from "../../src/kernel/index.ts";

export const ATTEMPTS = 100;
export const RETRIES = 50;
export const ORGANIZATIONS = 5;
export const CARTS = 10;
export const STACKED = 5;
export const PURCHASE_CENTS = 100;
const CALLERS = 20;
const MIXED_MS = 400;
const SHORT_MS = 40;
/** At least, however slow the machine is. */
export const ABANDONED = 10;

/** What a process saw. */
export interface Seen {
  /** Of its attempts on the code of 50 uses, one per organization: how many had one. */
  readonly wide: number;
  /** Of its attempts on the code of 3 uses per organization. */
  readonly deep: number;
  /** Ids that 50 retries of one redemption were answered with. */
  readonly retried: string[];
  /** Cents after each of 50 retries of one volume purchase. */
  readonly bought: number[];
  /** Cents that its 5 codes took off each of 10 purchases, while as many of the other process were used on them. */
  readonly stacked: number[];
  /** Uses of the code of 20 that were confirmed, and reservations that it left to end by themselves. */
  readonly confirmed: number;
  readonly abandoned: number;
  /** Reservations that it ended by sweeping. */
  readonly swept: number;
  readonly errors: string[];
}

const REFUSED: readonly string[] = ["code_exhausted", "max_uses_per_org", "no_discount"];

async function raceFor(url: string, name: string): Promise<Seen> {
  const { discounts, volumeDiscounts, store } = await startDiscounts(url, { clock: systemClock });
  await discounts.listCodes();
  process.stdout.write("ready\n");
  await once(process.stdin, "data");

  const errors: string[] = [];
  const note = (error: unknown) => void errors.push(String(error));
  const purchaseAmountCents = PURCHASE_CENTS;
  /** Does something so many times, many callers at once; counts the times that it was not refused. */
  const many = async (times: number, work: (index: number) => Promise<unknown>) => {
    let left = times;
    let done = 0;
    const caller = async () => {
      while (left > 0) {
        left -= 1;
        try {
          await work(left);
          done += 1;
        } catch (error) {
          if (!(error instanceof BillingError) || !REFUSED.includes(error.code)) note(error);
        }
      }
    };
    await Promise.all(Array.from({ length: CALLERS }, caller));
    return done;
  };

  const wide = await many(ATTEMPTS, (index) =>
    discounts.apply({ code: "wide", purchaseAmountCents, tenant: `${name} ${index}`, reference: "order" }),
  );
  const deep = await many(ATTEMPTS, (index) => {
    const tenant = `org ${index % ORGANIZATIONS}`;
    return discounts.apply({ code: "deep", purchaseAmountCents, tenant, reference: `${name} ${index}` });
  });
  const retried: string[] = [];
  await many(RETRIES, async () => {
    const use = { code: "retry", purchaseAmountCents, tenant: "retry", reference: "order" };
    retried.push((await discounts.apply(use)).id);
  });
  const bought: number[] = [];
  await many(RETRIES, async () => {
    const purchase = { tenant: "retry", amountCents: 5_000_000, reference: "inv_1" };
    bought.push((await volumeDiscounts.recordPurchase(purchase)).cumulativeSpendCents);
  });

  await many(RETRIES, (index) =>
    volumeDiscounts.recordPurchase({ tenant: "busy", amountCents: 1, reference: `${name} ${index}` }),
  );
  const stacked = new Array<number>(CARTS).fill(0);
  await many(CARTS * STACKED, async (index) => {
    const cart = Math.floor(index / STACKED);
    const use = { code: `${name}-${index % STACKED}`, purchaseAmountCents, tenant: `cart ${cart}` };
    const { discountAmountCents } = await discounts.apply({ ...use, reference: "order" });
    stacked[cart] = (stacked[cart] as number) + discountAmountCents;
  });

  let [confirmed, abandoned, swept, made] = [0, 0, 0, 0];
  const end = systemClock.now() + MIXED_MS;
  const checkout = async () => {
    while (systemClock.now() < end || abandoned < ABANDONED) {
      made += 1;
      const use = { code: "mixed", purchaseAmountCents, tenant: `org ${made % ORGANIZATIONS}` };
      try {
        // Not one of the purchases above: another code on it would halve what is left.
        const reference = `${name} mixed ${made}`;
        const { id, tenant } = await discounts.reserve({ ...use, reference, ttlMs: SHORT_MS });
        const chance = Math.random();
        await new Promise((resolve) => setTimeout(resolve, chance * SHORT_MS));
        const key = { tenant, redemptionId: id };
        if (chance < 0.03) {
          await discounts.confirm(key);
          confirmed += 1;
        } else if (chance < 0.3) await discounts.release(key);
        else abandoned += 1;
      } catch (error) {
        if (!(error instanceof BillingError)) note(error);
        else if (error.code === "code_exhausted") await new Promise((resolve) => setTimeout(resolve, 5));
        else if (error.code !== "room_taken") note(error);
      }
    }
  };
  const sweep = async () => {
    while (systemClock.now() < end) {
      swept += await discounts.expireDue();
      await new Promise((resolve) => setTimeout(resolve, SHORT_MS / 2));
    }
  };
  await Promise.all([...Array.from({ length: 12 }, checkout), sweep()].map((work) => work.catch(note)));
  await store.close();
  return { wide, deep, retried, bought, stacked, confirmed, abandoned, swept, errors };
}

if (process.argv[1] === import.meta.filename) {
  const [url = "", name = ""] = process.argv.slice(2);
  process.stdout.write(`${JSON.stringify(await raceFor(url, name))}\n`);
  process.stdin.destroy();
}
