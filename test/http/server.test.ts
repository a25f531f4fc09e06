import { request as httpRequest } from "node:http";
import { connect } from "node:net";
import { Readable } from "node:stream";
import { setTimeout as sleep } from "node:timers/promises";
import { Type } from "typebox";
import { afterEach, describe, expect, it } from "vitest";
import { route } from "../../src/http/route.ts";
import { freshSqliteUrl } from "../support/database.ts";
import { call, startServer, type TestServer } from "../support/http-server.ts";
import { operationsOf } from "./samples.ts";

const EVENT = { provider: "openai", model: "gpt-4o-mini", tokensIn: 7, tokensOut: 3 };

let server: TestServer;
afterEach(() => server?.close());

async function started(options: Parameters<typeof startServer>[1] = {}, url = "sqlite::memory:") {
  server = await startServer(url, options);
  return { url: server.url, key: await server.keyOf("acme") };
}

/** What comes back for bytes on a bare connection. */
async function raw(text: string, wait = 3_000): Promise<string> {
  const { port } = new URL(server.url);
  const socket = connect(Number(port), "127.0.0.1");
  let answer = "";
  socket.on("data", (data) => {
    answer += data.toString();
  });
  socket.on("error", () => undefined);
  socket.write(text);
  await Promise.race([new Promise((resolve) => socket.once("close", resolve)), sleep(wait)]);
  socket.destroy();
  return answer;
}

