// docs/cli.md, followed to the letter: its files are written, its commands run, their output is compared.

import { execFileSync } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { freshFolder } from "../support/database.ts";
import { MAIN } from "./program.ts";

interface Step {
  readonly line: number;
  readonly commands: string;
  /** What the document shows below the commands; undefined when it shows nothing. */
  readonly shown: string | undefined;
}

const TEXT = readFileSync(new URL("../../docs/cli.md", import.meta.url), "utf8");
const FILES = [...TEXT.matchAll(/^```\w+ (\S+)\n(.*?)^```$/gms)];
const STEPS: readonly Step[] = [...TEXT.matchAll(/^```sh\n(.*?)^```\n(?:\n```text\n(.*?)^```$)?/gms)].map(
  (match) => ({
    line: TEXT.slice(0, match.index).split("\n").length,
    commands: match[1] as string,
    shown: match[2],
  }),
);

/** The text that the document shows, as a pattern: `…` is what differs from run to run. */
function patternOf(shown: string): RegExp {
  const parts = shown.split("…").map((part) => part.replace(/[.*+?^${}()|[\]\\]/g, "\\$&"));
  return new RegExp(`^${parts.join(".*")}$`);
}

describe("the guide to the command line", () => {
  const folder = freshFolder();
  for (const [, name, content] of FILES) writeFileSync(join(folder, name as string), content as string);

  it("has files and commands", () => {
    expect(FILES.length).toBeGreaterThanOrEqual(2);
    expect(STEPS.length).toBeGreaterThanOrEqual(8);
    const named = STEPS.map(({ commands }) => commands).join("");
    for (const command of ["import", "report", "prices", "rerate", "correct", "adjustments", "verify"])
      expect(named).toContain(`aragora-billing ${command}`);
  });

  it.each(STEPS)("prints at line $line what it shows", ({ commands, shown }) => {
    const lines = commands.split("\n").filter((line) => line.startsWith("aragora-billing"));
    expect(lines.length).toBeGreaterThan(0);
    const script = lines.map((line) => line.replace("aragora-billing", '"$NODE" "$MAIN"')).join("\n");
    const output = execFileSync("sh", ["-euc", script], {
      cwd: folder,
      env: { ...process.env, ARAGORA_DATA_DIR: folder, NODE: process.execPath, MAIN },
      encoding: "utf8",
    });
    if (shown === undefined) return;
    if (!patternOf(shown).test(output)) expect(output).toBe(shown);
  });
});
