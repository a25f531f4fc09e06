import { describe, expect, it } from "vitest";
import { AragoraApiError, AragoraNetworkError, createClient } from "../../src/client/index.ts";
import { PLATFORM } from "../../src/client/platform.ts";
import { retryAfterMs, retryDelayMs } from "../../src/client/retry.ts";
import { createTransport } from "../../src/client/transport.ts";
import { refuse, reply, startPeer } from "./peers.ts";

const KEY = "ara_secret";
const ANSWER = { accepted: 1, duplicates: 0, conflicts: 0, rejected: 0, results: [] };

function apiError(status: number, wait?: number): AragoraApiError {
  const rest = { code: "c", field: undefined, requestId: undefined, details: {} };
  return new AragoraApiError("m", { status, retryAfterMs: wait, ...rest });
}

describe("a call that fails in passing", () => {
  it.each([429, 502, 503, 504])(
    "is sent again after a %i, under the same idempotency key",
    async (status) => {
      const peer = await startPeer((response, _, count) =>
        count < 3 ? refuse(response, status) : reply(response, 200, ANSWER),
      );
      const client = createClient({ url: peer.url, key: KEY });
      expect(await client.events.record([{}])).toEqual(ANSWER);
      const keys = peer.seen.map(({ headers }) => headers["idempotency-key"]);
      expect(keys).toHaveLength(3);
      expect(new Set(keys).size).toBe(1);
      expect(keys[0]).toMatch(/^[0-9a-f-]{36}$/);
    },
  );

  it("is sent again when the connection breaks before, inside or instead of the answer", async () => {
    const peer = await startPeer((response, _, count) => {
      if (count === 1) response.socket?.destroy();
      else if (count === 2) {
        response.writeHead(200, { "content-type": "application/json", "content-length": 100 });
        response.write('{"accepted":', () => response.socket?.destroy());
      } else if (count === 3) {
        response.writeHead(200, { "content-type": "text/html" });
        response.end("<html>please sign in</html>");
      } else reply(response, 200, ANSWER);
    });
    const client = createClient({ url: peer.url, key: KEY });
    expect(await client.events.record([{}])).toEqual(ANSWER);
    expect(new Set(peer.seen.map(({ headers }) => headers["idempotency-key"])).size).toBe(1);
  });

  it("waits as long as Retry-After says, in seconds and until a date", async () => {
    // A server whose clock is years behind ours: its date is compared with its own clock.
    const now = Date.UTC(2020, 0, 1);
    const until = { "retry-after": new Date(now + 1_000).toUTCString(), date: new Date(now).toUTCString() };
    const waits = [{ "retry-after": "1" }, until].map(async (headers) => {
      const peer = await startPeer((response, _, count) =>
        count === 1 ? refuse(response, 503, headers) : reply(response, 200, { items: [] }),
      );
      await createClient({ url: peer.url, key: KEY }).plans.list();
      const [first, second] = peer.seen;
      return (second?.at ?? 0) - (first?.at ?? 0);
    });
    for (const ms of await Promise.all(waits)) expect(ms).toBeGreaterThan(980);
  });

  it("fails at once when the server asks for a longer wait than 30 s", async () => {
    const peer = await startPeer((response) => refuse(response, 503, { "retry-after": "31" }));
    const client = createClient({ url: peer.url, key: KEY });
    const begun = performance.now();
    const error = await client.plans.list().catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({ status: 503, retryable: true, retryAfterMs: 31_000 });
    expect(performance.now() - begun).toBeLessThan(1_000);
    expect(peer.seen).toHaveLength(1);
  });

  it("is sent once where no idempotency key would tell a second one from another request", async () => {
    const peer = await startPeer((response) => refuse(response, 503));
    const { json } = createTransport({
      ...{
        url: peer.url,
        key: KEY,
        tenant: undefined,
        timeoutMs: 5_000,
        retries: 3,
        fetch,
        platform: PLATFORM,
      },
    });
    const request = { method: "POST", path: "/v1/sign-in", isOnce: true } as const;
    await expect(json(request, undefined)).rejects.toMatchObject({ status: 503 });
    expect(peer.seen).toHaveLength(1);
  });

  it("is given up after its retries, with the last error", async () => {
    const peer = await startPeer((response) => refuse(response, 503));
    await expect(createClient({ url: peer.url, key: KEY }).plans.list()).rejects.toMatchObject({
      ...{ status: 503, code: "code_503", message: "a reason", requestId: "req_1" },
    });
    expect(peer.seen).toHaveLength(4);
    await createClient({ url: peer.url, key: KEY, retries: 0 })
      .plans.list()
      .catch(() => undefined);
    expect(peer.seen).toHaveLength(5);
  });

  it.each([400, 401, 402, 403, 404, 408, 409, 412, 413, 422, 500, 507])(
    "is not sent again after a %i",
    async (status) => {
      const peer = await startPeer((response) => refuse(response, status, { "retry-after": "0" }));
      const error = await createClient({ url: peer.url, key: KEY })
        .holds.authorize()
        .catch((thrown: unknown) => thrown);
      expect(error).toMatchObject({ status, retryable: status === 408 || status === 507 });
      expect(peer.seen).toHaveLength(1);
    },
  );
});

