import {
  BillingError,
  type Clock,
  DAY_MS,
  digest,
  HOUR_MS,
  type Ids,
  isoInstant,
} from "../../kernel/index.ts";
import type { Reader, Store, Tx } from "../../store/index.ts";
import { appendAudit } from "../audit/index.ts";
import {
  type Actor,
  actsForInstallation,
  checkedActor,
  claimEmailAcrossTenants,
  emailOf,
  ensureUserAcrossTenants,
  lineOf,
  lockUserAcrossTenants,
  organizationsOfUserAcrossTenants,
  type PersonalDataHolder,
  type SecureRandom,
  secretText,
  updateUserAcrossTenants,
  userAcrossTenants,
  userNotFound,
  userWithEmailAcrossTenants,
} from "../organizations/index.ts";
import {
  type AccountMail,
  type AccountMailer,
  invalidCode,
  invalidCredentials,
  invalidOneTimeToken,
  type LoginLink,
  type Profile,
  type RequestOrigin,
  type SignInResult,
} from "./account.ts";
import {
  accountAcrossTenants,
  accountWithEmailAcrossTenants,
  countBackupCodesAcrossTenants,
  hasAccountsAcrossTenants,
  putPasswordAcrossTenants,
  putPendingMfaAcrossTenants,
  rehashAcrossTenants,
  removeErasedAccountsAcrossTenants,
  replaceBackupCodesAcrossTenants,
  type StoredAccount,
  switchMfaAcrossTenants,
  useBackupCodeAcrossTenants,
  useStepAcrossTenants,
} from "./account-store.ts";
import { claimOnce } from "./api-key-store.ts";
import { type Attempt, AttemptLimits, atPasswordOf, fromAddress } from "./attempt.ts";
import { backupCodeHash, type MfaEnrolment, newBackupCodes, newEnrolment, stepOf } from "./mfa-code.ts";
import {
  hasExpiredAcrossTenants,
  putOneTimeTokenAcrossTenants,
  removeExpiredAcrossTenants,
  removeTokensOfAcrossTenants,
  type TokenPurpose,
  takeOneTimeTokenAcrossTenants,
} from "./one-time-token-store.ts";
import { checkedPassword, type PasswordCost, Passwords, shownPassword } from "./password.ts";
import type { AuthenticationMethod, TokenPair } from "./session.ts";
import type { SessionService } from "./session-service.ts";

/** Who asks, where a session is needed for it. */
export interface SignedIn {
  readonly userId: string;
  readonly sessionId: string;
}

const MINUTE_MS = 60_000;
const LIFETIMES: Readonly<Record<TokenPurpose, number>> = {
  registration: DAY_MS,
  password_reset: HOUR_MS,
  login_link: 15 * MINUTE_MS,
};
const TOKEN_BYTES = 32;
const MAX_NAME = 200;
const FIRST_OWNER = "first owner link";
const REMOVED_AT_ONCE = 1_000;

/**
 * How people sign in: passwords, second factors, and tokens sent by mail.
 *
 * Nothing tells whether somebody has an account: registering a known address and resetting an unknown one are answered
 * like any other, and the mail says what is so. An account comes into being when its address is confirmed. Guesses are
 * counted before they are looked at: ten passwords a minute and fifty an hour per account, sixty a minute per address,
 * five codes per second step and twenty such steps a day. Every step is on record in the audit log, without addresses and secrets.
 */
export class AccountService implements PersonalDataHolder {
  readonly #store: Store;
  readonly #clock: Clock;
  readonly #ids: Ids;
  readonly #random: SecureRandom;
  readonly #sessions: SessionService;
  readonly #mailer: AccountMailer;
  readonly #passwords: Passwords;
  readonly #limits: AttemptLimits;

