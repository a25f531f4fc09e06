import { type Static, Type } from "typebox";
import {
  BUDGET_MEASURES,
  BUDGET_PERIODS,
  type BudgetCheck,
  type BudgetDecision,
  type BudgetInput,
  type BudgetRecord,
  type BudgetService,
  type BudgetSpend,
  type BudgetTermsInput,
  type CounterStatus,
  type HoldService,
  SCOPE_DIMENSIONS,
  type SpendRequest,
  THRESHOLD_ACTIONS,
} from "../../domain/budgets/index.ts";
import { isEmail, type NotificationService, secretBytes } from "../../domain/notifications/index.ts";
import type { Actor } from "../../domain/organizations/index.ts";
import { BillingError, decodeCursor, encodeCursor, invalidInput, type Page } from "../../kernel/index.ts";
import type { ServerContext } from "../context.ts";
import { type Route, route } from "../route.ts";
import {
  AmountInput,
  Count,
  Instant,
  InstantInput,
  instantOf,
  Money,
  OptionalText,
  PageOf,
  Strict,
} from "../schemas.ts";
import { AlertView, alertJson } from "./alerts.ts";
import {
  choiceOf,
  IdParams,
  Line,
  moneyJson,
  NoQuery,
  OptionalMoney,
  optionalMoneyJson,
  orUnknown,
  PageQuery,
  Period,
  pageJson,
  pageQuery,
} from "./common.ts";

