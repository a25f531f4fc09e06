// The examples of docs/client.md.
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";

const GUIDE = fileURLToPath(new URL("../../docs/client.md", import.meta.url));
const CLIENT = fileURLToPath(new URL("../../src/client/index.ts", import.meta.url));

/** What every example begins with, and the examples in order; the client is imported from `address`. */
export function guideExamples(address = CLIENT): {
  readonly setup: string;
  readonly examples: readonly string[];
} {
  const blocks = readFileSync(GUIDE, "utf8").matchAll(/^```typescript\n([\s\S]*?)^```$/gm);
  const [setup = "", ...examples] = [...blocks].map(([, text = ""]) =>
    text.replaceAll('"@aragora/billing/client"', JSON.stringify(address)),
  );
  if (examples.length < 6) throw new Error("docs/client.md has lost its examples");
  return { setup, examples };
}

/** The comment behind each `console.log(…);` is the line it prints. */
export function promisedBy(code: string): string[] {
  return [...code.matchAll(/console\.log\(.*\); \/\/ (.*)$/gm)].map((match) => match[1] as string);
}
