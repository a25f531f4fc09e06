// RFC 9457: what a caller is told when something is wrong. Never a stack, never the database's words.

import { BillingError, ERROR_KINDS } from "../kernel/index.ts";

export interface Problem {
  readonly type: string;
  readonly title: string;
  readonly status: number;
  readonly detail: string;
  /** Stable: branch on this. */
  readonly code: string;
  /** What in the request is wrong, where it is one thing. */
  readonly field?: string;
  readonly requestId: string;
  readonly [extension: string]: unknown;
}

/** A failure of the protocol, which no kind of `BillingError` stands for; or one with facts of its own beside the code. */
export class HttpError extends Error {
  readonly status: number;
  readonly code: string;
  readonly field: string | undefined;
  readonly headers: Readonly<Record<string, string>>;
  readonly extensions: Readonly<Record<string, unknown>>;

  constructor(
    status: number,
    code: string,
    message: string,
    more: {
      readonly field?: string | undefined;
      readonly headers?: Readonly<Record<string, string>>;
      readonly extensions?: Readonly<Record<string, unknown>>;
      readonly cause?: unknown;
    } = {},
  ) {
    super(message, { cause: more.cause });
    this.status = status;
    this.code = code;
    this.field = more.field;
    this.headers = more.headers ?? {};
    this.extensions = more.extensions ?? {};
  }
}

/** What a failure becomes on the wire. */
export interface Failure {
  readonly status: number;
  readonly code: string;
  readonly detail: string;
  readonly field?: string | undefined;
  readonly headers: Readonly<Record<string, string>>;
  readonly extensions: Readonly<Record<string, unknown>>;
}

export const PROBLEM_TYPE = "application/problem+json; charset=utf-8";
const RETRY_AFTER_SECONDS = "1";

const TITLES: Readonly<Record<number, string>> = {
  400: "Bad request",
  401: "Unauthenticated",
  402: "Limit exceeded",
  403: "Forbidden",
  404: "Not found",
  405: "Method not allowed",
  406: "Not acceptable",
  408: "Request timeout",
  409: "Conflict",
  412: "Precondition failed",
  413: "Content too large",
  415: "Unsupported media type",
  422: "Invalid input",
  429: "Too many requests",
  431: "Header fields too large",
  500: "Internal error",
  502: "Provider failed",
  503: "Unavailable",
  507: "Storage full",
};

/** In place of the engine's words, which name files and servers. */
const OPERATIONAL: Readonly<Record<string, string>> = {
  storage_full: "the database has no room left; nothing of this request was kept",
  database_busy: "the database is busy; send the request again",
  database_conflict: "the request lost to others again and again; send it again",
  database_unreachable: "the database cannot be reached; send the request again",
  database_damaged: "the database is damaged",
  database_refused: "the database refuses this server",
  database_error: "the database refused a statement",
  store_closed: "the server is stopping",
};
/** Of codes whose kind would say less. */
const STATUS_OF_CODE: Readonly<Record<string, number>> = {
  storage_full: 507,
  database_damaged: 503,
  database_refused: 503,
  schema_newer: 503,
  schema_differs: 503,
  store_closed: 503,
};
/** Of the server's own parser, by fastify's code. */
const PROTOCOL: Readonly<Record<string, readonly [code: string, detail: string]>> = {
  FST_ERR_CTP_BODY_TOO_LARGE: ["body_too_large", "the body is larger than this route takes"],
  FST_ERR_CTP_INVALID_MEDIA_TYPE: ["unsupported_media_type", "send application/json"],
  FST_ERR_CTP_INVALID_CONTENT_LENGTH: ["invalid_content_length", "Content-Length is not that of the body"],
  FST_ERR_BAD_URL: ["invalid_url", "the path is not a valid URL"],
};

export function failureOf(error: unknown): Failure {
  if (error instanceof HttpError) {
    const { status, code, message: detail, field, headers, extensions } = error;
    return { status, code, detail, field, headers: { ...retryAfter(status), ...headers }, extensions };
  }
  if (error instanceof BillingError) return failureOfEngine(error);
  const { code, statusCode } = error as { code?: unknown; statusCode?: unknown };
  const known = typeof code === "string" ? PROTOCOL[code] : undefined;
  if (typeof statusCode === "number" && statusCode >= 400 && statusCode < 500) {
    const [name, detail] = known ?? ["bad_request", "the request cannot be read"];
    return { status: statusCode, code: name, detail, headers: {}, extensions: {} };
  }
  return { status: 500, code: "internal", detail: "something went wrong here", headers: {}, extensions: {} };
}

export function problemOf(failure: Failure, requestId: string): Problem {
  const { status, code, detail, field, extensions } = failure;
  return {
    type: `urn:aragora:problem:${code}`,
    title: TITLES[status] ?? "Error",
    status,
    detail,
    code,
    ...(field !== undefined && { field }),
    requestId,
    ...extensions,
  };
}

function failureOfEngine({ kind, code, message, details, retryable }: BillingError): Failure {
  const status = STATUS_OF_CODE[code] ?? ERROR_KINDS[kind].httpStatus;
  const { field, ...facts } = details;
  const isOurs = status === 500 || code in OPERATIONAL || status === 503;
  return {
    status,
    code,
    detail: OPERATIONAL[code] ?? (status === 500 ? "something went wrong here" : message),
    field: typeof field === "string" ? field : undefined,
    headers: {
      ...(retryable || status === 503 || status === 507 ? retryAfter(503) : {}),
      ...(typeof details.retryAfterSeconds === "number" && {
        "retry-after": String(details.retryAfterSeconds),
      }),
      ...(status === 401 && { "www-authenticate": 'Bearer realm="aragora"' }),
    },
    extensions: isOurs || Object.keys(facts).length === 0 ? {} : { details: facts },
  };
}

function retryAfter(status: number): Record<string, string> {
  return status === 503 || status === 429 ? { "retry-after": RETRY_AFTER_SECONDS } : {};
}