const Reason = Type.Optional(Type.String({ minLength: 1, maxLength: 256 }));
/** Of usage: what budgets are found by. */
const DimensionsInput = Strict(
  Object.fromEntries(SCOPE_DIMENSIONS.map((name) => [name, Type.Optional(Line)])) as Record<
    (typeof SCOPE_DIMENSIONS)[number],
    ReturnType<typeof Type.Optional<typeof Line>>
  >,
);
export const AMOUNT = {
  tokensIn: Type.Optional(Count),
  cachedTokens: Type.Optional(Count),
  cacheWriteTokens: Type.Optional(Count),
  cacheWrite1hTokens: Type.Optional(Count),
  tokensOut: Type.Optional(Count),
  reasoningTokens: Type.Optional(Count),
  webSearches: Type.Optional(Count),
  serviceTier: Type.Optional(Line),
  quantity: Type.Optional(Count),
};
/** What somebody wants to spend. */
export const SPEND_REQUEST = {
  dimensions: Type.Optional(DimensionsInput),
  type: Type.Optional(Line),
  estimatedCostUsd: Type.Optional(AmountInput),
  maxOutputTokens: Type.Optional(Count),
  at: Type.Optional(InstantInput),
  ...AMOUNT,
};
const RecipientInput = Type.Union([
  Strict({ email: Type.String({ maxLength: 320 }) }),
  Strict({
    webhook: Type.String({ maxLength: 2_000 }),
    secret: Type.Optional(Type.String({ maxLength: 256 })),
  }),
]);
const TERMS = {
  limit: Type.Optional(Type.Union([AmountInput, Type.Null()])),
  thresholds: Type.Optional(
    Type.Array(Strict({ percent: AmountInput, action: choiceOf(THRESHOLD_ACTIONS) }), { maxItems: 20 }),
  ),
  overage: Type.Optional(
    Type.Union([
      Strict({ multiplier: Type.Optional(AmountInput), cap: Type.Optional(AmountInput) }),
      Type.Null(),
    ]),
  ),
  notify: Type.Optional(Type.Array(RecipientInput, { maxItems: 20 })),
  failOpen: Type.Optional(Type.Boolean()),
};
const NewBudget = Strict({
  id: Type.Optional(Line),
  name: Line,
  scope: Type.Optional(DimensionsInput),
  measure: Type.Optional(choiceOf(BUDGET_MEASURES)),
  money: Type.Optional(choiceOf(["cost", "charge"])),
  period: Type.Optional(choiceOf(BUDGET_PERIODS)),
  zone: Type.Optional(Line),
  anchor: Type.Optional(InstantInput),
  rollover: Type.Optional(Type.Boolean()),
  from: Type.Optional(InstantInput),
  reason: Reason,
  ...TERMS,
});
const BUDGET = {
  id: Type.String(),
  tenant: Type.String(),
  name: Type.String(),
  scope: Type.Record(Type.String(), Type.String()),
  measure: choiceOf(BUDGET_MEASURES),
  money: choiceOf(["cost", "charge"]),
  period: choiceOf(BUDGET_PERIODS),
  zone: Type.String(),
  anchor: Type.Union([Instant, Type.Null()]),
  limit: OptionalMoney,
  thresholds: Type.Array(Strict({ percent: Type.Number(), action: choiceOf(THRESHOLD_ACTIONS) })),
  overage: Type.Union([Strict({ multiplier: Type.String(), cap: OptionalMoney }), Type.Null()]),
  rollover: Type.Boolean(),
  failOpen: Type.Boolean(),
  notify: Type.Array(Type.Union([Strict({ email: Type.String() }), Strict({ webhook: Type.String() })])),
  status: choiceOf(["active", "suspended", "closed"]),
  suspendedBy: Type.Union([choiceOf(["threshold", "caller"]), Type.Null()]),
  /** Of the plan's own budget, which only the subscription changes. */
  owner: Type.Optional(Type.Literal("plan")),
  countsFrom: Instant,
  createdAt: Instant,
};
const BudgetView = Strict(BUDGET);
const Counter = Strict({
  counter: Type.Record(Type.String(), Type.String()),
  spent: Money,
  held: Money,
  limit: OptionalMoney,
  carriedOver: Money,
  remaining: OptionalMoney,
  percent: Type.Union([Type.Number(), Type.Null()]),
  level: choiceOf(["none", "info", "warning", "critical", "exceeded"]),
  overage: Money,
  period: Period,
});
const Decision = Strict({
  budget: Type.String(),
  name: Type.String(),
  counter: Type.Record(Type.String(), Type.String()),
  allowed: Type.Boolean(),
  limit: OptionalMoney,
  spent: Money,
  held: Money,
  requested: Money,
  remaining: OptionalMoney,
  percent: Type.Union([Type.Number(), Type.Null()]),
  overage: Money,
  overageMultiplier: OptionalText,
  period: Period,
});
const SPEND = {
  id: Type.String(),
  at: Instant,
  costUsd: Money,
  tokens: Count,
  counted: Type.Boolean(),
  eventId: OptionalText,
  holdId: OptionalText,
  flags: Type.Array(Type.String()),
};
/** Spend and what the budgets said to it. */
export const SpendView = Strict({
  ...SPEND,
  warnings: Type.Array(Type.String()),
  budgets: Type.Array(Decision),
});
const CheckView = Strict({
  allowed: Type.Boolean(),
  reason: Type.Union([choiceOf(["budget_exceeded", "budget_suspended", "fail_open"]), Type.Null()]),
  message: Type.String(),
  warnings: Type.Array(Type.String()),
  budgets: Type.Array(Decision),
});

type Services = {
  readonly budgets: BudgetService;
  readonly holds: HoldService;
  readonly notifications: NotificationService;
};

