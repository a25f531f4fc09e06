import { describe, expect, it } from "vitest";
import { BillingError, createIds, HOUR_MS, ManualClock, withTenant } from "../../kernel/index.ts";
import { alertFor, SECRET } from "./fixtures.ts";
import { type NotificationInput, newNotification, type Recipient } from "./index.ts";
import { backoffMs, nextTry } from "./schedule.ts";

const ids = createIds(new ManualClock("2025-01-01T00:00:00Z"));

function refusalOf(input: unknown): BillingError {
  try {
    newNotification(input as NotificationInput, ids);
  } catch (error) {
    if (error instanceof BillingError) return error;
    throw error;
  }
  return expect.fail("was accepted");
}

describe("newNotification", () => {
  it("gives every notification an id of its own and takes the tenant that is nearest", () => {
    const { tenant: _, ...input } = alertFor("acme");
    const first = newNotification(alertFor("acme"), ids, "default");
    const second = withTenant("ambient", () => newNotification(input as NotificationInput, ids, "default"));
    const third = newNotification(input as NotificationInput, ids, "default");
    expect([first.tenant, second.tenant, third.tenant]).toEqual(["acme", "ambient", "default"]);
    expect(new Set([first.id, second.id, third.id]).size).toBe(3);
    expect(first.id).toMatch(/^ntf_[0-9a-z]{26}$/);
    expect(refusalOf(input)).toMatchObject({ code: "tenant_required" });
  });

  it.each([
    "a@b.example\r\nBcc: victim@example.com",
    "a@b.example\nRCPT TO:<victim@example.com>",
    "a@b.example\r\n.\r\nMAIL FROM:<x@y>",
    "a@b.example\0",
    "a@b.example,victim@example.com",
    "a@b.example;victim@example.com",
    "a@b.example victim@example.com",
    "<a@b.example>",
    "Name <a@b.example>",
    '"a b"@b.example',
    "a@[127.0.0.1]",
    "group:a@b.example;",
    "a@b@c.example",
    "a@-b.example",
    "a@b..example",
    "@b.example",
    "a@",
    "",
    `${"a".repeat(65)}@b.example`,
    `a@${"b".repeat(250)}.example`,
    "ä@b.example",
    "a@b.example%0d%0aBcc:x@y\u2028",
    7,
    null,
    ["a@b.example"],
    { address: "a@b.example" },
  ])("refuses %j as an address, without repeating it", (email) => {
    const error = refusalOf({ ...alertFor("acme"), recipient: { email } });
    expect(error).toMatchObject({ kind: "invalid_input", details: { field: "email" } });
    expect(error.message).not.toContain("victim");
  });

  it.each([
    "a@b.example",
    "first.last+tag@sub.domain.example",
    "o'neil@x.co",
    "A_B@EXAMPLE.COM",
    "root@localhost",
  ])("takes %s as an address", (email) => {
    expect(newNotification(alertFor("acme", { recipient: { email } }), ids).recipient).toEqual({ email });
  });

  it.each([
    "javascript:alert(1)",
    "data:text/html,x",
    "ftp://a.example/",
    "file:///etc/passwd",
    "//a.example/",
    "a.example",
    "https://",
    "https://user:hunter2@a.example/",
    `https://a.example/${"x".repeat(2_048)}`,
    "",
    7,
  ])("refuses %j as a link or endpoint, without repeating it", (url) => {
    const payload = { orgName: "Acme", amount: "$1", retryUrl: url };
    const link = refusalOf({ kind: "payment_failed", tenant: "acme", payload });
    expect(link).toMatchObject({ code: "invalid_url", details: { field: "retryUrl" } });
    const endpoint = refusalOf(alertFor("acme", { recipient: { webhook: url as string } }));
    expect(endpoint).toMatchObject({ code: "invalid_url", details: { field: "webhook" } });
    expect(link.message + endpoint.message).not.toContain("hunter2");
  });

  it.each([
    "planted-secret",
    "whsec_",
    "whsec_c2hvcnQ=",
    "whsec_not base64 at all, planted",
    `whsec_${"A".repeat(100)}`,
  ])("refuses %s as a secret, without repeating it", (secret) => {
    const recipient: Recipient = { webhook: "https://a.example/", secret };
    const error = refusalOf(alertFor("acme", { recipient }));
    expect(error).toMatchObject({ code: "invalid_secret" });
    expect(JSON.stringify(error)).not.toContain(secret.slice(6, 20) || "planted");
  });

  it("refuses what it does not know, naming the field", () => {
    const payload = alertFor("acme").payload;
    expect(refusalOf({ ...alertFor("acme"), kind: "party" })).toMatchObject({ details: { field: "kind" } });
    expect(refusalOf({ ...alertFor("acme"), payload: { ...payload, colour: 1 } })).toMatchObject({
      code: "unknown_field",
      details: { field: "colour" },
    });
    expect(refusalOf({ ...alertFor("acme"), payload: { level: "info" } })).toMatchObject({
      code: "required",
      details: { field: "currentSpend" },
    });
    expect(
      refusalOf({ ...alertFor("acme"), payload: { ...payload, percentUsed: Number.NaN } }),
    ).toMatchObject({
      details: { field: "percentUsed" },
    });
    expect(refusalOf({ ...alertFor("acme"), payload: null })).toMatchObject({
      details: { field: "payload" },
    });
    expect(refusalOf(alertFor("acme\n"))).toMatchObject({ details: { field: "tenant" } });
    expect(refusalOf(alertFor("acme", { recipient: {} as Recipient }))).toMatchObject({
      code: "invalid_recipient",
    });
    expect(
      refusalOf(alertFor("acme", { recipient: { email: "a@b.c", webhook: "https://a.c", secret: SECRET } })),
    ).toMatchObject({ code: "invalid_recipient" });
  });
});

describe("the wait before the next try", () => {
  it("doubles from 30 s to an hour, less a random part of up to a half", () => {
    for (const [attempts, full] of [
      [1, 30_000],
      [2, 60_000],
      [5, 480_000],
      [8, HOUR_MS],
      [99, HOUR_MS],
    ] as const) {
      const waits = Array.from({ length: 200 }, () => backoffMs(ids.next("ntf"), attempts));
      expect(Math.min(...waits)).toBeGreaterThanOrEqual(full / 2);
      expect(Math.max(...waits)).toBeLessThanOrEqual(full);
      expect(Math.max(...waits) - Math.min(...waits)).toBeGreaterThan(full / 3);
      expect(new Set(waits).size).toBeGreaterThan(150);
    }
  });

  it("ends at the deadline: the last try is at it, none after", () => {
    expect(nextTry("ntf_1", 20, 1_000, 2_000)).toBe(2_000);
    expect(nextTry("ntf_1", 20, 2_000, 2_000)).toBeNull();
  });
});
