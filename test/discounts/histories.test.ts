import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { discountsOver, START } from "../../src/domain/discounts/fixtures.ts";
import type { DiscountService, VolumeService } from "../../src/domain/discounts/index.ts";
import { BillingError, ManualClock } from "../../src/kernel/index.ts";
import { open } from "../../src/store/index.ts";
import { ENGINES } from "../support/database.ts";
import { CODES, histories, type PlainAsk, PlainDiscounts, type Step } from "./plain-discounts.ts";

const HOUR_MS = 3_600_000;
const T0 = Date.parse(START);
const RUNS = 1_000;
const RUNS_ON_POSTGRES = 15;

/** A history's own codes and tenants, and the uses that it made. */
class Life {
  readonly #discounts: DiscountService;
  readonly #volume: VolumeService;
  readonly #clock: ManualClock;
  readonly #name: string;
  readonly #uses: { tenant: string; redemptionId: string }[] = [];

  constructor(
    { discounts, volumeDiscounts }: { discounts: DiscountService; volumeDiscounts: VolumeService },
    clock: ManualClock,
    name: string,
  ) {
    this.#discounts = discounts;
    this.#volume = volumeDiscounts;
    this.#clock = clock;
    this.#name = name;
  }

  async begin(): Promise<void> {
    for (const [index, { percent, cents, max, own, least, from, until }] of CODES.entries()) {
      await this.#discounts.createCode({
        code: this.#code(index),
        ...(percent === null && { discountAmountCents: cents }),
        ...(percent === "volume" && { type: "volume" as const }),
        ...(typeof percent === "number" && { discountPercent: percent / 10_000 }),
        ...{ maxUses: limitOf(max), maxUsesPerOrganization: limitOf(own), minPurchaseCents: least },
        validFrom: new Date(T0 + from * HOUR_MS),
        ...(until !== Number.POSITIVE_INFINITY && { expiresAt: new Date(T0 + until * HOUR_MS) }),
      });
    }
  }

  async live(steps: readonly Step[]): Promise<void> {
    const plain = new PlainDiscounts();
    await this.begin();
    for (const step of steps) {
      if (step.kind === "reserve" || step.kind === "apply") {
        const seen = await this.#look(step);
        expect(seen).toBe(plain.look(step));
      }
      const known = plain.uses.length;
      const expected = plain.take(step);
      expect([step, await this.#take(step, plain.uses.length > known)]).toEqual([step, expected]);
    }
    for (const index of CODES.keys()) {
      const { totalUses, totalDiscountCents } = await this.#discounts.getCode(this.#code(index));
      expect({ uses: totalUses, off: totalDiscountCents }).toEqual(plain.totals(index));
    }
    for (const [index, spent] of plain.spent.entries())
      expect((await this.#volume.get(this.#tenant(index))).cumulativeSpendCents).toBe(spent);
  }

  async #look(ask: PlainAsk): Promise<number | string> {
    try {
      const { valid, reason, discountAmountCents } = await this.#discounts.validate(this.#use(ask));
      return valid ? discountAmountCents : String(reason);
    } catch (error) {
      return codeOf(error);
    }
  }

  async #take(step: Step, isNew: boolean): Promise<string> {
    try {
      switch (step.kind) {
        case "wait":
          this.#clock.advance(step.hours * HOUR_MS);
          return "";
        case "sweep":
          await this.#discounts.expireDue();
          return "";
        case "disable":
          await this.#discounts.disableCode(this.#code(step.code));
          return "";
        case "reserve":
        case "apply": {
          const use = this.#use(step);
          const { id, tenant, state, discountAmountCents } =
            step.kind === "apply"
              ? await this.#discounts.apply(use)
              : await this.#discounts.reserve({ ...use, ttlMs: step.hours * HOUR_MS });
          if (isNew) this.#uses.push({ tenant, redemptionId: id });
          return `${state} ${discountAmountCents}`;
        }
        case "confirm":
        case "release": {
          const key = this.#uses[step.use % Math.max(1, this.#uses.length)] ?? { redemptionId: "none" };
          const { state, discountAmountCents } = await this.#discounts[step.kind](key);
          return `${state} ${discountAmountCents}`;
        }
        case "purchase":
        case "refund": {
          const input = {
            ...{ tenant: this.#tenant(step.tenant), amountCents: step.cents, reference: step.reference },
          };
          const done =
            step.kind === "purchase"
              ? await this.#volume.recordPurchase(input)
              : await this.#volume.recordRefund(input);
          return String(done.cumulativeSpendCents);
        }
      }
    } catch (error) {
      return codeOf(error);
    }
  }

  #use({ code, tenant, cents, reference }: PlainAsk) {
    return {
      ...{ code: this.#code(code).toLowerCase(), tenant: this.#tenant(tenant) },
      ...{ purchaseAmountCents: cents, reference },
    };
  }

  #code(index: number): string {
    return `${this.#name}-${index}`;
  }

  #tenant(index: number): string {
    return `${this.#name} tenant ${index}`;
  }
}

function limitOf(max: number): number | "unlimited" {
  return max === Number.POSITIVE_INFINITY ? "unlimited" : max;
}

function codeOf(error: unknown): string {
  if (error instanceof BillingError) return error.code;
  throw error;
}

describe.each(ENGINES.filter(({ name }) => name !== "sqlite"))(
  "a random history of discounts on $name",
  ({ name, freshUrl }) => {
    it("is what the plain model says at every step, previewed and done, and proves right", async () => {
      const store = await open(await freshUrl());
      let lives = 0;
      await fc.assert(
        fc.asyncProperty(histories, async (steps) => {
          lives += 1;
          const clock = new ManualClock(T0);
          await new Life(discountsOver(store, { clock }), clock, `H${lives}`).live(steps);
        }),
        { numRuns: name === "postgres" ? RUNS_ON_POSTGRES : RUNS },
      );
      expect(await discountsOver(store).differences()).toEqual([]);
      await store.close();
    });
  },
);
