import type { Store } from "../../store/index.ts";
import type { Attempt, EndpointCall, EndpointChannel } from "./channel.ts";
import { endpointAt } from "./endpoint.ts";
import { endpointToCall } from "./endpoint-store.ts";

/**
 * Calls registered endpoints at the address, and with the secret, that they have at that moment; any other recipient as
 * before. An endpoint is found with the tenant of the event: nobody's event reaches another one's endpoint.
 */
export class RegisteredEndpoints implements EndpointChannel {
  readonly #store: Store;
  readonly #channel: EndpointChannel;

  constructor(store: Store, channel: EndpointChannel) {
    this.#store = store;
    this.#channel = channel;
  }

  check(url: string): void {
    this.#channel.check(url);
  }

  async send(call: EndpointCall): Promise<Attempt> {
    const id = endpointAt(call.url);
    if (id === undefined) return this.#channel.send(call);
    const endpoint = await this.#store.read((reader) => endpointToCall(call.event.tenant, id, reader));
    if (endpoint === undefined) return { outcome: "refused", error: "the endpoint was removed" };
    if (!endpoint.isEnabled) return { outcome: "refused", error: "the endpoint is disabled" };
    const { url, secret } = endpoint;
    return this.#channel.send({ ...call, url, secret });
  }
}
