// One of two processes whose users accept invitations: `seats-child.ts DATABASE_URL NAME` prints a line when it is ready,
// waits for a line with its guests as JSON, lets all of them accept at once, and prints what came of it as JSON.

import { createInterface } from "node:readline";
import { OrganizationService } from "../../src/domain/organizations/index.ts";
import { BillingError, createIds, secureRandom, systemClock } from "../../src/kernel/index.ts";
import { storeAt } from "../../src/store/index.ts";

/** Somebody with an invitation. */
export interface Guest {
  readonly user: string;
  readonly token: string;
}

/** What a process saw: who joined, and why the others did not. */
export interface Seen {
  readonly joined: string[];
  readonly refused: string[];
}

async function acceptAll(url: string): Promise<Seen> {
  const store = storeAt(url);
  await store.ready();
  const parts = { store, clock: systemClock, ids: createIds(systemClock), random: secureRandom };
  const organizations = new OrganizationService({ ...parts, holders: [] });
  const lines = createInterface({ input: process.stdin })[Symbol.asyncIterator]();
  process.stdout.write("ready\n");
  const guests = JSON.parse((await lines.next()).value as string) as Guest[];

  const seen: Seen = { joined: [], refused: [] };
  const accept = async ({ user, token }: Guest) => {
    try {
      seen.joined.push((await organizations.acceptInvitation({ kind: "user", id: user }, token)).userId);
    } catch (error) {
      seen.refused.push(error instanceof BillingError ? error.code : String(error));
    }
  };
  await Promise.all(guests.map(accept));
  await store.close();
  return seen;
}

if (process.argv[1] === import.meta.filename) {
  process.stdout.write(`${JSON.stringify(await acceptAll(process.argv[2] ?? ""))}\n`);
  process.stdin.destroy();
}