  /**
   * @param parts `random` must be cryptographically secure.
   * @param cost of passwords; lower only in tests.
   */
  constructor(
    parts: {
      readonly store: Store;
      readonly clock: Clock;
      readonly ids: Ids;
      readonly random: SecureRandom;
      readonly sessions: SessionService;
      readonly mailer: AccountMailer;
    },
    cost?: PasswordCost,
  ) {
    this.#store = parts.store;
    this.#clock = parts.clock;
    this.#ids = parts.ids;
    this.#random = parts.random;
    this.#sessions = parts.sessions;
    this.#mailer = parts.mailer;
    this.#passwords = new Passwords(parts.random, cost);
    this.#limits = new AttemptLimits(parts);
  }

  /**
   * Sends a mail with which the address is confirmed and the account made; to somebody who has one, a mail that says so.
   *
   * @throws BillingError invalid_input naming the field; rate_limited `too_many_tries`, `busy`.
   */
  async register(
    input: { readonly email: string; readonly password: string; readonly name?: string | undefined },
    { ip }: RequestOrigin = {},
  ): Promise<void> {
    const email = emailOf(input.email, "email");
    const name = input.name === undefined ? "" : lineOf(input.name, "name", MAX_NAME);
    const password = checkedPassword(input.password, [email, name]);
    await this.#limits.count([...fromAddress(ip), { rule: "mail", subject: email }]);
    // Also for a known address: how long it takes must not tell.
    const passwordHash = await this.#passwords.hash(password);
    await this.#store.transaction(async (tx) => {
      const known = await accountWithEmailAcrossTenants(email, tx);
      if (known !== undefined) return this.#mail({ kind: "account_exists", to: email }, tx);
      const token = await this.#issue("registration", email, { passwordHash, name }, tx);
      return this.#mail({ kind: "verify_email", to: email, ...token }, tx);
    });
  }

  /**
   * Confirms an address: the account is made, for the user who has the address already or for a new one.
   *
   * @throws BillingError unauthenticated `invalid_one_time_token`; rate_limited `too_many_tries`.
   */
  async verifyEmail(token: string, { ip }: RequestOrigin = {}): Promise<{ readonly userId: string }> {
    await this.#limits.count(fromAddress(ip));
    return this.#store.transaction(async (tx) => {
      const { subject: email, data } = await this.#take(token, "registration", tx);
      const { passwordHash, name } = JSON.parse(data) as { passwordHash: string; name: string };
      const at = this.#clock.now();
      const known = await userWithEmailAcrossTenants(email, tx);
      const userId = known?.id ?? this.#ids.next("user");
      await ensureUserAcrossTenants(userId, at, tx);
      await lockUserAcrossTenants(userId, tx);
      // Somebody else may have confirmed it at the same moment.
      if (!(await claimEmailAcrossTenants(userId, email, tx))) throw invalidOneTimeToken();
      await updateUserAcrossTenants({ id: userId, email, name: known?.name ?? name }, tx);
      if ((await accountAcrossTenants(userId, tx)) !== undefined) throw invalidOneTimeToken();
      await putPasswordAcrossTenants(userId, passwordHash, at, tx);
      await this.#record("account.registered", userId, tx);
      return { userId };
    });
  }

  /**
   * Signs in by address and password.
   *
   * @throws BillingError unauthenticated `invalid_credentials`, in the same words and after the same work for an unknown
   * address; rate_limited `too_many_tries` (also for the right password), `busy`.
   * @example
   * const result = await billing.accounts.signIn({ email: "ada@example.com", password });
   * if (result.status === "mfa_required") await billing.accounts.completeMfa({ mfaToken: result.mfaToken, code });
   */
  async signIn(
    input: { readonly email: string; readonly password: string },
    origin: RequestOrigin = {},
  ): Promise<SignInResult> {
    const email = emailOf(input.email, "email");
    await this.#limits.count([...fromAddress(origin.ip), ...atPasswordOf(email)]);
    const password = shownPassword(input.password);
    const account = await this.#store.read((reader) => accountWithEmailAcrossTenants(email, reader));
    const isRight = await this.#passwords.isRight(password, account?.passwordHash);
    if (account === undefined || !isRight) throw invalidCredentials();
    if (account.isMfaEnabled) await this.#limits.count([secondFactorOf(account.userId)]);
    const next = this.#passwords.isOutdated(account.passwordHash)
      ? await this.#passwords.hash(password)
      : undefined;
    return this.#store.transaction(async (tx) => {
      await lockUserAcrossTenants(account.userId, tx);
      const present = await accountAcrossTenants(account.userId, tx);
      // Changed or erased since it was looked at.
      if (present?.passwordHash !== account.passwordHash) throw invalidCredentials();
      await this.#limits.forget(atPasswordOf(email), tx);
      if (next !== undefined) await rehashAcrossTenants(present, next, tx);
      return this.#admit(present, "password", origin, tx);
    });
  }

  /**
   * The second step: a code of the authenticator app, or a backup code, which is used up.
   *
   * @throws BillingError unauthenticated `invalid_token`, `invalid_mfa_code`; rate_limited `too_many_tries` after five
   * codes: sign in again.
   */
  async completeMfa(
    { mfaToken, code }: { readonly mfaToken: string; readonly code: string },
    origin: RequestOrigin = {},
  ): Promise<TokenPair> {
    await this.#limits.count([...fromAddress(origin.ip), { rule: "second_step", subject: String(mfaToken) }]);
    return this.#store.transaction(async (tx) => {
      // A wrong code rolls this back, so the token stays good for the next one.
      const userId = await this.#sessions.consumeMfaPending(mfaToken, tx);
      const method = await this.#useCode(await this.#account(userId, tx), code, tx);
      await this.#limits.forget([secondFactorOf(userId)], tx);
      await this.#record("account.signed_in", userId, tx, { by: method });
      return this.#sessions.open({ ...origin, userId, authenticatedBy: ["password", method] }, tx);
    });
  }

  /**
   * Gives the user another password and ends all other sessions. One who has a password shows it.
   *
   * @throws BillingError unauthenticated `invalid_credentials`; invalid_input `invalid_password`; rate_limited.
   */
  async changePassword(
    { userId, sessionId }: SignedIn,
    { current, next }: { readonly current?: string | undefined; readonly next: string },
  ): Promise<void> {
    await this.#limits.count([{ rule: "own_password", subject: userId }]);
    const { account, email } = await this.#store.read(async (reader) => ({
      account: await accountAcrossTenants(userId, reader),
      email: (await userAcrossTenants(userId, reader))?.email ?? null,
    }));
    const kept = account?.passwordHash ?? "";
    const isRight = kept === "" || (await this.#passwords.isRight(shownPassword(current), kept));
    if (!isRight) throw invalidCredentials();
    const hash = await this.#passwords.hash(checkedPassword(next, email === null ? [] : [email]));
    await this.#store.transaction(async (tx) => {
      await lockUserAcrossTenants(userId, tx);
      if (((await accountAcrossTenants(userId, tx))?.passwordHash ?? "") !== kept) throw invalidCredentials();
      await this.#setPassword(userId, hash, email, sessionId, tx);
    });
  }

  /**
   * Sends a mail with which a new password can be set, if there is somebody with this address.
   *
   * @throws BillingError invalid_input `invalid_email`; rate_limited `too_many_tries`.
   */
  async requestPasswordReset(input: string, { ip }: RequestOrigin = {}): Promise<void> {
    const email = emailOf(input, "email");
    await this.#limits.count([...fromAddress(ip), { rule: "mail", subject: email }]);
    await this.#store.transaction(async (tx) => {
      const account = await accountWithEmailAcrossTenants(email, tx);
      // For an unknown address one that nobody gets: a commit without writes would be quicker, and tell.
      const subject = account?.userId ?? `nobody ${digest(email)}`;
      const token = await this.#issue("password_reset", subject, {}, tx);
      if (account === undefined) return;
      await this.#mail({ kind: "password_reset", to: email, ...token }, tx);
      await this.#record("account.reset_requested", account.userId, tx);
    });
  }

  /**
   * Sets the password of whoever got the mail; ends every session and voids every other token of theirs.
   *
   * @throws BillingError unauthenticated `invalid_one_time_token`; invalid_input `invalid_password`; rate_limited.
   */
  async resetPassword(
    { token, password }: { readonly token: string; readonly password: string },
    { ip }: RequestOrigin = {},
  ): Promise<void> {
    await this.#limits.count(fromAddress(ip));
    const hash = await this.#passwords.hash(checkedPassword(password));
    await this.#store.transaction(async (tx) => {
      const { subject: userId } = await this.#take(token, "password_reset", tx);
      await lockUserAcrossTenants(userId, tx);
      const email = (await userAcrossTenants(userId, tx))?.email ?? null;
      await this.#setPassword(userId, hash, email, undefined, tx);
      await this.#limits.forget([secondFactorOf(userId), ...(email === null ? [] : atPasswordOf(email))], tx);
    });
  }

  /**
   * Begins to set up a second factor: not asked for until `confirmMfa`. The secret is shown this once.
   *
   * @throws BillingError failed_precondition `mfa_enabled`; not_found `user_not_found`.
   */
  async enrolMfa(userId: string): Promise<MfaEnrolment> {
    return this.#store.transaction(async (tx) => {
      const user = await userAcrossTenants(userId, tx);
      await this.#account(userId, tx);
      const enrolment = newEnrolment(this.#random, user?.email ?? userId);
      if (!(await putPendingMfaAcrossTenants(userId, enrolment.secret, tx))) throw mfaEnabled();
      return enrolment;
    });
  }

  /**
   * Switches the second factor on, with a first code of it. Returns backup codes, shown this once.
   *
   * @throws BillingError unauthenticated `invalid_mfa_code`; failed_precondition `mfa_enabled`; rate_limited.
   */
  async confirmMfa(
    { userId, sessionId }: SignedIn,
    code: string,
  ): Promise<{ readonly backupCodes: readonly string[] }> {
    await this.#limits.count(atOwnCode(userId));
    return this.#store.transaction(async (tx) => {
      await lockUserAcrossTenants(userId, tx);
      const account = await this.#account(userId, tx);
      if (account.isMfaEnabled) throw mfaEnabled();
      if (account.mfaSecret === "") throw invalidCode();
      await this.#useCode(account, code, tx);
      await this.#limits.forget(atOwnCode(userId), tx);
      await switchMfaAcrossTenants(userId, true, tx);
      await this.#sessions.noteMfa(userId, sessionId, tx);
      await this.#record("account.mfa_enabled", userId, tx);
      return { backupCodes: await this.#newBackupCodes(userId, tx) };
    });
  }

  /**
   * Switches the second factor off, with a code of it.
   *
   * @throws BillingError unauthenticated `invalid_mfa_code`; failed_precondition `mfa_not_enabled`; rate_limited.
   */
  disableMfa(userId: string, code: string): Promise<void> {
    return this.#withCode(userId, code, async (tx) => {
      await switchMfaAcrossTenants(userId, false, tx);
      await this.#record("account.mfa_disabled", userId, tx);
    });
  }

  /** Ten new backup codes for the old ones, with a code; shown this once. @throws BillingError as {@link disableMfa}. */
  regenerateBackupCodes(userId: string, code: string): Promise<{ readonly backupCodes: readonly string[] }> {
    return this.#withCode(userId, code, async (tx) => {
      await this.#record("account.backup_codes_renewed", userId, tx);
      return { backupCodes: await this.#newBackupCodes(userId, tx) };
    });
  }

  /**
   * A link that signs a user in, for whoever hands it over by a safe way. Operators and the system only; a second factor
   * is asked for all the same.
   *
   * @throws BillingError forbidden `permission_denied`; not_found `user_not_found`.
   */
  async createLoginLink(actor: Actor, userId: string): Promise<LoginLink> {
    const who = checkedActor(actor);
    if (!actsForInstallation(who)) {
      const text = "this takes an operator of the installation";
      throw new BillingError("forbidden", "permission_denied", text, { details: { permissions: [] } });
    }
    return this.#store.transaction((tx) => this.#loginLink(who, userId, tx));
  }

  /**
   * Signs in by a link.
   *
   * @throws BillingError unauthenticated `invalid_one_time_token`; rate_limited `too_many_tries`.
   */
  async redeemLoginLink(token: string, origin: RequestOrigin = {}): Promise<SignInResult> {
    await this.#limits.count(fromAddress(origin.ip));
    return this.#store.transaction(async (tx) => {
      const { subject: userId } = await this.#take(token, "login_link", tx);
      await lockUserAcrossTenants(userId, tx);
      const at = this.#clock.now();
      const known = await accountAcrossTenants(userId, tx);
      if (known === undefined) await putPasswordAcrossTenants(userId, "", at, tx);
      return this.#admit(known ?? (await this.#account(userId, tx)), "login_link", origin, tx);
    });
  }

  /**
   * The link of the first owner of an installation, once: a new user, who then makes an organization and sets a password.
   * Null if there ever was an account or a link. Of several processes that start at once one gets it.
   */
  async ensureFirstOwnerLink(): Promise<LoginLink | null> {
    if (await this.#store.read(hasAccountsAcrossTenants)) return null;
    return this.#store.transaction(async (tx) => {
      const at = this.#clock.now();
      if (!(await claimOnce(FIRST_OWNER, at, tx)) || (await hasAccountsAcrossTenants(tx))) return null;
      const userId = this.#ids.next("user");
      await ensureUserAcrossTenants(userId, at, tx);
      return this.#loginLink({ kind: "system", id: "first start" }, userId, tx);
    });
  }

  /** @throws BillingError not_found `user_not_found`. */
  me(userId: string): Promise<Profile> {
    return this.#store.read(async (reader) => {
      const user = await userAcrossTenants(userId, reader);
      if (user === undefined) throw userNotFound();
      const account = await accountAcrossTenants(userId, reader);
      return {
        id: user.id,
        email: user.email,
        name: user.name,
        hasPassword: (account?.passwordHash ?? "") !== "",
        isMfaEnabled: account?.isMfaEnabled ?? false,
        backupCodesLeft: await countBackupCodesAcrossTenants(userId, reader),
        organizations: await organizationsOfUserAcrossTenants(userId, reader),
      };
    });
  }

  eraseTenant(_tenant: string, _at: number, tx: Tx): Promise<void> {
    return removeErasedAccountsAcrossTenants(tx);
  }

  /** Removes tokens and counts of tries that have expired. */
  cleanup() {
    return {
      name: "account cleanup",
      every: HOUR_MS,
      hasWork: (now: number) => this.#store.read((reader) => hasExpiredAcrossTenants(now, reader)),
      runDue: async (now: number) => {
        let done = 0;
        for (;;) {
          const removed = await this.#store.transaction((tx) =>
            removeExpiredAcrossTenants(now, REMOVED_AT_ONCE, tx),
          );
          done += removed;
          if (removed < REMOVED_AT_ONCE) return done;
        }
      },
    };
  }

  async #admit(
    { userId, isMfaEnabled }: StoredAccount,
    method: AuthenticationMethod,
    origin: RequestOrigin,
    tx: Tx,
  ): Promise<SignInResult> {
    if (isMfaEnabled) {
      return { status: "mfa_required", mfaToken: await this.#sessions.issueMfaPending(userId, tx) };
    }
    await this.#record("account.signed_in", userId, tx, { by: method });
    const tokens = await this.#sessions.open({ ...origin, userId, authenticatedBy: [method] }, tx);
    return { status: "signed_in", tokens };
  }

  /** @throws BillingError unauthenticated `invalid_mfa_code`. */
  async #useCode(
    { userId, mfaSecret, isMfaEnabled }: StoredAccount,
    code: unknown,
    tx: Tx,
  ): Promise<"totp" | "backup_code"> {
    const text = typeof code === "string" ? code.trim().slice(0, 40) : "";
    const step = mfaSecret === "" ? undefined : stepOf(text.replace(" ", ""), mfaSecret, this.#clock.now());
    if (step !== undefined && (await useStepAcrossTenants(userId, step, tx))) return "totp";
    const isBackup = isMfaEnabled && (await useBackupCodeAcrossTenants(userId, backupCodeHash(text), tx));
    if (!isBackup) throw invalidCode();
    return "backup_code";
  }

  async #withCode<T>(userId: string, code: string, work: (tx: Tx) => Promise<T>): Promise<T> {
    await this.#limits.count(atOwnCode(userId));
    return this.#store.transaction(async (tx) => {
      await lockUserAcrossTenants(userId, tx);
      const account = await this.#account(userId, tx);
      if (!account.isMfaEnabled) {
        throw new BillingError("failed_precondition", "mfa_not_enabled", "there is no second factor");
      }
      await this.#useCode(account, code, tx);
      await this.#limits.forget(atOwnCode(userId), tx);
      return work(tx);
    });
  }

  async #newBackupCodes(userId: string, tx: Tx): Promise<readonly string[]> {
    const codes = newBackupCodes(this.#random);
    await replaceBackupCodesAcrossTenants(userId, codes.map(backupCodeHash), tx);
    return codes;
  }

  async #setPassword(
    userId: string,
    hash: string,
    email: string | null,
    except: string | undefined,
    tx: Tx,
  ): Promise<void> {
    const at = this.#clock.now();
    await putPasswordAcrossTenants(userId, hash, at, tx);
    await removeTokensOfAcrossTenants(userId, tx);
    await this.#sessions.endAll(userId, tx, { except });
    await this.#record("account.password_changed", userId, tx);
    if (email !== null) await this.#mail({ kind: "password_changed", to: email }, tx);
  }

  async #loginLink(actor: Actor, userId: string, tx: Tx): Promise<LoginLink> {
    const user = await userAcrossTenants(userId, tx);
    if (user === undefined || user.erasedAt !== null) throw userNotFound();
    const { token, expiresAt } = await this.#issue("login_link", userId, {}, tx);
    await this.#record("account.login_link_created", userId, tx, {}, actor);
    return { userId, token, expiresAt: isoInstant(expiresAt) };
  }

  /** A new token in the place of the one that the subject had for the same. */
  async #issue(purpose: TokenPurpose, subject: string, data: object, tx: Tx) {
    const token = secretText(this.#random, TOKEN_BYTES);
    const expiresAt = this.#clock.now() + LIFETIMES[purpose];
    const kept = { hash: tokenHash(token), purpose, subject, data: JSON.stringify(data), expiresAt };
    await putOneTimeTokenAcrossTenants(kept, tx);
    return { token, expiresAt };
  }

  async #take(token: unknown, purpose: TokenPurpose, tx: Tx) {
    const shown = typeof token === "string" && token.length <= 200 ? token : "";
    const taken = await takeOneTimeTokenAcrossTenants(tokenHash(shown), purpose, this.#clock.now(), tx);
    if (taken === undefined) throw invalidOneTimeToken();
    return taken;
  }

  async #account(userId: string, reader: Reader): Promise<StoredAccount> {
    const account = await accountAcrossTenants(userId, reader);
    if (account === undefined) throw userNotFound();
    return account;
  }

  #mail(mail: AccountMail, tx: Tx): Promise<void> {
    return this.#mailer.write(mail, this.#clock.now(), tx);
  }

  #record(
    action: string,
    userId: string,
    tx: Tx,
    details: Readonly<Record<string, unknown>> = {},
    { kind, id, requestId }: Actor = { kind: "user", id: userId },
  ): Promise<void> {
    const entry = { id: this.#ids.next("aud"), at: this.#clock.now(), tenant: "", action, target: userId };
    return appendAudit(tx, [{ ...entry, details, actor: { kind, id }, requestId }]);
  }
}

function secondFactorOf(userId: string): Attempt {
  return { rule: "second_factor", subject: userId };
}

/** A code of somebody who is signed in. */
function atOwnCode(userId: string): readonly Attempt[] {
  return [{ rule: "own_code", subject: userId }, secondFactorOf(userId)];
}

function tokenHash(token: string): string {
  return digest(`one-time token ${token}`);
}

function mfaEnabled(): BillingError {
  const text = "there is a second factor already: switch it off first";
  return new BillingError("failed_precondition", "mfa_enabled", text);
}