/** Budgets: defining, looking, asking. Amounts are in a budget's measure: dollars, or a count. */
export function budgetRoutes({
  services: { budgets, holds, notifications },
}: ServerContext & { readonly services: Services }): readonly Route[] {
  const deed = (path: "suspend" | "resume" | "close" | "reset", audit: string, summary: string): Route =>
    route({
      method: "POST",
      path: `/v1/budgets/:id/${path}`,
      tag: "budgets",
      summary,
      access: "tenant",
      scopes: ["budgets:write"],
      write: "atomic",
      audit,
      params: IdParams,
      body: Strict({ reason: Reason }),
      reply: BudgetView,
      handler: async ({ params, body, tenant, actor }) =>
        budgetJson(await budget(budgets[path](params.id, deedOf(actor, body.reason), tenant))),
    });
  return [
    route({
      method: "GET",
      path: "/v1/budgets",
      tag: "budgets",
      summary: "Budgets in the order of their creation; closed ones only when asked for",
      access: "tenant",
      scopes: ["budgets:read"],
      query: Strict({ closed: Type.Optional(Type.Boolean()), ...PageQuery }),
      reply: PageOf(BudgetView),
      handler: async ({ query, tenant }) => {
        // Closed ones too, so that the page after one that was closed meanwhile is found.
        const all = await budgets.list({ tenant, closed: true });
        return pageJson(
          pageAfter(all, query, ({ status }) => query.closed === true || status !== "closed"),
          budgetJson,
        );
      },
    }),
    route({
      method: "POST",
      path: "/v1/budgets",
      tag: "budgets",
      summary: "Make a budget; it counts from the start of the period it is made in",
      access: "tenant",
      scopes: ["budgets:write"],
      write: "atomic",
      audit: "budget.created",
      status: 201,
      body: NewBudget,
      reply: BudgetView,
      handler: async ({ body, tenant, actor }) => {
        checkRecipients(body.notify, notifications);
        const { anchor, from, reason, ...rest } = body;
        const input = {
          ...rest,
          ...deedOf(actor, reason),
          tenant,
          anchor: instantOf(anchor, "anchor"),
          from: instantOf(from, "from"),
        };
        return budgetJson(await budgets.create(input as BudgetInput));
      },
    }),
    route({
      method: "POST",
      path: "/v1/budgets/check",
      tag: "budgets",
      summary: "Whether this may be spent now; takes no room and changes nothing",
      access: "tenant",
      scopes: ["budgets:read"],
      write: "atomic",
      body: Strict(SPEND_REQUEST),
      reply: CheckView,
      handler: async ({ body, tenant }) => checkJson(await holds.check(spendRequest(body, tenant))),
    }),
    route({
      method: "GET",
      path: "/v1/budgets/:id",
      tag: "budgets",
      summary: "A budget",
      access: "tenant",
      scopes: ["budgets:read"],
      params: IdParams,
      query: NoQuery,
      reply: BudgetView,
      handler: async ({ params, tenant }) => budgetJson(await budget(budgets.get(params.id, tenant))),
    }),
    route({
      method: "PATCH",
      path: "/v1/budgets/:id",
      tag: "budgets",
      summary: "Change name, limit, thresholds, overage, recipients; what a budget is about stays",
      access: "tenant",
      scopes: ["budgets:write"],
      write: "atomic",
      audit: "budget.updated",
      params: IdParams,
      body: Strict({ name: Type.Optional(Line), reason: Reason, ...TERMS }),
      reply: BudgetView,
      handler: async ({ params, body, tenant, actor }) => {
        checkRecipients(body.notify, notifications);
        const { reason, ...terms } = body;
        const changes = { ...(terms as BudgetTermsInput), ...deedOf(actor, reason) };
        return budgetJson(await budget(budgets.update(params.id, changes, tenant)));
      },
    }),
    route({
      method: "GET",
      path: "/v1/budgets/:id/status",
      tag: "budgets",
      summary: "How far a budget is in the period of an instant, per counter",
      access: "tenant",
      scopes: ["budgets:read"],
      params: IdParams,
      query: Strict({ at: Type.Optional(InstantInput) }),
      reply: Strict({ ...BUDGET, counters: Type.Array(Counter) }),
      handler: async ({ params, query, tenant }) => {
        const at = instantOf(query.at, "at");
        const { counters, ...rest } = await budget(
          budgets.status(params.id, { tenant, ...(at !== undefined && { at }) }),
        );
        return { ...budgetJson(rest), counters: counters.map(counterJson) };
      },
    }),
    deed("suspend", "budget.suspended", "Refuse all requests until it is resumed; usage goes on counting"),
    deed("resume", "budget.resumed", "End a suspension, whoever made it"),
    deed("close", "budget.closed", "End a budget for good; its history stays"),
    deed(
      "reset",
      "budget.reset",
      "Start counting anew in the present period; what was counted is kept on record",
    ),
    route({
      method: "POST",
      path: "/v1/budgets/:id/override",
      tag: "budgets",
      summary: "Let one user pass the limit until an instant, without a limit or up to another one",
      access: "tenant",
      scopes: ["budgets:write"],
      write: "atomic",
      audit: "budget.overridden",
      status: 201,
      params: IdParams,
      body: Strict({
        user: Line,
        until: InstantInput,
        limit: Type.Optional(AmountInput),
        reason: Reason,
      }),
      reply: Strict({ id: Type.String(), budget: OptionalText, user: Type.String(), until: Instant }),
      handler: async ({ params, body, tenant, actor }) => {
        const { user, limit, reason } = body;
        const until = instantOf(body.until, "until") as Date;
        const input = { tenant, budget: params.id, user, until, limit, ...deedOf(actor, reason) };
        const made = await budget(budgets.override(input));
        return { ...made, until: made.until.toISOString() };
      },
    }),
    route({
      method: "GET",
      path: "/v1/budgets/:id/transactions",
      tag: "budgets",
      summary: "Spend without events that a budget counts, the newest first",
      access: "tenant",
      scopes: ["budgets:read"],
      params: IdParams,
      query: Strict(PageQuery),
      reply: PageOf(Strict(SPEND)),
      handler: async ({ params, query, tenant }) =>
        pageJson(
          await budget(budgets.transactions({ tenant, budget: params.id, ...pageQuery(query) })),
          spendJson,
        ),
    }),
    route({
      method: "GET",
      path: "/v1/budgets/:id/alerts",
      tag: "budgets",
      summary: "Crossed thresholds of a budget, the newest first",
      access: "tenant",
      scopes: ["budgets:read"],
      params: IdParams,
      query: Strict(PageQuery),
      reply: PageOf(AlertView),
      handler: async ({ params, query, tenant }) =>
        pageJson(await budget(budgets.alerts({ tenant, budget: params.id, ...pageQuery(query) })), alertJson),
    }),
    route({
      method: "GET",
      path: "/v1/budgets/:id/trends",
      tag: "budgets",
      summary: "What was spent over time, the oldest first, in UTC; spans without spend are left out",
      access: "tenant",
      scopes: ["budgets:read"],
      params: IdParams,
      query: Strict({
        by: choiceOf(["hour", "day", "week", "month"]),
        from: InstantInput,
        to: InstantInput,
      }),
      reply: Strict({ items: Type.Array(Strict({ from: Instant, spent: Money })) }),
      handler: async ({ params, query, tenant }) => {
        const [from, to] = [instantOf(query.from, "from") as Date, instantOf(query.to, "to") as Date];
        const points = await budget(budgets.trends(params.id, { tenant, by: query.by, from, to }));
        return {
          items: points.map(({ from, spent }) => ({ from: from.toISOString(), spent: moneyJson(spent) })),
        };
      },
    }),
  ];
}

