import { type BudgetCheck, type CheckOptions, checkBudgets } from "./budget-check.ts";
import { type Events, recordStream } from "./event-stream.ts";
import { operations } from "./generated/operations.ts";
import type { Api } from "./generated/types.ts";
import { PLATFORM, type Platform } from "./platform.ts";
import type { CallOptions } from "./request.ts";
import { requireTimeout } from "./time.ts";
import { createTransport, type TransportSettings } from "./transport.ts";

export interface ClientOptions {
  /** Of the server: `https://billing.example.com`, with a path if it is below one. */
  readonly url: string;
  /** An API key: a tenant's, or an operator's. */
  readonly key: string;
  /** Whom all calls are for; of operators' keys. A client for each tenant costs nothing. */
  readonly tenant?: string | undefined;
  /** Milliseconds of an attempt; default 30,000. */
  readonly timeoutMs?: number | undefined;
  /** Attempts after the first, 0 to 10; default 3. */
  readonly retries?: number | undefined;
  /** In place of the platform's own. */
  readonly fetch?: typeof globalThis.fetch | undefined;
}

type Operations = ReturnType<typeof operations>;

/** What `createClient` returns: the operations by resource, and the two that are more than one request. */
export interface Client extends Readonly<Omit<Operations, "budgets" | "events">> {
  readonly budgets: Readonly<Omit<Operations["budgets"], "check">> & {
    /**
     * Whether this may be spent now; takes no room and changes nothing. Answers within 2 s, whatever happens.
     *
     * @throws AragoraApiError for what is wrong with the request (4xx).
     */
    readonly check: (input?: Api.BudgetsCheckInput, options?: CheckOptions) => Promise<BudgetCheck>;
  };
  readonly events: Readonly<Operations["events"]> & {
    /**
     * Records events as they come, 500 to a request, and yields a result for each, in order, once it is durable. The
     * next part is sent when the results of the one before it were read. Events without an id are given one.
     */
    readonly stream: (events: Events, options?: CallOptions) => AsyncGenerator<Api.EventResult, void>;
  };
}

const DEFAULT_TIMEOUT_MS = 30_000;
const DEFAULT_RETRIES = 3;
const MAX_RETRIES = 10;

/**
 * A client of the REST API: one method per operation, each typed by the routes themselves. It holds no connection and
 * needs no closing. Amounts of money are decimal text, in and out.
 *
 * A call that fails in passing (no answer, 429, 502, 503, 504) is sent again, a write always under the idempotency key of
 * its first attempt: one call has one effect.
 *
 * @throws TypeError, RangeError for options that cannot work; what they are not is said without the key.
 * @example
 * const client = createClient({ url: "https://billing.example.com", key: "ara_…" });
 * const { results } = await client.events.record({ id: "call-1", provider: "openai", model: "gpt-4o", tokensIn: 9 });
 * for await (const budget of client.budgets.all()) console.log(budget.name, budget.limit);
 */
export function createClient(options: ClientOptions): Client {
  const transport = createTransport(settingsOf(options, PLATFORM));
  const generated = operations(transport);
  const budgets: Client["budgets"] = {
    ...generated.budgets,
    check: (input = {}, how = {}) => checkBudgets(transport, input, how),
  };
  const events: Client["events"] = {
    ...generated.events,
    stream: (source, how = {}) => recordStream(transport, PLATFORM, source, how),
  };
  return Object.freeze({ ...generated, budgets, events });
}

function settingsOf(options: ClientOptions, platform: Platform): TransportSettings {
  const { url, key, tenant, timeoutMs = DEFAULT_TIMEOUT_MS, retries = DEFAULT_RETRIES } = options;
  // A header with anything else is refused by fetch in words that repeat it.
  if (typeof key !== "string" || !/^[\x21-\x7e]{1,8192}$/.test(key)) {
    throw new TypeError(
      "key must be the text of an API key, without a space or a line end before or behind it",
    );
  }
  if (tenant !== undefined && !/^[\x20-\x7e]{1,256}$/.test(tenant)) {
    throw new TypeError("tenant must be 1 to 256 printable ASCII characters");
  }
  if (!Number.isInteger(retries) || retries < 0 || retries > MAX_RETRIES) {
    throw new RangeError(`retries must be a whole number from 0 to ${MAX_RETRIES}`);
  }
  requireTimeout(timeoutMs);
  // Called by its name: in a browser it must not be a method of anything.
  const send: typeof globalThis.fetch = options.fetch ?? ((input, init) => fetch(input, init));
  return { url: baseOf(url), key, tenant, timeoutMs, retries, fetch: send, platform };
}

function baseOf(url: string): string {
  let parsed: URL;
  try {
    parsed = new URL(url);
  } catch {
    throw new TypeError("url must be the address of the server, such as https://billing.example.com");
  }
  const { protocol, username, password, search, hash, href } = parsed;
  if (!/^https?:$/.test(protocol) || username + password + search + hash !== "") {
    throw new TypeError("url must begin with https:// or http://, and hold no user, query or fragment");
  }
  return href.replace(/[?#]*$/, "").replace(/\/+$/, "");
}
