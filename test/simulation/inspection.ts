// All usage and budgets on record, read through the public API and compared with the auditor's model.

import type { Billing } from "../../src/billing.ts";
import type { CounterStatus } from "../../src/domain/budgets/index.ts";
import { usdText } from "./amounts.ts";
import type { Auditor } from "./auditor.ts";
import { same, sameLines } from "./disagreement.ts";
import { atLeast0, type Budget, type CounterPlace, ceilingOf, eachOf } from "./expected-budgets.ts";
import { DIMENSIONS, type Grouping, type Totals } from "./expected-usage.ts";
import type { Player } from "./player.ts";
import { amountText } from "./requests.ts";

const PAGE = 200;

/** What one operation can have touched: a tenant's sum, its budgets in their present period, the number of its alerts. */
export async function inspectTenant(billing: Billing, auditor: Auditor, tenant: string): Promise<void> {
  const { total } = await billing.analytics.usage({ tenant });
  same(`usage of ${tenant}`, totalsLine(total), expectedLine(auditor.usage.total(tenant)));
  const summary = await billing.budgets.summary(tenant);
  const engine = summary.flatMap((budget) => [
    statusLine(budget),
    ...budget.counters.map((counter) => counterLine(budget.id, counter)).filter(isWorthComparing),
  ]);
  sameLines(
    `budgets of ${tenant}`,
    engine,
    auditor.budgets.open(tenant).flatMap((budget) => [
      expectedStatusLine(budget),
      ...presentPlaces(auditor, budget)
        .map((place) => expectedCounterLine(auditor, place))
        .filter(isWorthComparing),
    ]),
  );
  const expected = auditor.budgets.alerts.filter((alert) => alert.tenant === tenant);
  const { items } = await billing.budgets.alerts({ tenant, limit: Math.min(500, expected.length + 1) });
  same(`number of alerts of ${tenant}`, items.length, Math.min(500, expected.length));
}

/** All there is. Returns it as lines, which must be the same on every engine. */
export async function inspectAll(billing: Billing, auditor: Auditor, player: Player): Promise<string[]> {
  const lines: string[] = [];
  for (const tenant of auditor.tenants) {
    lines.push(...(await inspectReports(billing, auditor, tenant)));
    lines.push(...(await inspectEvents(billing, auditor, tenant)));
    lines.push(...(await inspectCounters(billing, auditor, tenant)));
    lines.push(...(await inspectAlerts(billing, auditor, tenant)));
    lines.push(...(await inspectSpends(billing, auditor, tenant)));
  }
  lines.push(...(await inspectReports(billing, auditor, undefined)));
  lines.push(...(await inspectHolds(billing, auditor, player)));
  return lines;
}

async function inspectReports(
  billing: Billing,
  auditor: Auditor,
  tenant: string | undefined,
): Promise<string[]> {
  const all: string[] = [];
  const groupings: Grouping[] = ["day", "month", "type", ...DIMENSIONS];
  for (const by of tenant === undefined ? (["tenant", "day", "model"] as const) : groupings) {
    const query = { by: [by] };
    const report =
      tenant === undefined
        ? await billing.analytics.usageAcrossTenants(query)
        : await billing.analytics.usage({ ...query, tenant });
    const engine = report.groups.map(({ key, ...totals }) => `${by} ${key[by] ?? ""}: ${totalsLine(totals)}`);
    const expected = auditor.usage.report(by, tenant);
    const lines = [...expected].map(([key, totals]) => `${by} ${key}: ${expectedLine(totals)}`);
    sameLines(`report by ${by} of ${tenant ?? "all"}`, engine, lines);
    all.push(...engine.map((line) => `${tenant ?? "all"} ${line}`));
  }
  return all;
}

/** Every row's money, and the rows themselves: what counts today is what remains after reversals. */
async function inspectEvents(billing: Billing, auditor: Auditor, tenant: string): Promise<string[]> {
  const net = new Map<string, [rows: number, cost: bigint, charge: bigint]>();
  for await (const event of billing.metering.events({ tenant })) {
    const day = event.timestamp.toISOString().slice(0, 10);
    const key = `${day} ${event.type} ${event.model ?? ""} ${event.user ?? ""} ${event.debate ?? ""}`;
    const [rows, cost, charge] = net.get(key) ?? [0, 0n, 0n];
    const pico = (amount: { toFixed(): string }) => picoOf(amount.toFixed());
    net.set(key, [
      rows + (event.isReversal ? -1 : 1),
      cost + pico(event.costUsd),
      charge + pico(event.chargeUsd),
    ]);
  }
  const expected = new Map<string, [rows: number, cost: bigint, charge: bigint]>();
  for (const { row } of auditor.usage.present(tenant)) {
    const day = new Date(row.at).toISOString().slice(0, 10);
    const key = `${day} ${row.type} ${row.model} ${row.user} ${row.debate}`;
    const [rows, cost, charge] = expected.get(key) ?? [0, 0n, 0n];
    expected.set(key, [rows + 1, cost + row.cost, charge + row.charge]);
  }
  const lines = (sums: typeof net) =>
    [...sums].filter(([, [rows]]) => rows !== 0).map(([key, sum]) => `${key}: ${sum.join(" ")}`);
  sameLines(`events of ${tenant}`, lines(net), lines(expected));
  return lines(net).sort();
}

