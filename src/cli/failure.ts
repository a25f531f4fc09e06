// The end of every command that fails: one line for people, one object for programs, never a stack trace.

import { CommanderError } from "commander";
import { BillingError, type ErrorKind, exitCodeOf } from "../kernel/index.ts";
import { printable, withoutPasswords, writeJson } from "./output.ts";

/** An error as the command line shows it. */
export interface Failure {
  readonly kind: ErrorKind;
  readonly code: string;
  readonly message: string;
  readonly details: Readonly<Record<string, unknown>>;
}

/** What may be shown of any error that was thrown: no stack, no cause, no password of a database address. */
export function failureOf(error: unknown): Failure {
  if (error instanceof BillingError) {
    const { kind, code, message, details } = error;
    return { kind, code, message: withoutPasswords(message), details };
  }
  if (error instanceof CommanderError) {
    // Commander has then printed the help in place of a message.
    const text =
      error.code === "commander.help" ? "a command is missing" : error.message.replace(/^error: /, "");
    const message = withoutPasswords(text.replace(/\s*\n\s*/g, " "));
    return { kind: "invalid_input", code: "usage", message: `${message} (see --help)`, details: {} };
  }
  const message = error instanceof Error ? error.message : String(error);
  return { kind: "internal", code: "unexpected", message: withoutPasswords(message), details: {} };
}

/** The exit code that a thrown error ends in: 2 for wrong usage, else its kind's. */
export function exitCodeOfFailure(error: unknown): number {
  return error instanceof CommanderError ? 2 : exitCodeOf(error);
}

/** Says on stderr what went wrong, and with `json` also on stdout; returns the exit code. */
export function reportFailure(error: unknown, json: boolean): number {
  if (json) writeJson({ error: failureOf(error) });
  sayFailure(error);
  return exitCodeOfFailure(error);
}

/** `error: <message>` on stderr. */
export function sayFailure(error: unknown): void {
  process.stderr.write(`error: ${printable(failureOf(error).message)}\n`);
}
