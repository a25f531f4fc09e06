// Discount codes and volume sums in the simulation: each operation on the engine and on the models, and what is on record
// then.

import type { Billing } from "../../../src/billing.ts";
import type { DiscountCodeView, RedemptionView, VolumeView } from "../../../src/domain/discounts/index.ts";
import { attempt, codeOf } from "../attempt.ts";
import { same } from "../disagreement.ts";
import { Names } from "../names.ts";
import { JobTimes, type Move, type Part, type World } from "../part.ts";
import { DiscountChoices, type DiscountOperation } from "./discount-choices.ts";
import {
  checkLine,
  codeLine,
  redeemInput,
  redemptionLine,
  termsInput,
  useInput,
  worthText,
} from "./discount-lines.ts";
import { type Code, canonical, ExpectedDiscounts, type Redemption, type Use } from "./expected-discounts.ts";
import { ExpectedVolumes, missingAt, percentAt, type VolumeChange } from "./expected-volumes.ts";

const EXPIRY = "discount reservation expiry";
const EXPIRY_EVERY_MS = 60_000;
const PAGE = 5;

export class DiscountsPart implements Part {
  readonly weight = 30;
  readonly #world: World;
  readonly #now: () => number;
  readonly #volumes: ExpectedVolumes;
  readonly #discounts: ExpectedDiscounts;
  readonly #choices: DiscountChoices;
  readonly #jobs: JobTimes;
  readonly #names = new Names();

  constructor(world: World) {
    this.#world = world;
    this.#now = world.now;
    this.#volumes = new ExpectedVolumes(world.now);
    this.#discounts = new ExpectedDiscounts(world.now, this.#volumes);
    this.#choices = new DiscountChoices(world, this.#discounts, this.#volumes);
    this.#jobs = new JobTimes(world.now);
  }

  get discounts(): ExpectedDiscounts {
    return this.#discounts;
  }

  get volumes(): ExpectedVolumes {
    return this.#volumes;
  }

  async inspectVolume({ volumeDiscounts }: Billing, tenant: string): Promise<void> {
    this.#sameVolume(await volumeDiscounts.get(tenant), tenant);
  }

  next(): Move {
    const operation = this.#choices.next();
    return {
      operation,
      play: (billing) => this.#play(billing, operation),
      inspect: (billing) => this.#inspect(billing, operation),
    };
  }

  nextEnd(): number | null {
    return this.#choices.nextEnd();
  }

  runJobs(): ReadonlyMap<string, number> {
    const due = this.#discounts.due().length;
    const isRun = this.#jobs.runs(EXPIRY, EXPIRY_EVERY_MS, due);
    if (isRun) this.#discounts.expire();
    return new Map([[EXPIRY, isRun ? due : 0]]);
  }

