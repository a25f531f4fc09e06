// What usage counts, and how exact numbers are written.

/** Money in pico-USD. Negative where usage is taken back. */
export interface Amounts {
  readonly cost: bigint;
  readonly charge: bigint;
  readonly tokens: bigint;
  readonly debates: bigint;
  readonly calls: bigint;
}

export function negated({ cost, charge, tokens, debates, calls }: Amounts): Amounts {
  return { cost: -cost, charge: -charge, tokens: -tokens, debates: -debates, calls: -calls };
}

/** A whole number of 10^-digits as plain decimal text. */
export function decimalText(value: bigint, digits: number): string {
  const sign = value < 0n ? "-" : "";
  const all = (value < 0n ? -value : value).toString().padStart(digits + 1, "0");
  const fraction = all.slice(all.length - digits).replace(/0+$/, "");
  const whole = all.slice(0, all.length - digits);
  return `${sign}${whole}${fraction === "" || digits === 0 ? "" : `.${fraction}`}`;
}

/** Dollars of pico-USD. */
export function usdText(pico: bigint): string {
  return decimalText(pico, 12);
}
