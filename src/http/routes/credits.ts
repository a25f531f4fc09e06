import { type Static, Type } from "typebox";
import {
  type CreditAccount,
  type CreditLot,
  type CreditLotPart,
  type CreditService,
  type CreditTransaction,
  CreditTransactionType,
  type Deduction,
  type TopUpRule,
  type TopUpService,
  type TopUpView,
} from "../../domain/credits/index.ts";
import type { Actor } from "../../domain/organizations/index.ts";
import type { ServerContext } from "../context.ts";
import { type Route, route } from "../route.ts";
import { Count, Instant, InstantInput, instantOf, OptionalText, PageOf, Strict } from "../schemas.ts";
import { CentsInput, MAX_CENTS, OptionalInstant, optionalInstantJson } from "./cents.ts";
import {
  choiceOf,
  Line,
  NoBody,
  NoQuery,
  orUnknown,
  PageQuery,
  pageJson,
  pageQuery,
  requireTenant,
} from "./common.ts";

const NOTE = {
  description: Type.Optional(Type.String({ maxLength: 1_000 })),
  reference: Type.Optional(Line),
};
const END = {
  expiresAt: Type.Optional(InstantInput),
  expiresInDays: Type.Optional(Type.Integer({ minimum: 1, maximum: 36_525 })),
};
const DAYS = Type.Integer({ minimum: 1, maximum: 36_525, description: "Default 30." });
const Cents = Type.Integer();
const TransactionType = choiceOf(Object.values(CreditTransactionType));
const Parts = Type.Array(Strict({ lotId: Type.String(), amountCents: Cents }));
const TransactionJson = Strict({
  id: Type.String(),
  tenant: Type.String(),
  type: TransactionType,
  amountCents: Cents,
  balanceCents: Cents,
  description: Type.String(),
  reference: OptionalText,
  actor: OptionalText,
  at: Instant,
  expiresAt: OptionalInstant,
  relatesTo: OptionalText,
  lots: Parts,
});
const DeductionJson = Strict({
  transactionId: Type.String(),
  tenant: Type.String(),
  amountDeductedCents: Count,
  remainingAmountCents: Count,
  balanceCents: Count,
  lots: Parts,
});
const LotJson = Strict({
  id: Type.String(),
  type: TransactionType,
  grantedCents: Count,
  remainingCents: Count,
  expiresAt: OptionalInstant,
});
const AccountJson = Strict({
  tenant: Type.String(),
  currency: Type.String(),
  balanceCents: Count,
  promotionalCents: Count,
  purchasedCents: Count,
  otherCents: Count,
  expiringSoon: Type.Array(LotJson),
  totals: Strict({
    issuedCents: Count,
    adjustedCents: Cents,
    usedCents: Count,
    expiredCents: Count,
    voidedCents: Count,
  }),
});
const TopUpJson = Strict({
  rule: Type.Union([
    Strict({ thresholdCents: Count, amountCents: Count, isPaused: Type.Boolean() }),
    Type.Null(),
  ]),
  topUps: Type.Array(
    Strict({
      id: Type.String(),
      amountCents: Count,
      state: choiceOf(["open", "paid", "failed"]),
      requestedAt: Instant,
      settledAt: OptionalInstant,
    }),
  ),
});
/** Given away, and not refundable as money. */
const GIVEN: readonly string[] = [CreditTransactionType.PROMOTIONAL, CreditTransactionType.REFERRAL];

type Services = { readonly credits: CreditService; readonly topUps: TopUpService };

/**
 * Prepaid credit. Only operators make it, correct it and give it back; a tenant looks, spends it and says when to ask for
 * more. A request without a `reference` and with an Idempotency-Key has that as its reference: known again for ever.
 */