  async inspectTenants({ discounts, volumeDiscounts }: Billing): Promise<void> {
    const engine: string[] = [];
    for (let cursor: string | null = ""; cursor !== null; ) {
      const page = await discounts.listCodes({ limit: PAGE, ...(cursor !== "" && { cursor }) });
      engine.push(...page.items.map(codeLine));
      cursor = page.nextCursor;
    }
    const byName = (one: Code, other: Code) => (one.code < other.code ? -1 : 1);
    same(
      "codes",
      engine,
      [...this.#discounts.codes].sort(byName).map((code) => this.#expectedCodeLine(code)),
    );
    for (const tenant of this.#world.tenants) this.#sameVolume(await volumeDiscounts.get(tenant), tenant);
  }

  /** Every redemption too, as a look at the same use tells it. */
  async inspectAll(billing: Billing): Promise<string[]> {
    await this.inspectTenants(billing);
    const lines: string[] = [];
    for (const redemption of this.#discounts.redemptions) {
      const { tenant, code, purchase, name, discount } = redemption;
      const reference = this.#referenceOf(redemption);
      const use = { tenant, code, purchaseAmountCents: purchase, reference };
      const check = await billing.discounts.validate(use);
      const expected = this.#discounts.counts(redemption) ? discount : "redemption_ended";
      same(name, check.valid ? check.discountAmountCents : check.reason, expected);
      lines.push(
        `${name} ${tenant} ${code} ${purchase} ${check.discountAmountCents} ${check.reason ?? "counts"}`,
      );
    }
    for (const code of this.#discounts.codes)
      lines.push(codeLine(await billing.discounts.getCode(code.code)));
    for (const tenant of this.#world.tenants)
      lines.push(`${tenant} bought ${(await billing.volumeDiscounts.get(tenant)).cumulativeSpendCents}`);
    return lines;
  }

  async #play({ discounts, volumeDiscounts }: Billing, operation: DiscountOperation): Promise<void> {
    switch (operation.do) {
      case "createCode": {
        const answer = await attempt(() => discounts.createCode(termsInput(operation.terms)));
        const expected = this.#discounts.create(operation.terms);
        return this.#sameCode(answer, expected);
      }
      case "disableCode": {
        const answer = await attempt(() => discounts.disableCode(operation.code));
        return this.#sameCode(answer, this.#discounts.disable(operation.code));
      }
      case "validate": {
        const answer = await attempt(() => discounts.validate(useInput(operation)));
        return same(
          "validate",
          "value" in answer ? checkLine(answer.value) : answer.code,
          this.#expectedCheck(operation),
        );
      }
      case "apply": {
        const answer = await attempt(() => discounts.apply(redeemInput(operation)));
        return this.#sameRedemption(operation.do, answer, this.#discounts.redeem(operation));
      }
      case "reserve": {
        const { ttlMs } = operation;
        const input = { ...redeemInput(operation), ...(ttlMs !== null && { ttlMs }) };
        const answer = await attempt(() => discounts.reserve(input));
        return this.#sameRedemption(operation.do, answer, this.#discounts.redeem(operation));
      }
      case "confirm":
      case "giveBack": {
        const { tenant, redemption } = operation;
        const key = { tenant, redemptionId: this.#names.idOf(redemption) };
        const isConfirmed = operation.do === "confirm";
        const answer = await attempt(() => (isConfirmed ? discounts.confirm(key) : discounts.release(key)));
        const expected = isConfirmed
          ? this.#discounts.confirm(tenant, redemption)
          : this.#discounts.giveBack(tenant, redemption);
        return this.#sameRedemption(operation.do, answer, expected);
      }
      case "purchase":
      case "refund":
        return this.#recordVolume(volumeDiscounts, operation);
    }
  }

  async #recordVolume(volumes: Billing["volumeDiscounts"], change: VolumeChange): Promise<void> {
    const { do: kind, tenant, cents: amountCents, reference } = change;
    const input = { tenant, amountCents, ...(reference !== null && { reference }) };
    const answer = await attempt(() =>
      kind === "purchase" ? volumes.recordPurchase(input) : volumes.recordRefund(input),
    );
    const expected = this.#volumes.record(change);
    if ("code" in answer || "code" in expected) return same(kind, codeOf(answer), codeOf(expected));
    const { at, cumulativeSpendCents, currentDiscountPercent, percentBefore } = answer.value;
    const { before, after } = expected;
    same(
      kind,
      [
        answer.value.kind,
        answer.value.amountCents,
        cumulativeSpendCents,
        currentDiscountPercent,
        percentBefore,
        at,
      ],
      [kind, amountCents, after, String(percentAt(after)), String(percentAt(before)), new Date(expected.at)],
    );
  }

  /** The code and the volume sum that it is about. */
  async #inspect({ discounts, volumeDiscounts }: Billing, operation: DiscountOperation): Promise<void> {
    if ("tenant" in operation)
      this.#sameVolume(await volumeDiscounts.get(operation.tenant), operation.tenant);
    const typed = this.#codeOf(operation);
    if (typed === null) return;
    const code = this.#discounts.find(typed);
    const answer = await attempt(() => discounts.getCode(typed));
    this.#sameCode(answer, code ?? { code: "code_not_found" });
  }

  /** As it was typed; null: it is about none. */
  #codeOf(operation: DiscountOperation): string | null {
    if ("code" in operation) return operation.code;
    if ("terms" in operation) return operation.terms.code;
    if (!("redemption" in operation)) return null;
    return this.#discounts.redemptions.find(({ name }) => name === operation.redemption)?.code ?? null;
  }

  #sameVolume(volume: VolumeView, tenant: string): void {
    const spent = this.#volumes.spent(tenant);
    const { cumulativeSpendCents, currentDiscountPercent, currentTier, untilNextTierCents } = volume;
    const percent = String(percentAt(spent));
    same(
      `volume of ${tenant}`,
      [cumulativeSpendCents, currentDiscountPercent, currentTier?.discountPercent ?? "0", untilNextTierCents],
      [spent, percent, percent, missingAt(spent)],
    );
  }

