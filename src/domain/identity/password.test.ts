import { describe, expect, it } from "vitest";
import { secureRandom } from "../../kernel/index.ts";
import { Passwords } from "./password.ts";

const CHEAP = { logN: 5, r: 8, p: 1 };

describe("passwords", () => {
  it("are kept with their cost, another salt each time, and are known by it after the cost has changed", async () => {
    const [one, two] = [
      await new Passwords(secureRandom, CHEAP).hash("a secret"),
      await new Passwords(secureRandom, CHEAP).hash("a secret"),
    ];
    expect([one, two]).toEqual(
      Array(2).fill(expect.stringMatching(/^scrypt\$5\$8\$1\$[\w-]{22}\$[\w-]{43}$/)),
    );
    expect(one).not.toBe(two);
    const later = new Passwords(secureRandom, { ...CHEAP, logN: 6 });
    expect([await later.isRight("a secret", one), later.isOutdated(one)]).toEqual([true, true]);
    expect(await later.isRight("a secret.", one)).toBe(false);
    expect(later.isOutdated(await later.hash("a secret"))).toBe(false);
  });

  it("cost 32 MiB three times over unless a test says otherwise", async () => {
    expect(await new Passwords(secureRandom).hash("a secret")).toMatch(/^scrypt\$15\$8\$3\$/);
  });

  it("are right for nobody who has none", async () => {
    const passwords = new Passwords(secureRandom, CHEAP);
    expect([await passwords.isRight("", ""), await passwords.isRight("", undefined)]).toEqual([false, false]);
  });

  it("are looked at two at a time; sixty-four wait, and more are told to come back", async () => {
    const passwords = new Passwords(secureRandom, CHEAP);
    const all = () => Promise.allSettled(Array.from({ length: 80 }, () => passwords.hash("a secret")));
    for (const tries of [await all(), await all()]) {
      const refused = tries.flatMap((one) => (one.status === "rejected" ? [one.reason] : []));
      expect(refused).toHaveLength(14);
      expect(refused[0]).toMatchObject({
        ...{ kind: "rate_limited", code: "busy", details: { retryAfterSeconds: 5 } },
      });
    }
  });
});