describe("events over HTTP", () => {
  it("take one, a list, an object with a list and a stream, and answer for each in order", async () => {
    const { url, key } = await started();
    const events = ["a", "b"].map((id) => ({ ...EVENT, id }));
    const answers = [
      await call(url, "/v1/events", { key, body: events[0] }),
      await call(url, "/v1/events", { key, body: [...events, { ...EVENT, id: "c", tokensIn: -1 }] }),
      await call(url, "/v1/events", { key, body: { events } }),
      await call(url, "/v1/events", {
        key,
        body: `${JSON.stringify({ ...EVENT, id: "d" })}\r\n\n{"id":"a","tokensIn":1}\n{broken\n${JSON.stringify(events[1])}`,
        type: "application/x-ndjson",
      }),
    ];
    expect(
      answers.map(({ status, json: { results, ...counts } }) => [status, Object.values(counts)]),
    ).toEqual([
      [200, [1, 0, 0, 0]],
      [200, [1, 1, 0, 1]],
      [200, [0, 2, 0, 0]],
      [200, [1, 1, 1, 1]],
    ]);
    expect(answers[0]?.json.results[0]).toMatchObject({ id: "a", status: "accepted", costUsd: "0.00000285" });
    expect(answers[1]?.json.results[2]).toMatchObject({
      id: "c",
      status: "rejected",
      code: "negative",
      field: "tokensIn",
    });
    expect(answers[3]?.json.results.map(({ status }: { status: string }) => status)).toEqual([
      "accepted",
      "conflict",
      "rejected",
      "duplicate",
    ]);
  });

  it("that are alone and refused are a 422 or 409 with the code and the field", async () => {
    const { url, key } = await started();
    const bad = await call(url, "/v1/events", { key, body: { ...EVENT, tokensOut: 1.5 } });
    expect([bad.status, bad.json.code, bad.json.field, bad.json.rejected]).toEqual([
      422,
      "not_whole",
      "tokensOut",
      1,
    ]);
    expect(bad.headers.get("content-type")).toContain("application/problem+json");
    await call(url, "/v1/events", { key, body: { ...EVENT, id: "x" } });
    const conflict = await call(url, "/v1/events", { key, body: { ...EVENT, id: "x", tokensIn: 8 } });
    expect([conflict.status, conflict.json.code, conflict.json.conflicts]).toEqual([
      409,
      "event_conflict",
      1,
    ]);
  });

  it("stream in without growing the process, however many lines there are", async () => {
    const { url, key } = await started({}, await freshSqliteUrl());
    const lines = 60_000;
    const source = Readable.from(
      (function* () {
        for (let n = 0; n < lines; n += 100) {
          let text = "";
          for (let i = n; i < n + 100; i += 1) text += `${JSON.stringify({ ...EVENT, id: `e${i}` })}\n`;
          yield Buffer.from(text);
        }
      })(),
    );
    const before = process.memoryUsage.rss();
    const response = await fetch(`${url}/v1/events`, {
      method: "POST",
      headers: { authorization: `Bearer ${key}`, "content-type": "application/x-ndjson" },
      body: Readable.toWeb(source) as never,
      duplex: "half",
    } as RequestInit);
    const answer = (await response.json()) as {
      accepted: number;
      results: unknown[];
      omittedResults: number;
    };
    expect([response.status, answer.accepted, answer.results.length, answer.omittedResults]).toEqual([
      200, 60_000, 10_000, 50_000,
    ]);
    expect((process.memoryUsage.rss() - before) / 2 ** 20).toBeLessThan(200);
  });

  it("are listed in pages that writes do not move", async () => {
    const { url, key } = await started();
    const at = (n: number) => new Date(Date.UTC(2025, 0, 1, 0, 0, Math.floor(n / 4))).toISOString();
    const body = Array.from({ length: 25 }, (_, n) => ({ ...EVENT, id: `e${n}`, timestamp: at(n) }));
    await call(url, "/v1/events", { key, body });
    const seen: string[] = [];
    let cursor: string | null = "";
    for (let page = 0; cursor !== null; page += 1) {
      const answer = await call(url, `/v1/events?limit=3${cursor === "" ? "" : `&cursor=${cursor}`}`, {
        key,
      });
      expect(answer.json.items.length).toBeLessThanOrEqual(3);
      seen.push(...answer.json.items.map(({ id }: { id: string }) => id));
      cursor = answer.json.nextCursor;
      // Before and after the place where the reader is.
      const late = {
        ...EVENT,
        id: `late${page}`,
        timestamp: page % 2 === 0 ? "2024-12-31T00:00:00Z" : "2025-02-01T00:00:00Z",
      };
      if (page < 4) await call(url, "/v1/events", { key, body: late });
    }
    expect(new Set(seen).size).toBe(seen.length);
    expect(seen.slice(0, 25)).toEqual(body.map(({ id }) => id));
    expect(seen.slice(25).sort()).toEqual(["late1", "late3"]);
    // Of another shape, of an event that is not there, and of another tenant's.
    const other = await server.keyOf("globex");
    await call(url, "/v1/events", { key: other, body: { ...EVENT, id: "theirs" } });
    const cursors = [[1, 2], ["nothing"], ["theirs"], ["e1\u0000"]];
    for (const position of cursors) {
      const forged = Buffer.from(JSON.stringify(position)).toString("base64url");
      const answer = await call(url, `/v1/events?cursor=${forged}`, { key });
      expect([answer.status, answer.json.code, answer.json.field]).toEqual([422, "invalid_cursor", "cursor"]);
    }
  });

  it("are exported as CSV that no spreadsheet runs", async () => {
    const { url, key } = await started();
    await call(url, "/v1/events", {
      key,
      body: { ...EVENT, id: '=HYPERLINK("x")', user: "a,b", agent: "@sum" },
    });
    const answer = await call(url, "/v1/usage/export", { key });
    const [head, row, ...rest] = answer.text.split("\r\n");
    expect(rest).toEqual([""]);
    expect(head?.split(",").slice(0, 3)).toEqual(["timestamp", "id", "type"]);
    expect(row).toContain(`"'=HYPERLINK(""x"")"`);
    expect(row).toContain('"a,b","\'@sum"'.replace('"\'@sum"', "'@sum"));
    expect(row).toContain(",0.00000285,0.00000285,");
    expect(answer.headers.get("content-disposition")).toBe('attachment; filename="usage.csv"');
  });
});