export function creditRoutes({
  services: { credits, topUps },
}: ServerContext & { readonly services: Services }): readonly Route[] {
  const base = { tag: "credits" } as const;
  const looked = { ...base, access: "tenant", scopes: ["budgets:read"] } as const;
  const written = { ...base, access: "tenant", scopes: ["budgets:write"], write: "atomic" } as const;
  const byOperators = { ...written, access: "operator", method: "POST", status: 201 } as const;
  const topUpsOf = async (tenant: string) => topUpJson(await topUps.rule(tenant), await topUps.list(tenant));
  return [
    route({
      ...looked,
      method: "GET",
      path: "/v1/credits",
      summary: "What can be spent, given and purchased apart, what of it ends soon, and the sums of all time",
      query: Strict({ withinDays: Type.Optional(DAYS) }),
      reply: AccountJson,
      handler: async ({ query, tenant }) => {
        const soon = await credits.expiringSoon({ tenant, withinDays: query.withinDays });
        return accountJson(await credits.balance(tenant), await credits.lots(tenant), soon);
      },
    }),
    route({
      ...looked,
      method: "GET",
      path: "/v1/credits/transactions",
      summary: "Every change of the balance with its lots, the last posted first",
      query: Strict(PageQuery),
      reply: PageOf(TransactionJson),
      handler: async ({ query, tenant }) =>
        pageJson(await credits.transactions({ tenant, ...pageQuery(query) }), transactionJson),
    }),
    route({
      ...byOperators,
      path: "/v1/credits/issue",
      summary: "Add a lot of credit, with an end or without",
      audit: "credit.issued",
      body: Strict({
        amountCents: CentsInput,
        type: choiceOf(["promotional", "referral", "refund", "purchase"]),
        ...NOTE,
        ...END,
      }),
      reply: TransactionJson,
      handler: async ({ body, tenant, actor, onceId }) => {
        const { expiresAt, ...rest } = body;
        const end = instantOf(expiresAt, "expiresAt");
        const input = { ...rest, ...whose(actor, requireTenant(tenant)), expiresAt: end };
        return transactionJson(await credits.issue({ reference: onceId, ...input }));
      },
    }),
    route({
      ...written,
      method: "POST",
      path: "/v1/credits/deduct",
      summary: "Take credit: what ends soonest first; what is not there is remainingAmountCents, still owed",
      audit: "credit.deducted",
      status: 201,
      body: Strict({ amountCents: CentsInput, allowPartial: Type.Optional(Type.Boolean()), ...NOTE }),
      reply: DeductionJson,
      handler: async ({ body, tenant, actor, onceId }) =>
        deductionJson(await credits.deduct({ reference: onceId, ...body, ...whose(actor, tenant) })),
    }),
    route({
      ...byOperators,
      path: "/v1/credits/adjust",
      summary: "Correct a balance up or down by hand",
      audit: "credit.adjusted",
      body: Strict({
        amountCents: Type.Integer({ minimum: -MAX_CENTS, maximum: MAX_CENTS }),
        ...NOTE,
        ...END,
      }),
      reply: TransactionJson,
      handler: async ({ body, tenant, actor, onceId }) => {
        const { expiresAt, ...rest } = body;
        const end = instantOf(expiresAt, "expiresAt");
        const input = { ...rest, ...whose(actor, requireTenant(tenant)), expiresAt: end };
        return transactionJson(await credits.adjust({ reference: onceId, ...input }));
      },
    }),
    route({
      ...byOperators,
      path: "/v1/credits/void",
      summary: "End a lot: what is left of it goes, what was used stays used",
      audit: "credit.voided",
      body: Strict({ lotId: Line, ...NOTE }),
      reply: TransactionJson,
      handler: async ({ body, tenant, actor, onceId }) => {
        const input = { reference: onceId, ...body, ...whose(actor, requireTenant(tenant)) };
        return transactionJson(await orUnknown("lot", credits.void(input)));
      },
    }),
    route({
      ...byOperators,
      path: "/v1/credits/reverse",
      summary: "Give a deduction back, or a part of it, to the lots it came from",
      audit: "credit.reversed",
      body: Strict({ transactionId: Line, amountCents: Type.Optional(CentsInput), ...NOTE }),
      reply: TransactionJson,
      handler: async ({ body, tenant, actor, onceId }) => {
        const input = { reference: onceId, ...body, ...whose(actor, requireTenant(tenant)) };
        return transactionJson(await orUnknown("transaction", credits.reverse(input)));
      },
    }),
    route({
      ...looked,
      method: "GET",
      path: "/v1/credits/top-up",
      summary: "The rule of automatic top-ups, and the last 100 of them, the newest first",
      query: NoQuery,
      reply: TopUpJson,
      handler: async ({ tenant }) => topUpsOf(tenant),
    }),
    route({
      ...written,
      method: "PUT",
      path: "/v1/credits/top-up",
      summary:
        "Ask for a payment whenever the balance is below a threshold; resumes what a failed one paused",
      audit: "credit.top_up_set",
      body: Strict({ thresholdCents: CentsInput, amountCents: CentsInput }),
      reply: TopUpJson,
      handler: async ({ body, tenant }) => {
        await topUps.setRule(body, tenant);
        return topUpsOf(tenant);
      },
    }),
    route({
      ...written,
      method: "DELETE",
      path: "/v1/credits/top-up",
      summary: "Ask for no more payments; one that is under way is credit when it comes in",
      audit: "credit.top_up_removed",
      body: NoBody,
      reply: TopUpJson,
      handler: async ({ tenant }) => {
        await topUps.setRule(null, tenant);
        return topUpsOf(tenant);
      },
    }),
  ];
}

