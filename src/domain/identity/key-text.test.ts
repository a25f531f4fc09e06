import { randomBytes } from "node:crypto";
import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { isSameHash, newKeyText, readKeyText } from "./key-text.ts";

describe("the text of a key", () => {
  it("has a prefix and 256 random bits, and is read back", () => {
    const asked: number[] = [];
    const key = newKeyText((bytes) => {
      asked.push(bytes);
      return randomBytes(bytes);
    });
    expect(key.text).toMatch(/^ara_[0-9a-f]{12}_[A-Za-z0-9_-]{43}$/);
    expect(asked).toEqual([6, 32]);
    expect(readKeyText(key.text)).toEqual(key);
  });

  it.each(["", "ara_", "ara_0123456789ab_short", "key_0123456789ab_", 7, null, undefined, {}])(
    "is not %j",
    (text) => {
      expect(readKeyText(text)).toBeUndefined();
    },
  );

  it("is not one with something before, behind or in it", () => {
    const { text } = newKeyText(randomBytes);
    for (const other of [` ${text}`, `${text}\n`, `${text}a`, text.toUpperCase(), text.slice(0, -1)]) {
      expect(readKeyText(other)).toBeUndefined();
    }
  });
});

describe("isSameHash", () => {
  const hash = "ab".repeat(32);

  it("tells equal hashes from others, whatever their length", () => {
    expect(isSameHash(hash, hash)).toBe(true);
    for (const other of [`${hash.slice(0, -2)}ac`, `ac${hash.slice(2)}`, hash.slice(2), ""]) {
      expect(isSameHash(hash, other)).toBe(false);
    }
  });

  it("compares in constant time, and is the only comparison of hashes", () => {
    const source = (name: string) => readFileSync(new URL(name, import.meta.url), "utf8");
    expect(source("key-text.ts")).toMatch(/a\.length === b\.length && timingSafeEqual\(a, b\)/);
    expect(source("identity-service.ts")).toContain("isSameHash(hash, shown.hash)");
    expect(source("api-key-store.ts")).not.toMatch(/secret_hash\s*=/);
  });
});
