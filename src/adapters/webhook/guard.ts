// Which addresses of tenants are called at all. The host's own addresses are checked where the connection asks for
// them, so that what was checked is what is connected to.

import { lookup as systemLookup } from "node:dns/promises";
import { isIP, type LookupFunction } from "node:net";
import { BillingError } from "../../kernel/index.ts";
import { isLoopback, isPublicAddress } from "./public-address.ts";

export interface GuardOptions {
  /** For development: also `http:`, this machine, and any port. */
  readonly allowInsecure?: boolean | undefined;
  /** Default 443 and 8443. */
  readonly ports?: readonly number[] | undefined;
  /** Default: the system's resolver. */
  readonly resolve?: Resolve | undefined;
}

/** All addresses of a host. */
export type Resolve = (
  host: string,
) => Promise<readonly { readonly address: string; readonly family: number }[]>;

/** What a refused address is recognized by, in an error of a connection. */
export const ADDRESS_REFUSED = "ADDRESS_REFUSED";

const PORTS: readonly number[] = [443, 8443];
const LOCAL_NAME = /(^|\.)(localhost|local|internal|home\.arpa|onion)$/;

/** The rules for endpoints that tenants name. */
export class Guard {
  readonly #isInsecure: boolean;
  readonly #ports: readonly number[];
  readonly #resolve: Resolve;

  constructor(options: GuardOptions = {}) {
    this.#isInsecure = options.allowInsecure === true;
    this.#ports = options.ports ?? PORTS;
    this.#resolve = options.resolve ?? ((host) => systemLookup(host, { all: true }));
  }

  /**
   * The address, when it may be called: https, an allowed port, no user or password, and a host that is a public address
   * or a name. The parser has by then written every spelling of an IPv4 address (decimal, octal, hex) as the usual one.
   *
   * @throws BillingError invalid_input `webhook_refused`, saying why, without repeating the address.
   */
  check(text: string): URL {
    if (!URL.canParse(text)) throw refused("it is no URL");
    const url = new URL(text);
    const isHttps = url.protocol === "https:";
    if (!isHttps && !(this.#isInsecure && url.protocol === "http:")) throw refused("it is not https");
    if (url.username !== "" || url.password !== "") throw refused("it holds a user or password");
    const port = url.port === "" ? (isHttps ? 443 : 80) : Number(url.port);
    if (!this.#isInsecure && !this.#ports.includes(port)) {
      throw refused(`its port is not ${this.#ports.join(" or ")}`);
    }
    const host = url.hostname.replace(/^\[(.*)\]$/, "$1").replace(/\.$/, "");
    if (isIP(host) !== 0) {
      if (!this.#isAllowed(host)) throw refused("its address is not a public one");
    } else if (LOCAL_NAME.test(host) && !this.#isInsecure) {
      throw refused("its host is a local name");
    }
    return url;
  }

  /** Looks a host up for a connection, and fails it when any of its addresses is not public. */
  readonly lookup: LookupFunction = (host, options, callback) => {
    this.#resolve(host).then(
      (addresses) => {
        const [first] = addresses;
        if (first === undefined || !addresses.every(({ address }) => this.#isAllowed(address))) {
          const error = new Error("the address is not a public one");
          callback(Object.assign(error, { code: ADDRESS_REFUSED }), "", 0);
        } else if (options.all === true) callback(null, [...addresses], 0);
        else callback(null, first.address, first.family);
      },
      (error: NodeJS.ErrnoException) => callback(error, "", 0),
    );
  };

  #isAllowed(address: string): boolean {
    return isPublicAddress(address) || (this.#isInsecure && isLoopback(address));
  }
}

function refused(why: string): BillingError {
  return new BillingError("invalid_input", "webhook_refused", `the webhook is refused: ${why}`, {
    details: { field: "webhook" },
  });
}
