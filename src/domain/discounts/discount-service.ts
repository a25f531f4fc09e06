import { BillingError, type Clock, decodeCursor, type Ids, type Page } from "../../kernel/index.ts";
import type { Reader, Store, Tx } from "../../store/index.ts";
import { type PageQuery, pageLimit, pageOf } from "../audit/index.ts";
import { type CommitParticipant, tenantOf } from "../metering/index.ts";
import {
  codeAcrossTenants,
  codesAcrossTenants,
  disableCodeAcrossTenants,
  insertCodeAcrossTenants,
} from "./code-store.ts";
import { canonicalCode } from "./code-text.ts";
import { isRefusal } from "./decide.ts";
import { type CodeTerms, type Redemption, type Refusal, refusalError, type StoredCode } from "./discount.ts";
import {
  type CodeUse,
  centsOf,
  fieldsOf,
  freeReferenceOf,
  type NewCode,
  noteOf,
  type RedeemInput,
  type RedemptionKey,
  type ReserveInput,
  referenceOf,
  termsOf,
  textOf,
  tierOf,
  ttlOf,
  typedOf,
} from "./discount-input.ts";
import {
  type CodeCheck,
  codeView,
  type DiscountCodeView,
  type RedemptionView,
  redemptionView,
  validCheck,
} from "./discount-view.ts";
import {
  type Ask,
  confirm,
  expireReservations,
  look,
  type NewRedemption,
  redeem,
  release,
} from "./redeem.ts";
import { dueCodesAcrossTenants, dueUsesAcrossTenants, redemptionWithId } from "./redemption-store.ts";
import { discountDifferences } from "./verify.ts";

const USE = ["tenant", "code", "purchaseAmountCents", "reference", "tier"] as const;
const REDEEM = [...USE, "userId"] as const;
const CODES_AT_ONCE = 100;

export interface DiscountDeps {
  readonly store: Store;
  readonly clock: Clock;
  readonly ids: Ids;
  /** Writes what is due of a tenant's subscription, so that its tier is today's. */
  readonly settle?: (tenant: string) => Promise<void>;
}

/** Discount codes: a limit of a code holds over any number of callers and processes. */
export class DiscountService {
  readonly #store: Store;
  readonly #settlePlan: DiscountDeps["settle"];
  readonly #clock: Clock;
  readonly #ids: Ids;
  readonly #tenant: string | undefined;

  constructor(
    { store, clock, ids, settle }: DiscountDeps,
    { tenant }: { readonly tenant: string | undefined },
  ) {
    this.#store = store;
    this.#settlePlan = settle;
    this.#clock = clock;
    this.#ids = ids;
    this.#tenant = tenant;
  }

