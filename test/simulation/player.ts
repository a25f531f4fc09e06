// Does one operation on the engine and on the auditor, and compares what they answer.

import type { Billing } from "../../src/billing.ts";
import type { BudgetDecision, BudgetHold } from "../../src/domain/budgets/index.ts";
import { usdText } from "./amounts.ts";
import { type Answer, attempt, codeOf } from "./attempt.ts";
import type { Auditor } from "./auditor.ts";
import { Disagreement, same } from "./disagreement.ts";
import type { Budget, Opinion } from "./expected-budgets.ts";
import type { Failure, Hold } from "./expected-holds.ts";
import { inspectTenant } from "./inspection.ts";
import type { Authorization, Operation } from "./operations.ts";
import {
  amountInput,
  amountsAsked,
  amountText,
  askedOf,
  budgetInput,
  entryInput,
  requestInput,
  ruleInput,
  termsInput,
  textOf,
  useInput,
} from "./requests.ts";

const DEFAULT_TTL_MS = 5 * 60_000;
const TOO_FAR_AHEAD_MS = 6 * 60_000;
const REASON = "the simulation says so";

export class Player {
  readonly #auditor: Auditor;
  /** The engine's ids of holds, by the workload's names. */
  readonly #ids = new Map<string, string>();

  constructor(auditor: Auditor) {
    this.#auditor = auditor;
  }

  idOf(hold: string): string {
    const id = this.#ids.get(hold);
    if (id === undefined) throw new Disagreement(`${hold} was never made`);
    return id;
  }

  async play(billing: Billing, operation: Operation, under: Hold | null = null): Promise<void> {
    const auditor = this.#auditor;
    switch (operation.do) {
      case "record":
        return this.#record(billing, operation, under);
      case "check":
        return this.#check(billing, operation.request);
      case "authorize":
        return this.#authorize(billing, operation.request);
      case "withBudget":
        return this.#withBudget(billing, operation);
      case "capture":
        return this.#capture(billing, operation);
      case "release": {
        const { hold, tenant } = operation;
        const answer = await attempt(() => billing.holds.release(this.idOf(hold), tenant));
        const known = auditor.holds.find(hold);
        return this.#sameHold(answer, known.tenant === tenant ? auditor.holds.release(known) : NOT_FOUND);
      }
      case "spend":
        return this.#spend(billing, operation);
      case "correct": {
        const { tenant, id, values } = operation;
        const input = values === null ? null : useInput(values);
        const answer = await attempt(() => billing.metering.correct(id, input, REASON, { tenant }));
        const expected = auditor.correct(tenant, id, values);
        same("correction", "code" in answer ? answer.code : answer.value.status, codeOf(expected));
        return;
      }
      case "rerate":
        return this.#rerate(billing, operation);
      case "price": {
        const { entry } = operation;
        const isTaken = auditor.prices.own.some(
          (one) => one.provider === entry.provider && one.model === entry.model && one.from === entry.from,
        );
        const answer = await attempt(() => billing.pricing.add([entryInput(entry)]));
        if (!isTaken) auditor.addPrice(entry);
        return same("price", codeOf(answer), isTaken ? "price_exists" : "done");
      }
      case "rule": {
        const { rule } = operation;
        const placeOf = ({ target, tenant, provider, model, from }: typeof rule) =>
          textOf([target, tenant, provider, model, from]);
        const isTaken = auditor.prices.rules.some((one) => placeOf(one) === placeOf(rule));
        const answer = await attempt(() => billing.pricing.addRules([ruleInput(rule)]));
        if (!isTaken) auditor.addRule(rule);
        return same("rule", codeOf(answer), isTaken ? "price_rule_exists" : "done");
      }
      case "create": {
        const { terms } = operation;
        const answer = await attempt(() => billing.budgets.create(budgetInput(terms)));
        const isTaken = auditor.budgets.find(terms.tenant, terms.id) !== undefined;
        if (!isTaken) auditor.budgets.create(terms);
        return same("create", codeOf(answer), isTaken ? "budget_exists" : "done");
      }
      case "update": {
        const budget = this.#budget(operation);
        const changes = termsInput(operation.changes, budget.measure);
        const answer = await attempt(() => billing.budgets.update(budget.id, changes, budget.tenant));
        auditor.budgets.update(budget, operation.changes);
        return same("update", codeOf(answer), "done");
      }
      case "suspend":
      case "resume":
      case "close":
      case "reset": {
        const budget = this.#budget(operation);
        const { budgets } = billing;
        const answer = await attempt(() => budgets[operation.do](budget.id, {}, budget.tenant));
        auditor.budgets[operation.do](budget);
        return same(operation.do, codeOf(answer), "done");
      }
      case "override":
        return this.#override(billing, operation);
    }
  }

