import { chmodSync, existsSync, readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { describe, expect, it } from "vitest";
import { freshFolder } from "../../../test/support/database.ts";
import { type BillingError, secureRandom } from "../../kernel/index.ts";
import { signingKeys } from "./signing-key.ts";
import { ownSecret, secretBesideDatabase } from "./signing-key-file.ts";

const GOOD = "mO3v2k8QxZ5rT1uW9yB4nC7eF6gH0jLs";

function refusal(work: () => unknown): BillingError {
  try {
    work();
  } catch (error) {
    return error as BillingError;
  }
  throw new Error("was not refused");
}

describe("a secret of tokens", () => {
  it("has at least 32 bytes and is no simple text", () => {
    const weak = [
      "",
      GOOD.slice(1),
      "a".repeat(64),
      "0123456789".repeat(4),
      "changeme-changeme-changeme-changeme",
      "0123456789abcdef0123456789abcdef",
      "abcdefghijklmnopqrstuvwxyz{|}~\u007f\u0080\u0081",
      "~}|{zyxwvutsrqponmlkjihgfedcba`_^]\\",
      "aaaaaaaaaaaaaaaabbbbbbbbbbbbbbbb",
      7 as unknown as string,
    ];
    for (const secret of weak) {
      const error = refusal(() => signingKeys({ current: secret }));
      expect(error).toMatchObject({ kind: "invalid_input", code: "weak_secret" });
      if (secret.length > 12) expect(error.message).not.toContain(secret.slice(0, 12));
      expect(refusal(() => signingKeys({ current: GOOD, previous: secret }, names)).details).toEqual({
        field: "ARAGORA_JWT_SECRET_PREVIOUS",
      });
    }
    expect(refusal(() => signingKeys({ current: undefined as unknown as string })).code).toBe("weak_secret");
    for (const current of [GOOD, `${"é".repeat(4)}abcdefghij0123456789klmn`, secureText(), hexText()]) {
      expect(signingKeys({ current }).current.id).toMatch(/^[0-9a-f]{16}$/);
    }
  });

  it("is named by a short hash that is another's for no other secret", () => {
    const { current, previous } = signingKeys({ current: GOOD, previous: `${GOOD}x` });
    expect(current.id).not.toBe(previous?.id);
    expect(signingKeys({ current: GOOD }).current.id).toBe(current.id);
    expect(GOOD).not.toContain(current.id);
  });
});

describe("the secret of an installation that was given none", () => {
  it("is beside its file, ends with its memory, and is missing on PostgreSQL", () => {
    const path = join(freshFolder(), "billing.db");
    const beside = ownSecret(`sqlite:${path}`, secureRandom);
    expect(beside).toEqual({ current: secretBesideDatabase(path, secureRandom) });
    const [one, two] = [
      ownSecret("sqlite::memory:", secureRandom),
      ownSecret("sqlite::memory:", secureRandom),
    ];
    expect(one.current).not.toBe(two.current);
    for (const secret of [beside, one]) expect(signingKeys(secret)).toBeDefined();
    const error = refusal(() => ownSecret("postgres://user:password@host/database", secureRandom));
    expect(error).toMatchObject({ kind: "failed_precondition", code: "signing_secret_missing" });
    expect(error.message).toContain("ARAGORA_JWT_SECRET");
    expect(error.message).not.toContain("password");
  });
});

describe("the secret beside a database", () => {
  it("is made once, for its owner only, and found again", () => {
    const path = join(freshFolder(), "data", "billing.db");
    const secret = secretBesideDatabase(path, secureRandom);
    expect(secretBesideDatabase(path, secureRandom)).toBe(secret);
    expect(signingKeys({ current: secret })).toBeDefined();
    const file = `${path}.jwt-secret`;
    expect(statSync(file).mode & 0o777).toBe(0o600);
    expect(readFileSync(file, "utf8")).toBe(`${secret}\n`);
    expect(readdirSync(dirname(path))).toEqual(["billing.db.jwt-secret"]);
  });

  it("is not made anew in place of one that is damaged, nor used when others may read it", () => {
    const path = join(freshFolder(), "billing.db");
    const file = `${path}.jwt-secret`;
    for (const text of ["", "short\n", "x".repeat(100)]) {
      writeFileSync(file, text, { mode: 0o600 });
      expect(refusal(() => secretBesideDatabase(path, secureRandom))).toMatchObject({
        ...{ kind: "failed_precondition", code: "secret_file_invalid" },
      });
      expect(readFileSync(file, "utf8")).toBe(text);
    }
    writeFileSync(file, `${secureText()}\n`);
    chmodSync(file, 0o640);
    const error = refusal(() => secretBesideDatabase(path, secureRandom));
    expect(error.code).toBe("secret_file_invalid");
    expect(error.message).toContain("chmod 600");
    chmodSync(file, 0o600);
    expect(secretBesideDatabase(path, secureRandom)).toMatch(/^[\w-]{43}$/);
  });

  it("says what to do where it can be neither read nor made", () => {
    const inTheWay = join(freshFolder(), "file");
    writeFileSync(inTheWay, "");
    const path = join(inTheWay, "billing.db");
    expect(refusal(() => secretBesideDatabase(path, secureRandom))).toMatchObject({
      ...{ kind: "unavailable", code: "secret_file_unreachable" },
      message: expect.stringContaining("ARAGORA_JWT_SECRET"),
    });
    expect(existsSync(path)).toBe(false);
  });
});

const names = { current: "ARAGORA_JWT_SECRET", previous: "ARAGORA_JWT_SECRET_PREVIOUS" };

function secureText(): string {
  return Buffer.from(secureRandom(32)).toString("base64url");
}

function hexText(): string {
  return Buffer.from(secureRandom(32)).toString("hex");
}
