export { OidcClient } from "./oidc-client.ts";