describe("time", () => {
  it("ends an attempt that is not answered, and the call with it", async () => {
    const peer = await startPeer(() => undefined);
    const client = createClient({ url: peer.url, key: KEY, timeoutMs: 300, retries: 1 });
    const error = await client.events.record([{}]).catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(AragoraNetworkError);
    expect(error).toMatchObject({ code: "timeout", retryable: true });
    expect(peer.seen).toHaveLength(2);
    await client.events.record([{}], { timeoutMs: 150 }).catch(() => undefined);
    expect(peer.seen).toHaveLength(4);
  });

  it("begins no attempt that its call's own end, 60 s after the time of one attempt, would cut off", async () => {
    const peer = await startPeer((response) => refuse(response, 503, { "retry-after": "1" }));
    for (const [left, attempts] of [
      [900, 1],
      [1_500, 2],
    ]) {
      const before = peer.seen.length;
      let ms = 0;
      const { json } = createTransport({
        ...{ url: peer.url, key: KEY, tenant: undefined, timeoutMs: 5_000, retries: 1 },
        fetch: async (input, init) => {
          ms = 65_000 - (left ?? 0);
          return fetch(input, init);
        },
        platform: { ...PLATFORM, monotonic: () => ms, random: () => 0 },
      });
      const call = json({ method: "GET", path: "/v1/plans" }, undefined);
      await expect(call).rejects.toMatchObject({ status: 503 });
      expect(peer.seen.length - before).toBe(attempts);
    }
  });

  it("ends an answer and an export that stop half-way", async () => {
    const peer = await startPeer((response, { path }) => {
      const isCsv = path.endsWith("export");
      response.writeHead(200, { "content-type": isCsv ? "text/csv" : "application/json" });
      response.write(isCsv ? "id\r\n" : '{"items":');
    });
    const client = createClient({ url: peer.url, key: KEY, timeoutMs: 400, retries: 0 });
    await expect(client.plans.list()).rejects.toMatchObject({ code: "timeout" });
    const csv = client.usage.export();
    expect((await csv.next()).value).toBe("id\r\n");
    await expect(csv.next()).rejects.toMatchObject({ code: "timeout" });
  });

  it("never lets a broken export look complete", async () => {
    const peer = await startPeer((response) => {
      response.writeHead(200, { "content-type": "text/csv" });
      response.write("id\r\n", () => setTimeout(() => response.socket?.destroy(), 20));
    });
    const csv = createClient({ url: peer.url, key: KEY }).usage.export();
    expect((await csv.next()).value).toBe("id\r\n");
    await expect(csv.next()).rejects.toBeInstanceOf(AragoraNetworkError);
    expect(peer.seen).toHaveLength(1);
  });

  it("ends a wait between attempts at once when the caller's signal is aborted", async () => {
    const peer = await startPeer((response) => refuse(response, 503, { "retry-after": "20" }));
    const controller = new AbortController();
    const call = createClient({ url: peer.url, key: KEY }).plans.list({ signal: controller.signal });
    await expect.poll(() => peer.seen.length).toBe(1);
    setTimeout(() => controller.abort(new Error("the user left")), 30);
    const begun = performance.now();
    await expect(call).rejects.toThrow("the user left");
    expect(performance.now() - begun).toBeLessThan(1_000);
    expect(peer.seen).toHaveLength(1);
  });

  it("ends a request under way when the signal is aborted, and sends none under an aborted one", async () => {
    const peer = await startPeer(() => undefined);
    const client = createClient({ url: peer.url, key: KEY });
    const controller = new AbortController();
    const call = client.budgets.check({}, { signal: controller.signal, onUnavailable: "open" });
    await expect.poll(() => peer.seen.length).toBe(1);
    controller.abort();
    await expect(call).rejects.toMatchObject({ name: "AbortError" });
    const aborted = { signal: AbortSignal.abort() };
    await expect(client.plans.list(aborted)).rejects.toMatchObject({ name: "AbortError" });
    await expect(client.budgets.check({}, aborted)).rejects.toMatchObject({ name: "AbortError" });
    expect(peer.seen).toHaveLength(1);
  });

  it("leaves no listener at a signal that outlives its calls", async () => {
    const peer = await startPeer((response) => reply(response, 200, { items: [] }));
    const { signal } = new AbortController();
    let listeners = 0;
    const { addEventListener, removeEventListener } = signal;
    signal.addEventListener = (...args: Parameters<typeof addEventListener>) => {
      listeners += 1;
      addEventListener.apply(signal, args);
    };
    signal.removeEventListener = (...args: Parameters<typeof removeEventListener>) => {
      listeners -= 1;
      removeEventListener.apply(signal, args);
    };
    const client = createClient({ url: peer.url, key: KEY });
    for (let n = 0; n < 3; n += 1) await client.plans.list({ signal });
    expect(listeners).toBe(0);
  });
});

