import { createServer, type Socket } from "node:net";
import { describe, expect, it, onTestFinished } from "vitest";
import { closedPort, startHttpSink } from "../../../test/support/http-sink.ts";
import type { EndpointCall, WebhookEvent } from "../../domain/notifications/index.ts";
import { bodyFor } from "./body.ts";
import { GlobalWebhook, WebhookEndpoints } from "./index.ts";
import { webhookHeaders } from "./signature.ts";

const SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
const EVENT: WebhookEvent = {
  id: "ntf_1",
  type: "budget.alert",
  timestamp: "2025-01-01T00:00:00.000Z",
  tenant: "acme",
  data: { level: "warning" },
};
const NOW = Date.UTC(2025, 0, 1);

function callTo(url: string, over: Partial<EndpointCall> = {}): EndpointCall {
  return { url, event: EVENT, line: "a <line> & more", now: NOW, ...over };
}

/** A server that answers with raw bytes, slowly if told so, and tells how much was taken. */
async function rawServer(answer: (socket: Socket) => void): Promise<{ url: string; taken: () => number }> {
  let taken = 0;
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.on("error", () => undefined);
    socket.on("close", () => {
      taken = socket.bytesWritten - socket.writableLength;
    });
    socket.once("data", () => answer(socket));
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  onTestFinished(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  return { url: `http://127.0.0.1:${(server.address() as { port: number }).port}/`, taken: () => taken };
}

describe("the signature", () => {
  it("is the one of the Standard Webhooks specification", () => {
    expect(
      webhookHeaders({
        id: "msg_p5jXN8AQM9LWM0D4loKWxJek",
        now: 1_614_265_330_999,
        body: '{"test": 2432232314}',
        secret: SECRET,
      }),
    ).toEqual({
      "webhook-id": "msg_p5jXN8AQM9LWM0D4loKWxJek",
      "webhook-timestamp": "1614265330",
      "webhook-signature": "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=",
    });
  });

  it("changes with id, time, body and secret, and is absent without a secret", () => {
    const call = { id: "a", now: 1_000, body: "{}", secret: SECRET };
    const other = `whsec_${Buffer.alloc(24, 7).toString("base64")}`;
    const changed = [call, { ...call, id: "b" }, { ...call, now: 2_000 }, { ...call, body: "{ }" }];
    const all = [...changed, { ...call, secret: other }].map((each) => webhookHeaders(each));
    expect(new Set(all.map((headers) => headers["webhook-signature"])).size).toBe(5);
    expect(webhookHeaders({ ...call, secret: undefined })).not.toHaveProperty("webhook-signature");
  });
});

describe("the body of a call", () => {
  it.each([
    ["https://hooks.slack.com/services/T/B/x", { text: "&lt;!channel&gt; &amp; you" }],
    [
      "https://discord.com/api/webhooks/1/x",
      { content: "<!channel> & you", allowed_mentions: { parse: [] } },
    ],
    [
      "https://ptb.discord.com/api/webhooks/1/x",
      { content: "<!channel> & you", allowed_mentions: { parse: [] } },
    ],
    [
      "https://discordapp.com/api/webhooks/1/x",
      { content: "<!channel> & you", allowed_mentions: { parse: [] } },
    ],
    ["https://hooks.slack.com.evil.example/", EVENT],
    ["https://discord.com/other", EVENT],
    ["https://evildiscord.com/api/webhooks/1/x", EVENT],
    ["https://hooks.example.com/", EVENT],
  ])("for %s is of its form", (url, body) => {
    expect(JSON.parse(bodyFor(new URL(url), { event: EVENT, line: "<!channel> & you" }))).toEqual(body);
  });

  it("is cut to what Discord takes", () => {
    const url = new URL("https://discord.com/api/webhooks/1/x");
    const { content } = JSON.parse(bodyFor(url, { event: EVENT, line: `${"x".repeat(1_999)}😀` }));
    expect(content).toHaveLength(2_000);
    expect(content.isWellFormed()).toBe(true);
  });
});

describe("a call to an endpoint", () => {
  const endpoints = new WebhookEndpoints({ allowInsecure: true, timeoutMs: 400 });

  it("is one signed POST of the event", async () => {
    const http = await startHttpSink();
    expect(await endpoints.send(callTo(`${http.url}/hook?x=1`, { secret: SECRET }))).toEqual({
      outcome: "delivered",
    });
    const [call] = http.calls;
    expect(http.calls).toHaveLength(1);
    expect(call?.path).toBe("/hook?x=1");
    expect(call?.headers).toMatchObject({
      ...webhookHeaders({ id: EVENT.id, now: NOW, body: JSON.stringify(EVENT), secret: SECRET }),
      "content-type": "application/json",
    });
    expect(JSON.parse(call?.body ?? "")).toEqual(EVENT);
  });

  it.each([
    [200, { outcome: "delivered" }],
    [202, { outcome: "delivered" }],
    [299, { outcome: "delivered" }],
    [400, { outcome: "failed", error: "HTTP 400" }],
    [404, { outcome: "failed", error: "HTTP 404" }],
    [410, { outcome: "refused", error: "HTTP 410: the endpoint is gone" }],
    [429, { outcome: "failed", error: "HTTP 429" }],
    [500, { outcome: "failed", error: "HTTP 500" }],
    [503, { outcome: "failed", error: "HTTP 503" }],
  ])("that is answered with %i is over", async (status, attempt) => {
    const http = await startHttpSink();
    http.answer = () => ({ status });
    expect(await endpoints.send(callTo(http.url))).toEqual(attempt);
  });

  it("fails as unreachable when nobody listens, or nobody answers in time", async () => {
    const nobody = callTo(`http://127.0.0.1:${await closedPort()}/`);
    expect(await endpoints.send(nobody)).toEqual({
      outcome: "failed",
      error: "connection refused",
      isUnreachable: true,
    });
    const http = await startHttpSink();
    http.answer = () => ({ status: 200, hangs: true });
    const startedAt = performance.now();
    const attempt = await endpoints.send(callTo(http.url));
    expect(attempt).toEqual({ outcome: "failed", error: "no answer within 0.4 s", isUnreachable: true });
    expect(performance.now() - startedAt).toBeLessThan(1_500);
  });

  it("is over in time also when the lookup, or the answer's head or body, never ends", async () => {
    const never = new WebhookEndpoints({ timeoutMs: 300, resolve: () => new Promise(() => undefined) });
    expect(await never.send(callTo("https://hooks.example.com/"))).toMatchObject({ outcome: "failed" });
    const drip = await rawServer((socket) => {
      const timer = setInterval(() => socket.write("x"), 20);
      socket.on("close", () => clearInterval(timer));
      socket.write("HTTP/1.1 200 OK\r\nx-a: ");
    });
    expect(await endpoints.send(callTo(drip.url))).toMatchObject({ outcome: "failed", isUnreachable: true });
    const body = await rawServer((socket) => {
      const timer = setInterval(() => socket.write("x"), 20);
      socket.on("close", () => clearInterval(timer));
      socket.write("HTTP/1.1 200 OK\r\n\r\n");
    });
    expect(await endpoints.send(callTo(body.url))).toEqual({ outcome: "delivered" });
  });

  it("takes in little of an answer without end", async () => {
    const flood = await rawServer((socket) => {
      socket.write("HTTP/1.1 503 Busy\r\n\r\n");
      const chunk = Buffer.alloc(64 * 1_024);
      const more = () => {
        while (!socket.destroyed && socket.write(chunk));
      };
      socket.on("drain", more);
      more();
    });
    const startedAt = performance.now();
    expect(await endpoints.send(callTo(flood.url))).toEqual({ outcome: "failed", error: "HTTP 503" });
    expect(performance.now() - startedAt).toBeLessThan(350);
    await expect.poll(flood.taken).toBeGreaterThan(0);
    // What lies in the kernel's buffers counts as taken here.
    expect(flood.taken()).toBeLessThan(16 * 1_024 * 1_024);
  });

  it("fails when the answer is no HTTP, or ends at once", async () => {
    const garbage = await rawServer((socket) => socket.end("220 mail.example.com ESMTP planted\r\n"));
    const attempt = await endpoints.send(callTo(garbage.url));
    expect(attempt).toMatchObject({ outcome: "failed" });
    expect(JSON.stringify(attempt)).not.toContain("planted");
    const cut = await rawServer((socket) => socket.destroy());
    expect(await endpoints.send(callTo(cut.url))).toMatchObject({ outcome: "failed" });
  });
});

describe("the operator's webhook", () => {
  it("is called anywhere, unsigned", async () => {
    const http = await startHttpSink();
    const webhook = new GlobalWebhook(`${http.url}/services/x`);
    expect(await webhook.send({ event: EVENT, line: "a line", now: NOW })).toEqual({ outcome: "delivered" });
    expect(http.calls[0]?.headers).not.toHaveProperty("webhook-signature");
    expect(JSON.parse(http.calls[0]?.body ?? "")).toEqual(EVENT);
  });

  it("must be an http(s) URL, which a refusal does not repeat", () => {
    expect(() => new GlobalWebhook("planted:x")).toThrow(
      expect.objectContaining({ message: "notifications.webhook must be an http(s) URL" }),
    );
  });
});
