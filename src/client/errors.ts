// What can go wrong with a call. Neither class ever holds the key, nor the request that carried it.

/** Statuses after which the very same call may succeed later. */
const PASSING: ReadonlySet<number> = new Set([408, 429, 502, 503, 504, 507]);
/** Members of a problem that are fields of the error; what is left are its details. */
const STANDARD = new Set(["type", "title", "status", "detail", "code", "field", "requestId", "details"]);

interface ApiErrorFields {
  readonly status: number;
  readonly code: string;
  readonly field: string | undefined;
  readonly requestId: string | undefined;
  readonly details: Readonly<Record<string, unknown>>;
  readonly retryAfterMs: number | undefined;
}

/**
 * The API refused a call. Branch on `code`, never on `message`.
 *
 * @example
 * try {
 *   await client.holds.authorize({ estimatedCostUsd: "5" });
 * } catch (error) {
 *   if (!(error instanceof AragoraApiError && error.status === 402)) throw error;
 *   console.log(error.code); // budget_exceeded
 * }
 */
export class AragoraApiError extends Error {
  override readonly name: string = "AragoraApiError";
  /** Of HTTP. */
  readonly status: number;
  /** Stable; `http_502` and the like where what answered was not the API. */
  readonly code: string;
  /** What in the input is wrong, where it is one thing. */
  readonly field: string | undefined;
  /** By which the server's log knows the request. */
  readonly requestId: string | undefined;
  /** Whether the same call, under the same idempotency key, may succeed later. */
  readonly retryable: boolean;
  /** Facts beside the code, as the API gave them. */
  readonly details: Readonly<Record<string, unknown>>;
  /** How long the server asked to wait, in milliseconds. */
  readonly retryAfterMs: number | undefined;

  constructor(message: string, { status, code, field, requestId, details, retryAfterMs }: ApiErrorFields) {
    super(message);
    this.status = status;
    this.code = code;
    this.field = field;
    this.requestId = requestId;
    this.retryable = PASSING.has(status);
    this.details = details;
    this.retryAfterMs = retryAfterMs;
  }

  /** What a log should keep: no stack. */
  toJSON(): Readonly<Record<string, unknown>> {
    const { name, message, status, code, field, requestId, retryable, details } = this;
    return { name, message, status, code, field, requestId, retryable, details };
  }
}

/**
 * No answer of the API arrived: it could not be reached, the connection broke, or time ran out. A write may have had its
 * effect all the same; sending it again under the same idempotency key is safe.
 */
export class AragoraNetworkError extends Error {
  override readonly name: string = "AragoraNetworkError";
  /** `timeout`, `invalid_answer`, or the system's, such as `ECONNREFUSED`; `network` where none is told. */
  readonly code: string;
  /** Always: the same call may succeed later. */
  readonly retryable: boolean = true;

  constructor(code: string, message: string) {
    super(message);
    this.code = code;
  }

  /** What a log should keep: no stack. */
  toJSON(): Readonly<Record<string, unknown>> {
    const { name, message, code, retryable } = this;
    return { name, message, code, retryable };
  }
}

/** The error that an answer stands for, whatever answered. */
export function apiErrorOf(
  status: number,
  text: string,
  headers: { readonly requestId: string | null; readonly retryAfterMs: number | undefined },
): AragoraApiError {
  const problem = problemIn(text);
  const others = Object.entries(problem).filter(([name]) => !STANDARD.has(name));
  return new AragoraApiError(textOf(problem.detail) ?? `the server answered ${status}`, {
    status,
    code: textOf(problem.code) ?? `http_${status}`,
    field: textOf(problem.field),
    requestId: textOf(problem.requestId) ?? headers.requestId ?? undefined,
    details: { ...(problem.details as object | undefined), ...Object.fromEntries(others) },
    retryAfterMs: headers.retryAfterMs,
  });
}

/** The failure of a connection; of its cause only the code, as its text may hold the request. */
export function networkErrorOf(cause: unknown, what: string): AragoraNetworkError {
  const code = codeOf(cause) ?? codeOf((cause as { cause?: unknown } | undefined)?.cause) ?? "network";
  return new AragoraNetworkError(code, `${what} failed: no answer arrived (${code})`);
}

function problemIn(text: string): Readonly<Record<string, unknown>> {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === "object" && value !== null ? (value as Record<string, unknown>) : {};
  } catch {
    return {};
  }
}

function textOf(value: unknown): string | undefined {
  return typeof value === "string" && value !== "" ? value : undefined;
}

function codeOf(error: unknown): string | undefined {
  const code = (error as { code?: unknown } | null | undefined)?.code;
  return typeof code === "string" && /^[A-Z][A-Z0-9_]{1,40}$/.test(code) ? code : undefined;
}