describe("the wait before another attempt", () => {
  it("doubles, is spread from nothing up, and is at most 5 s", () => {
    const error = new AragoraNetworkError("timeout", "m");
    const ends = [1, 2, 3, 4, 10, 2_000].map((attempt) => retryDelayMs(error, attempt, 0.5));
    expect(ends).toEqual([50, 100, 200, 400, 2_500, 2_500]);
    expect(retryDelayMs(error, 9, 0)).toBe(0);
  });

  it("is never shorter than what the server asked for, and none beyond 30 s or for a refusal", () => {
    for (const random of [0, 0.5, 0.999]) {
      expect(retryDelayMs(apiError(429, 7_000), 1, random)).toBeGreaterThanOrEqual(7_000);
      expect(retryDelayMs(apiError(503, 30_000), 1, random)).toBeLessThan(30_100);
    }
    expect(retryDelayMs(apiError(503, 30_001), 1, 0)).toBeUndefined();
    expect(retryDelayMs(apiError(404), 1, 0)).toBeUndefined();
    expect(retryDelayMs(new TypeError("a bug"), 1, 0)).toBeUndefined();
  });

  it("reads Retry-After as seconds or a date of HTTP, and nothing else", () => {
    const now = Date.UTC(2026, 0, 1);
    const values: [string | null, number | undefined][] = [
      ["0", 0],
      [" 12 ", 12_000],
      ["Thu, 01 Jan 2026 00:00:05 GMT", 5_000],
      ["Wed, 31 Dec 2025 00:00:05 GMT", 0],
      ["-1", undefined],
      ["1.5", undefined],
      ["soon", undefined],
      ["", undefined],
      [null, undefined],
    ];
    for (const [header, ms] of values) expect(retryAfterMs(header, now), String(header)).toBe(ms);
  });
});
