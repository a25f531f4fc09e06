import { describe, expect, it } from "vitest";
import { createClient } from "../../src/client/index.ts";
import { refuse, reply, startPeer } from "./peers.ts";

const KEY = "ara_secret";
const ASKED = { estimatedCostUsd: "0.5" };

describe("a check of budgets", () => {
  it.each([500, 502, 503, 507])("says so after a %i", async (status) => {
    const peer = await startPeer((response) => refuse(response, status));
    const client = createClient({ url: peer.url, key: KEY, retries: 1 });
    expect(await client.budgets.check(ASKED)).toMatchObject({ allowed: false, reason: "unavailable" });
    const open = await client.budgets.check(ASKED, { onUnavailable: "open" });
    expect(open).toMatchObject({ allowed: true, reason: "unavailable" });
  });

  it.each([400, 401, 402, 403, 404, 409, 422, 429])(
    "is an error after a %i, never allowed",
    async (status) => {
      const peer = await startPeer((response) => refuse(response, status));
      const client = createClient({ url: peer.url, key: KEY, retries: 1 });
      await expect(client.budgets.check(ASKED, { onUnavailable: "open" })).rejects.toMatchObject({ status });
      await expect(client.budgets.check(ASKED)).rejects.toMatchObject({ status });
    },
  );

  it("is never allowed by what is no answer of the API", async () => {
    const peer = await startPeer((response) => {
      response.writeHead(200, { "content-type": "text/html" });
      response.end('{"allowed":true}');
    });
    const client = createClient({ url: peer.url, key: KEY });
    expect(await client.budgets.check(ASKED)).toMatchObject({ allowed: false, reason: "unavailable" });
  });

  it("answers within 2 s, or the time it is given, however long the server takes", async () => {
    const peer = await startPeer(() => undefined);
    const client = createClient({ url: peer.url, key: KEY, timeoutMs: 30_000 });
    const begun = performance.now();
    const [standard, short] = await Promise.all([
      client.budgets.check(ASKED),
      client.budgets.check(ASKED, { timeoutMs: 100 }).then((check) => ({
        ...check,
        ms: performance.now() - begun,
      })),
    ]);
    expect([standard.reason, short.reason]).toEqual(["unavailable", "unavailable"]);
    expect(short.ms).toBeLessThan(1_500);
    const ms = performance.now() - begun;
    expect(ms).toBeGreaterThan(900);
    expect(ms).toBeLessThan(4_000);
    // One attempt that hangs leaves time for another.
    expect(peer.seen.length).toBeGreaterThanOrEqual(3);
  });

  it("is asked anew by its second attempt, not answered from the first", async () => {
    const peer = await startPeer((response, _, count) =>
      count === 1 ? refuse(response, 503) : reply(response, 200, { allowed: true }),
    );
    await createClient({ url: peer.url, key: KEY }).budgets.check(ASKED);
    expect(peer.seen.map(({ headers }) => headers["idempotency-key"])).toEqual([undefined, undefined]);
  });

  it("refuses a policy that is none", async () => {
    const client = createClient({ url: "http://127.0.0.1:1", key: KEY });
    const options = { onUnavailable: "Open" as "open" };
    await expect(client.budgets.check(ASKED, options)).rejects.toThrow("onUnavailable must be");
    await expect(client.budgets.check(ASKED, { timeoutMs: 0 })).rejects.toThrow(RangeError);
  });
});
