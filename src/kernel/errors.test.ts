import { describe, expect, it } from "vitest";
import { BillingError, ERROR_KINDS, type ErrorKind, exitCodeOf, invalidInput } from "./errors.ts";

describe("ERROR_KINDS", () => {
  it("maps every kind to the status and exit code of the architecture", () => {
    expect(ERROR_KINDS).toEqual({
      invalid_input: { httpStatus: 422, exitCode: 2 },
      unauthenticated: { httpStatus: 401, exitCode: 3 },
      forbidden: { httpStatus: 403, exitCode: 3 },
      not_found: { httpStatus: 404, exitCode: 4 },
      conflict: { httpStatus: 409, exitCode: 5 },
      failed_precondition: { httpStatus: 412, exitCode: 5 },
      limit_exceeded: { httpStatus: 402, exitCode: 6 },
      rate_limited: { httpStatus: 429, exitCode: 6 },
      unavailable: { httpStatus: 503, exitCode: 7 },
      provider_failed: { httpStatus: 502, exitCode: 7 },
      internal: { httpStatus: 500, exitCode: 1 },
    });
  });

  it("cannot be changed", () => {
    expect(Object.isFrozen(ERROR_KINDS)).toBe(true);
    expect(Object.values(ERROR_KINDS).every(Object.isFrozen)).toBe(true);
  });
});

describe("BillingError", () => {
  it("shows neither its stack nor its cause in JSON", () => {
    const cause = new Error("password=secret");
    const error = new BillingError("conflict", "event_conflict", "other content", {
      details: { id: "e1" },
      cause,
    });

    expect(error.cause).toBe(cause);
    expect(JSON.parse(JSON.stringify(error))).toEqual({
      kind: "conflict",
      code: "event_conflict",
      message: "other content",
      details: { id: "e1" },
      retryable: false,
    });
  });

  it("is retryable by default only where time may help", () => {
    const kinds = Object.keys(ERROR_KINDS) as ErrorKind[];
    const retryable = kinds.filter((kind) => new BillingError(kind, "x", "x").retryable);

    expect(retryable.sort()).toEqual(["provider_failed", "rate_limited", "unavailable"]);
  });

  it("takes an explicit retryable over the default of its kind", () => {
    expect(new BillingError("unavailable", "x", "x", { retryable: false }).retryable).toBe(false);
    expect(new BillingError("conflict", "x", "x", { retryable: true }).retryable).toBe(true);
  });

  it("keeps its own frozen copy of the details", () => {
    const details = { field: "a" };
    const error = new BillingError("invalid_input", "x", "x", { details });
    details.field = "b";

    expect(error.details).toEqual({ field: "a" });
    expect(Object.isFrozen(error.details)).toBe(true);
  });

  it("has no cause property when it was given none", () => {
    expect("cause" in new BillingError("internal", "x", "x")).toBe(false);
  });
});

describe("invalidInput", () => {
  it("names the offending field in the details", () => {
    const error = invalidInput("amount", "invalid_amount", "must be a number");

    expect(error).toMatchObject({
      kind: "invalid_input",
      code: "invalid_amount",
      details: { field: "amount" },
    });
  });
});

describe("exitCodeOf", () => {
  it("is the kind's code for a BillingError and 1 for anything else", () => {
    expect(exitCodeOf(new BillingError("limit_exceeded", "x", "x"))).toBe(6);
    expect(exitCodeOf(new TypeError("x"))).toBe(1);
    expect(exitCodeOf({ kind: "limit_exceeded" })).toBe(1);
    expect(exitCodeOf(undefined)).toBe(1);
  });
});
