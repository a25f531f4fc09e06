// Addresses from which a key may be used. IPv4 is the same whether it arrives as such or mapped into IPv6.

import { isIP } from "node:net";
import ipaddr from "ipaddr.js";
import { invalidInput } from "../../kernel/index.ts";

type Address = ipaddr.IPv4 | ipaddr.IPv6;

const MAX_NETWORKS = 50;
const MAPPED_BITS = 96;
const PREFIX_LENGTH = /^\d{1,3}$/;

/**
 * Networks as they are kept: each with its length, host bits cleared, mapped IPv4 as IPv4.
 *
 * @throws BillingError invalid_input `invalid_networks` for what is neither an address nor a CIDR block.
 * @example
 * checkedNetworks(["10.1.2.3", "10.9.9.9/8", "::ffff:192.0.2.0/120"]); // ["10.1.2.3/32", "10.0.0.0/8", "192.0.2.0/24"]
 */
export function checkedNetworks(networks: unknown): readonly string[] {
  const texts: readonly unknown[] = Array.isArray(networks) ? networks : [null];
  if (texts.length > MAX_NETWORKS) throw invalid();
  return [...new Set(texts.map(networkText))];
}

/** Whether an address lies in one of the networks. With networks an unknown or unreadable address lies in none. */
export function isWithinNetworks(networks: readonly string[], ip: string | undefined): boolean {
  if (networks.length === 0) return true;
  const address = addressOf(ip);
  if (address === undefined) return false;
  return networks.some((network) => {
    const [base, length] = ipaddr.parseCIDR(network);
    return base.kind() === address.kind() && address.match(base, length);
  });
}

function networkText(text: unknown): string {
  if (typeof text !== "string") throw invalid();
  const [address = "", length, ...rest] = text.split("/");
  // The library also reads 127.1 and 0x7f.0.0.1; what looks like something else must not open a door.
  if (isIP(address) === 0 || address.includes("%") || rest.length > 0) throw invalid();
  const parsed = parsedAddress(address);
  const isMapped = parsed instanceof ipaddr.IPv6 && parsed.isIPv4MappedAddress();
  const most = parsed instanceof ipaddr.IPv6 ? 128 : 32;
  const bits = length === undefined ? most : PREFIX_LENGTH.test(length) ? Number(length) : Number.NaN;
  if (!(bits >= (isMapped ? MAPPED_BITS : 0) && bits <= most)) throw invalid();
  const base = isMapped ? parsed.toIPv4Address() : parsed;
  return masked(base, isMapped ? bits - MAPPED_BITS : bits);
}

function masked(address: Address, bits: number): string {
  const bytes = address.toByteArray().map((byte, index) => {
    const kept = Math.min(8, Math.max(0, bits - 8 * index));
    return byte & (0xff << (8 - kept)) & 0xff;
  });
  return `${ipaddr.fromByteArray(bytes).toString()}/${bits}`;
}

/** The library takes ::10.1.1.1 for mapped IPv4, which it is not: it is given hexadecimal only, as URLs write it. */
function parsedAddress(text: string): Address {
  return ipaddr.parse(isIP(text) === 6 ? new URL(`http://[${text}]`).hostname.slice(1, -1) : text);
}

/** The address of a peer, without the zone that link-local ones carry. */
function addressOf(ip: string | undefined): Address | undefined {
  const text = ip?.split("%")[0] ?? "";
  if (isIP(text) === 0) return undefined;
  const address = parsedAddress(text);
  return address instanceof ipaddr.IPv6 && address.isIPv4MappedAddress() ? address.toIPv4Address() : address;
}

function invalid(): Error {
  const text = `networks must be up to ${MAX_NETWORKS} IP addresses or CIDR blocks, like 192.0.2.7 or 2001:db8::/32`;
  return invalidInput("networks", "invalid_networks", text);
}
