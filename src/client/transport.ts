// One call to the API: as many requests as it takes within its bounds, one effect.

import { AragoraApiError, AragoraNetworkError, apiErrorOf, networkErrorOf } from "./errors.ts";
import { parseExact } from "./exact.ts";
import type { Platform } from "./platform.ts";
import { type ApiRequest, type CallOptions, initOf, urlOf, type WriteOptions } from "./request.ts";
import { RETRY_WINDOW_MS, retryAfterMs, retryDelayMs } from "./retry.ts";
import { Late, requireTimeout, sleep, within } from "./time.ts";

/** The ways to read an answer. */
export interface Transport {
  readonly json: <T>(request: ApiRequest, options: WriteOptions | undefined) => Promise<T>;
  readonly text: (request: ApiRequest, options: CallOptions | undefined) => Promise<string>;
  readonly bytes: (request: ApiRequest, options: CallOptions | undefined) => Promise<Uint8Array>;
  /** Text as it arrives. Nothing is sent before the first part is asked for; leaving early ends the connection. */
  readonly chunks: (request: ApiRequest, options: CallOptions | undefined) => AsyncGenerator<string, void>;
  /** The items of all pages. */
  readonly pages: <T>(request: ApiRequest, options: CallOptions | undefined) => AsyncGenerator<T, void>;
}

export interface TransportSettings {
  /** Without a slash at its end. */
  readonly url: string;
  readonly key: string;
  readonly tenant: string | undefined;
  /** Milliseconds of an attempt. */
  readonly timeoutMs: number;
  /** Attempts after the first. */
  readonly retries: number;
  readonly fetch: typeof globalThis.fetch;
  readonly platform: Platform;
}

interface Received {
  readonly response: Response;
  /** Ends the connection of an answer that is still arriving. */
  readonly abort: () => void;
}
type Read<T> = (received: Received) => Promise<T>;

const JSON_TYPE = /^application\/json\b/i;

/** The settings stay inside: nothing that is returned shows the key. */
export function createTransport(settings: TransportSettings): Transport {
  const { platform } = settings;

  async function send<T>(request: ApiRequest, options: WriteOptions = {}, read: Read<T>): Promise<T> {
    const { signal } = options;
    const timeoutMs = requireTimeout(options.timeoutMs ?? settings.timeoutMs);
    const retries = request.isOnce === true ? 0 : settings.retries;
    const url = urlOf(settings, request);
    const init = initOf(settings, request, options);
    const end = platform.monotonic() + (request.deadlineMs ?? timeoutMs + RETRY_WINDOW_MS);
    for (let attempt = 1; ; attempt += 1) {
      signal?.throwIfAborted();
      try {
        const ms = Math.min(timeoutMs, end - platform.monotonic());
        return await exchange(url, init, { ms, signal }, read);
      } catch (cause) {
        const error = failureOf(cause, signal, request);
        const waitMs = attempt > retries ? undefined : retryDelayMs(error, attempt, platform.random());
        if (waitMs === undefined || platform.monotonic() + waitMs >= end) throw error;
        await sleep(waitMs, signal);
      }
    }
  }

  async function exchange<T>(
    url: string,
    init: RequestInit,
    { ms, signal }: { readonly ms: number; readonly signal: AbortSignal | undefined },
    read: Read<T>,
  ): Promise<T> {
    const controller = new AbortController();
    const abort = () => controller.abort();
    const answered = async () => {
      const response = await settings.fetch(url, { ...init, signal: controller.signal });
      if (!response.ok) throw await refusal(response);
      return read({ response, abort });
    };
    try {
      return await within(answered(), ms, signal);
    } catch (error) {
      abort();
      throw error;
    }
  }

  async function refusal(response: Response): Promise<AragoraApiError> {
    // Whatever stands between may answer with what it was sent.
    const text = (await response.text()).replaceAll(settings.key, "[key]");
    const sentAt = Date.parse(response.headers.get("date") ?? "");
    const now = Number.isNaN(sentAt) ? platform.wallClock() : sentAt;
    return apiErrorOf(response.status, text, {
      requestId: response.headers.get("x-request-id"),
      retryAfterMs: retryAfterMs(response.headers.get("retry-after"), now),
    });
  }

  async function json<T>(request: ApiRequest, options?: WriteOptions): Promise<T> {
    return send(request, options, async ({ response }) => {
      const text = await response.text();
      if (!JSON_TYPE.test(response.headers.get("content-type") ?? "")) throw noAnswer(request, "no JSON");
      try {
        return parseExact(text) as T;
      } catch (error) {
        throw noAnswer(request, error instanceof RangeError ? error.message : "no JSON");
      }
    });
  }

  async function* chunks(request: ApiRequest, options: CallOptions = {}): AsyncGenerator<string, void> {
    const { response, abort } = await send(request, options, async (received) => received);
    const idleMs = options.timeoutMs ?? settings.timeoutMs;
    const reader = response.body?.getReader();
    const decoder = new TextDecoder();
    try {
      while (reader !== undefined) {
        const { done, value } = await within(reader.read(), idleMs, options.signal);
        const part = decoder.decode(value, { stream: !done });
        if (part !== "") yield part;
        if (done) return;
      }
    } catch (error) {
      throw failureOf(error, options.signal, request);
    } finally {
      abort();
    }
  }

  async function* pages<T>(request: ApiRequest, options?: CallOptions): AsyncGenerator<T, void> {
    let query = request.query;
    for (;;) {
      const page = await json<{ items: readonly T[]; nextCursor: string | null }>(
        { ...request, ...(query && { query }) },
        options,
      );
      yield* page.items;
      if (page.nextCursor === null) return;
      query = { ...query, cursor: page.nextCursor };
    }
  }

  return Object.freeze({
    ...{ json, chunks, pages },
    text: (request: ApiRequest, options?: CallOptions) =>
      send(request, options, ({ response }) => response.text()),
    bytes: (request: ApiRequest, options?: CallOptions) =>
      send(request, options, async ({ response }) => new Uint8Array(await response.arrayBuffer())),
  });
}

/** What a caller is told; its own signal's reason if that ended the call. */
function failureOf(error: unknown, signal: AbortSignal | undefined, { method, path }: ApiRequest): unknown {
  if (signal?.aborted === true) return signal.reason;
  if (error instanceof AragoraApiError || error instanceof AragoraNetworkError) return error;
  const what = `${method} ${path}`;
  if (error instanceof Late) {
    return new AragoraNetworkError("timeout", `${what} failed: no answer arrived in time`);
  }
  return networkErrorOf(error, what);
}

function noAnswer({ method, path }: ApiRequest, why: string): AragoraNetworkError {
  const text = `${method} ${path} failed: what answered is not an answer of the API (${why})`;
  return new AragoraNetworkError("invalid_answer", text);
}
