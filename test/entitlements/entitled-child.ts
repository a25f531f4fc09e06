// One of two processes that begin debates of the same organization: `entitled-child.ts DATABASE_URL NAME ANCHOR` prints a
// line when it is ready, waits for a line, begins them all at once and prints what came of it as JSON.

import { once } from "node:events";
import { BillingError, systemClock } from "../../src/kernel/index.ts";
import { startEntitled } from "./entitled.ts";

export const DEBATES = 25;
export const SHARED = 10;

/** What a process saw. */
export interface Seen {
  /** Debates of its own that were begun. */
  readonly begun: string[];
  readonly refused: number;
  /** Answers to debates that both processes began at once, by another organization. */
  readonly shared: string[];
  readonly others: string[];
}

async function raceFor(url: string, name: string, anchor: number): Promise<Seen> {
  const { entitlements, subscribe, store } = await startEntitled(url, { clock: systemClock });
  for (const tenant of ["race", "shared"]) await subscribe(tenant, {}, { anchor, writes: false });
  await entitlements.may("race", "debates");
  process.stdout.write("ready\n");
  await once(process.stdin, "data");

  const seen = { begun: [] as string[], refused: 0, shared: [] as string[], others: [] as string[] };
  const race = async (number: number) => {
    try {
      seen.begun.push((await entitlements.startDebate("race", { debate: `${name} ${number}` })).debate);
    } catch (error) {
      if (error instanceof BillingError && error.code === "debate_limit_reached") seen.refused += 1;
      else seen.others.push(String(error));
    }
  };
  const shared = async (number: number) => {
    try {
      seen.shared.push((await entitlements.startDebate("shared", { debate: `d${number}` })).id);
    } catch (error) {
      seen.others.push(String(error));
    }
  };
  await Promise.all([
    ...Array.from({ length: DEBATES }, (_, number) => race(number)),
    ...Array.from({ length: SHARED }, (_, number) => shared(number)),
  ]);
  await store.close();
  return seen;
}

if (process.argv[1] === import.meta.filename) {
  const [url = "", name = "", anchor = "0"] = process.argv.slice(2);
  process.stdout.write(`${JSON.stringify(await raceFor(url, name, Number(anchor)))}\n`);
  process.stdin.destroy();
}
