export {
  type AuditEntry,
  type OnceRequest,
  type Reply,
  WriteService,
} from "./write-service.ts";