describe("a bad request", () => {
  it("is told what is wrong, with a status and a code of its own", async () => {
    const { url, key } = await started();
    const post = (body: string, type = "application/json", path = "/v1/events") =>
      call(url, path, { key, body, type });
    const deep = `${'{"metadata":'.repeat(200)}1${"}".repeat(200)}`;
    const answers = [
      await post("{broken"),
      await post(deep),
      await post(`${"[".repeat(100_000)}${"]".repeat(100_000)}`),
      await post('{"__proto__":{"polluted":1}}'),
      await post('{"metadata":{"constructor":{}}}'),
      await post('"text"'),
      await post("id=1", "application/x-www-form-urlencoded"),
      await post("{}\n", "application/x-ndjson", "/v1/events/x/corrections"),
      await post(`{"id":"${"x".repeat(1_100_000)}"}`),
      await post(`{"id":"${"x".repeat(70_000)}"}\n`, "application/x-ndjson"),
      await post('{"values":null,"reason":"x","more":1}', "application/json", "/v1/events/x/corrections"),
      await post('{"values":null}', "application/json", "/v1/events/x/corrections"),
      await call(url, "/v1/events/x/corrections", { key, method: "POST" }),
      await call(url, "/v1/usage/breakdown?by=colour", { key }),
      await call(url, "/v1/usage/summary?from=2025-01-01&from=2025-01-02", { key }),
      await call(url, "/v1/usage/summary?form=2025-01-01", { key }),
      await call(url, "/v1/usage/summary?from=yesterday", { key }),
      await call(url, "/v1/events", { key, body: {}, once: "x".repeat(256) }),
      await call(url, "/v1/nothing", { key }),
      await call(url, "/v1/usage/summary", { key, method: "DELETE" }),
      await call(url, "/v1/%zz", { key }),
    ];
    expect(answers.map(({ status, json }) => [status, json.code, json.field])).toEqual([
      [400, "invalid_json", undefined],
      [400, "too_deep", undefined],
      [400, "too_deep", undefined],
      [400, "forbidden_name", "__proto__"],
      [400, "forbidden_name", "constructor"],
      [422, "invalid_type", "body"],
      [415, "unsupported_media_type", undefined],
      [415, "unsupported_media_type", undefined],
      [413, "body_too_large", undefined],
      [413, "line_too_long", undefined],
      [422, "unknown_field", "more"],
      [422, "required", "reason"],
      [400, "body_required", "body"],
      [422, "unknown_grouping", "by"],
      [400, "repeated_parameter", "from"],
      [422, "unknown_field", "form"],
      [422, "invalid_timestamp", "from"],
      [422, "invalid_idempotency_key", "Idempotency-Key"],
      [404, "route_not_found", undefined],
      [405, "method_not_allowed", undefined],
      [400, "invalid_url", undefined],
    ]);
    for (const { json, headers } of answers) {
      expect(json).toMatchObject({
        type: expect.any(String),
        title: expect.any(String),
        detail: expect.any(String),
      });
      expect(headers.get("content-type")).toContain("application/problem+json");
      expect(json.requestId).toMatch(/^req_/);
    }
    expect(answers[19]?.headers.get("allow")).toBe("GET");
  });

  it("on a bare connection is answered too: headers too large, broken HTTP, two lengths, smuggling", async () => {
    await started();
    const head = "GET /health HTTP/1.1\r\nHost: x\r\n";
    const post = "POST /v1/events HTTP/1.1\r\nHost: x\r\n";
    expect(await raw(`${head}X: ${"a".repeat(20_000)}\r\n\r\n`)).toMatch(
      /^HTTP\/1.1 431[\s\S]*headers_too_large/,
    );
    expect(await raw("HELLO\r\n\r\n")).toMatch(/^HTTP\/1.1 400[\s\S]*invalid_http/);
    expect(await raw(`${post}Content-Length: 2\r\nContent-Length: 3\r\n\r\n{}`)).toMatch(/^HTTP\/1.1 400/);
    expect(await raw(`${post}Content-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n`)).toMatch(
      /^HTTP\/1.1 400/,
    );
  });

  it("that arrives too slowly is a 408, as a body, as a stream and as headers, and blocks nobody", async () => {
    const { url, key } = await started({ limits: { bodyMs: 300, headersMs: 1_000 } });
    const post = (type: string) =>
      `POST /v1/events HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer ${key}\r\nContent-Type: ${type}\r\nContent-Length: 100\r\n\r\n{"id`;
    const halfOpen = Array.from({ length: 100 }, () => raw("GET /health HT", 4_000));
    const [body, stream, headers] = await Promise.all([
      raw(post("application/json")),
      raw(post("application/x-ndjson")),
      raw("GET /health HTTP/1.1\r\nHost", 4_000),
      call(url, "/v1/usage/summary", { key }).then(({ status }) => expect(status).toBe(200)),
    ]);
    expect(body).toMatch(/^HTTP\/1.1 408[\s\S]*body_too_slow/);
    expect(stream).toMatch(/^HTTP\/1.1 408[\s\S]*body_too_slow/);
    expect(headers).toMatch(/^HTTP\/1.1 408[\s\S]*headers_too_slow/);
    await Promise.all(halfOpen);
  });
});

