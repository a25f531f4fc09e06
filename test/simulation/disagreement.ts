// How the engine's answers and the auditor's are compared: as plain values, all differences at once.

export class Disagreement extends Error {}

/** @throws Disagreement when the two differ. */
export function same(what: string, engine: unknown, auditor: unknown): void {
  const [left, right] = [plain(engine), plain(auditor)];
  if (left === right) return;
  throw new Disagreement(`${what}\n  engine:  ${left}\n  auditor: ${right}`);
}

/** The same for lists in any order: names only what one of them lacks. */
export function sameLines(what: string, engine: readonly string[], auditor: readonly string[]): void {
  const extra = without(engine, auditor);
  const missing = without(auditor, engine);
  if (extra.length + missing.length === 0) return;
  const shown = (lines: readonly string[]) => lines.slice(0, 8).join("\n           ") || "nothing more";
  throw new Disagreement(`${what}\n  engine:  ${shown(extra)}\n  auditor: ${shown(missing)}`);
}

function without(lines: readonly string[], others: readonly string[]): string[] {
  const left = new Map<string, number>();
  for (const line of others) left.set(line, (left.get(line) ?? 0) + 1);
  return lines.filter((line) => {
    const count = left.get(line) ?? 0;
    left.set(line, count - 1);
    return count <= 0;
  });
}

function plain(value: unknown): string {
  return JSON.stringify(value, (_, part: unknown) => {
    if (typeof part === "bigint") return String(part);
    if (part instanceof Set) return [...part].sort();
    return part;
  });
}
