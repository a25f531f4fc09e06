import type { FairGate, Rate, Turns } from "./limits.ts";
import type { LogOptions } from "./logging.ts";
import type { Metrics } from "./metrics.ts";
import type { HttpServices } from "./services.ts";

/** What a server refuses or ends. Absent: the default. */
export interface ServerLimits {
  /** Bytes of a JSON body; default 1 MiB. */
  readonly body?: number;
  /** Bytes of a line of NDJSON; default 64 KiB. */
  readonly line?: number;
  /** Bytes of all headers; default 16 KiB. */
  readonly headers?: number;
  /** Milliseconds for a JSON body to arrive, and for a byte of a stream; default 15 s. */
  readonly bodyMs?: number;
  /** Milliseconds for the headers to arrive; default 10 s. */
  readonly headersMs?: number;
  /** Milliseconds that an idle connection is kept; default 65 s, above those of usual balancers. */
  readonly keepAliveMs?: number;
  /** Requests of one tenant under way; default 256. */
  readonly inFlight?: number;
  /**
   * Events of one tenant in the engine at a time while others record too, the rest wait; default 125: one usual batch,
   * which takes one of the database's writers and a few ms. Sixteen times as many while it is alone.
   */
  readonly eventsAtOnce?: number;
  /** Default 2,000 a second, 4,000 at once; null is none. */
  readonly perKey?: Rate | null;
  /** Default 4,000 a second, 8,000 at once; null is none. */
  readonly perTenant?: Rate | null;
}

export interface ServerOptions {
  readonly limits?: ServerLimits | undefined;
  readonly log?: LogOptions | undefined;
  /** Opens /metrics beside an operator's key. */
  readonly metricsToken?: string | undefined;
  /** Addresses of proxies whose X-Forwarded-For is believed. Default: none. */
  readonly trustedProxies?: readonly string[] | undefined;
  /** Of the program; default that of the package. */
  readonly version?: string | undefined;
}

export const DEFAULT_LIMITS = Object.freeze({
  body: 1_048_576,
  line: 65_536,
  headers: 16_384,
  bodyMs: 15_000,
  headersMs: 10_000,
  keepAliveMs: 65_000,
  inFlight: 256,
  eventsAtOnce: 125,
  perKey: { perSecond: 2_000, burst: 4_000 },
  perTenant: { perSecond: 4_000, burst: 8_000 },
} satisfies ServerLimits);

/** What the routes of one server share. */
export interface ServerContext {
  readonly services: HttpServices;
  readonly limits: {
    readonly [Name in keyof Required<ServerLimits>]: NonNullable<ServerLimits[Name]> | null;
  };
  readonly metrics: Metrics;
  /** Before the engine's own queue, so that one tenant's flood waits here. */
  readonly gate: FairGate;
  /** For PDFs, which hold the event loop while they are drawn. */
  readonly drawing: Turns;
  readonly version: string;
  /** True once the server takes no new requests. */
  isClosing: boolean;
}
