// One JSON line per request and per failure. What is logged is chosen field by field: no headers, no bodies, no queries.

import type { FastifyServerOptions } from "fastify";
import { BillingError, type Clock, isoInstant } from "../kernel/index.ts";

/** Keys and secrets by their look, should one get into a text in spite of it all. */
const SECRETS = /\b(?:ara|whsec)_[\w+/=.-]{8,}|\bBearer\s+[^\s"\\]+|(?<=:\/\/)[^\s/@"]+(?=@)/gi;

const MAYBE_SECRET = /ara_|whsec_|bearer|:\/\//i;

export type LogLevel = "debug" | "info" | "warn" | "error" | "silent";
export interface LogOptions {
  readonly level?: LogLevel | undefined;
  /** Default: standard output. */
  readonly stream?: { write(line: string): void } | undefined;
}

export function loggerOptions(
  { level = "info", stream }: LogOptions,
  clock: Clock,
): FastifyServerOptions["logger"] {
  if (level === "silent") return false;
  return {
    level,
    ...(stream && { stream }),
    base: null,
    // An instant that people read, in every time zone the same.
    timestamp: () => `,"time":"${isoInstant(clock.now())}"`,
    formatters: { level: (label: string) => ({ level: label }) },
    serializers: { err: shownError },
    hooks: { streamWrite: withoutSecrets },
  } as unknown as FastifyServerOptions["logger"];
}

/** A line without anything that looks like a key. */
function withoutSecrets(line: string): string {
  return MAYBE_SECRET.test(line) ? line.replace(SECRETS, "[redacted]") : line;
}

/** Writes the lines of a turn of the event loop at once: a write for each would take longer than most requests. */
export function batchedLines(stream: { write(text: string): unknown }): { write(line: string): void } {
  let waiting = "";
  const flush = () => {
    const text = waiting;
    waiting = "";
    if (text !== "") stream.write(text);
  };
  process.on("exit", flush);
  return {
    write: (line) => {
      if (waiting === "") setImmediate(flush);
      waiting += line;
    },
  };
}

/** What operators need of an error: its code, and what is behind it, which callers never see. */
function shownError(error: unknown): Record<string, unknown> {
  if (!(error instanceof Error)) return { message: String(error) };
  const { cause, stack } = error;
  return {
    name: error.name,
    ...("code" in error && { code: error.code }),
    message: error.message,
    ...(cause !== undefined && { cause: shownError(cause) }),
    ...(!(error instanceof BillingError) && { stack }),
  };
}