/** A request to spend, as the engine takes it. */
export function spendRequest(
  { at, ...body }: { readonly at?: string } & Readonly<Record<string, unknown>>,
  tenant: string,
): SpendRequest {
  const instant = instantOf(at, "at");
  return { ...body, tenant, ...(instant !== undefined && { at: instant }) };
}

export function decisionJson(decision: BudgetDecision): Static<typeof Decision> {
  return {
    ...decision,
    counter: { ...decision.counter },
    limit: optionalMoneyJson(decision.limit),
    spent: moneyJson(decision.spent),
    held: moneyJson(decision.held),
    requested: moneyJson(decision.requested),
    remaining: optionalMoneyJson(decision.remaining),
    overage: moneyJson(decision.overage),
  };
}

export function spendJson(spend: BudgetSpend) {
  const { id, at, costUsd, tokens, counted, eventId, holdId, flags } = spend;
  return {
    ...{ id, tokens, counted, eventId, holdId },
    at: at.toISOString(),
    costUsd: moneyJson(costUsd),
    flags: [...flags] as string[],
  };
}

/** The page of a list in memory that begins after the item which a cursor names. */
function pageAfter(
  all: readonly BudgetRecord[],
  query: { readonly cursor?: string; readonly limit?: number },
  isShown: (budget: BudgetRecord) => boolean,
): Page<BudgetRecord> {
  const { cursor, limit } = pageQuery(query);
  const start =
    cursor === undefined ? 0 : all.findIndex(({ id }) => id === decodeCursor(cursor, ["string"])[0]) + 1;
  if (cursor !== undefined && start === 0) {
    throw invalidInput("cursor", "invalid_cursor", "cursor must be one that this list has returned");
  }
  const left = all.slice(start).filter(isShown);
  const items = left.slice(0, limit);
  const last = items.at(-1);
  return { items, nextCursor: left.length > limit && last !== undefined ? encodeCursor([last.id]) : null };
}