async function inspectCounters(billing: Billing, auditor: Auditor, tenant: string): Promise<string[]> {
  const all: string[] = [];
  for (const budget of auditor.budgets.budgets.filter((one) => one.tenant === tenant)) {
    const record = await billing.budgets.get(budget.id, tenant);
    same(`budget ${budget.id}`, statusLine(record), expectedStatusLine(budget));
    const made = auditor.budgets.countersOf(budget);
    for (const start of new Set(made.map(({ place }) => place.start))) {
      const { counters } = await billing.budgets.status(budget.id, { tenant, at: new Date(start) });
      const engine = counters.map((counter) => counterLine(budget.id, counter)).filter(isWorthComparing);
      const expected = auditor.budgets
        .countersOf(budget, start)
        .map(({ place }) => expectedCounterLine(auditor, place))
        .filter(isWorthComparing);
      sameLines(`counters of ${tenant}`, engine, expected);
      all.push(...engine.map((line) => `${tenant} ${line}`).sort());
    }
  }
  return all;
}

async function inspectAlerts(billing: Billing, auditor: Auditor, tenant: string): Promise<string[]> {
  const engine: string[] = [];
  for (let cursor: string | null = ""; cursor !== null; ) {
    const page = await billing.budgets.alerts({ tenant, limit: PAGE, ...(cursor !== "" && { cursor }) });
    for (const alert of page.items) {
      const key = Object.values(alert.counter).join(" / ");
      engine.push(
        `alert ${alert.budget} [${key}] ${alert.period.from} ${Math.round(alert.percent * 100)} ${alert.action} ` +
          `${alert.level}: ${alert.spent.toFixed()} of ${alert.limit.toFixed()} at ${alert.raisedAt.toISOString()}`,
      );
    }
    cursor = page.nextCursor;
  }
  const expected = auditor.budgets.alerts
    .filter((alert) => alert.tenant === tenant)
    .map(({ budget, key, start, bps, action, spent, limit, raisedAt }) => {
      const { measure } = auditor.budgets.find(tenant, budget) as Budget;
      const [at, from] = [raisedAt, start].map((instant) => new Date(instant).toISOString());
      const amounts = `${amountText(spent, measure)} of ${amountText(limit, measure)}`;
      return `alert ${budget} [${key}] ${from} ${bps} ${action} ${levelOf(bps)}: ${amounts} at ${at}`;
    });
  sameLines(`alerts of ${tenant}`, engine, expected);
  return engine.map((line) => `${tenant} ${line}`).sort();
}

async function inspectSpends(billing: Billing, auditor: Auditor, tenant: string): Promise<string[]> {
  const engine: string[] = [];
  for (let cursor: string | null = ""; cursor !== null; ) {
    const page = await billing.budgets.transactions({
      ...{ tenant, limit: PAGE },
      ...(cursor !== "" && { cursor }),
    });
    for (const { at, costUsd, tokens, counted, eventId } of page.items)
      engine.push(`spend ${at.toISOString()} ${costUsd.toFixed()} ${tokens} ${counted} ${eventId ?? ""}`);
    cursor = page.nextCursor;
  }
  const expected = auditor.holds.spends
    .filter((spend) => spend.tenant === tenant)
    .map(({ posting, isCounted, eventId }) => {
      const { cost, tokens } = posting.amounts;
      return `spend ${new Date(posting.at).toISOString()} ${usdText(cost)} ${tokens} ${isCounted} ${eventId}`;
    });
  sameLines(`spends of ${tenant}`, engine, expected);
  return engine.map((line) => `${tenant} ${line}`).sort();
}

async function inspectHolds(billing: Billing, auditor: Auditor, player: Player): Promise<string[]> {
  const lines: string[] = [];
  for (const hold of auditor.holds.holds) {
    const line = player.holdLine(await billing.holds.hold(player.idOf(hold.name), hold.tenant));
    same(hold.name, line, player.expectedHoldLine(hold));
    lines.push(`${hold.name} ${line}`);
  }
  return lines;
}

// Lines

