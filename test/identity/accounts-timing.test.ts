// How long a refusal takes must not tell whether there is an account. ARAGORA_TIMING_TRIES says how many tries; the medians
// are printed then.

import { expect, it } from "vitest";
import { AccountService, SessionService } from "../../src/domain/identity/index.ts";
import { AccountMails } from "../../src/domain/notifications/index.ts";
import { createIds, ManualClock, secureRandom } from "../../src/kernel/index.ts";
import { open } from "../../src/store/index.ts";

const TRIES = Number(process.env.ARAGORA_TIMING_TRIES ?? 8);
const PASSWORD = "a long enough secret";

it("takes as long for an unknown address as for a known one with a wrong password, at the real cost", async () => {
  const store = await open("sqlite::memory:");
  const clock = new ManualClock("2026-01-15T12:00:00.000Z");
  const parts = { store, clock, ids: createIds(clock), random: secureRandom };
  const sessions = new SessionService({
    ...parts,
    secret: () => ({ current: "for tests alone: 8f31c0b2a97d4e65" }),
  });
  const accounts = new AccountService({ ...parts, sessions, mailer: new AccountMails(parts.ids) });
  await accounts.register({ email: "known@example.com", password: PASSWORD });
  const mail = await store.read((reader) =>
    reader.get<{ secret: string }>("SELECT secret FROM notifications WHERE kind = 'account'"),
  );
  await accounts.verifyEmail(mail?.secret ?? "");
  const timeOf = async (email: string) => {
    const at = performance.now();
    await expect(accounts.signIn({ email, password: "a wrong secret" })).rejects.toMatchObject({
      code: "invalid_credentials",
    });
    return performance.now() - at;
  };
  const known: number[] = [];
  const unknown: number[] = [];
  for (let n = 0; n < TRIES; n += 1) {
    // Past every limit, and in turns: what slows the machine slows both.
    clock.advance(2 * 3_600_000);
    known.push(await timeOf("known@example.com"));
    unknown.push(await timeOf(`unknown${n}@example.com`));
  }
  await store.close();
  const ratio = median(unknown) / median(known);
  if (process.env.ARAGORA_TIMING_TRIES !== undefined) {
    const shown = [median(known), median(unknown)].map((ms) => ms.toFixed(1));
    process.stderr.write(`known ${shown[0]} ms, unknown ${shown[1]} ms, ratio ${ratio.toFixed(3)}\n`);
  }
  // Without the same work an unknown address takes a hundredth. The exact figure is measured by hand, on a quiet machine.
  expect(ratio).toBeGreaterThan(0.5);
  expect(ratio).toBeLessThan(2);
});

function median(values: number[]): number {
  return values.sort((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN;
}
