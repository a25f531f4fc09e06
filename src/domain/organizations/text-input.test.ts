import { describe, expect, it } from "vitest";
import { checkedSlug, slugFrom, slugWith } from "./slug.ts";
import { emailOf } from "./text-input.ts";

describe("an e-mail address", () => {
  it.each([
    [" Ada@Example.COM ", "ada@example.com"],
    ["ada+billing@example.co.uk", "ada+billing@example.co.uk"],
    ["Ada@Bücher.example", "ada@xn--bcher-kva.example"],
    ["root@localhost", "root@localhost"],
  ])("%j is compared as %s", (text, email) => {
    expect(emailOf(text, "email")).toBe(email);
  });

  it.each([
    "",
    "ada",
    "@example.com",
    "ada@",
    "a@b@c.com",
    "ada@exa mple.com",
    "ada@example.com\nBcc: eve@example.com",
    "ada@example.com, eve@example.com",
    "<ada@example.com>",
    ".ada@example.com",
    "ada@-example.com",
    `${"a".repeat(65)}@example.com`,
    `a@${"b".repeat(260)}.com`,
    null,
    7,
  ])("%j is none", (text) => {
    expect(() => emailOf(text, "email")).toThrow(expect.objectContaining({ code: "invalid_email" }));
  });
});

describe("a slug", () => {
  it.each([
    ["Acme Corp", "acme-corp"],
    ["  --A  B--  ", "a-b"],
    ["Ünïcødé № 1", "unic-de-no-1"],
    ["東京", "org"],
    ["", "org"],
    [`${"a".repeat(49)} b`, "a".repeat(49)],
  ])("of %j is %s", (name, slug) => {
    expect(slugFrom(name)).toBe(slug);
    expect(checkedSlug(slug)).toBe(slug);
  });

  it("stays one with something behind it", () => {
    expect(slugWith("acme", "2")).toBe("acme-2");
    expect(checkedSlug(slugWith(`${"a".repeat(47)}-b-c`, "2"))).toBe(`${"a".repeat(47)}-2`);
  });

  it.each(["", "Acme", "a--b", "-a", "a-", "a b", "a".repeat(51), null])("is not %j", (slug) => {
    expect(() => checkedSlug(slug)).toThrow(expect.objectContaining({ code: "invalid_slug" }));
  });
});
