// Passwords: which are taken, and how they are kept. scrypt with a stated cost; a look at an unknown user costs the same.

import { type ScryptOptions, scrypt, timingSafeEqual } from "node:crypto";
import { BillingError, invalidInput } from "../../kernel/index.ts";
import type { SecureRandom } from "../organizations/index.ts";

/** What a hash costs: `2 ** logN * r * 128` bytes of memory, `p` times over. */
export interface PasswordCost {
  readonly logN: number;
  readonly r: number;
  readonly p: number;
}

/** 32 MiB three times: what OWASP's Password Storage Cheat Sheet asks of scrypt at this size of memory. */
const PASSWORD_COST: PasswordCost = Object.freeze({ logN: 15, r: 8, p: 3 });

const [MIN_LENGTH, MAX_LENGTH] = [8, 256];
const SALT_BYTES = 16;
const HASH_BYTES = 32;
/** Each takes 32 MiB and a thread of the pool that files are read with. */
const AT_ONCE = 2;
const WAITING = 64;
const STORED = /^scrypt\$(\d+)\$(\d+)\$(\d+)\$([\w-]+)\$([\w-]+)$/;
const COMMON = new Set(
  `password password1 password123 passw0rd 12345678 123456789 1234567890 qwertyuiop qwerty123 1q2w3e4r 1qaz2wsx
  iloveyou sunshine princess football baseball superman trustno1 letmein1 welcome1 abc12345 abcd1234 11111111 00000000
  88888888 12341234 87654321 qwertyui asdfghjk asdfasdf zaq12wsx password! changeme changeme1 default1 whatever`.split(
    /\s+/,
  ),
);

/**
 * A password as it is hashed: NFKC, so that it is the same from every keyboard.
 *
 * @param own what it must not be: the user's own address and name.
 * @throws BillingError invalid_input `invalid_password`; it never repeats the password.
 */
export function checkedPassword(password: unknown, own: readonly string[] = []): string {
  const text = typeof password === "string" && password.isWellFormed() ? password.normalize("NFKC") : "";
  const { length } = [...text];
  if (length < MIN_LENGTH || length > MAX_LENGTH || /\p{Cc}/u.test(text)) {
    throw invalidPassword(`must have ${MIN_LENGTH} to ${MAX_LENGTH} characters`);
  }
  const plain = text.toLowerCase();
  const [, ...forbidden] = ["", ...own].map((value) => value.toLowerCase());
  if (COMMON.has(plain) || new Set(plain).size === 1) throw invalidPassword("is one that everybody tries");
  if (forbidden.some((value) => value !== "" && plain === value)) {
    throw invalidPassword("must not be your address or name");
  }
  return text;
}

/** A password as it was shown by somebody who wants in: whatever it is, it is only compared. */
export function shownPassword(password: unknown): string {
  return typeof password === "string" ? password.slice(0, MAX_LENGTH * 4).normalize("NFKC") : "";
}

/** Hashes and compares, a few at a time. */
export class Passwords {
  readonly #random: SecureRandom;
  readonly #cost: PasswordCost;
  readonly #nobody: string;
  readonly #queue: (() => void)[] = [];
  #running = 0;

  /** @param cost lower only in tests. */
  constructor(random: SecureRandom, cost: PasswordCost = PASSWORD_COST) {
    this.#random = random;
    this.#cost = cost;
    this.#nobody = stored(cost, Buffer.from(random(SALT_BYTES)), Buffer.from(random(HASH_BYTES)));
  }

  /** The text that is kept. @throws BillingError rate_limited `busy`. */
  async hash(password: string): Promise<string> {
    const salt = Buffer.from(this.#random(SALT_BYTES));
    return stored(this.#cost, salt, await this.#derive(password, salt, this.#cost));
  }

  /**
   * Whether a password is the one that was kept; false where none is, after the same work.
   *
   * @throws BillingError rate_limited `busy` when too many wait already.
   */
  async isRight(password: string, kept: string | undefined): Promise<boolean> {
    const isKnown = kept !== undefined && kept !== "";
    const parts = STORED.exec(isKnown ? kept : this.#nobody);
    if (parts === null) throw new BillingError("internal", "invalid_hash", "a kept password cannot be read");
    const [, logN, r, p, salt = "", hash = ""] = parts;
    const cost = { logN: Number(logN), r: Number(r), p: Number(p) };
    const derived = await this.#derive(password, Buffer.from(salt, "base64url"), cost);
    return timingSafeEqual(derived, Buffer.from(hash, "base64url")) && isKnown;
  }

  /** Whether a hash was made at another cost than today's. */
  isOutdated(kept: string): boolean {
    const { logN, r, p } = this.#cost;
    return !kept.startsWith(`scrypt$${logN}$${r}$${p}$`);
  }

  async #derive(password: string, salt: Buffer, { logN, r, p }: PasswordCost): Promise<Buffer> {
    await this.#turn();
    try {
      const N = 2 ** logN;
      const options: ScryptOptions = { N, r, p, maxmem: 2 * 128 * N * r };
      return await new Promise((resolve, reject) => {
        scrypt(password, salt, HASH_BYTES, options, (error, key) => (error ? reject(error) : resolve(key)));
      });
    } finally {
      const next = this.#queue.shift();
      // Handed over, not given back: whoever comes in between would be one too many.
      if (next === undefined) this.#running -= 1;
      else next();
    }
  }

  async #turn(): Promise<void> {
    if (this.#running < AT_ONCE) {
      this.#running += 1;
      return;
    }
    if (this.#queue.length >= WAITING) {
      const text = "too many people are signing in; try again in a few seconds";
      throw new BillingError("rate_limited", "busy", text, { details: { retryAfterSeconds: 5 } });
    }
    await new Promise<void>((resolve) => this.#queue.push(resolve));
  }
}

function stored({ logN, r, p }: PasswordCost, salt: Buffer, hash: Buffer): string {
  return `scrypt$${logN}$${r}$${p}$${salt.toString("base64url")}$${hash.toString("base64url")}`;
}

function invalidPassword(problem: string): BillingError {
  return invalidInput("password", "invalid_password", `password ${problem}`);
}
