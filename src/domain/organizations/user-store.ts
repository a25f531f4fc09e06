import { isoInstant } from "../../kernel/index.ts";
import type { Reader, Tx } from "../../store/index.ts";
import type { UserView } from "./organization.ts";

// Users belong to no single tenant, so every method here is across tenants by nature.

interface UserRow {
  readonly id: string;
  readonly email: string;
  readonly name: string;
  readonly created_at: bigint;
  readonly erased_at: bigint | null;
}

/** A user by id. */
export async function userAcrossTenants(id: string, reader: Reader): Promise<UserView | undefined> {
  const row = await reader.get<UserRow>(
    "SELECT id, email, name, created_at, erased_at FROM users WHERE id = ?",
    [id],
  );
  if (row === undefined) return undefined;
  return {
    id: row.id,
    email: row.email || null,
    name: row.name || null,
    createdAt: isoInstant(Number(row.created_at)),
    erasedAt: row.erased_at === null ? null : isoInstant(Number(row.erased_at)),
  };
}

/** The user who has a confirmed address. */
export async function userWithEmailAcrossTenants(
  email: string,
  reader: Reader,
): Promise<UserView | undefined> {
  const row = await reader.get<{ user_id: string }>("SELECT user_id FROM user_emails WHERE email = ?", [
    email,
  ]);
  return row === undefined ? undefined : userAcrossTenants(row.user_id, reader);
}

/** Adds a user of whom only the id is known, unless the user is there. */
export async function ensureUserAcrossTenants(id: string, at: number, tx: Tx): Promise<boolean> {
  const added = await tx.run(
    `INSERT INTO users (id, email, name, memberships, created_at) VALUES (?, '', '', 0, ?)
     ON CONFLICT (id) DO NOTHING`,
    [id, at],
  );
  return added === 1;
}

/** Locks a user for the rest of the transaction. */
export async function lockUserAcrossTenants(id: string, tx: Tx): Promise<void> {
  await tx.run("UPDATE users SET memberships = memberships WHERE id = ?", [id]);
}

/** Takes an address for a user in place of the present one. False when it is another's. */
export async function claimEmailAcrossTenants(id: string, email: string, tx: Tx): Promise<boolean> {
  await tx.run("INSERT INTO user_emails (email, user_id) VALUES (?, ?) ON CONFLICT (email) DO NOTHING", [
    email,
    id,
  ]);
  const claim = await tx.get<{ user_id: string }>("SELECT user_id FROM user_emails WHERE email = ?", [email]);
  if (claim?.user_id !== id) return false;
  await tx.run("DELETE FROM user_emails WHERE user_id = ? AND email <> ?", [id, email]);
  return true;
}

export async function updateUserAcrossTenants(
  { id, email, name }: { id: string; email: string; name: string },
  tx: Tx,
): Promise<void> {
  await tx.run("UPDATE users SET email = ?, name = ? WHERE id = ?", [email, name, id]);
}

/** Counts one more organization of a user, unless there are `limit` of them or the user was erased. */
export async function countMembershipAcrossTenants(id: string, limit: number, tx: Tx): Promise<boolean> {
  const changed = await tx.run(
    "UPDATE users SET memberships = memberships + 1 WHERE id = ? AND memberships < ? AND erased_at IS NULL",
    [id, limit],
  );
  return changed === 1;
}

/** Counts one organization of a user less. */
export async function uncountMembershipAcrossTenants(id: string, tx: Tx): Promise<void> {
  await tx.run("UPDATE users SET memberships = memberships - 1 WHERE id = ?", [id]);
}

/** Takes name and address from a user who is in no organization any more. False for one who still is in another. */
export async function eraseUserAcrossTenants(id: string, at: number, tx: Tx): Promise<boolean> {
  const changed = await tx.run(
    "UPDATE users SET email = '', name = '', erased_at = ? WHERE id = ? AND memberships = 0 AND erased_at IS NULL",
    [at, id],
  );
  if (changed === 1) await tx.run("DELETE FROM user_emails WHERE user_id = ?", [id]);
  return changed === 1;
}
