// Holds, their parts, and spends without events.

import { jsonOf, type Reader, rowsFrom, type Tx } from "../../store/index.ts";
import type { Amounts } from "./amounts.ts";
import { type CounterId, counterText } from "./counter-store.ts";
import type { Dimensions } from "./scope.ts";

export type HoldState = "open" | "captured" | "released" | "expired";
/** `single`: the first settlement closes it. `scoped`: settled in steps until it is released. */
export type HoldMode = "single" | "scoped";

export interface HoldPart {
  readonly budget: string;
  readonly counter: string;
  readonly periodStart: number;
  readonly amount: bigint;
  /** What of the amount is still held. */
  readonly remaining: bigint;
}

export interface HoldRow {
  readonly tenant: string;
  readonly id: string;
  readonly key: string | null;
  readonly mode: HoldMode;
  readonly state: HoldState;
  /** JSON text of what was asked for. */
  readonly request: string;
  /** The time whose periods it is held in. */
  readonly at: number;
  readonly createdAt: number;
  readonly expiresAt: number;
  /** Id of the event or spend that settled it first; '' for none. */
  readonly settledBy: string;
  readonly flags: number;
  readonly seal: string;
}

export interface Hold extends HoldRow {
  readonly parts: readonly HoldPart[];
}

export interface Spend extends Amounts {
  readonly tenant: string;
  readonly id: string;
  readonly key: string | null;
  /** '' for none. */
  readonly hold: string;
  /** Id of the event that tells the same; '' for none. */
  readonly eventId: string;
  readonly state: "counted" | "superseded";
  /** JSON text of what was asked for. */
  readonly request: string;
  readonly at: number;
  readonly dimensions: Dimensions;
  readonly flags: number;
  readonly recordedAt: number;
  readonly seal: string;
}

/** What of an event decides whether it tells a debate. */
export interface ToldEvent {
  readonly type: string;
  readonly debate: string;
  readonly ts: number;
  readonly quantity: bigint;
  /** False: it was taken back, or takes one back itself. */
  readonly stands: boolean;
}

const HOLD = {
  tenant: "text",
  id: "text",
  request_key: "text",
  mode: "text",
  state: "text",
  request: "text",
  at: "int",
  created_at: "int",
  expires_at: "int",
  settled_by: "text",
  flags: "int",
  seal: "text",
} as const;
const HOLD_COLUMNS = Object.keys(HOLD).join(", ");
const PART = {
  tenant: "text",
  hold: "text",
  budget: "text",
  counter: "text",
  period_start: "int",
  amount: "int",
  remaining: "int",
} as const;
const PART_COLUMNS = Object.keys(PART).join(", ");
const PART_KEY = "tenant, hold, budget, counter, period_start";
const SPEND = {
  tenant: "text",
  id: "text",
  request_key: "text",
  hold: "text",
  event_id: "text",
  state: "text",
  request: "text",
  at: "int",
  workspace: "text",
  '"user"': "text",
  agent: "text",
  debate: "text",
  provider: "text",
  model: "text",
  cost: "int",
  charge: "int",
  tokens: "int",
  debates: "int",
  calls: "int",
  flags: "int",
  recorded_at: "int",
  seal: "text",
} as const;
const SPEND_COLUMNS = Object.keys(SPEND).join(", ");
const PAIR = { tenant: "text", id: "text" } as const;

export interface Pair {
  readonly tenant: string;
  readonly id: string;
}

/** Locks the holds with these ids, sorted; their parts are still to be read. */
export async function lockHoldsById(tx: Tx, ids: readonly Pair[]): Promise<HoldRow[]> {
  return holdsBy("id", ids, tx, "FOR UPDATE OF h");
}

/** The holds that were authorized under these keys. */
export async function findHoldsByKey(keys: readonly Pair[], reader: Reader): Promise<HoldRow[]> {
  return holdsBy("request_key", keys, reader, "");
}

async function holdsBy(
  column: "id" | "request_key",
  pairs: readonly Pair[],
  reader: Reader,
  lock: "" | "FOR UPDATE OF h",
): Promise<HoldRow[]> {
  if (pairs.length === 0) return [];
  const rows = await reader.all<HoldDbRow>(
    `SELECT ${prefixed("h", HOLD_COLUMNS)} FROM ${rowsFrom(reader.dialect, PAIR)} AS k
     JOIN budget_holds AS h ON h.tenant = k.tenant AND h.${column} = k.id
     ORDER BY h.tenant, h.id ${reader.dialect === "postgres" ? lock : ""}`,
    [pairsOf(pairs)],
  );
  return rows.map(holdOf);
}