describe("limits", () => {
  it("turn away a key that asks too much, with the time to wait; other tenants do not notice", async () => {
    const { url, key } = await started({ limits: { perKey: { perSecond: 1, burst: 5 } } });
    const other = await server.keyOf("globex");
    const answers = await Promise.all(
      Array.from({ length: 8 }, () => call(url, "/v1/usage/summary", { key })),
    );
    const refused = answers.filter(({ status }) => status === 429);
    expect(refused.length).toBe(3);
    expect(refused[0]?.json.code).toBe("rate_limited");
    expect(refused[0]?.headers.get("retry-after")).toBe("1");
    expect((await call(url, "/v1/usage/summary", { key: other })).status).toBe(200);
  });

  it("hold for a tenant whatever the number of its keys", async () => {
    const { url, key } = await started({ limits: { perTenant: { perSecond: 1, burst: 4 } } });
    const second = await server.keyOf("acme");
    const answers = await Promise.all(
      Array.from({ length: 8 }, (_, n) =>
        call(url, "/v1/usage/summary", { key: n % 2 === 0 ? key : second }),
      ),
    );
    expect(answers.filter(({ status }) => status === 429).length).toBe(4);
  });

  it("turn away whoever guesses keys: the eleventh wrong one in a minute, and any new one after it", async () => {
    const { url, key } = await started();
    const guesses: number[] = [];
    for (let n = 0; n < 12; n += 1) {
      const headers = { "x-forwarded-for": `192.0.2.${n}` };
      guesses.push((await call(url, "/v1/usage/summary", { key: `ara_guess_${n}`, headers })).status);
    }
    expect(guesses).toEqual([...Array.from({ length: 10 }, () => 401), 429, 429]);
    // Right or wrong, which an answer would tell.
    expect((await call(url, "/v1/usage/summary", { key })).status).toBe(429);
  });

  it("let a key pass that was right before, beside whoever guesses from its address", async () => {
    const { url, key } = await started();
    const status = async (shown: string) => (await call(url, "/v1/usage/summary", { key: shown })).status;
    expect(await status(key)).toBe(200);
    for (let n = 0; n < 12; n += 1) await status(`ara_guess_${n}`);
    expect([await status(await server.keyOf("globex")), await status(key), await status(key)]).toEqual([
      429, 200, 200,
    ]);
    const { items } = (await call(url, "/v1/api-keys", { key })).json;
    expect((await call(url, `/v1/api-keys/${items[0].id}/revoke`, { key, body: {} })).status).toBe(200);
    // It is looked up each time: what was right before is not right for ever.
    expect([await status(key), await status(key)]).toEqual([401, 429]);
  });

  it("do not let anybody guess at a key that was right before", async () => {
    const { url, key } = await started();
    const status = async (shown: string) => (await call(url, "/v1/usage/summary", { key: shown })).status;
    expect(await status(key)).toBe(200);
    const wrong = (n: number) => `${key.slice(0, 17)}${String(n).padStart(43, "x")}`;
    for (let n = 0; n < 10; n += 1) await status(wrong(n));
    expect(await status(wrong(10))).toBe(429);
    expect(await status(key)).toBe(429);
  });
});

describe("other sites' pages", () => {
  it("are told nothing: no answer, to a preflight or a request, names an origin or lets one in", async () => {
    const { url, key } = await started();
    const origin = "https://evil.example";
    const asked = {
      origin,
      "access-control-request-method": "POST",
      "access-control-request-headers": "authorization",
    };
    const answers = [
      await call(url, "/v1/events", { method: "OPTIONS", headers: asked }),
      await call(url, "/v1/nothing", { method: "OPTIONS", headers: asked }),
      await call(url, "/openapi.json", { method: "OPTIONS", headers: asked }),
      await call(url, "/health", { headers: asked }),
      await call(url, "/v1/usage/summary", { key, headers: asked }),
      await call(url, "/v1/events", { key, body: EVENT, headers: asked }),
      await call(url, "/v1/events", { body: EVENT, headers: asked }),
    ];
    expect(answers.map(({ status }) => status)).toEqual([405, 404, 405, 200, 200, 200, 401]);
    for (const { headers, text } of answers) {
      expect([...headers.keys()].filter((name) => name.startsWith("access-control"))).toEqual([]);
      expect(`${text}${JSON.stringify([...headers])}`).not.toContain("evil.example");
    }
  });
});

