// The built program as a process of its own, and files to feed it.
import { type ChildProcessWithoutNullStreams, spawn } from "node:child_process";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { freshFolder } from "../support/database.ts";

export interface Ended {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** What the commands print with `--json`: a test reads the parts that its command has. */
export interface Printed {
  readonly rows: number;
  readonly accepted: number;
  readonly duplicates: number;
  readonly rejections: readonly { readonly line: number; readonly code: string; readonly message: string }[];
  readonly events: number;
  readonly inputTokens: number;
  readonly cachedTokens: number;
  readonly outputTokens: number;
  readonly totalCostUsd: string;
  readonly groups: readonly PrintedGroup[];
  readonly differences: readonly string[];
  readonly import: Printed;
  readonly report: Printed;
  readonly verify: Printed;
  readonly added: number;
  readonly input: string;
  readonly error: { readonly kind: string; readonly code: string; readonly message: string };
}

export interface PrintedGroup {
  readonly key: Readonly<Record<string, string | null>>;
  readonly events: number;
  readonly inputTokens: number;
  readonly cachedTokens: number;
  readonly outputTokens: number;
  readonly costUsd: string;
}

export interface RunOptions {
  readonly stdin?: string | Buffer;
  readonly env?: Readonly<Record<string, string>>;
}

export const MAIN = fileURLToPath(new URL("../../dist/cli/main.js", import.meta.url));
export const TRACE_FOLDER = fileURLToPath(new URL("../../data/llm-traces/", import.meta.url));
export const HEADER =
  "event_id,timestamp,tenant_id,debate_id,agent_id,provider,model,input_tokens,cached_tokens,output_tokens";

/** Starts `aragora-billing` with data of its own, so that no test sees the developer's. */
export function start(args: readonly string[], options: RunOptions = {}): ChildProcessWithoutNullStreams {
  const env = { ...process.env, ARAGORA_DATA_DIR: join(freshFolder(), "none"), ...options.env };
  const child = spawn(process.execPath, [MAIN, ...args], { env });
  // A program that fails early may not read what it is given.
  child.stdin.on("error", () => undefined);
  return child;
}

/** Runs `aragora-billing` to its end. */
export async function run(args: readonly string[], options: RunOptions = {}): Promise<Ended> {
  const child = start(args, options);
  child.stdin.end(options.stdin ?? "");
  return ended(child);
}

/** Runs it with `--json` and reads what it prints. */
export async function runJson(
  args: readonly string[],
  options: RunOptions = {},
): Promise<Ended & { readonly json: Printed }> {
  const result = await run([...args, "--json"], options);
  return { ...result, json: JSON.parse(result.stdout) };
}

export function ended(child: ChildProcessWithoutNullStreams): Promise<Ended> {
  const [out, err]: [Buffer[], Buffer[]] = [[], []];
  child.stdout.on("data", (chunk: Buffer) => out.push(chunk));
  child.stderr.on("data", (chunk: Buffer) => err.push(chunk));
  return new Promise((resolve) => {
    child.once("close", (code) => {
      resolve({ code, stdout: Buffer.concat(out).toString(), stderr: Buffer.concat(err).toString() });
    });
  });
}

/** The path of a new file. */
export function fileOf(content: string | Buffer, name = "usage.csv"): string {
  const path = join(freshFolder(), name);
  writeFileSync(path, content);
  return path;
}

/** CSV rows of calls: ids `PREFIX-0` on, one second apart. */
export function rows(count: number, prefix = "call"): string[] {
  return Array.from({ length: count }, (_, index) => row(`${prefix}-${index}`, { index }));
}

/** One CSV row; what is not given is a plain call of 100 in, 10 out. */
export function row(
  id: string,
  { index = 0, tenant = "acme", tokensIn = "100", model = "gpt-4o" } = {},
): string {
  const time = new Date(Date.UTC(2025, 0, 1) + index * 1_000).toISOString();
  return `${id},${time},${tenant},d-1,critic,openai,${model},${tokensIn},0,10`;
}

/** A CSV file's text. */
export function csv(lines: readonly string[]): string {
  return `${[HEADER, ...lines].join("\n")}\n`;
}
