import { execFileSync } from "node:child_process";
import { cpSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { guideExamples } from "./guide.ts";

const ROOT = fileURLToPath(new URL("../..", import.meta.url));
const CONSUMER = `
import { type Api, AragoraApiError, type BudgetCheck, type Client, createClient } from "./client/index.ts";

const client: Client = createClient({ url: "https://billing.example.com", key: "ara_x", fetch: fetch });
const event: Api.EventInput = { id: "e", tokensIn: 1 };
export async function use(signal: AbortSignal): Promise<string | null> {
  const check: BudgetCheck = await client.budgets.check({}, { onUnavailable: "open", signal });
  if (check.reason === "unavailable") return null;
  for await (const budget of client.budgets.all()) if (budget.limit === null) return budget.name;
  const { results } = await client.events.record([event], { idempotencyKey: "k" });
  const price: string | null | undefined = results[0]?.costUsd;
  // @ts-expect-error money is no number
  const wrong: number | undefined = results[0]?.costUsd;
  // @ts-expect-error a field that is none
  await client.events.record({ tokens: 1 });
  // @ts-expect-error a query that is needed
  await client.usage.breakdown();
  // @ts-expect-error reads take no idempotency key
  await client.budgets.get("b", { idempotencyKey: "k" });
  return price ?? String(wrong ?? new AragoraApiError("m", {} as never).code);
}
`;

let folder: string;

beforeAll(() => {
  // Outside of this project: there is no package to find.
  folder = mkdtempSync(join(tmpdir(), "aragora-client-"));
  cpSync(join(ROOT, "src", "client"), join(folder, "client"), { recursive: true });
  writeFileSync(join(folder, "package.json"), '{ "type": "module" }');
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

describe("the client, taken out of the project", () => {
  it("loads and works with nothing else, and leaves nothing that keeps a process alive", () => {
    writeFileSync(
      join(folder, "use.ts"),
      `import { createClient } from "./client/index.ts";
const client = createClient({ url: "http://127.0.0.1:1", key: "ara_x" });
console.log((await client.budgets.check()).reason);`,
    );
    const args = ["--import", import.meta.resolve("tsx"), join(folder, "use.ts")];
    const output = execFileSync(process.execPath, args, { cwd: folder, encoding: "utf8", timeout: 30_000 });
    expect(output).toBe("unavailable\n");
  });

  it("type-checks in a program for browsers, as do the guide's examples, and brings no other types along", () => {
    writeFileSync(join(folder, "consumer.ts"), CONSUMER);
    writeFileSync(
      join(folder, "process.d.ts"),
      "declare const process: { env: Record<string, string | undefined> };",
    );
    const { setup, examples } = guideExamples("./client/index.ts");
    const guide = examples.map((_, index) => `example-${index}.ts`);
    for (const [index, example] of examples.entries()) {
      writeFileSync(join(folder, `example-${index}.ts`), setup + example);
    }
    const options = {
      ...{ target: "es2023", module: "esnext", moduleResolution: "bundler", noEmit: true, strict: true },
      ...{ lib: ["es2023", "dom", "dom.iterable"], types: [], allowImportingTsExtensions: true },
      ...{ exactOptionalPropertyTypes: true, noUncheckedIndexedAccess: true, verbatimModuleSyntax: true },
    };
    writeFileSync(
      join(folder, "tsconfig.json"),
      JSON.stringify({ compilerOptions: options, files: ["consumer.ts", "process.d.ts", ...guide] }),
    );
    const tsc = join(ROOT, "node_modules", "typescript", "bin", "tsc");
    let output: string;
    try {
      output = execFileSync(process.execPath, [tsc, "-p", folder, "--listFiles"], { encoding: "utf8" });
    } catch (error) {
      output = (error as { stdout: string }).stdout;
    }
    const files = output.trim().split("\n");
    expect(files.filter((file) => !/\/lib\.[\w.]+\.d\.ts$/.test(file) && !file.startsWith(folder))).toEqual(
      [],
    );
    expect(files.some((file) => file.endsWith("consumer.ts"))).toBe(true);
  });
});
