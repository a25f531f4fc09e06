// aragora-billing serve: the REST API of a database, with its due work running.

import { readFileSync } from "node:fs";
import { type Command, InvalidArgumentError } from "commander";
import { createBilling } from "../billing.ts";
import { type MonthEndFlags, readConfig } from "../config.ts";
import type { LogLevel } from "../http/logging.ts";
import { DATABASE_HELP } from "./database.ts";
import { sayFailure } from "./failure.ts";
import { withMonthEndFlags } from "./invoice-month-end.ts";
import { say } from "./output.ts";

interface ServeFlags extends MonthEndFlags {
  readonly database?: string;
  readonly port: number;
  readonly host: string;
  readonly logLevel: LogLevel;
  readonly trustProxy?: readonly string[];
}

const LEVELS: readonly string[] = ["debug", "info", "warn", "error", "silent"] satisfies LogLevel[];
const HELP = `
The first start on an empty database makes an operator's key and prints it, this once. Logs are JSON lines on standard
error. SIGTERM and SIGINT end requests under way and exit 0 within 10 seconds. The API describes itself at /docs.

Example:
  $ aragora-billing serve --database sqlite:billing.db
  $ curl -H "Authorization: Bearer $KEY" -H "Aragora-Tenant: acme" http://127.0.0.1:4280/v1/usage/summary`;

export function addServeCommand(program: Command): void {
  const serve = program
    .command("serve")
    .summary("serve the REST API")
    .description("Serves the REST API of a database and runs its due work.")
    .option("--database <url>", DATABASE_HELP)
    .option("--port <port>", "0 is any free one", portOf, 4280)
    .option(
      "--host <address>",
      "where to listen; any other than a loopback address is reachable by others",
      "127.0.0.1",
    )
    .option("--log-level <level>", LEVELS.join(", "), levelOf, "info")
    .option(
      "--trust-proxy <addresses...>",
      "proxies whose X-Forwarded-For is believed: IP addresses or CIDR blocks",
    );
  withMonthEndFlags(serve).addHelpText("after", HELP).action(runServe);
}

async function runServe(flags: ServeFlags): Promise<void> {
  // Loaded here: a server's packages take as long to load as all the rest, and every other command would wait for them.
  const [{ batchedLines }, { runServer, stopAtSignal }] = await Promise.all([
    import("../http/logging.ts"),
    import("../http/run.ts"),
  ]);
  const { metricsToken, ...settings } = readConfig(undefined, flags);
  const engine = createBilling({ ...settings, database: flags.database ?? settings.database });
  try {
    const server = await runServer(engine, {
      ...{ host: flags.host, port: flags.port, say },
      log: { level: flags.logLevel, stream: batchedLines(process.stderr) },
      trustedProxies: flags.trustProxy,
      metricsToken,
      version: version(),
    });
    stopAtSignal(server, sayFailure);
  } catch (error) {
    await engine.close();
    throw error;
  }
}

function portOf(text: string): number {
  const port = /^\d{1,5}$/.test(text) ? Number(text) : Number.NaN;
  if (port >= 0 && port <= 65_535) return port;
  throw new InvalidArgumentError("a port is a number from 0 to 65535");
}

function levelOf(text: string): LogLevel {
  if (LEVELS.includes(text)) return text as LogLevel;
  throw new InvalidArgumentError(`a log level is one of ${LEVELS.join(", ")}`);
}

function version(): string {
  const text = readFileSync(new URL("../../package.json", import.meta.url), "utf8");
  return (JSON.parse(text) as { version: string }).version;
}
