import { describe, expect, it } from "vitest";
import { checkedNetworks, isWithinNetworks } from "./network.ts";

describe("the networks of a key", () => {
  it.each([
    ["10.1.2.3", "10.1.2.3/32"],
    ["10.9.9.9/8", "10.0.0.0/8"],
    ["192.168.7.77/26", "192.168.7.64/26"],
    ["0.0.0.0/0", "0.0.0.0/0"],
    ["2001:DB8::1", "2001:db8::1/128"],
    ["2001:db8:ffff::1/33", "2001:db8:8000::/33"],
    ["::ffff:192.0.2.7", "192.0.2.7/32"],
    ["::ffff:192.0.2.0/120", "192.0.2.0/24"],
    ["::/0", "::/0"],
  ])("keep %s as %s", (text, kept) => {
    expect(checkedNetworks([text])).toEqual([kept]);
  });

  it.each([
    "",
    "10.0.0",
    "127.1",
    "0x7f.0.0.1",
    "010.0.0.1",
    "10.0.0.1/33",
    "10.0.0.1/-1",
    "10.0.0.1/",
    "10.0.0.1/8/8",
    "::1/129",
    "::ffff:10.0.0.1/95",
    "fe80::1%eth0",
    "example.com",
    7,
    null,
  ])("refuse %j", (text) => {
    expect(() => checkedNetworks([text])).toThrow(
      expect.objectContaining({ code: "invalid_networks", details: { field: "networks" } }),
    );
  });

  it.each([
    ["10.0.0.0/8", "10.255.255.255", true],
    ["10.0.0.0/8", "11.0.0.0", false],
    ["10.0.0.0/8", "::ffff:10.1.1.1", true],
    ["10.0.0.0/8", "::ffff:a01:101", true],
    ["10.0.0.0/8", "::10.1.1.1", false],
    ["::ffff:10.0.0.0/104", "10.1.1.1", true],
    ["192.0.2.7", "192.0.2.7", true],
    ["192.0.2.7", "192.0.2.8", false],
    ["2001:db8::/32", "2001:db8:1::1", true],
    ["2001:db8::/32", "2001:db9::1", false],
    ["fe80::/10", "fe80::1%eth0", true],
    ["0.0.0.0/0", "2001:db8::1", false],
    ["::/0", "10.1.1.1", false],
    ["10.0.0.0/8", "10.1.1.1, 8.8.8.8", false],
    ["10.0.0.0/8", "10.1", false],
    ["10.0.0.0/8", "", false],
    ["10.0.0.0/8", undefined, false],
  ])("%s holds %s: %s", (network, ip, expected) => {
    expect(isWithinNetworks(checkedNetworks([network]), ip)).toBe(expected);
  });

  it("are anywhere when there are none", () => {
    expect(isWithinNetworks([], undefined)).toBe(true);
  });
});