/** Takes the tenants' open holds that are past their end; those that another transaction works on stay out. */
export async function lockDueHolds(tx: Tx, tenants: readonly string[], now: number): Promise<HoldRow[]> {
  if (tenants.length === 0) return [];
  const rows = await tx.all<HoldDbRow>(
    `SELECT ${prefixed("h", HOLD_COLUMNS)} FROM ${rowsFrom(tx.dialect, { tenant: "text" })} AS k
     JOIN budget_holds AS h ON h.tenant = k.tenant AND h.state = 'open' AND h.expires_at <= ?
     ORDER BY h.tenant, h.id ${tx.dialect === "postgres" ? "FOR UPDATE OF h SKIP LOCKED" : ""}`,
    [jsonOf(tenants.map((tenant) => [tenant])), now],
  );
  return rows.map(holdOf);
}

/** The same of all tenants, the longest due first. */
export async function lockDueHoldsAcrossTenants(tx: Tx, now: number, limit: number): Promise<HoldRow[]> {
  const rows = await tx.all<HoldDbRow>(
    `SELECT ${HOLD_COLUMNS} FROM budget_holds WHERE state = 'open' AND expires_at <= ?
     ORDER BY expires_at LIMIT ? ${tx.dialect === "postgres" ? "FOR UPDATE SKIP LOCKED" : ""}`,
    [now, limit],
  );
  return rows.map(holdOf);
}

export async function hasDueHoldsAcrossTenants(now: number, reader: Reader): Promise<boolean> {
  const row = await reader.get(
    "SELECT id FROM budget_holds WHERE state = 'open' AND expires_at <= ? LIMIT 1",
    [now],
  );
  return row !== undefined;
}

/** The parts of holds, by `tenant\u001fid`. */
export async function partsOf(holds: readonly Pair[], reader: Reader): Promise<Map<string, HoldPart[]>> {
  const parts = new Map<string, HoldPart[]>();
  if (holds.length === 0) return parts;
  const rows = await reader.all<PartDbRow>(
    `SELECT ${prefixed("p", PART_COLUMNS)} FROM ${rowsFrom(reader.dialect, PAIR)} AS k
     JOIN budget_hold_parts AS p ON p.tenant = k.tenant AND p.hold = k.id
     ORDER BY ${prefixed("p", PART_KEY)}`,
    [pairsOf(holds)],
  );
  for (const row of rows) {
    const key = pairText({ tenant: row.tenant, id: row.hold });
    const list = parts.get(key) ?? [];
    list.push(partOf(row));
    parts.set(key, list);
  }
  return parts;
}

export async function findHold(tenant: string, id: string, reader: Reader): Promise<Hold | undefined> {
  const row = await reader.get<HoldDbRow>(
    `SELECT ${HOLD_COLUMNS} FROM budget_holds WHERE tenant = ? AND id = ?`,
    [tenant, id],
  );
  if (row === undefined) return undefined;
  const hold = holdOf(row);
  return { ...hold, parts: (await partsOf([hold], reader)).get(pairText(hold)) ?? [] };
}

/** Adds holds with their parts; tells whether all were new. A key that another transaction took is not. */
export async function insertHolds(tx: Tx, holds: readonly Hold[]): Promise<boolean> {
  if (holds.length === 0) return true;
  const inserted = await tx.run(
    `INSERT INTO budget_holds (${HOLD_COLUMNS})
     SELECT ${HOLD_COLUMNS} FROM ${rowsFrom(tx.dialect, HOLD)} AS r WHERE true ORDER BY tenant, request_key, id
     ON CONFLICT DO NOTHING`,
    [jsonOf(holds.map(rowOf))],
  );
  await tx.run(
    `INSERT INTO budget_hold_parts (${PART_COLUMNS})
     SELECT ${PART_COLUMNS} FROM ${rowsFrom(tx.dialect, PART)} AS r WHERE true ON CONFLICT DO NOTHING`,
    [jsonOf(holds.flatMap(partRows))],
  );
  return inserted === holds.length;
}