/** Who did it is whose key was shown; a caller cannot say otherwise. */
function whose({ kind, id }: Actor, tenant: string) {
  return { tenant, actor: `${kind} ${id}` };
}

/** The balance is the sum of the lots, so that it and its parts are of one moment. */
function accountJson(
  { tenant, currency, issuedCents, adjustedCents, usedCents, expiredCents, voidedCents }: CreditAccount,
  lots: readonly CreditLot[],
  soon: readonly CreditLot[],
): Static<typeof AccountJson> {
  const sumOf = (isMeant: (type: string) => boolean) =>
    lots.reduce((sum, { type, remainingCents }) => sum + (isMeant(type) ? remainingCents : 0), 0);
  const balanceCents = sumOf(() => true);
  const promotionalCents = sumOf((type) => GIVEN.includes(type));
  const purchasedCents = sumOf((type) => type === CreditTransactionType.PURCHASE);
  return {
    ...{ tenant, currency, balanceCents, promotionalCents, purchasedCents },
    otherCents: balanceCents - promotionalCents - purchasedCents,
    expiringSoon: soon.map(lotJson),
    totals: { issuedCents, adjustedCents, usedCents, expiredCents, voidedCents },
  };
}

function lotJson({ id, type, grantedCents, remainingCents, expiresAt }: CreditLot): Static<typeof LotJson> {
  return { id, type, grantedCents, remainingCents, expiresAt: optionalInstantJson(expiresAt) };
}

function transactionJson(transaction: CreditTransaction): Static<typeof TransactionJson> {
  return {
    ...transaction,
    at: transaction.at.toISOString(),
    expiresAt: optionalInstantJson(transaction.expiresAt),
    lots: partsJson(transaction.lots),
  };
}

function deductionJson(deduction: Deduction): Static<typeof DeductionJson> {
  return { ...deduction, lots: partsJson(deduction.lots) };
}

function partsJson(parts: readonly CreditLotPart[]): Static<typeof Parts> {
  return parts.map((part) => ({ ...part }));
}

function topUpJson(
  rule: (TopUpRule & { readonly isPaused: boolean }) | null,
  list: readonly TopUpView[],
): Static<typeof TopUpJson> {
  return {
    rule: rule && { ...rule },
    topUps: list.map(({ id, amountCents, state, requestedAt, settledAt }) => ({
      ...{ id, amountCents, state, requestedAt: requestedAt.toISOString() },
      settledAt: optionalInstantJson(settledAt),
    })),
  };
}
