/** A sum as it is stored: two integers that SQL can add without overflow. `joinMoney` puts them together. */
export function halves(amount: bigint): [hi: bigint, lo: bigint] {
  return [amount / 1_000_000n, amount % 1_000_000n];
}
