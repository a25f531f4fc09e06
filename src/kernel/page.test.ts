import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { decodeCursor, encodeCursor } from "./page.ts";

const SHAPE = ["number", "string"] as const;
const invalidCursor = expect.objectContaining({
  kind: "invalid_input",
  code: "invalid_cursor",
  details: { field: "cursor" },
});
const pack = (text: string): string => Buffer.from(text).toString("base64url");

describe("cursors", () => {
  it("carry any position through a URL unchanged", () => {
    const text = fc.string({ unit: "binary" }).map((value) => value.replace(/\p{Cc}/gu, ""));
    fc.assert(
      fc.property(fc.array(fc.oneof(text, fc.maxSafeInteger()), { maxLength: 4 }), (position) => {
        const cursor = encodeCursor(position);
        expect(cursor).toMatch(/^[A-Za-z0-9_-]*$/);
        const shape = position.map((value) => (typeof value === "string" ? "string" : "number"));
        expect(decodeCursor(cursor, shape)).toEqual(position);
      }),
    );
  });

  it.each([
    ["no base64", "%%%"],
    ["empty", ""],
    ["no JSON", pack("[1,")],
    ["no array", pack('{"0":1,"1":"a","length":2}')],
    ["too short", encodeCursor([1])],
    ["too long", encodeCursor([1, "a", 2])],
    ["of swapped types", encodeCursor(["a", 1])],
    ["with null", pack('[null,"a"]')],
    ["with a nested value", pack('[1,["a"]]')],
    ["with an infinite number", pack('[1e999,"a"]')],
    ["with a fraction", encodeCursor([1.5, "a"])],
    ["with a number beyond 2^53", encodeCursor([2 ** 53, "a"])],
    ["with a NUL", encodeCursor([1, "a\0"])],
    ["with a line feed", encodeCursor([1, "a\n"])],
    ["with half a character", encodeCursor([1, "a\ud800"])],
    ["with spaces in its JSON", pack('[1, "a"]')],
    ["with padding", `${encodeCursor([1, "ab"])}=`],
    ["with a character that base64 skips", `${encodeCursor([1, "a"])}!`],
    ["in the other base64 alphabet", Buffer.from('[1,"???>>>"]').toString("base64")],
    ["with broken UTF-8", Buffer.from([0x5b, 0x31, 0x2c, 0x22, 0xff, 0x22, 0x5d]).toString("base64url")],
    ["of more than 2 KB", pack(JSON.stringify([1, "a".repeat(2000)]))],
    ["a number", 12 as never],
    ["an array", [encodeCursor([1, "a"])] as never],
  ])("are refused when %s", (_reason, cursor) => {
    expect(() => decodeCursor(cursor, SHAPE)).toThrow(invalidCursor);
  });

  it("are not made longer than they can be read", () => {
    expect(decodeCursor(encodeCursor(["a".repeat(1500)]), ["string"])).toEqual(["a".repeat(1500)]);
    expect(() => encodeCursor(["a".repeat(2000)])).toThrow(
      expect.objectContaining({ code: "cursor_too_long" }),
    );
  });
});