/** Writes what of locked holds has changed. */
export async function updateHolds(tx: Tx, holds: readonly Hold[]): Promise<void> {
  if (holds.length === 0) return;
  await tx.run(
    `UPDATE budget_holds SET state = r.state, settled_by = r.settled_by, flags = r.flags, seal = r.seal
     FROM ${rowsFrom(tx.dialect, HOLD)} AS r WHERE budget_holds.tenant = r.tenant AND budget_holds.id = r.id`,
    [jsonOf(holds.map(rowOf))],
  );
  await tx.run(
    `UPDATE budget_hold_parts SET remaining = r.remaining FROM ${rowsFrom(tx.dialect, PART)} AS r
     WHERE budget_hold_parts.tenant = r.tenant AND budget_hold_parts.hold = r.hold
       AND budget_hold_parts.budget = r.budget AND budget_hold_parts.counter = r.counter
       AND budget_hold_parts.period_start = r.period_start`,
    [jsonOf(holds.flatMap(partRows))],
  );
}

/** Spends recorded under these keys. */
export async function findSpendsByKey(keys: readonly Pair[], reader: Reader): Promise<Spend[]> {
  return spendsBy("request_key", keys, reader);
}

/** Spends that captured these holds. */
export async function findSpendsOfHolds(holds: readonly Pair[], reader: Reader): Promise<Spend[]> {
  return spendsBy("hold", holds, reader);
}

/** Spends that name these events. */
export async function findSpendsOfEvents(events: readonly Pair[], reader: Reader): Promise<Spend[]> {
  return spendsBy("event_id", events, reader);
}

async function spendsBy(
  column: "request_key" | "hold" | "event_id",
  pairs: readonly Pair[],
  reader: Reader,
): Promise<Spend[]> {
  if (pairs.length === 0) return [];
  const named = column === "request_key" ? "" : `AND s.${column} <> ''`;
  const rows = await reader.all<SpendDbRow>(
    `SELECT ${prefixed("s", SPEND_COLUMNS)} FROM ${rowsFrom(reader.dialect, PAIR)} AS k
     JOIN budget_spends AS s ON s.tenant = k.tenant AND s.${column} = k.id ${named} ORDER BY s.tenant, s.id`,
    [pairsOf(pairs)],
  );
  return rows.map(spendOf);
}

/** Adds spends; tells whether all were new. A key that another transaction took is not. */
export async function insertSpends(tx: Tx, spends: readonly Spend[]): Promise<boolean> {
  if (spends.length === 0) return true;
  const inserted = await tx.run(
    `INSERT INTO budget_spends (${SPEND_COLUMNS})
     SELECT ${SPEND_COLUMNS} FROM ${rowsFrom(tx.dialect, SPEND)} AS r WHERE true ORDER BY tenant, request_key, id
     ON CONFLICT DO NOTHING`,
    [jsonOf(spends.map(spendRow))],
  );
  return inserted === spends.length;
}

export async function updateSpends(tx: Tx, spends: readonly Spend[]): Promise<void> {
  if (spends.length === 0) return;
  await tx.run(
    `UPDATE budget_spends SET state = r.state, seal = r.seal FROM ${rowsFrom(tx.dialect, SPEND)} AS r
     WHERE budget_spends.tenant = r.tenant AND budget_spends.id = r.id`,
    [jsonOf(spends.map(spendRow))],
  );
}

/** Those of these events that are on record, by {@link pairText}. */
export async function recordedEvents(
  events: readonly Pair[],
  reader: Reader,
): Promise<ReadonlyMap<string, ToldEvent>> {
  if (events.length === 0) return new Map();
  const rows = await reader.all<
    Pair & { type: string; debate: string; ts: bigint; quantity: bigint; stands: bigint }
  >(
    `SELECT e.tenant, e.id, e.type, e.debate, e.ts, e.quantity,
       CASE WHEN e.sign = 1 AND NOT EXISTS (SELECT 1 FROM usage_events AS r
         WHERE r.tenant = e.tenant AND r.corrects = e.id AND r.sign = -1 AND r.corrects <> '') THEN 1 ELSE 0 END AS stands
     FROM ${rowsFrom(reader.dialect, PAIR)} AS k
     JOIN usage_events AS e ON e.id = k.id AND e.tenant = k.tenant`,
    [pairsOf(events)],
  );
  return new Map(
    rows.map(({ tenant, id, type, debate, ts, quantity, stands }) => [
      pairText({ tenant, id }),
      { type, debate, ts: Number(ts), quantity, stands: BigInt(stands) === 1n },
    ]),
  );
}