function totalsLine(totals: {
  readonly events: number;
  readonly quantity: number;
  readonly inputTokens: number;
  readonly outputTokens: number;
  readonly flaggedEvents: number;
  readonly costUsd: { toFixed(): string };
  readonly chargeUsd: { toFixed(): string };
}): string {
  const { events, quantity, inputTokens, outputTokens, flaggedEvents, costUsd, chargeUsd } = totals;
  const counts = [events, quantity, inputTokens, outputTokens, flaggedEvents].join(" ");
  return `${counts} $${costUsd.toFixed()} $${chargeUsd.toFixed()}`;
}

function expectedLine({ events, quantity, tokensIn, tokensOut, flagged, cost, charge }: Totals): string {
  const counts = [events, quantity, tokensIn, tokensOut, flagged].join(" ");
  return `${counts} $${usdText(cost)} $${usdText(charge)}`;
}

interface StatusRecord {
  readonly id: string;
  readonly status: string;
  readonly suspendedBy: string | null;
  readonly limit: { toFixed(): string } | null;
  readonly countsFrom: Date;
}

function statusLine({ id, status, suspendedBy, limit, countsFrom }: StatusRecord): string {
  return `${id} ${status} ${suspendedBy ?? "-"} ${limit?.toFixed() ?? "-"} since ${countsFrom.toISOString()}`;
}

function expectedStatusLine({ id, status, suspendedBy, limit, measure, countsFrom }: Budget): string {
  const text = limit === null ? "-" : amountText(limit, measure);
  return `${id} ${status} ${suspendedBy ?? "-"} ${text} since ${new Date(countsFrom).toISOString()}`;
}

function counterLine(budget: string, counter: CounterStatus): string {
  const { spent, held, limit, carriedOver, remaining, percent, level, overage, period } = counter;
  const key = Object.values(counter.counter).join(" / ");
  const amounts = [spent, held, carriedOver].map((amount) => amount.toFixed()).join(" ");
  const terms = `${limit?.toFixed() ?? "-"} ${remaining?.toFixed() ?? "-"} ${percent ?? "-"} ${level} ${overage.toFixed()}`;
  return `${budget} [${key}] ${period.from} to ${period.to ?? "-"}: ${amounts}; ${terms}`;
}

/** A counter of nothing may be there or not. */
function isWorthComparing(line: string): boolean {
  return !line.includes(": 0 0 0; ");
}

function expectedCounterLine(auditor: Auditor, place: CounterPlace): string {
  const { budgets } = auditor;
  const { budget, key, start } = place;
  const text = (amount: bigint) => amountText(amount, budget.measure);
  const spent = budgets.spent(place);
  // A look tells what is kept until somebody tidies up, whether or not its time is over.
  const held = budgets.held(place, true);
  const carry = budgets.carryOf(place);
  const limit = budget.limit === null ? null : budget.limit + carry;
  const ceiling = ceilingOf(budget, limit, undefined);
  const rest = ceiling === null ? "-" : text(atLeast0(ceiling - atLeast0(spent) - held));
  const reached = budget.thresholds.filter(
    ({ bps }) => limit !== null && spent > 0n && spent * 10_000n >= limit * BigInt(bps),
  );
  const highest = reached.at(-1);
  const level = highest === undefined ? "none" : levelOf(highest.bps);
  const overage = limit === null ? 0n : atLeast0(spent - limit);
  const { end } = budgets.periodOf(budget, start);
  const from = new Date(start).toISOString();
  const to = end > 8_640_000_000_000_000 ? "-" : new Date(end).toISOString();
  const terms = `${limit === null ? "-" : text(limit)} ${rest} ${percentOf(spent, limit)} ${level} ${text(overage)}`;
  return `${budget.id} [${key}] ${from} to ${to}: ${[spent, held, carry].map(text).join(" ")}; ${terms}`;
}

/** The counters of now; of a budget without `each` there is always one. */
function presentPlaces(auditor: Auditor, budget: Budget): CounterPlace[] {
  const { budgets, now } = auditor;
  const { start } = budgets.periodOf(budget, now());
  const made = budgets.countersOf(budget, start).map(({ place }) => place);
  return made.length === 0 && eachOf(budget).length === 0 ? [{ budget, key: "", start }] : made;
}

function percentOf(spent: bigint, limit: bigint | null): string {
  if (limit === null) return "-";
  if (limit === 0n) return spent > 0n ? "100" : "0";
  return String(Number((atLeast0(spent) * 10_000n) / limit) / 100);
}

function levelOf(bps: number): string {
  if (bps >= 10_000) return "exceeded";
  if (bps >= 9_000) return "critical";
  return bps >= 7_500 ? "warning" : "info";
}

function picoOf(text: string): bigint {
  const [whole = "0", fraction = ""] = text.replace("-", "").split(".");
  const pico = BigInt(whole) * 10n ** 12n + BigInt(fraction.padEnd(12, "0"));
  return text.startsWith("-") ? -pico : pico;
}