  // Usage

  async #record(
    billing: Billing,
    { events, alone }: Extract<Operation, { do: "record" }>,
    under: Hold | null,
  ): Promise<void> {
    const inputs = events.map(({ id, use, hold, bad }) => ({
      id,
      ...useInput(use),
      ...(hold !== null && { holdId: this.idOf(hold) }),
      ...(bad === "future" && { timestamp: new Date(this.#auditor.now() + TOO_FAR_AHEAD_MS) }),
      ...(bad === "negative" && { tokensOut: -1 }),
      ...(bad === "cached" && { cachedTokens: use.tokensIn + 1 }),
      ...(bad === "unknownField" && { tokens: 5 }),
    }));
    const first = inputs[0];
    const verdicts =
      alone && first !== undefined
        ? [await billing.metering.record(first)]
        : await billing.metering.record(inputs);
    const expected = this.#auditor.record(events, under);
    same(
      "verdicts",
      verdicts.map(({ status, costUsd }) => [status, costUsd?.toFixed() ?? null]),
      expected.map(({ status, cost }) => [status, cost === null ? null : usdText(cost)]),
    );
  }

  async #rerate(billing: Billing, { scope, dry }: Extract<Operation, { do: "rerate" }>): Promise<void> {
    const { tenant, model } = scope;
    const query = {
      ...{ from: new Date(scope.from), to: new Date(scope.to) },
      ...(tenant !== null && { tenant }),
      ...(model !== null && { model }),
    };
    const report = await billing.metering.rerate(query, { dryRun: dry, reason: REASON });
    const expected = this.#auditor.rerate(scope, dry);
    const tenants = report.tenants.map((one) => [
      ...[one.tenant, one.events, one.costBeforeUsd.toFixed(), one.costAfterUsd.toFixed()],
      ...[one.chargeBeforeUsd.toFixed(), one.chargeAfterUsd.toFixed()],
    ]);
    const expectedTenants = expected.tenants.map(({ tenant, events, before, after }) => [
      ...[tenant, events, usdText(before.cost), usdText(after.cost)],
      ...[usdText(before.charge), usdText(after.charge)],
    ]);
    same("re-rating", [report.examined, tenants], [expected.examined, expectedTenants]);
  }

  // Holds

  async #check(billing: Billing, request: Extract<Operation, { do: "check" }>["request"]): Promise<void> {
    const answer = await billing.holds.check(requestInput(request, "estimatedCostUsd"));
    const { budgets, prices, now } = this.#auditor;
    const opinions = budgets.opinions(askedOf(prices, request, now()));
    const refusing = opinions.filter(({ reason }) => reason !== null);
    const isSuspended = refusing.some(({ reason }) => reason === "budget_suspended");
    const reason = refusing.length === 0 ? null : isSuspended ? "budget_suspended" : "budget_exceeded";
    same("check", [answer.allowed, answer.reason], [reason === null, reason]);
    this.#sameOpinions(answer.budgets, opinions);
  }

  async #authorize(billing: Billing, request: Authorization): Promise<void> {
    const answer = await attempt(() => billing.holds.authorize(this.#authorizeInput(request)));
    const expected = this.#expectHold(request, "single");
    if ("value" in answer && !("code" in expected)) this.#ids.set(expected.name, answer.value.id);
    this.#sameHold(answer, expected);
  }

  async #withBudget(billing: Billing, operation: Extract<Operation, { do: "withBudget" }>): Promise<void> {
    const { request, inside, throws } = operation;
    const stop = new Error("the work inside failed");
    let expected: Hold | Failure | undefined;
    const answer = await attempt(() =>
      billing.holds.withBudget(this.#authorizeInput(request), async (hold) => {
        const held = this.#expectHold(request, "scoped");
        expected = held;
        if ("code" in held) throw new Disagreement(`withBudget was admitted, not ${held.code}`);
        this.#ids.set(request.hold, hold.id);
        this.#sameHold({ value: hold }, held);
        for (const inner of inside) {
          await this.play(billing, inner, held);
          // What an event took is no longer held, and what is left still is.
          this.#sameHold({ value: await billing.holds.hold(hold.id, request.tenant) }, held);
          await inspectTenant(billing, this.#auditor, request.tenant);
        }
        if (throws) throw stop;
      }),
    );
    expected ??= this.#expectHold(request, "scoped");
    if (!("code" in expected)) this.#auditor.holds.release(expected);
    const outcome = "code" in expected ? expected.code : throws ? stop.message : "done";
    same("withBudget", codeOf(answer), outcome);
  }

  #authorizeInput(request: Authorization) {
    const { key, ttlMs } = request;
    return {
      ...requestInput(request, "estimatedCostUsd"),
      ...(key !== null && { key }),
      ...(ttlMs !== null && { ttlMs }),
    };
  }

  #expectHold(request: Authorization, mode: Hold["mode"]): Hold | Failure {
    const { tenant, names, type, at, amount, key, hold: name } = request;
    const asked = askedOf(this.#auditor.prices, request, this.#auditor.now());
    return this.#auditor.holds.authorize({
      ...asked,
      ...{ name, key, mode, type, ttlMs: request.ttlMs ?? DEFAULT_TTL_MS, asked: request },
      request: textOf({ tenant, names, type, at, amount }),
    });
  }

  async #capture(billing: Billing, operation: Extract<Operation, { do: "capture" }>): Promise<void> {
    const { hold: name, tenant, actual } = operation;
    const { holds, prices } = this.#auditor;
    const input = amountInput(actual, "costUsd");
    const answer = await attempt(() => billing.holds.capture(this.idOf(name), input, tenant));
    const hold = holds.find(name);
    if (hold.tenant !== tenant) return this.#sameHold(answer, NOT_FOUND);
    const { amounts } = amountsAsked(prices, hold, actual);
    this.#sameHold(answer, holds.capture(hold, { amounts, request: textOf(actual), asked: actual }));
  }

  async #spend(billing: Billing, operation: Extract<Operation, { do: "spend" }>): Promise<void> {
    const { request, key, eventId, enforce } = operation;
    const { tenant, names, type, at, amount } = request;
    const { holds, prices, usage, now } = this.#auditor;
    const input = {
      ...requestInput(request, "amountUsd"),
      ...(key !== null && { key }),
      ...(eventId !== null && { eventId }),
    };
    const answer = await attempt(() =>
      enforce ? billing.holds.spend(input) : billing.holds.recordSpend(input),
    );
    const told = eventId === null ? undefined : usage.find(tenant, eventId);
    const spend = {
      ...askedOf(prices, request, now()),
      ...{ key, eventId: eventId ?? "", isEnforced: enforce, asked: operation },
      request: textOf({ names, type, at, amount }),
    };
    const before = holds.spends.length;
    const asIs = this.#auditor.budgets.opinions(spend);
    const expected = holds.spend(spend, told);
    if ("code" in expected || "code" in answer) return same("spend", codeOf(answer), codeOf(expected));
    const { cost } = expected.posting.amounts;
    same(
      "spend",
      [answer.value.costUsd.toFixed(), answer.value.counted],
      [usdText(cost), expected.isCounted],
    );
    const isNew = holds.spends.length > before && expected.isCounted;
    this.#sameOpinions(answer.value.budgets, isNew ? asIs : []);
  }

  async #override(billing: Billing, operation: Extract<Operation, { do: "override" }>): Promise<void> {
    const { tenant, budget, user, until, limit } = operation;
    const known = this.#auditor.budgets.find(tenant, budget);
    const answer = await attempt(() =>
      billing.budgets.override({
        ...{ tenant, user, until: new Date(until) },
        ...(known !== undefined && { budget }),
        ...(limit !== null && { limit: amountText(limit, known?.measure ?? "usd") }),
      }),
    );
    this.#auditor.budgets.override({ tenant, budget, user, until, limit });
    same("override", codeOf(answer), "done");
  }

  // Comparisons

  #sameOpinions(engine: readonly BudgetDecision[], auditor: readonly Opinion[]): void {
    const byBudget = (a: readonly unknown[], b: readonly unknown[]) => (String(a[0]) < String(b[0]) ? -1 : 1);
    same(
      "what the budgets say",
      engine
        .map((one) => [
          ...[one.budget, Object.values(one.counter).join(" / "), one.allowed, one.limit?.toFixed() ?? null],
          ...[one.spent, one.held, one.requested].map((amount) => amount.toFixed()),
          ...[one.remaining?.toFixed() ?? null, one.overage.toFixed(), one.period.from],
        ])
        .sort(byBudget),
      auditor.map(opinionLine).sort(byBudget),
    );
  }

  #sameHold(answer: Answer<BudgetHold>, expected: Hold | Failure): void {
    if ("code" in expected || "code" in answer) {
      same("hold", codeOf(answer), codeOf(expected));
      if (!("error" in answer) || !("code" in expected) || expected.opinions === undefined) return;
      const { details } = answer.error;
      const known = expected.opinions.find(({ place }) => place.budget.id === details.budget);
      if (known === undefined) throw new Disagreement(`${String(details.budget)} does not refuse`);
      const text = (amount: bigint) => amountText(amount, known.place.budget.measure);
      const engine = [details.spent, details.held, details.requested];
      same("refusal", engine, [text(known.spent), text(known.held), text(known.requested)]);
      return;
    }
    same("hold", this.holdLine(answer.value), this.expectedHoldLine(expected));
  }

  holdLine(hold: BudgetHold): string {
    const parts = hold.parts.map(
      ({ budget, amount, remaining }) => `${budget} ${remaining.toFixed()} of ${amount.toFixed()}`,
    );
    const settled = hold.settledBy === null ? "" : " settled";
    return `${hold.state}${settled} until ${hold.expiresAt.toISOString()}: ${parts.sort().join(", ")}; ${[...hold.flags].sort()}`;
  }

  expectedHoldLine(hold: Hold): string {
    const parts = hold.parts.flatMap(({ budget, amount, remaining }) => {
      const known = this.#auditor.budgets.find(hold.tenant, budget);
      if (known === undefined || known.status === "closed") return [];
      const text = (value: bigint) => amountText(value, known.measure);
      return [`${budget} ${text(remaining)} of ${text(amount)}`];
    });
    const settled = hold.isSettled ? " settled" : "";
    const until = new Date(hold.expiresAt).toISOString();
    return `${hold.state}${settled} until ${until}: ${parts.sort().join(", ")}; ${[...hold.flags].sort()}`;
  }

  #budget({ tenant, budget }: { readonly tenant: string; readonly budget: string }): Budget {
    const known = this.#auditor.budgets.find(tenant, budget);
    if (known === undefined) throw new Error(`no budget ${budget} of ${tenant}`);
    return known;
  }
}

const NOT_FOUND: Failure = { code: "hold_not_found" };

function opinionLine(opinion: Opinion): unknown[] {
  const { place, reason, requested, spent, held, limit, remaining, overage } = opinion;
  const text = (amount: bigint) => amountText(amount, place.budget.measure);
  return [
    ...[place.budget.id, place.key, reason === null, limit === null ? null : text(limit)],
    ...[spent, held, requested].map(text),
    ...[remaining === null ? null : text(remaining), text(overage), new Date(place.start).toISOString()],
  ];
}