/** One tenant's spends, newest first, before a position. */
export async function pageOfSpends(
  tenant: string,
  page: { before: readonly [at: number, id: string] | undefined; limit: number },
  reader: Reader,
): Promise<Spend[]> {
  const { before, limit } = page;
  const position = before === undefined ? "" : "AND (at, id) < (?, ?)";
  const rows = await reader.all<SpendDbRow>(
    `SELECT ${SPEND_COLUMNS} FROM budget_spends WHERE tenant = ? ${position} ORDER BY at DESC, id DESC LIMIT ?`,
    [tenant, ...(before ?? []), limit],
  );
  return rows.map(spendOf);
}

/** What is held by open holds, per counter. */
export async function heldOfBudget(
  tenant: string,
  budget: string,
  reader: Reader,
): Promise<(CounterId & { held: bigint })[]> {
  const rows = await reader.all<PartDbRow & { held: bigint }>(
    `SELECT p.tenant, p.budget, p.counter, p.period_start, sum(p.remaining) AS held FROM budget_hold_parts AS p
     JOIN budget_holds AS h ON h.tenant = p.tenant AND h.id = p.hold
     WHERE p.tenant = ? AND p.budget = ? AND h.state = 'open'
     GROUP BY p.tenant, p.budget, p.counter, p.period_start`,
    [tenant, budget],
  );
  return rows.map((row) => ({
    tenant: row.tenant,
    budget: row.budget,
    counter: row.counter,
    periodStart: Number(row.period_start),
    held: row.held,
  }));
}

/** What open holds past their end still keep, by counter. */
export async function dueHeld(tenant: string, now: number, reader: Reader): Promise<Map<string, bigint>> {
  const rows = await reader.all<PartDbRow>(
    `SELECT ${prefixed("p", PART_COLUMNS)} FROM budget_holds AS h
     JOIN budget_hold_parts AS p ON p.tenant = h.tenant AND p.hold = h.id
     WHERE h.tenant = ? AND h.state = 'open' AND h.expires_at <= ?`,
    [tenant, now],
  );
  const held = new Map<string, bigint>();
  for (const row of rows) {
    const key = counterText({ tenant, ...partOf(row) });
    held.set(key, (held.get(key) ?? 0n) + row.remaining);
  }
  return held;
}

/** A page of all holds, by key. */
export async function pageOfHoldsAcrossTenants(
  after: Pair | undefined,
  limit: number,
  reader: Reader,
): Promise<Hold[]> {
  const position = after === undefined ? "" : "WHERE (tenant, id) > (?, ?)";
  const rows = await reader.all<HoldDbRow>(
    `SELECT ${HOLD_COLUMNS} FROM budget_holds ${position} ORDER BY tenant, id LIMIT ?`,
    [...(after === undefined ? [] : [after.tenant, after.id]), limit],
  );
  const holds = rows.map(holdOf);
  const parts = await partsOf(holds, reader);
  return holds.map((hold) => ({ ...hold, parts: parts.get(pairText(hold)) ?? [] }));
}

/** A page of all spends, by key. */
export async function pageOfSpendsAcrossTenants(
  after: Pair | undefined,
  limit: number,
  reader: Reader,
): Promise<Spend[]> {
  const position = after === undefined ? "" : "WHERE (tenant, id) > (?, ?)";
  const rows = await reader.all<SpendDbRow>(
    `SELECT ${SPEND_COLUMNS} FROM budget_spends ${position} ORDER BY tenant, id LIMIT ?`,
    [...(after === undefined ? [] : [after.tenant, after.id]), limit],
  );
  return rows.map(spendOf);
}

