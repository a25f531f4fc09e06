// Events as they come in, results as they are durable.

import { exactJson } from "./exact.ts";
import type { Api } from "./generated/types.ts";
import type { Platform } from "./platform.ts";
import type { CallOptions } from "./request.ts";
import { sleep, within } from "./time.ts";
import type { Transport } from "./transport.ts";

/** Events of a request: as many as the server commits together. */
const PART = 500;
/** How long events wait for others to be sent with. */
const LINGER_MS = 100;
const FOREVER_MS = 2 ** 31 - 1;

export type Events = AsyncIterable<Api.EventInput> | Iterable<Api.EventInput>;

/**
 * Records events in parts, as lines. A stream takes no idempotency key, and needs none: every event is sent with an id,
 * made here if it has none, so a part that is sent again counts nothing twice.
 */
export async function* recordStream(
  { json }: Transport,
  { uuid }: Platform,
  events: Events,
  options: CallOptions,
): AsyncGenerator<Api.EventResult, void> {
  for await (const part of partsOf(events, options.signal)) {
    const lines = part.map((event) => `${exactJson({ ...event, id: event.id ?? uuid() })}\n`).join("");
    const reply = await json<Api.EventsRecordReply>({ method: "POST", path: "/v1/events", lines }, options);
    yield* reply.results;
  }
}

/** At most `PART` events each; fewer when no other comes in time. The source is read one event ahead. */
async function* partsOf(
  events: Events,
  signal: AbortSignal | undefined,
): AsyncGenerator<readonly Api.EventInput[], void> {
  const source = Symbol.asyncIterator in events ? events[Symbol.asyncIterator]() : events[Symbol.iterator]();
  const ask = () => {
    const asked = (async () => source.next())();
    // What fails while a part is on its way is thrown when it is waited for.
    asked.catch(() => undefined);
    return asked;
  };
  let next = ask();
  let isDone = false;
  try {
    for (;;) {
      const first = await orAborted(next, signal);
      isDone = first.done === true;
      if (first.done === true) return;
      const part = [first.value];
      const late = sleep(LINGER_MS, undefined);
      next = ask();
      while (part.length < PART) {
        const result = await orAborted(Promise.race([next, late]), signal);
        if (result === undefined || result.done === true) break;
        part.push(result.value);
        next = ask();
      }
      yield part;
    }
  } finally {
    // Not waited for: a source that is waiting for an event itself ends after that.
    if (!isDone) void (async () => source.return?.())().catch(() => undefined);
  }
}

function orAborted<T>(work: Promise<T>, signal: AbortSignal | undefined): Promise<T> {
  return signal === undefined ? work : within(work, FOREVER_MS, signal);
}
