// A call as a request of HTTP. Made once per call, so that every attempt sends the same bytes.

import { exactJson } from "./exact.ts";
import type { Platform } from "./platform.ts";

/** How one call is made. */
export interface CallOptions {
  /** Ends the call at once, whether it waits or is under way; it rejects with the signal's reason. */
  readonly signal?: AbortSignal | undefined;
  /** Milliseconds of each attempt, in place of the client's own. Of a stream: without a byte of it. */
  readonly timeoutMs?: number | undefined;
}

export interface WriteOptions extends CallOptions {
  /**
   * 1 to 255 visible ASCII characters; all calls with one key and one input have one effect. Absent: a key is made for
   * the call, for all of its attempts.
   */
  readonly idempotencyKey?: string | undefined;
}

/** An operation with its arguments. */
export interface ApiRequest {
  readonly method: string;
  /** With the names of its parameters: `/v1/budgets/{id}`. */
  readonly path: string;
  /** In the order of their names in the path. */
  readonly params?: readonly string[];
  readonly query?: object;
  readonly body?: unknown;
  /** Lines of JSON in place of `body`. */
  readonly lines?: string;
  /** Sends an idempotency key. */
  readonly isWrite?: true;
  /** Nothing tells a second one from another request: never sent again. */
  readonly isOnce?: true;
  /** Milliseconds of all attempts together. Absent: the time of an attempt and 60 s. */
  readonly deadlineMs?: number;
}

interface Sender {
  readonly url: string;
  readonly key: string;
  readonly tenant: string | undefined;
  readonly platform: Platform;
}

const IDEMPOTENCY_KEY = /^[\x21-\x7e]{1,255}$/;

/** @throws TypeError for an id that would make another path. */
export function urlOf({ url }: Sender, { path, params = [], query = {} }: ApiRequest): string {
  let index = 0;
  const filled = path.replace(/\{(\w+)\}/g, (_, name: string) => segment(name, params[index++]));
  const search = new URLSearchParams();
  for (const [name, value] of Object.entries(query)) {
    if (value !== undefined) search.append(name, String(value));
  }
  return `${url}${filled}${search.size > 0 ? `?${search}` : ""}`;
}

/** @throws RangeError for a number that cannot be sent exactly; TypeError for an invalid idempotency key. */
export function initOf(
  { key, tenant, platform }: Sender,
  { method, body, lines, isWrite }: ApiRequest,
  { idempotencyKey }: WriteOptions,
): RequestInit {
  const once = isWrite === true ? (idempotencyKey ?? platform.uuid()) : undefined;
  if (once !== undefined && !IDEMPOTENCY_KEY.test(once)) {
    throw new TypeError("idempotencyKey must be 1 to 255 visible ASCII characters");
  }
  const content = lines ?? (body === undefined ? undefined : exactJson(body));
  const type = lines === undefined ? "application/json" : "application/x-ndjson";
  return {
    method,
    headers: {
      accept: "application/json, text/*, application/pdf",
      authorization: `Bearer ${key}`,
      ...(tenant !== undefined && { "aragora-tenant": tenant }),
      ...(once !== undefined && { "idempotency-key": once }),
      ...(content !== undefined && { "content-type": type }),
    },
    ...(content !== undefined && { body: content }),
    // The key is for this server alone.
    redirect: "error",
    credentials: "omit",
  };
}

/** A path would be shortened by "." and "..", encoded or not. */
function segment(name: string, value: unknown): string {
  if (typeof value !== "string" || value === "" || value === "." || value === "..") {
    throw new TypeError(`${name} must be an id: a text that is not empty and neither "." nor ".."`);
  }
  return encodeURIComponent(value);
}
