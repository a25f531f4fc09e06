/** What deserves a second look on a settled hold; stored as bits. */
export const HOLD_FLAG = Object.freeze({
  /** More was spent than was held. */
  overrun: 1,
  /** It was settled when its time was over: the room may have gone to others. */
  afterExpiry: 2,
  /** It was settled after it had been given back. */
  afterRelease: 4,
});

export type HoldFlag = keyof typeof HOLD_FLAG;

/** The names of the flags set in stored bits. */
export function holdFlags(bits: number): HoldFlag[] {
  return (Object.keys(HOLD_FLAG) as HoldFlag[]).filter((flag) => (bits & HOLD_FLAG[flag]) !== 0);
}
