import { describe, expect, it } from "vitest";
import { startHttpSink } from "../../../test/support/http-sink.ts";
import { TEST_CERTIFICATE } from "../../../test/support/smtp-sink.ts";
import type { EndpointCall } from "../../domain/notifications/index.ts";
import type { Resolve } from "./guard.ts";
import { WebhookEndpoints } from "./index.ts";
import { isPublicAddress } from "./public-address.ts";

const MAPPED = "[::ffff:127.0.0.1]";

/** Hosts that are, in some spelling, not a server on the public internet. */
const PRIVATE_HOSTS = [
  "127.0.0.1",
  "127.0.0.1.",
  "127.1",
  "127.255.255.254",
  "2130706433",
  "0x7f000001",
  "0x7f.0.0.1",
  "0x7F.0x0.0x0.0x1",
  "0177.0.0.1",
  "017700000001",
  "0177.0x0.1",
  "127.0.0.0x1",
  "①②⑦.0.0.1",
  "127。0。0。1",
  "%31%32%37.0.0.1",
  "0.0.0.0",
  "0",
  "0.1.2.3",
  "10.0.0.1",
  "10.255.255.255",
  "172.16.0.1",
  "172.31.255.255",
  "192.168.0.1",
  "192.168.257",
  "169.254.169.254",
  "2852039166",
  "0xa9fea9fe",
  "0251.0376.0251.0376",
  "100.64.0.1",
  "100.100.100.200",
  "100.127.255.255",
  "168.63.129.16",
  "192.0.0.1",
  "192.0.0.192",
  "192.0.2.1",
  "192.88.99.1",
  "198.18.0.1",
  "198.51.100.1",
  "203.0.113.1",
  "224.0.0.1",
  "239.255.255.250",
  "240.0.0.1",
  "255.255.255.255",
  "[::]",
  "[::1]",
  "[0:0:0:0:0:0:0:1]",
  MAPPED,
  "[::ffff:7f00:1]",
  "[::ffff:8.8.8.8]",
  "[::ffff:0:127.0.0.1]",
  "[::127.0.0.1]",
  "[::8.8.8.8]",
  "[64:ff9b::127.0.0.1]",
  "[64:ff9b::10.0.0.1]",
  "[64:ff9b:1::1]",
  "[2002:7f00:1::]",
  "[2002:a00:1::1]",
  "[2001::1]",
  "[2001:0:4136:e378:8000:63bf:3fff:fdd2]",
  "[2001:2::1]",
  "[2001:10::1]",
  "[2001:20::1]",
  "[2001:db8::1]",
  "[3fff::1]",
  "[100::1]",
  "[5f00::1]",
  "[fc00::1]",
  "[fd00:ec2::254]",
  "[fe80::1]",
  "[fec0::1]",
  "[ff02::1]",
  "[4000::1]",
  "localhost",
  "LOCALHOST",
  "localhost.",
  "app.localhost",
  "printer.local",
  "metadata.google.internal",
];

const OTHER_REFUSED = [
  "http://hooks.example.com/",
  "ftp://hooks.example.com/",
  "file:///etc/passwd",
  "gopher://hooks.example.com/",
  "data:text/plain,x",
  "javascript:alert(1)",
  "//hooks.example.com/",
  "https://",
  "https://user@hooks.example.com/",
  "https://user:password@hooks.example.com/",
  "https://:password@hooks.example.com/",
  "https://hooks.example.com:80/",
  "https://hooks.example.com:22/",
  "https://hooks.example.com:25/",
  "https://hooks.example.com:3306/",
  "https://hooks.example.com:6379/",
  "https://[fe80::1%25eth0]/",
  "https://1.2.3.4.5/",
  "https://256.1.1.1/",
];

const ALLOWED = [
  "https://hooks.example.com/a?b=c",
  "https://hooks.example.com:443/",
  "https://hooks.example.com:8443/",
  "https://93.184.215.14/",
  "https://172.15.0.1/",
  "https://172.32.0.1/",
  "https://100.63.255.255/",
  "https://100.128.0.1/",
  "https://[2606:2800:21f:cb07:6820:80da:af6b:8b2c]/",
  "https://xn--bcher-kva.example/",
];

function callTo(url: string): EndpointCall {
  const event = { id: "ntf_1", type: "budget.alert", timestamp: "", tenant: "acme", data: {} } as const;
  return { url, event, line: "a line", now: 0 };
}

describe("the guard of tenants' endpoints", () => {
  const endpoints = new WebhookEndpoints();

  it.each(PRIVATE_HOSTS)("refuses the host %s", (host) => {
    expect(() => endpoints.check(`https://${host}/hook`)).toThrow(
      expect.objectContaining({ kind: "invalid_input", code: "webhook_refused" }),
    );
  });

  it.each(OTHER_REFUSED)("refuses %s", (url) => {
    expect(() => endpoints.check(url)).toThrow(expect.objectContaining({ code: "webhook_refused" }));
  });

  it.each(ALLOWED)("allows %s", (url) => {
    expect(() => endpoints.check(url)).not.toThrow();
  });

  it("repeats nothing of the address in its refusal", () => {
    expect(() => endpoints.check("https://planted:planted@10.0.0.1/planted")).toThrow(
      expect.not.objectContaining({ message: expect.stringContaining("planted") }),
    );
  });

  it("knows public addresses from others, and no address from text", () => {
    expect(["8.8.8.8", "2606:4700::1111", "2a00:1450:4001:831::200e"].map(isPublicAddress)).toEqual([
      ...[true, true, true],
    ]);
    expect(["", "8.8.8", "example.com", "fe80::1%eth0", "8.8.8.8%1"].map(isPublicAddress)).toEqual([
      ...[false, false, false, false, false],
    ]);
  });
});

