// The proof on demand: every line follows from the change that made it, every subscription is what its last change left, and
// its organization is on its tier.

import type { Reader } from "../../store/index.ts";
import { dueAt } from "./due.ts";
import { type LineTerms, linesBetween, type SubscriptionLine, totalOf } from "./line.ts";
import { stateOfText, stateText } from "./state.ts";
import { type StoredSubscription, subscriptionsAcrossTenants } from "./subscription-store.ts";
import {
  changesAcrossTenants,
  type LoggedChange,
  linesOfChangesAcrossTenants,
  strayLinesAcrossTenants,
  wrongLineCountsAcrossTenants,
  wrongTiersAcrossTenants,
  wrongTrialsAcrossTenants,
} from "./verify-store.ts";

const PAGE = 1_000;

/** What of subscriptions does not agree, as sentences that name the row. */
export async function subscriptionDifferences(reader: Reader): Promise<string[]> {
  const found: string[] = [];
  for (const { tenant, organization, subscription } of await wrongTiersAcrossTenants(reader))
    found.push(
      `organizations row (id ${tenant}): on ${organization ?? "nothing"}, its subscription on ${subscription ?? "nothing"}`,
    );
  for (const { tenant, stored, counted, last } of await wrongLineCountsAcrossTenants(reader))
    found.push(
      `${rowOf(tenant)}: lines is ${stored ?? "missing"}, there are ${counted}, the last of them number ${last}`,
    );
  for (const { tenant, number } of await strayLinesAcrossTenants(reader))
    found.push(`subscription_lines row (tenant ${tenant}, number ${number}): no change made it`);
  for (const { tenant } of await wrongTrialsAcrossTenants(reader))
    found.push(`${rowOf(tenant)}: its trial is not the one in subscription_trials`);
  const lasts = await logDifferences(reader, found);
  await rowDifferences(reader, lasts, found);
  return found;
}

/** Goes through every change log; returns each one's last change. */
async function logDifferences(reader: Reader, found: string[]): Promise<Map<string, LoggedChange>> {
  const lasts = new Map<string, LoggedChange>();
  let after = { tenant: "", number: 0n };
  for (;;) {
    const page = await changesAcrossTenants(after, PAGE, reader);
    const [first, last] = [page[0], page.at(-1)];
    if (first === undefined || last === undefined) return lasts;
    const lines = byChange(await linesOfChangesAcrossTenants(first, last, reader));
    for (const change of page) {
      found.push(...changeDifferences(change, lasts.get(change.tenant), lines.get(keyOf(change)) ?? []));
      lasts.set(change.tenant, change);
    }
    after = last;
  }
}

function changeDifferences(
  change: LoggedChange,
  before: LoggedChange | undefined,
  lines: readonly SubscriptionLine[],
): string[] {
  const { tenant, number, total } = change;
  const name = `subscription_changes row (tenant ${tenant}, number ${number})`;
  if (number !== (before?.number ?? 0n) + 1n) return [`${name}: the one before it is missing`];
  const [state, last] = [stateOfText(change.state), stateOfText((before ?? change).state)];
  if (state === undefined) return [`${name}: its state is no state`];
  if (last === undefined) return [];
  const at = Number(change.at);
  const expected = linesBetween(last, state, at);
  const found: string[] = [];
  if (totalOf(expected) !== total)
    found.push(`${name}: total is ${total}, its states give ${totalOf(expected)}`);
  const given = lines.map((line) => `${termsText(line)} at ${line.at}`);
  const wanted = expected.map((line) => `${termsText(line)} at ${at}`);
  if (given.join() !== wanted.join())
    found.push(`${name}: its lines are [${given.join("; ")}], its states give [${wanted.join("; ")}]`);
  return found;
}

async function rowDifferences(
  reader: Reader,
  lasts: ReadonlyMap<string, LoggedChange>,
  found: string[],
): Promise<void> {
  let after: string | undefined = "";
  while (after !== undefined) {
    const page: StoredSubscription[] = await subscriptionsAcrossTenants(after, PAGE, reader);
    for (const stored of page) found.push(...stateDifferences(stored, lasts.get(stored.tenant)));
    after = page.length < PAGE ? undefined : page.at(-1)?.tenant;
  }
}

function stateDifferences(stored: StoredSubscription, last: LoggedChange | undefined): string[] {
  const { tenant, state, changes } = stored;
  const found: string[] = [];
  if (changes !== Number(last?.number ?? 0))
    found.push(`${rowOf(tenant)}: changes is ${changes}, its log ends at ${last?.number ?? 0}`);
  // Found when subscriptions came: due at once, and nothing is on record of it yet.
  const due = changes === 0 ? 0 : dueAt(state);
  if (stored.dueAt !== due) found.push(`${rowOf(tenant)}: due_at is ${stored.dueAt}, its state gives ${due}`);
  if (last !== undefined && last.state !== stateText(state))
    found.push(`${rowOf(tenant)}: its state is ${stateText(state)}, the last change left ${last.state}`);
  return found;
}

/** What a line is worth; its words may be put better one day. */
function termsText(line: LineTerms): string {
  const { kind, tier, planVersion, from, to, periodStart, periodEnd, amount } = line;
  return [kind, tier, planVersion, from, to, periodStart, periodEnd, amount].join(" ");
}

function keyOf({ tenant, number }: { readonly tenant: string; readonly number: bigint }): string {
  return JSON.stringify([tenant, Number(number)]);
}

function byChange(lines: readonly SubscriptionLine[]): Map<string, SubscriptionLine[]> {
  const grouped = new Map<string, SubscriptionLine[]>();
  for (const line of lines) {
    const key = keyOf({ tenant: line.tenant, number: BigInt(line.change) });
    grouped.set(key, [...(grouped.get(key) ?? []), line]);
  }
  return grouped;
}

function rowOf(tenant: string): string {
  return `subscriptions row (tenant ${tenant})`;
}
