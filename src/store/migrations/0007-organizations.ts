import type { Migration } from "../migration.ts";

export const organizations: Migration = {
  version: 7,
  name: "audit log, organizations and API keys",
  statements: ({ int, text, serial, table, keyTable }) => [
    // Tenant '' is the installation. It holds ids, never names or addresses: nothing in it must ever be erased.
    `CREATE TABLE audit_log (
      seq ${serial},
      id ${text} NOT NULL UNIQUE,
      tenant ${text} NOT NULL,
      at ${int} NOT NULL,
      actor_kind ${text} NOT NULL,
      actor_id ${text} NOT NULL,
      action ${text} NOT NULL,
      target ${text} NOT NULL,
      details ${text} NOT NULL,
      request_id ${text} NOT NULL
    )${table}`,
    "CREATE INDEX audit_log_by_tenant ON audit_log (tenant, seq)",
    ...(table === "" ? POSTGRES_APPEND_ONLY : SQLITE_APPEND_ONLY),
    // memberships counts organizations the user is in: a conditional step on it keeps the limit per user.
    `CREATE TABLE users (
      id ${text} NOT NULL PRIMARY KEY,
      email ${text} NOT NULL,
      name ${text} NOT NULL,
      memberships ${int} NOT NULL,
      created_at ${int} NOT NULL,
      erased_at ${int}
    )${keyTable}`,
    // Claims of what must be unique, one row each: taking one is a single step that cannot race.
    `CREATE TABLE user_emails (
      email ${text} NOT NULL PRIMARY KEY,
      user_id ${text} NOT NULL
    )${keyTable}`,
    `CREATE TABLE organization_slugs (
      slug ${text} NOT NULL PRIMARY KEY,
      tenant ${text} NOT NULL
    )${keyTable}`,
    // members and owners count memberships that are active: conditional steps on them keep seats and the last owner.
    `CREATE TABLE organizations (
      id ${text} NOT NULL PRIMARY KEY,
      name ${text} NOT NULL,
      slug ${text} NOT NULL,
      tier ${text} NOT NULL,
      status ${text} NOT NULL,
      members ${int} NOT NULL,
      owners ${int} NOT NULL,
      version ${int} NOT NULL,
      created_at ${int} NOT NULL,
      updated_at ${int} NOT NULL
    )${keyTable}`,
    `CREATE TABLE memberships (
      tenant ${text} NOT NULL,
      user_id ${text} NOT NULL,
      role ${text} NOT NULL,
      status ${text} NOT NULL,
      joined_at ${int} NOT NULL,
      updated_at ${int} NOT NULL,
      PRIMARY KEY (tenant, user_id)
    )${keyTable}`,
    "CREATE INDEX memberships_of_user ON memberships (user_id, tenant)",
    // Of a token only its SHA-256 is kept.
    `CREATE TABLE organization_invitations (
      tenant ${text} NOT NULL,
      id ${text} NOT NULL,
      email ${text} NOT NULL,
      role ${text} NOT NULL,
      token_hash ${text} NOT NULL UNIQUE,
      status ${text} NOT NULL,
      invited_by_kind ${text} NOT NULL,
      invited_by ${text} NOT NULL,
      user_id ${text} NOT NULL,
      created_at ${int} NOT NULL,
      expires_at ${int} NOT NULL,
      settled_at ${int},
      PRIMARY KEY (tenant, id)
    )${keyTable}`,
    "CREATE INDEX organization_invitations_to ON organization_invitations (tenant, email) WHERE status = 'pending'",
    `CREATE TABLE workspaces (
      tenant ${text} NOT NULL,
      id ${text} NOT NULL,
      name ${text} NOT NULL,
      status ${text} NOT NULL,
      created_at ${int} NOT NULL,
      updated_at ${int} NOT NULL,
      PRIMARY KEY (tenant, id)
    )${keyTable}`,
    // Tenant '' is the seller.
    `CREATE TABLE billing_profiles (
      tenant ${text} NOT NULL PRIMARY KEY,
      legal_name ${text} NOT NULL,
      address ${text} NOT NULL,
      country ${text} NOT NULL,
      tax_id ${text} NOT NULL,
      email ${text} NOT NULL,
      currency ${text} NOT NULL,
      updated_at ${int} NOT NULL
    )${keyTable}`,
    // Tenant '' is an operator's key. The prefix is public and need not be unique; of the key only its SHA-256 is kept.
    `CREATE TABLE api_keys (
      tenant ${text} NOT NULL,
      id ${text} NOT NULL UNIQUE,
      prefix ${text} NOT NULL,
      secret_hash ${text} NOT NULL,
      name ${text} NOT NULL,
      scopes ${text} NOT NULL,
      networks ${text} NOT NULL,
      created_by_kind ${text} NOT NULL,
      created_by ${text} NOT NULL,
      created_at ${int} NOT NULL,
      expires_at ${int},
      last_used_at ${int},
      revoked_at ${int},
      PRIMARY KEY (tenant, id)
    )${keyTable}`,
    "CREATE INDEX api_keys_by_prefix ON api_keys (prefix)",
    // Things an installation does once: whoever adds the row does it.
    `CREATE TABLE done_once (
      name ${text} NOT NULL PRIMARY KEY,
      at ${int} NOT NULL
    )${keyTable}`,
  ],
};

// By the statement, so that even one that would touch no row is refused.
const POSTGRES_APPEND_ONLY = [
  `CREATE FUNCTION audit_log_is_append_only() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN RAISE EXCEPTION 'the audit log is append-only'; END $$`,
  `CREATE TRIGGER audit_log_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON audit_log
    FOR EACH STATEMENT EXECUTE FUNCTION audit_log_is_append_only()`,
];

// INSERT OR REPLACE deletes without firing a DELETE trigger, hence the third.
const SQLITE_APPEND_ONLY = [
  `CREATE TRIGGER audit_log_no_update BEFORE UPDATE ON audit_log
    BEGIN SELECT RAISE(ABORT, 'the audit log is append-only'); END`,
  `CREATE TRIGGER audit_log_no_delete BEFORE DELETE ON audit_log
    BEGIN SELECT RAISE(ABORT, 'the audit log is append-only'); END`,
  `CREATE TRIGGER audit_log_no_replace BEFORE INSERT ON audit_log
    WHEN EXISTS (SELECT 1 FROM audit_log WHERE id = NEW.id OR seq = NEW.seq)
    BEGIN SELECT RAISE(ABORT, 'the audit log is append-only'); END`,
];
