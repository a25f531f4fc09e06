// The guides as their reader has them: their commands, and the built program that these call.

import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll } from "vitest";
import { MAIN } from "../cli/program.ts";
import { freshFolder } from "../support/database.ts";

type Environment = Readonly<Record<string, string>>;

const ROOT = fileURLToPath(new URL("../..", import.meta.url));
const servers: ChildProcess[] = [];

// A test that fails half-way ends no server by itself.
afterAll(() => {
  for (const server of servers.splice(0)) server.kill("SIGKILL");
});

/** A file of the repository. */
export function textOf(path: string): string {
  return readFileSync(join(ROOT, path), "utf8");
}

/** The fenced blocks of one language, in order. */
export function blocksOf(path: string, language: string): string[] {
  const blocks = textOf(path).matchAll(new RegExp(`^\`\`\`${language}\\n(.*?)^\`\`\`$`, "gms"));
  return [...blocks].map((match) => match[1] as string);
}

/** Runs a block where the server is installed, with `aragora-billing` on the path. */
export function runBlock(block: string, environment: Environment): string {
  const folder = join(freshFolder(), "bin");
  mkdirSync(folder);
  const program = `#!/bin/sh\nexec "${process.execPath}" "${MAIN}" "$@"\n`;
  writeFileSync(join(folder, "aragora-billing"), program, { mode: 0o755 });
  return execFileSync("sh", ["-euc", block], {
    cwd: ROOT,
    env: { PATH: `${folder}:${process.env.PATH}`, ...environment },
    stdio: ["ignore", "pipe", "pipe"],
    encoding: "utf8",
  });
}

export interface Served {
  readonly url: string;
  /** Standard output and standard error so far. */
  readonly printed: () => string;
  /** Ends it; resolves with its exit code, null after a kill. */
  readonly end: (signal: "SIGTERM" | "SIGKILL") => Promise<number | null>;
}

/** `aragora-billing serve` with nothing but this environment; rejects with what it printed when it does not start. */
export async function serve(environment: Environment, flags: readonly string[] = []): Promise<Served> {
  const child = spawn(process.execPath, [MAIN, "serve", "--port", "0", ...flags], {
    env: { PATH: process.env.PATH, ...environment },
    stdio: ["ignore", "pipe", "pipe"],
  });
  servers.push(child);
  const closed = once(child, "close") as Promise<[number | null]>;
  let printed = "";
  const url = await new Promise<string>((resolve, reject) => {
    for (const stream of [child.stdout, child.stderr]) {
      stream.on("data", (data: Buffer) => {
        printed += data;
        const found = /^serving (\S+)$/m.exec(printed)?.[1];
        if (found !== undefined) resolve(found);
      });
    }
    void closed.then(([code]) => reject(new Error(`exit code ${code}: ${printed}`)));
  });
  const end = async (signal: "SIGTERM" | "SIGKILL") => {
    child.kill(signal);
    return (await closed)[0];
  };
  return { url, printed: () => printed, end };
}
