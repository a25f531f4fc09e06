// Every ```ts block of the documents runs, in a process of its own, and prints what its comments promise.

import { execFileSync } from "node:child_process";
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import { freshFolder } from "./support/database.ts";

const ROOT = fileURLToPath(new URL("..", import.meta.url));
const DOCUMENTS = ["README.md", ...guides()];

interface Example {
  readonly document: string;
  readonly line: number;
  readonly code: string;
}

const EXAMPLES = DOCUMENTS.flatMap(examplesIn);

describe("the documents' examples", () => {
  it("are found", () => {
    expect(EXAMPLES.length).toBeGreaterThanOrEqual(2);
  });

  it.each(EXAMPLES)("$document, line $line, prints what it says", ({ code }) => {
    const folder = freshFolder();
    const file = join(folder, "example.ts");
    writeFileSync(
      file,
      code.replaceAll('"@aragora/billing"', JSON.stringify(join(ROOT, "dist", "index.js"))),
    );
    const output = execFileSync(process.execPath, ["--import", import.meta.resolve("tsx"), file], {
      cwd: folder,
      env: { ...process.env, ARAGORA_DATA_DIR: folder },
      encoding: "utf8",
    });
    expect(output.trimEnd().split("\n")).toEqual(promisedBy(code));
  });
});

function guides(): string[] {
  return readdirSync(join(ROOT, "docs"))
    .filter((name) => name.endsWith(".md"))
    .map((name) => join("docs", name));
}

function examplesIn(document: string): Example[] {
  const text = readFileSync(join(ROOT, document), "utf8");
  return [...text.matchAll(/^```ts\n(.*?)^```$/gms)].map((match) => ({
    document,
    line: text.slice(0, match.index).split("\n").length,
    code: match[1] as string,
  }));
}

/** The comment behind each `console.log(…);` is the line it prints. */
function promisedBy(code: string): string[] {
  return [...code.matchAll(/^\s*console\.log\(.*\); \/\/ (.*)$/gm)].map((match) => match[1] as string);
}
