import type { Reader, Tx, Value } from "../../store/index.ts";
import { type PriceEntry, parsePriceEntry, priceEntryToJson } from "./price-entry.ts";
import { type PriceRule, parsePriceRule, priceRuleToJson } from "./price-rule.ts";

/** The book's version: it grows with every committed change. */
export async function bookVersion(reader: Reader): Promise<bigint> {
  const row = await reader.get<{ version: bigint }>("SELECT version FROM price_book");
  return row?.version ?? 0n;
}

/** Every entry ever added. `intact` is false where a row was changed behind the book's back. */
export async function readEntries(
  reader: Reader,
): Promise<{ entry: PriceEntry; rowId: string; intact: boolean }[]> {
  const rows = await reader.all<{
    id: string;
    layer: bigint;
    entry: string;
    provider: string;
    model: string;
  }>("SELECT id, layer, provider, model, entry FROM prices ORDER BY seq");
  return rows.map((row) => {
    const entry = parsePriceEntry(JSON.parse(row.entry), Number(row.layer), `price ${row.id}`);
    const intact = entry.id === row.id && entry.provider === row.provider && entry.model === row.model;
    return { entry: { ...entry, id: row.id }, rowId: row.id, intact };
  });
}

/** Locks the book for the rest of the transaction and raises its version: additions come one after another. */
export async function lockBook(tx: Tx): Promise<void> {
  await tx.run("UPDATE price_book SET version = version + 1");
}

/** Every entry of one layer. */
export async function readLayer(reader: Reader, layer: number): Promise<PriceEntry[]> {
  const rows = await reader.all<{ id: string; entry: string }>(
    "SELECT id, entry FROM prices WHERE layer = ? ORDER BY seq",
    [layer],
  );
  return rows.map(({ id, entry }) => ({ ...parsePriceEntry(JSON.parse(entry), layer, `price ${id}`), id }));
}

/** Adds entries whose places in the book are known to be free. */
export async function insertEntries(tx: Tx, entries: readonly PriceEntry[], addedAt: number): Promise<void> {
  const rows = entries.map((entry) => rowOf(entry, addedAt));
  await tx.many(
    "INSERT INTO prices (id, layer, provider, model, effective_from, entry, added_at) VALUES (?, ?, ?, ?, ?, ?, ?)",
    rows,
  );
}

/** Adds an entry unless its id is there; returns the id of the entry that now holds its place in the book. */
export async function insertEntry(
  tx: Tx,
  entry: PriceEntry,
  addedAt: number,
): Promise<{ id: string; added: boolean }> {
  const changed = await tx.run(
    `INSERT INTO prices (id, layer, provider, model, effective_from, entry, added_at)
     VALUES (?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING`,
    rowOf(entry, addedAt),
  );
  if (changed === 1) return { id: entry.id, added: true };
  const row = await tx.get<{ id: string }>(
    "SELECT id FROM prices WHERE layer = ? AND provider = ? AND model = ? AND effective_from = ?",
    [entry.layer, entry.provider, entry.model, entry.effectiveFrom],
  );
  return { id: row?.id ?? entry.id, added: false };
}

/** Every rule ever added. `intact` is false where a row was changed behind the book's back. */
export async function readRules(
  reader: Reader,
): Promise<{ rule: PriceRule; rowId: string; intact: boolean }[]> {
  const rows = await reader.all<{
    id: string;
    applies_to: string;
    tenant: string;
    provider: string;
    model: string;
    effective_from: bigint;
    rule: string;
  }>("SELECT id, applies_to, tenant, provider, model, effective_from, rule FROM price_rules ORDER BY seq");
  return rows.map((row) => {
    const rule = parsePriceRule(JSON.parse(row.rule), `rule ${row.id}`);
    const intact =
      rule.id === row.id &&
      rule.appliesTo === row.applies_to &&
      rule.tenant === row.tenant &&
      rule.provider === row.provider &&
      rule.model === row.model &&
      BigInt(rule.effectiveFrom) === row.effective_from;
    return { rule, rowId: row.id, intact };
  });
}

/** Adds a rule unless its id is there; returns the id of the rule that now holds its place. */
export async function insertRule(
  tx: Tx,
  rule: PriceRule,
  addedAt: number,
): Promise<{ id: string; added: boolean }> {
  const place = [rule.appliesTo, rule.tenant, rule.provider, rule.model, rule.effectiveFrom];
  const changed = await tx.run(
    `INSERT INTO price_rules (id, applies_to, tenant, provider, model, effective_from, rule, added_at)
     VALUES (?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING`,
    [rule.id, ...place, JSON.stringify(priceRuleToJson(rule)), addedAt],
  );
  if (changed === 1) return { id: rule.id, added: true };
  const row = await tx.get<{ id: string }>(
    `SELECT id FROM price_rules
     WHERE applies_to = ? AND tenant = ? AND provider = ? AND model = ? AND effective_from = ?`,
    place,
  );
  return { id: row?.id ?? rule.id, added: false };
}

function rowOf(entry: PriceEntry, addedAt: number): Value[] {
  return [
    entry.id,
    entry.layer,
    entry.provider,
    entry.model,
    entry.effectiveFrom,
    JSON.stringify(priceEntryToJson(entry)),
    addedAt,
  ];
}