/** Parts whose hold or counter does not exist. */
export async function strayPartsAcrossTenants(
  reader: Reader,
): Promise<{ tenant: string; hold: string; budget: string }[]> {
  return reader.all(
    `SELECT p.tenant, p.hold, p.budget FROM budget_hold_parts AS p
     LEFT JOIN budget_holds AS h ON h.tenant = p.tenant AND h.id = p.hold
     LEFT JOIN budget_counters AS c ON c.tenant = p.tenant AND c.budget = p.budget AND c.counter = p.counter
       AND c.period_start = p.period_start
     WHERE h.id IS NULL OR c.budget IS NULL LIMIT 100`,
  );
}

export function pairText({ tenant, id }: Pair): string {
  return `${tenant}\u001f${id}`;
}

function pairsOf(pairs: readonly Pair[]): string {
  return jsonOf(pairs.map(({ tenant, id }) => [tenant, id]));
}

function prefixed(table: string, columns: string): string {
  return columns
    .split(", ")
    .map((column) => `${table}.${column}`)
    .join(", ");
}

interface HoldDbRow {
  readonly tenant: string;
  readonly id: string;
  readonly request_key: string | null;
  readonly mode: HoldMode;
  readonly state: HoldState;
  readonly request: string;
  readonly at: bigint;
  readonly created_at: bigint;
  readonly expires_at: bigint;
  readonly settled_by: string;
  readonly flags: bigint;
  readonly seal: string;
}

interface PartDbRow {
  readonly tenant: string;
  readonly hold: string;
  readonly budget: string;
  readonly counter: string;
  readonly period_start: bigint;
  readonly amount: bigint;
  readonly remaining: bigint;
}

interface SpendDbRow extends Dimensions {
  readonly tenant: string;
  readonly id: string;
  readonly request_key: string | null;
  readonly hold: string;
  readonly event_id: string;
  readonly state: Spend["state"];
  readonly request: string;
  readonly at: bigint;
  readonly cost: bigint;
  readonly charge: bigint;
  readonly tokens: bigint;
  readonly debates: bigint;
  readonly calls: bigint;
  readonly flags: bigint;
  readonly recorded_at: bigint;
  readonly seal: string;
}

function holdOf(row: HoldDbRow): HoldRow {
  return {
    tenant: row.tenant,
    id: row.id,
    key: row.request_key,
    mode: row.mode,
    state: row.state,
    request: row.request,
    at: Number(row.at),
    createdAt: Number(row.created_at),
    expiresAt: Number(row.expires_at),
    settledBy: row.settled_by,
    flags: Number(row.flags),
    seal: row.seal,
  };
}

function rowOf(hold: Hold) {
  const { tenant, id, key, mode, state, request, at, createdAt, expiresAt, settledBy, flags, seal } = hold;
  return [tenant, id, key, mode, state, request, at, createdAt, expiresAt, settledBy, flags, seal];
}

function partOf(row: PartDbRow): HoldPart {
  const { budget, counter, amount, remaining } = row;
  return { budget, counter, periodStart: Number(row.period_start), amount, remaining };
}

function partRows({ tenant, id, parts }: Hold) {
  return parts.map(({ budget, counter, periodStart, amount, remaining }) => [
    ...[tenant, id, budget, counter, periodStart, amount, remaining],
  ]);
}

function spendOf(row: SpendDbRow): Spend {
  const { workspace, user, agent, debate, provider, model } = row;
  return {
    tenant: row.tenant,
    id: row.id,
    key: row.request_key,
    hold: row.hold,
    eventId: row.event_id,
    state: row.state,
    request: row.request,
    at: Number(row.at),
    dimensions: { workspace, user, agent, debate, provider, model },
    cost: row.cost,
    charge: row.charge,
    tokens: row.tokens,
    debates: row.debates,
    calls: row.calls,
    flags: Number(row.flags),
    recordedAt: Number(row.recorded_at),
    seal: row.seal,
  };
}

function spendRow(spend: Spend) {
  const { tenant, id, key, hold, eventId, state, request, at, dimensions } = spend;
  const { workspace, user, agent, debate, provider, model } = dimensions;
  const { cost, charge, tokens, debates, calls, flags, recordedAt, seal } = spend;
  return [
    ...[tenant, id, key, hold, eventId, state, request, at],
    ...[workspace, user, agent, debate, provider, model],
    ...[cost, charge, tokens, debates, calls, flags, recordedAt, seal],
  ];
}