function budget<T>(work: Promise<T>): Promise<T> {
  return orUnknown("budget", work);
}

/** Who did it is whose key was shown; a caller cannot say otherwise. */
function deedOf({ kind, id }: Actor, reason: string | undefined) {
  return { actor: `${kind} ${id}`, ...(reason !== undefined && { reason }) };
}

/**
 * Recipients are checked here as they will be when an alert is sent: usage must not fail by them then, so one that is
 * wrong would go unheard.
 */
function checkRecipients(
  recipients: readonly Static<typeof RecipientInput>[] = [],
  notifications: NotificationService,
): void {
  for (const [index, recipient] of recipients.entries()) {
    const field = `notify[${index}]`;
    if ("email" in recipient) {
      if (isEmail(recipient.email)) continue;
      throw invalidInput(`${field}.email`, "invalid_email", `${field}.email must be one plain address`);
    }
    try {
      notifications.checkEndpoint(recipient.webhook);
    } catch (error) {
      if (!(error instanceof BillingError)) throw error;
      throw invalidInput(`${field}.webhook`, error.code, error.message);
    }
    if (recipient.secret !== undefined) secretBytes(recipient.secret);
  }
}

function budgetJson(record: BudgetRecord): Static<typeof BudgetView> {
  const { scope, thresholds, overage, notify, anchor } = record;
  return {
    ...record,
    scope: { ...scope } as Record<string, string>,
    anchor: anchor?.toISOString() ?? null,
    limit: optionalMoneyJson(record.limit),
    thresholds: [...thresholds],
    overage: overage && { multiplier: overage.multiplier, cap: optionalMoneyJson(overage.cap) },
    notify: [...notify],
    countsFrom: record.countsFrom.toISOString(),
    createdAt: record.createdAt.toISOString(),
  };
}

function counterJson(status: CounterStatus): Static<typeof Counter> {
  return {
    ...status,
    counter: { ...status.counter },
    spent: moneyJson(status.spent),
    held: moneyJson(status.held),
    limit: optionalMoneyJson(status.limit),
    carriedOver: moneyJson(status.carriedOver),
    remaining: optionalMoneyJson(status.remaining),
    overage: moneyJson(status.overage),
  };
}

function checkJson({ allowed, reason, message, warnings, budgets }: BudgetCheck): Static<typeof CheckView> {
  return { allowed, reason, message, warnings: [...warnings], budgets: budgets.map(decisionJson) };
}
