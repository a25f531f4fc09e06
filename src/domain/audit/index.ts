export type { ActorKind, AuditActor, AuditEntry, AuditEntryInput } from "./audit-entry.ts";
export { AuditLog, type AuditQuery } from "./audit-log.ts";
export { appendAudit } from "./audit-store.ts";
export { type PageQuery, pageLimit, pageOf } from "./paging.ts";
