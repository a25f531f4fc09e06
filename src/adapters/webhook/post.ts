import { request as httpRequest, type IncomingMessage } from "node:http";
import { request as httpsRequest } from "node:https";
import type { LookupFunction } from "node:net";
import type { Attempt } from "../../domain/notifications/index.ts";
import { ADDRESS_REFUSED } from "./guard.ts";

export interface Post {
  readonly url: URL;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
  /** For the whole call, looking up the host included. */
  readonly timeoutMs: number;
  readonly lookup?: LookupFunction | undefined;
  readonly ca?: string | undefined;
}

const MAX_ANSWER = 64 * 1_024;

/**
 * One POST on a connection of its own: no redirect is followed, no proxy is used, at most 64 KiB of the answer are taken
 * in and none is kept. 2xx is delivered, 410 refused, all else failed. Never rejects.
 */
export function post({ url, headers, body, timeoutMs, lookup, ca }: Post): Promise<Attempt> {
  return new Promise((resolve) => {
    const send = url.protocol === "https:" ? httpsRequest : httpRequest;
    const request = send(url, {
      method: "POST",
      headers: {
        ...headers,
        "content-type": "application/json",
        "content-length": String(Buffer.byteLength(body)),
        "user-agent": "aragora-billing",
        connection: "close",
      },
      agent: false,
      ...(lookup && { lookup }),
      ...(ca && { ca }),
    });
    let answered: Attempt | undefined;
    const timer = setTimeout(() => {
      // An answer that does not end has still said what became of the call.
      const error = `no answer within ${timeoutMs / 1_000} s`;
      end(answered ?? { outcome: "failed", error, isUnreachable: true });
      request.destroy();
    }, timeoutMs);
    const end = (attempt: Attempt) => {
      clearTimeout(timer);
      resolve(attempt);
    };
    request.on("response", (response) => {
      const attempt = attemptOf(response.statusCode ?? 0);
      answered = attempt;
      drain(response, () => end(attempt));
    });
    request.on("error", (error) => end(answered ?? failureOf(error)));
    request.on("close", () =>
      end(answered ?? { outcome: "failed", error: "the connection ended", isUnreachable: true }),
    );
    request.end(body);
  });
}

function drain(response: IncomingMessage, done: () => void): void {
  let size = 0;
  response.on("data", (chunk: Buffer) => {
    size += chunk.length;
    if (size > MAX_ANSWER) response.destroy();
  });
  response.on("error", () => undefined);
  response.once("close", done);
}

function attemptOf(status: number): Attempt {
  if (status >= 200 && status < 300) return { outcome: "delivered" };
  if (status === 410) return { outcome: "refused", error: "HTTP 410: the endpoint is gone" };
  const isRedirect = status >= 300 && status < 400;
  return { outcome: "failed", error: `HTTP ${status}${isRedirect ? ": redirects are not followed" : ""}` };
}

const REASONS: Readonly<Record<string, string>> = {
  ECONNREFUSED: "connection refused",
  ECONNRESET: "the connection was reset",
  ENOTFOUND: "host not found",
  EAI_AGAIN: "host not found for now",
  EHOSTUNREACH: "host unreachable",
  ENETUNREACH: "network unreachable",
};

/** In our words: those of the error may name addresses. */
function failureOf(error: NodeJS.ErrnoException): Attempt {
  const code = error.code ?? "";
  if (code === ADDRESS_REFUSED) {
    return { outcome: "refused", error: "the webhook is refused: its address is not a public one" };
  }
  const reason = REASONS[code] ?? `connection failed${/^\w+$/.test(code) ? ` (${code})` : ""}`;
  return { outcome: "failed", error: reason, isUnreachable: true };
}
