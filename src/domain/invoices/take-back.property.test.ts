import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { givenBack } from "./take-back.ts";

const cents = (max: bigint) => fc.bigInt({ min: 0n, max });

/** What was billed, as one line: its list price, parts per thousand of it in discounts, and what credit notes took of the rest. */
const billed = fc.tuple(cents(10n ** 9n), cents(1_000n), cents(1_000n)).map(([amount, off, back]) => {
  const discount = (amount * off) / 1_000n;
  return { amount, discount, noted: ((amount - discount) * back) / 1_000n };
});
const leftOf = ({ amount, discount, noted }: { amount: bigint; discount: bigint; noted: bigint }) =>
  amount - discount - noted;

describe("what corrected usage gives back", () => {
  it("is never less than nothing, nor more than its list price, nor more than is left of what was billed", () => {
    fc.assert(
      fc.property(fc.array(billed, { maxLength: 4 }), cents(10n ** 10n), (lines, amount) => {
        const given = givenBack(amount, lines);
        const left = lines.map(leftOf).reduce((sum, one) => sum + one, 0n);
        expect(given >= 0n && given <= amount && given <= left).toBe(true);
      }),
      { numRuns: 1_000 },
    );
  });

  it("is in proportion to what was billed, to half a cent", () => {
    fc.assert(
      fc.property(billed, cents(1_000n), ({ amount: list, discount }, part) => {
        const back = (list * part) / 1_000n;
        const given = givenBack(back, [{ amount: list, discount, noted: 0n }]);
        const off = given * list - back * (list - discount);
        expect(2n * (off < 0n ? -off : off) <= list).toBe(true);
      }),
      { numRuns: 1_000 },
    );
  });

  it("comes to the same in two corrections as in one: all that is left", () => {
    fc.assert(
      fc.property(billed, cents(1_000n), (line, part) => {
        const first = (line.amount * part) / 1_000n;
        const given = givenBack(first, [line]);
        const taken = { amount: -first, discount: given - first, noted: 0n };
        expect(given + givenBack(line.amount - first, [line, taken])).toBe(leftOf(line));
      }),
      { numRuns: 1_000 },
    );
  });
});
