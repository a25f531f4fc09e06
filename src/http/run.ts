// A server as a process: started, told about, and ended in order.

import type { AddressInfo } from "node:net";
import type { Jobs } from "../jobs.ts";
import { DEFAULT_LIMITS, type ServerOptions } from "./context.ts";
import { buildServer } from "./server.ts";
import type { HttpServices } from "./services.ts";

/** An engine that a process serves and ends with. */
export interface ServedEngine extends HttpServices {
  readonly jobs: Jobs;
  ready(): Promise<unknown>;
  close(): Promise<void>;
}

export interface RunOptions extends ServerOptions {
  readonly host: string;
  /** 0 is any free one. */
  readonly port: number;
  /** Takes lines for people: the first operator key, once, and the address. */
  readonly say: (line: string) => void;
}

export interface RunningServer {
  readonly url: string;
  /** Takes no new requests, ends those under way within 8 s, stops the jobs and closes the engine. */
  readonly stop: () => Promise<void>;
}

const DRAIN_MS = 8_000;

/** Starts serving: database, first key, jobs, port. */
export async function runServer(engine: ServedEngine, options: RunOptions): Promise<RunningServer> {
  const { host, port, say } = options;
  await engine.ready();
  engine.sessions.requireSecret();
  await engine.pricing.keepShipped();
  const database = await engine.writes.settings();
  const issued = await engine.identity.ensureOperatorKey();
  if (issued !== null) say(`operator key, shown this once: ${issued.key}`);
  const link = await engine.accounts.ensureFirstOwnerLink();
  if (link !== null) {
    say(`first owner, once and within 15 minutes: POST /v1/auth/login-link {"token":"${link.token}"}`);
  }
  const app = await buildServer(engine, options);
  await app.listen({ host, port });
  engine.jobs.start();
  const address = app.server.address() as AddressInfo;
  const url = `http://${host.includes(":") ? `[${host}]` : host}:${address.port}`;
  app.log.info({
    settings: {
      version: options.version ?? "",
      node: process.version,
      database,
      limits: { ...DEFAULT_LIMITS, ...options.limits },
      metricsToken: options.metricsToken === undefined ? "none" : "set",
      trustedProxies: options.trustedProxies ?? [],
      jobs: true,
    },
    url,
    msg: "serving",
  });
  say(`serving ${url}`);
  return {
    url,
    stop: async () => {
      const force = setTimeout(() => app.server.closeAllConnections(), DRAIN_MS);
      try {
        await app.close();
      } finally {
        clearTimeout(force);
        await engine.close();
      }
    },
  };
}

/** Ends a server, and with it the process, at the first SIGTERM or SIGINT: exit code 0, within 10 s. */
export function stopAtSignal({ stop }: RunningServer, onError: (error: unknown) => void): void {
  let isStopping = false;
  const end = () => {
    // Whoever asks twice does not want to wait.
    if (isStopping) process.exit(1);
    isStopping = true;
    setTimeout(() => process.exit(0), DRAIN_MS + 1_500).unref();
    stop().then(
      () => process.exit(0),
      (error: unknown) => {
        onError(error);
        process.exit(1);
      },
    );
  };
  process.on("SIGTERM", end);
  process.on("SIGINT", end);
}