describe("a canary on this machine", () => {
  it("sees no connection, whatever private form the URL has", async () => {
    const canary = await startHttpSink({ isTls: true, host: "0.0.0.0" });
    const endpoints = new WebhookEndpoints({ ports: [canary.port], timeoutMs: 2_000, ca: TEST_CERTIFICATE });
    const answers = await Promise.all(
      PRIVATE_HOSTS.map((host) => endpoints.send(callTo(`https://${host}:${canary.port}/hook`))),
    );
    expect(new Set(answers.map(({ outcome }) => outcome))).toEqual(new Set(["refused"]));
    expect(PRIVATE_HOSTS.length + OTHER_REFUSED.length).toBeGreaterThanOrEqual(34);
    expect(canary.connections()).toBe(0);
  });

  it.each([
    ["a private address", ["127.0.0.1"]],
    ["a mapped address", ["::ffff:127.0.0.1"]],
    ["IPv6 loopback", ["::1"]],
    ["a private address behind a public one", ["93.184.215.14", "127.0.0.1"]],
    ["a private address before a public one", ["127.0.0.1", "93.184.215.14"]],
    ["no address", []],
    ["what is no address", ["localhost"]],
  ])("sees no connection for a name that resolves to %s", async (_, addresses) => {
    const canary = await startHttpSink({ isTls: true });
    const resolve: Resolve = async () =>
      addresses.map((address) => ({ address, family: address.includes(":") ? 6 : 4 }));
    const endpoints = new WebhookEndpoints({ ports: [canary.port], resolve, timeoutMs: 2_000 });
    const url = `https://hooks.example.com:${canary.port}/`;
    expect(() => endpoints.check(url)).not.toThrow();
    expect(await endpoints.send(callTo(url))).toMatchObject({ outcome: "refused" });
    expect(canary.connections()).toBe(0);
  });

  it("sees no connection after a name was rebound: the address that was checked is the one that is used", async () => {
    const canary = await startHttpSink({ isTls: true });
    let lookups = 0;
    const resolve: Resolve = async () => {
      lookups += 1;
      // The first answer passes and leads nowhere (no route from a test); the second would be the canary.
      return [{ address: lookups === 1 ? "93.184.215.14" : "127.0.0.1", family: 4 }];
    };
    const endpoints = new WebhookEndpoints({ ports: [canary.port], resolve, timeoutMs: 500 });
    const url = `https://hooks.example.com:${canary.port}/`;
    expect(await endpoints.send(callTo(url))).toMatchObject({ outcome: "failed", isUnreachable: true });
    expect(lookups).toBe(1);
    expect(await endpoints.send(callTo(url))).toMatchObject({ outcome: "refused" });
    expect(lookups).toBe(2);
    expect(canary.connections()).toBe(0);
  });

  it.each([301, 302, 303, 307, 308])("sees no connection behind a redirect (%i)", async (status) => {
    const [canary, front] = [await startHttpSink(), await startHttpSink()];
    front.answer = () => ({ status, headers: { location: `${canary.url}/secret` } });
    const endpoints = new WebhookEndpoints({ allowInsecure: true });
    expect(await endpoints.send(callTo(front.url))).toEqual({
      outcome: "failed",
      error: `HTTP ${status}: redirects are not followed`,
    });
    expect([front.connections(), canary.connections()]).toEqual([1, 0]);
  });

  it("is reached when insecure endpoints are allowed, other private addresses are still not", async () => {
    const [canary, tls] = [await startHttpSink(), await startHttpSink({ isTls: true })];
    const endpoints = new WebhookEndpoints({ allowInsecure: true, ca: TEST_CERTIFICATE });
    expect(await endpoints.send(callTo(canary.url))).toEqual({ outcome: "delivered" });
    expect(await endpoints.send(callTo(tls.url))).toEqual({ outcome: "delivered" });
    for (const host of ["10.0.0.1", "169.254.169.254", "[fd00::1]", "0.0.0.0", MAPPED]) {
      expect(() => endpoints.check(`http://${host}/`)).toThrow("not a public one");
    }
  });

  it("is not believed without a certificate", async () => {
    const tls = await startHttpSink({ isTls: true });
    const endpoints = new WebhookEndpoints({ allowInsecure: true });
    expect(await endpoints.send(callTo(tls.url))).toMatchObject({
      outcome: "failed",
      error: expect.stringContaining("SELF_SIGNED"),
    });
    expect(tls.calls).toEqual([]);
  });
});
