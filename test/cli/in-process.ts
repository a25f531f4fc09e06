// Commands in this process, joined and ended as the program does it: many of them in the time of one process.

import { Command, CommanderError } from "commander";
import { reportFailure } from "../../src/cli/failure.ts";
import type { Ended } from "./program.ts";

/** Runs the words of a command that `add` adds. One at a time: what it prints is taken from this process. */
export async function runHere(add: (program: Command) => void, words: readonly string[]): Promise<Ended> {
  const printed = { stdout: "", stderr: "" };
  const streams = ["stdout", "stderr"] as const;
  const writes = streams.map((name) => process[name].write);
  for (const name of streams) {
    process[name].write = (text: string | Uint8Array) => {
      printed[name] += String(text);
      return true;
    };
  }
  let code: number | null = 0;
  try {
    const program = new Command("aragora-billing").exitOverride();
    program.configureOutput({ outputError: () => undefined });
    add(program);
    await program.parseAsync([...words], { from: "user" });
    code = Number(process.exitCode ?? 0);
  } catch (error) {
    const isHelp = error instanceof CommanderError && error.exitCode === 0;
    if (!isHelp) code = reportFailure(error, words.includes("--json"));
  } finally {
    process.exitCode = undefined;
    for (const [index, name] of streams.entries()) {
      process[name].write = writes[index] as typeof process.stdout.write;
    }
  }
  return { code, ...printed };
}
