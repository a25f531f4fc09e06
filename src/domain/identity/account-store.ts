import type { Reader, Tx } from "../../store/index.ts";

// Accounts are users', and users belong to no single tenant: every method here is across tenants by nature.

/** How a user signs in. */
export interface StoredAccount {
  readonly userId: string;
  /** '' for none. */
  readonly passwordHash: string;
  /** '' for none; of a second factor that is being set up too. */
  readonly mfaSecret: string;
  readonly isMfaEnabled: boolean;
}

interface AccountRow {
  readonly user_id: string;
  readonly password_hash: string;
  readonly mfa_secret: string;
  readonly mfa_enabled: bigint;
}

const COLUMNS = "a.user_id, a.password_hash, a.mfa_secret, a.mfa_enabled";

export async function accountAcrossTenants(
  userId: string,
  reader: Reader,
): Promise<StoredAccount | undefined> {
  return accountOf(
    await reader.get<AccountRow>(`SELECT ${COLUMNS} FROM accounts a WHERE a.user_id = ?`, [userId]),
  );
}

/** The account of whoever has a confirmed address. */
export async function accountWithEmailAcrossTenants(
  email: string,
  reader: Reader,
): Promise<StoredAccount | undefined> {
  return accountOf(
    await reader.get<AccountRow>(
      `SELECT ${COLUMNS} FROM user_emails e JOIN accounts a ON a.user_id = e.user_id WHERE e.email = ?`,
      [email],
    ),
  );
}

export async function hasAccountsAcrossTenants(reader: Reader): Promise<boolean> {
  return (await reader.get("SELECT user_id FROM accounts LIMIT 1")) !== undefined;
}

/** Makes an account, or gives the one that is there another password. */
export async function putPasswordAcrossTenants(
  userId: string,
  passwordHash: string,
  at: number,
  tx: Tx,
): Promise<void> {
  await tx.run(
    `INSERT INTO accounts (user_id, password_hash, mfa_secret, mfa_enabled, mfa_last_step, created_at)
     VALUES (?, ?, '', 0, 0, ?) ON CONFLICT (user_id) DO UPDATE SET password_hash = excluded.password_hash`,
    [userId, passwordHash, at],
  );
}

/** The same password under another cost, unless it was changed meanwhile. */
export async function rehashAcrossTenants(
  { userId, passwordHash }: StoredAccount,
  next: string,
  tx: Tx,
): Promise<void> {
  await tx.run("UPDATE accounts SET password_hash = ? WHERE user_id = ? AND password_hash = ?", [
    next,
    userId,
    passwordHash,
  ]);
}

/** A second factor that is not asked for yet. False where one is in use. */
export async function putPendingMfaAcrossTenants(userId: string, secret: string, tx: Tx): Promise<boolean> {
  const changed = await tx.run(
    "UPDATE accounts SET mfa_secret = ?, mfa_last_step = 0 WHERE user_id = ? AND mfa_enabled = 0",
    [secret, userId],
  );
  return changed === 1;
}

export async function switchMfaAcrossTenants(userId: string, isOn: boolean, tx: Tx): Promise<void> {
  await tx.run(
    isOn
      ? "UPDATE accounts SET mfa_enabled = 1 WHERE user_id = ?"
      : "UPDATE accounts SET mfa_enabled = 0, mfa_secret = '', mfa_last_step = 0 WHERE user_id = ?",
    [userId],
  );
  if (!isOn) await tx.run("DELETE FROM mfa_backup_codes WHERE user_id = ?", [userId]);
}

/** Uses a step of time of a second factor: each is good once, and none before it any more. */
export async function useStepAcrossTenants(userId: string, step: number, tx: Tx): Promise<boolean> {
  const changed = await tx.run(
    "UPDATE accounts SET mfa_last_step = ? WHERE user_id = ? AND mfa_last_step < ?",
    [step, userId, step],
  );
  return changed === 1;
}

export async function replaceBackupCodesAcrossTenants(
  userId: string,
  hashes: readonly string[],
  tx: Tx,
): Promise<void> {
  await tx.run("DELETE FROM mfa_backup_codes WHERE user_id = ?", [userId]);
  for (const hash of hashes) {
    await tx.run("INSERT INTO mfa_backup_codes (user_id, code_hash) VALUES (?, ?)", [userId, hash]);
  }
}

/** Uses a backup code up. Of any number that try, one gets true. */
export async function useBackupCodeAcrossTenants(userId: string, hash: string, tx: Tx): Promise<boolean> {
  const removed = await tx.run("DELETE FROM mfa_backup_codes WHERE user_id = ? AND code_hash = ?", [
    userId,
    hash,
  ]);
  return removed === 1;
}

export async function countBackupCodesAcrossTenants(userId: string, reader: Reader): Promise<number> {
  const row = await reader.get<{ n: bigint }>(
    "SELECT count(*) AS n FROM mfa_backup_codes WHERE user_id = ?",
    [userId],
  );
  return Number(row?.n ?? 0n);
}

/** Takes what people sign in with out for those who were erased. */
export async function removeErasedAccountsAcrossTenants(tx: Tx): Promise<void> {
  const erased = "SELECT id FROM users WHERE erased_at IS NOT NULL";
  await tx.run(`DELETE FROM accounts WHERE user_id IN (${erased})`);
  await tx.run(`DELETE FROM mfa_backup_codes WHERE user_id IN (${erased})`);
  await tx.run(`DELETE FROM one_time_tokens WHERE subject IN (${erased})`);
}

function accountOf(row: AccountRow | undefined): StoredAccount | undefined {
  return (
    row && {
      userId: row.user_id,
      passwordHash: row.password_hash,
      mfaSecret: row.mfa_secret,
      isMfaEnabled: row.mfa_enabled === 1n,
    }
  );
}