  #sameCode(
    answer: { readonly value: DiscountCodeView } | { readonly code: string },
    expected: Code | { readonly code: string },
  ): void {
    const engine = "value" in answer ? codeLine(answer.value) : answer.code;
    same("code", engine, "worth" in expected ? this.#expectedCodeLine(expected) : expected.code);
  }

  #sameRedemption(
    what: string,
    answer: { readonly value: RedemptionView } | { readonly code: string },
    expected: Redemption | { readonly code: string },
  ): void {
    if (!("value" in answer) || !("name" in expected)) {
      const refusal = "name" in expected ? "done" : expected.code;
      same(what, codeOf(answer), refusal);
      return;
    }
    this.#names.note(expected.name, answer.value.id);
    same(what, redemptionLine(answer.value), this.#expectedLine(expected));
  }

  #expectedLine(redemption: Redemption): string {
    const { tenant, code, user, purchase, base, discount, percent, createdAt, end } = redemption;
    const isOpen = redemption.state === "reserved" && this.#discounts.counts(redemption);
    const state = redemption.state === "reserved" && !isOpen ? "expired" : redemption.state;
    return [
      ...[tenant, this.#referenceOf(redemption), code, user ?? "-", state],
      ...[purchase, discount, base - discount, percent ?? "-", new Date(createdAt).toISOString()],
      isOpen ? new Date(end).toISOString() : "-",
    ].join(" ");
  }

  /** Of a purchase of its own: the id. */
  #referenceOf({ reference, name }: Redemption): string {
    if (reference === null) return this.#names.idOf(name);
    const { invoiceIds } = this.#world;
    return invoiceIds.has(reference) ? `invoice:${invoiceIds.idOf(reference)}` : reference;
  }

  #expectedCheck(use: Use): string {
    const found = this.#discounts.look(use);
    const code = canonical(use.code) ?? use.code;
    if ("base" in found) {
      const { base, discount, percent } = found;
      return [true, code, "-", use.purchase, discount, base - discount, percent ?? "-"].join(" ");
    }
    if (found.code === "reference_conflict") return found.code;
    return [false, code, found.code, use.purchase, 0, use.purchase, "-"].join(" ");
  }

  #expectedCodeLine(code: Code): string {
    const uses = this.#discounts.usesOf(code.code);
    const discounted = uses.reduce((sum, { discount }) => sum + discount, 0);
    return `${code.code} ${this.#statusOf(code, uses.length)} ${uses.length} ${discounted} ${worthText(code)}`;
  }

  #statusOf({ isDisabled, maxUses, from, to }: Code, uses: number): string {
    if (isDisabled) return "disabled";
    if (maxUses !== null && uses >= maxUses) return "exhausted";
    if (to !== null && this.#now() >= to) return "expired";
    return from !== null && this.#now() < from ? "scheduled" : "active";
  }
}
