// A process of its own with sessions: `sessions-child.ts DATABASE_URL SECRET`. Answers each line of its input by a line:
// `authenticate TOKEN` and `refresh TOKEN` by the session or the error's code, `secret DATABASE_URL` by the secret beside it.

import { createInterface } from "node:readline";
import { ownSecret, SessionService } from "../../src/domain/identity/index.ts";
import { BillingError, createIds, ManualClock, secureRandom } from "../../src/kernel/index.ts";
import { storeAt } from "../../src/store/index.ts";

const [url = "", current = ""] = process.argv.slice(2);
const store = storeAt(url);
const clock = new ManualClock("2026-01-01T00:00:00Z");
const sessions = new SessionService({
  ...{ store, clock, ids: createIds(clock), random: secureRandom },
  secret: () => ({ current }),
});

const ANSWERS: Readonly<Record<string, (text: string) => Promise<string>>> = {
  authenticate: async (token) => (await sessions.authenticate(token)).sessionId,
  refresh: async (token) => (await sessions.refresh(token)).sessionId,
  secret: async (database) => ownSecret(database, secureRandom).current,
};

process.stdout.write("ready\n");
for await (const line of createInterface({ input: process.stdin })) {
  const [what = "", text = ""] = line.split(" ");
  const answer = ANSWERS[what]?.(text) ?? Promise.reject(new Error(`cannot ${what}`));
  const code = (error: unknown) => (error instanceof BillingError ? error.code : String(error));
  process.stdout.write(`${await answer.catch(code)}\n`);
}
await store.close();