  /**
   * Makes a code. Its terms never change: to change them, disable it and make another. The same call again is answered
   * with the code that there is.
   *
   * @throws BillingError conflict `code_exists` for a code of this name with other terms; invalid_input naming the field.
   * @example
   * await discounts.createCode({ code: "WELCOME50", discountPercent: 50, maxUses: 1000 });
   */
  async createCode(input: NewCode): Promise<DiscountCodeView> {
    const terms = termsOf(input);
    return this.#store.transaction(async (tx) => {
      await insertCodeAcrossTenants(terms, this.#clock.now(), tx);
      const stored = (await codeAcrossTenants(terms.code, tx)) as StoredCode;
      if (termsText(stored) === termsText(terms)) return this.#view(stored, tx);
      const text =
        "there is a code of this name with other terms; its terms never change: choose another name";
      throw new BillingError("conflict", "code_exists", text, { details: { field: "code" } });
    });
  }

  /** @throws BillingError not_found `code_not_found`. */
  async getCode(code: string): Promise<DiscountCodeView> {
    return this.#store.read(async (reader) => {
      const stored = await codeAcrossTenants(canonicalCode(typedOf(code)) ?? "", reader);
      if (stored === undefined) throw noSuchCode();
      return this.#view(stored, reader);
    });
  }

  /**
   * A page of all codes, by name: 100, or `limit` up to 500.
   *
   * @throws BillingError invalid_input `invalid_limit`, `invalid_cursor`.
   */
  async listCodes(query: PageQuery = {}): Promise<Page<DiscountCodeView>> {
    fieldsOf(query, ["cursor", "limit"], "query");
    const limit = pageLimit(query.limit);
    const after = query.cursor === undefined ? "" : String(decodeCursor(query.cursor, ["string"])[0]);
    return this.#store.read(async (reader) => {
      const codes = await codesAcrossTenants(after, limit + 1, reader);
      const views: DiscountCodeView[] = [];
      for (const code of codes) views.push(await this.#view(code, reader));
      return pageOf(
        views,
        limit,
        ({ code }) => [code],
        (view) => view,
      );
    });
  }

  /**
   * Ends a code for good. Reservations made before can still be confirmed. Idempotent.
   *
   * @throws BillingError not_found `code_not_found`.
   */
  async disableCode(code: string): Promise<DiscountCodeView> {
    const canonical = canonicalCode(typedOf(code)) ?? "";
    return this.#store.transaction(async (tx) => {
      await disableCodeAcrossTenants(canonical, this.#clock.now(), tx);
      const stored = await codeAcrossTenants(canonical, tx);
      if (stored === undefined) throw noSuchCode();
      return this.#view(stored, tx);
    });
  }

  /**
   * What a code would take off a purchase now; takes no use. By the very rules of {@link apply}.
   *
   * @throws BillingError conflict `reference_conflict`; invalid_input naming the field.
   */
  async validate(input: CodeUse): Promise<CodeCheck> {
    fieldsOf(input, USE, "code use");
    const ask = this.#askOf(input);
    if (isRefusal(ask)) return refused(typedOf(input.code), input, ask);
    await this.#settlePlan?.(ask.tenant);
    const answer = await this.#store.read((reader) => look(ask, this.#clock.now(), reader));
    return isRefusal(answer) ? refused(ask.code, input, answer) : validCheck(ask.code, ask.purchase, answer);
  }

  /**
   * Uses a code, for good: for a purchase that is paid. A reservation of the same purchase is confirmed by it. With a
   * `reference` a retry has the first result and takes nothing.
   *
   * @throws BillingError with one of `REFUSALS` as its code: not_found `code_not_found`; limit_exceeded
   * `code_exhausted`, `max_uses_per_org`; failed_precondition for the others, and `confirm_in_order` while another code is
   * reserved for the purchase. Conflict `reference_conflict` for another amount under the reference.
   * @example
   * await discounts.apply({ tenant: "acme", code: "welcome50", purchaseAmountCents: 29900, reference: "order_17" });
   */
  async apply(input: RedeemInput): Promise<RedemptionView> {
    fieldsOf(input, REDEEM, "code use");
    return this.#redeem(input, "confirmed", 0);
  }

  /**
   * Takes a use of a code at checkout, until it is confirmed, released or `ttlMs` is over. What has ended is never taken
   * up again under the same reference.
   *
   * @throws BillingError as {@link apply}.
   */
  async reserve(input: ReserveInput): Promise<RedemptionView> {
    fieldsOf(input, [...REDEEM, "ttlMs"], "code use");
    return this.#redeem(input, "reserved", ttlOf(input.ttlMs));
  }

  /**
   * Makes a reservation final: the purchase was paid. Idempotent. After its end too, unless others have taken its room.
   *
   * @throws BillingError not_found `redemption_not_found`; failed_precondition `redemption_released`, `confirm_in_order`,
   * `base_moved`; limit_exceeded `room_taken`.
   */
  confirm(key: RedemptionKey): Promise<RedemptionView> {
    return this.#settle(key, confirm);
  }

  /**
   * Gives a reservation back: the checkout failed. Idempotent.
   *
   * @throws BillingError not_found `redemption_not_found`; failed_precondition `redemption_confirmed`.
   */
  release(key: RedemptionKey): Promise<RedemptionView> {
    return this.#settle(key, release);
  }

  /** Ends the reservations whose time is over; returns how many. Whoever needs their room does the same. */
  async expireDue(): Promise<number> {
    let total = 0;
    for (;;) {
      const now = this.#clock.now();
      const codes = await this.#store.read((reader) => dueCodesAcrossTenants(now, CODES_AT_ONCE, reader));
      // A transaction each: none holds the locks of two codes.
      for (const code of codes) {
        total += await this.#store.transaction((tx) => expireReservations(code, now, tx));
      }
      if (codes.length < CODES_AT_ONCE) return total;
    }
  }

  /** The job that does {@link expireDue}. */
  get expiry() {
    return {
      name: "discount reservation expiry",
      every: 60_000,
      hasWork: async (now: number) =>
        (await this.#store.read((reader) => dueCodesAcrossTenants(now, 1, reader))).length > 0,
      runDue: () => this.expireDue(),
    };
  }

  /** To be joined to metering, so that `verify` proves the discounts too: events change none. */
  get participant(): CommitParticipant {
    return { name: "discounts", apply: async () => undefined, differences: discountDifferences };
  }

  async #redeem(input: RedeemInput, state: NewRedemption["state"], ttlMs: number): Promise<RedemptionView> {
    const user = noteOf(input.userId, "userId");
    const reference = freeReferenceOf(input.reference) ?? undefined;
    const ask = this.#askOf({ ...input, reference });
    if (isRefusal(ask)) throw refusalError(ask);
    await this.#settlePlan?.(ask.tenant);
    const id = this.#ids.next("red");
    const now = this.#clock.now();
    const answer = await this.#store.transaction((tx) =>
      redeem(ask, { id, user, state, expiresAt: now + ttlMs }, now, tx),
    );
    if (isRefusal(answer)) throw refusalError(answer);
    return redemptionView(answer, now);
  }

  async #settle(
    key: RedemptionKey,
    settle: (redemption: Redemption, now: number, tx: Tx) => Promise<Redemption>,
  ): Promise<RedemptionView> {
    fieldsOf(key, ["tenant", "redemptionId"], "redemption");
    const tenant = tenantOf(key.tenant, this.#tenant);
    const id = textOf(key.redemptionId, "redemptionId");
    const now = this.#clock.now();
    const settled = await this.#store.transaction(async (tx) => {
      const found = await redemptionWithId(tenant, id, tx);
      if (found !== undefined) return settle(found, now, tx);
      throw new BillingError("not_found", "redemption_not_found", "there is no such redemption");
    });
    return redemptionView(settled, now);
  }

  #askOf(input: CodeUse): Ask | Refusal {
    const tenant = tenantOf(input.tenant, this.#tenant);
    const purchase = centsOf(input.purchaseAmountCents, "purchaseAmountCents");
    const reference = referenceOf(input.reference);
    const tier = input.tier === undefined ? undefined : tierOf(input.tier);
    const code = canonicalCode(typedOf(input.code));
    return code === undefined
      ? { reason: "code_invalid", message: "a code is made of letters, digits, - and _" }
      : { tenant, code, purchase, reference, tier };
  }

  async #view(code: StoredCode, reader: Reader): Promise<DiscountCodeView> {
    const now = this.#clock.now();
    const due = { uses: 0n, discounted: 0n };
    for (const { uses, discounted } of await dueUsesAcrossTenants(code.code, now, reader)) {
      due.uses += uses;
      due.discounted += discounted;
    }
    return codeView(code, due, now);
  }
}

function refused(code: string, { purchaseAmountCents }: CodeUse, { reason, message }: Refusal): CodeCheck {
  return {
    ...{ valid: false, code, reason, message, purchaseAmountCents },
    ...{ discountAmountCents: 0, finalAmountCents: purchaseAmountCents, discountPercent: null },
  };
}

/** All that is a code's own, in one order. */
function termsText(terms: CodeTerms): string {
  const { worth, minPurchase, tiers, organizations, validFrom, expiresAt, description } = terms;
  const of = worth.type === "percentage" ? worth.percent : worth.type === "fixed_amount" ? worth.amount : "";
  const { maxUses, maxUsesPerOrganization } = terms;
  return JSON.stringify([
    ...[worth.type, String(of), maxUses, maxUsesPerOrganization, String(minPurchase)],
    ...[tiers, organizations, validFrom, expiresAt, description],
  ]);
}

function noSuchCode(): BillingError {
  return new BillingError("not_found", "code_not_found", "there is no such code");
}
