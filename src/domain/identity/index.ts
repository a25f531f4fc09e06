export type { ApiKeyKind, ApiKeyView, IssuedKey, NewApiKey } from "./api-key.ts";
export { IdentityService } from "./identity-service.ts";
export { actorOf, type Principal, requireScope, tenantFor } from "./principal.ts";
export { SCOPES, type Scope } from "./scope.ts";