describe("the server's description of itself", () => {
  it("holds every route of the router and no other", async () => {
    const { url } = await started();
    const described = (await operationsOf(url)).map(({ name }) => name).sort();
    const routed: string[] = [];
    const path: string[] = [];
    for (const line of server.app.printRoutes({ commonPrefix: false }).split("\n")) {
      const found = /^([│ ]*)[├└]── (\S+)(?: \(([A-Z, ]+)\))?/.exec(line);
      if (found === null) continue;
      const depth = (found[1]?.length ?? 0) / 4;
      path.splice(depth, path.length, found[2] ?? "");
      for (const method of (found[3] ?? "").split(", ").filter(Boolean)) {
        routed.push(`${method} ${path.join("").replace(/:(\w+)/g, "{$1}")}`);
      }
    }
    expect(routed.sort()).toEqual(described);
    expect(described.length).toBeGreaterThan(15);
    const { openapi, info } = (await call(url, "/openapi.json")).json;
    expect([openapi, typeof info.version]).toEqual(["3.1.0", "string"]);
  });

  it("is a page without scripts that loads nothing from elsewhere", async () => {
    const { url } = await started();
    const page = await call(url, "/docs");
    expect(page.headers.get("content-security-policy")).toContain("default-src 'none'");
    expect(page.text).not.toMatch(/<script|https?:\/\/|style=|onload/i);
    expect(page.text).toContain("/v1/events/{id}/corrections");
    expect((await call(url, "/docs/style.css")).headers.get("content-type")).toContain("text/css");
  });

  it("cannot hold a route that no scope guards", () => {
    const spec = {
      method: "GET",
      path: "/v1/open",
      tag: "x",
      summary: "x",
      access: "tenant",
      reply: Type.String(),
      handler: async () => "",
    } as const;
    expect(() => route({ ...spec, scopes: [] as never })).toThrow("names no scope");
    expect(() => route({ ...spec } as never)).toThrow("names no scope");
    expect(() => route({ ...spec, method: "POST", scopes: ["usage:read"] })).toThrow("write mode");
  });

  it("shows its figures to operators and to the metrics token, to nobody else", async () => {
    const { url, key } = await started({ metricsToken: "metrics-token-of-this-test" });
    await call(url, "/v1/events", { key, body: EVENT });
    const shown = await call(url, "/metrics", { key: "metrics-token-of-this-test" });
    expect(shown.text).toMatch(/^aragora_http_requests_total\{route="POST \/v1\/events",status="200"\} 1$/m);
    expect(shown.text).toMatch(/^aragora_events_total\{status="accepted"\} 1$/m);
    expect((await call(url, "/metrics", { key: server.operatorKey })).status).toBe(200);
    expect((await call(url, "/metrics", { key })).status).toBe(403);
    expect((await call(url, "/metrics")).status).toBe(401);
    expect((await call(url, "/v1/events", { key: "metrics-token-of-this-test" })).status).toBe(401);
  });
});

describe("logs", () => {
  it("hold a line per request with its id, and no secret wherever it was put", async () => {
    const lines: string[] = [];
    const { url, key } = await started({
      log: { level: "info", stream: { write: (line) => lines.push(line) } },
    });
    const answer = await call(url, `/v1/usage/summary?key=${key}`, { key });
    await call(url, `/v1/${key}/x`, { key, headers: { "x-forwarded-for": "1\r\n2".slice(0, 1) } });
    await call(url, "/v1/events", {
      key,
      body: { ...EVENT, metadata: { token: "whsec_abcdefghijkl" }, nope: key },
    });
    server.app.log.error({ key, text: `Bearer ${key}`, url: "postgres://user:pass@host/db" });
    await sleep(20);
    const log = lines.join("");
    expect(log).not.toContain(key);
    expect(log).not.toMatch(/whsec_|user:pass/);
    for (const line of lines) JSON.parse(line);
    expect(lines.some((line) => JSON.parse(line).requestId === answer.headers.get("x-request-id"))).toBe(
      true,
    );
  });

  it("tell of a client that went away", async () => {
    const lines: string[] = [];
    const { url, key } = await started({
      log: { level: "info", stream: { write: (line) => lines.push(line) } },
    });
    const gone = httpRequest(`${url}/v1/events`, {
      method: "POST",
      headers: { authorization: `Bearer ${key}`, "content-type": "application/json", "content-length": 100 },
    });
    gone.on("error", () => undefined);
    gone.write("{");
    await sleep(100);
    gone.destroy();
    await sleep(100);
    expect(lines.map((line) => JSON.parse(line)).some(({ aborted }) => aborted === true)).toBe(true);
    expect((await call(url, "/health")).status).toBe(200);
  });
});
