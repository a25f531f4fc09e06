import { isIP } from "node:net";
import ipaddr from "ipaddr.js";

// Beside what the library calls unicast: 2000::/3 is all that is given out of IPv6, and 168.63.129.16 answers for the
// platform inside a well-known cloud.
const GLOBAL_IPV6 = ipaddr.IPv6.parseCIDR("2000::/3");
const CLOUD_PLATFORM = "168.63.129.16";

/**
 * Whether an address is that of a server on the public internet: not private, shared, loopback, link-local, multicast,
 * reserved, for documentation, and no IPv6 form that carries an IPv4 address (mapped, 6to4, Teredo, NAT64).
 *
 * @example
 * isPublicAddress("169.254.169.254"); // false
 */
export function isPublicAddress(address: string): boolean {
  const parsed = parse(address);
  if (parsed === undefined || parsed.range() !== "unicast") return false;
  if (parsed instanceof ipaddr.IPv4) return parsed.toString() !== CLOUD_PLATFORM;
  return parsed.match(GLOBAL_IPV6);
}

/** Whether an address is this machine's own: 127.0.0.0/8 or ::1. */
export function isLoopback(address: string): boolean {
  return parse(address)?.range() === "loopback";
}

// The library also reads "127.1"; a zone (`fe80::1%eth0`) names an interface of this machine.
function parse(address: string): ipaddr.IPv4 | ipaddr.IPv6 | undefined {
  return isIP(address) === 0 || address.includes("%") ? undefined : ipaddr.parse(address);
}
