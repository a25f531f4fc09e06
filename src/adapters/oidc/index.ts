import type { OidcProvider } from "../../domain/identity/index.ts";
import type { OidcClient, OidcClientOptions } from "./oidc-client.ts";

/** A provider as {@link OidcClient}; its library is loaded at the first sign-in, for few processes see one. */
export function oidcProvider(options: OidcClientOptions): OidcProvider {
  let client: Promise<OidcClient> | undefined;
  const loaded = () => {
    client ??= import("./oidc-client.ts").then((module) => new module.OidcClient(options));
    return client;
  };
  return {
    authorizationUrl: async (handshake) => (await loaded()).authorizationUrl(handshake),
    claims: async (answer, handshake) => (await loaded()).claims(answer, handshake),
  };
}
