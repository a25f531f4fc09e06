// Every field, parameter and id of every operation, one at a time, replaced by what no client means: a share of the values
// for each, all of them with ARAGORA_HOSTILE=all, which also tells how long the slowest answer to a long text took.

import { connect } from "node:net";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type Operation, operationsOf, type Sample } from "../http/samples.ts";
import { freshPostgresUrl } from "../support/database.ts";
import { type Answer, call, startServer, type TestServer } from "../support/http-server.ts";
import { type Filled, fillTenant } from "./filled.ts";

const TENANT = "acme";
/** About the installation, not about a tenant. */
const INSTALLATIONS =
  /^(POST \/v1\/organizations|\w+ \/v1\/(seller-profile|users|prices|price-rules|rerates|verify).*)$/;
const EVERY = process.env.ARAGORA_HOSTILE === "all" ? 1 : 9;
const LONG = "x".repeat(50_000);
/** As JSON text, since not all of it survives being a value. */
const VALUES = [
  ...['"\\u0000"', '"a\\u0000b"', '"\\ud800"', '"\\udc00x"', `"${LONG}"`, '"\\u202e"', '""', '" "'],
  ...["1e400", "-1e400", "1e308", "9007199254740993", "-1", "0", "0.1", `${"9".repeat(400)}`],
  ...['"1e999999999"', `"0.${"0".repeat(58)}"`, '"NaN"', '"Infinity"', "true", "null", "[]", "{}", "[[]]"],
  ...['{"a":1}', '["\\u0000"]', '{"\\u0000":"\\ud800"}', '"9999-12-31T23:59:59Z"', '"0000-01-01"'],
];
const TEXTS = [
  "%00",
  "a%00b",
  "%ed%a0%80",
  "..",
  "%2e%2e%2f",
  "%F0%9F%92%B8",
  "x".repeat(1_500),
  "'%20OR%201=1",
];

const slowest = new Map<string, number>();

describe.each([
  { name: "sqlite in memory", freshUrl: async () => "sqlite::memory:" },
  { name: "postgres", freshUrl: freshPostgresUrl },
])("what no client means, on $name", ({ freshUrl }) => {
  let server: TestServer;
  let filled: Filled;
  let operations: Operation[];

  beforeAll(async () => {
    server = await startServer(await freshUrl(), { limits: { perKey: null, perTenant: null } });
    filled = await fillTenant(server, TENANT);
    operations = (await operationsOf(server.url)).filter(
      ({ access }) => access !== "public" && access !== "user",
    );
  });
  afterAll(() => server.close());

  const ask = (operation: Operation, path: string, body?: string, headers: Record<string, string> = {}) => {
    const isOperators = operation.access === "operator";
    return call(server.url, path, {
      ...{ method: operation.method, key: isOperators ? server.operatorKey : filled.key, headers },
      ...(isOperators && !INSTALLATIONS.test(operation.name) && { tenant: TENANT }),
      ...(body !== undefined && { body }),
    });
  };
  const sampleOf = ({ name }: Operation): Sample => {
    const sample = filled.samples.get(name);
    if (sample === undefined) throw new Error(`no request for ${name}`);
    return sample;
  };

  it("in a field of a body is an answer below 500 that names what is wrong", async () => {
    const faults: string[] = [];
    let [asked, turn] = [0, 0];
    for (const operation of operations) {
      const { path, body } = sampleOf(operation);
      if (body === undefined) continue;
      for (const value of VALUES) {
        for (const bent of bentBodies(body, value)) {
          turn += 1;
          if (turn % EVERY !== 0) continue;
          const at = performance.now();
          const answer = await ask(operation, path, bent);
          if (value.length > 10_000) note(operation.name, performance.now() - at);
          asked += 1;
          const fault = faultOf(answer);
          if (fault !== undefined) faults.push(`${operation.name} ${bent.slice(0, 200)}: ${fault}`);
        }
      }
    }
    expect(faults).toEqual([]);
    expect(asked).toBeGreaterThan(300);
    expect(await server.engine.verify()).toMatchObject({ ok: true });
  }, 240_000);

  it("in a path or a query is an answer below 500 that names what is wrong", async () => {
    const faults: string[] = [];
    let [asked, turn] = [0, 0];
    for (const operation of operations) {
      const { path, body } = sampleOf(operation);
      for (const bent of bentPaths(operation, path)) {
        turn += 1;
        // NUL in an id is what PostgreSQL cannot take: never left out.
        if (turn % EVERY !== 0 && !bent.includes("/%00")) continue;
        const answer = await ask(operation, bent, body === undefined ? undefined : JSON.stringify(body));
        asked += 1;
        const fault = faultOf(answer);
        if (fault !== undefined) faults.push(`${operation.name} ${bent.slice(0, 200)}: ${fault}`);
      }
    }
    expect(faults).toEqual([]);
    expect(asked).toBeGreaterThan(100);
  }, 240_000);

  it("as a kind of content, an idempotency key or a tenant is refused before anything is done", async () => {
    const writes = operations.filter(
      ({ method, access, name }) => method === "POST" && access !== "operator" && !name.includes("{"),
    );
    expect(writes.length).toBeGreaterThan(5);
    for (const operation of writes) {
      const { path, body } = sampleOf(operation);
      const text = JSON.stringify(body ?? {});
      for (const type of [
        "text/plain",
        "multipart/form-data; boundary=x",
        "application/xml",
        "text/json",
        "x",
      ]) {
        const { status, json } = await ask(operation, path, text, { "content-type": type });
        expect([operation.name, type, status, json.code]).toEqual([
          ...[operation.name, type, 415, "unsupported_media_type"],
        ]);
      }
      for (const key of ["", " ", "a b", "\u00e9", "x".repeat(256), "a, b"]) {
        const { status, json } = await ask(operation, path, text, { "idempotency-key": key });
        expect([operation.name, key, status, json.code, json.field]).toEqual([
          ...[operation.name, key, 422, "invalid_idempotency_key", "Idempotency-Key"],
        ]);
      }
      for (const tenant of ["globex", "\u00e9", "x".repeat(257)]) {
        const { status, json } = await ask(operation, path, text, { "aragora-tenant": tenant });
        expect([operation.name, tenant, [403, 422].includes(status), typeof json.code]).toEqual([
          ...[operation.name, tenant, true, "string"],
        ]);
      }
    }
  });
});

describe("bytes that are no request", () => {
  it("are answered or cut off, and the next request is served", async () => {
    const server = await startServer("sqlite::memory:");
    const key = await server.keyOf(TENANT);
    const post = `POST /v1/events HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer ${key}\r\nContent-Type: application/json\r\n`;
    const smuggled = "POST /v1/events HTTP/1.1\r\nHost: x\r\n\r\n";
    for (const text of [
      `${post}Content-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n${smuggled}`,
      `${post}Transfer-Encoding: chunked\r\nContent-Length: 2\r\n\r\n{}`,
      `${post}Transfer-Encoding: chunked, identity\r\n\r\n0\r\n\r\n`,
      `${post}Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n`,
      `${post}Transfer-Encoding : chunked\r\n\r\n0\r\n\r\n`,
      `${post}Content-Length: 2\r\nContent-Length: 2\r\n\r\n{}`,
      `${post}Content-Length: 2, 2\r\n\r\n{}`,
      `${post}Content-Length: +2\r\n\r\n{}`,
      `${post}Content-Length: -1\r\n\r\n`,
      `${post}Content-Length: 99999999999999999999\r\n\r\n{}`,
      `${post}Transfer-Encoding: chunked\r\n\r\nfffffffffffffffff\r\n{}\r\n0\r\n\r\n`,
      `${post}Transfer-Encoding: chunked\r\n\r\n-2\r\n{}\r\n0\r\n\r\n`,
      `${post}X: a\r\n b: folded\r\nBad Header: 1\r\nContent-Length: 2\r\n\r\n{}`,
      `${post}X: \u0000\r\nContent-Length: 2\r\n\r\n{}`,
      "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
      "GET http://[::1 HTTP/1.1\r\nHost: x\r\n\r\n",
      "GET / HTTP/9.9\r\nHost: x\r\n\r\n",
      "\u0016\u0003\u0001\u0002\u0000\u0001\u0000",
      "BREW /v1/events HTTP/1.1\r\nHost: x\r\n\r\n",
      "CONNECT x:1 HTTP/1.1\r\nHost: x\r\n\r\n",
      "GET /health HTTP/1.1\r\n\r\n",
    ]) {
      const answer = await bare(server.url, text);
      // One request, one answer at most: what stands behind it is never taken for another one.
      expect([text, answer.match(/HTTP\/1\.1 \d/g)?.length ?? 0]).toEqual([text, expect.toBeOneOf([0, 1])]);
      expect([text, answer]).toEqual([text, expect.not.stringMatching(/HTTP\/1\.1 [235]/)]);
    }
    // Refused in parts: nothing of it was recorded.
    const { json } = await call(server.url, "/v1/usage/summary", { key });
    expect(json.total.events).toBe(0);
    await server.close();
  });
});

/** Paths of an operation with one of their ids, or one of its parameters, replaced. */
function* bentPaths({ name, document }: Operation, path: string): Generator<string> {
  const [plain = "", query] = path.split("?");
  const template = name.replace(/^\w+ /, "").split("/");
  for (const text of TEXTS) {
    for (const [index, part] of template.entries()) {
      if (!part.startsWith("{")) continue;
      const parts = plain.split("/");
      parts[index] = text;
      yield parts.join("/");
    }
    // biome-ignore lint/suspicious/noExplicitAny: parameters as they are in the document.
    for (const parameter of (document.parameters ?? []) as any[]) {
      if (parameter.in !== "query") continue;
      const others = new URLSearchParams(query);
      others.delete(parameter.name);
      yield `${plain}?${others}&${parameter.name}=${text}`;
      yield `${plain}?${others}&${parameter.name}=1&${parameter.name}=2`;
      yield `${plain}?${others}&${parameter.name}[]=1`;
      yield `${plain}?${others}&__proto__=${text}&constructor=1`;
    }
  }
}

/** What comes back for bytes on a connection of their own. */
async function bare(url: string, text: string): Promise<string> {
  const socket = connect(Number(new URL(url).port), "127.0.0.1");
  let answer = "";
  socket.on("data", (data) => {
    answer += data.toString();
  });
  socket.on("error", () => undefined);
  const closed = new Promise((resolve) => socket.once("close", resolve));
  socket.end(text);
  await closed;
  return answer;
}

/** The JSON texts of a body with one of its values replaced, or with one more field. */
function* bentBodies(body: unknown, value: string): Generator<string> {
  const mark = "\u0001here";
  for (const bent of [...markedIn(body, mark), { ...(body as object), more: mark }]) {
    yield JSON.stringify(bent).replace(JSON.stringify(mark), () => value);
  }
}

/** Copies of a value, in each another one of its parts replaced by `mark`. */
function markedIn(value: unknown, mark: string): unknown[] {
  if (typeof value !== "object" || value === null) return [mark];
  const parts = Object.entries(value);
  const copies = parts.flatMap(([name, part]) =>
    markedIn(part, mark).map((marked) =>
      Array.isArray(value)
        ? value.map((item, index) => (String(index) === name ? marked : item))
        : { ...value, [name]: marked },
    ),
  );
  return [mark, ...copies];
}

function faultOf({ status, text, json }: Answer): string | undefined {
  const shown = `${status} ${text.slice(0, 300)}`;
  if (status < 300) return undefined;
  if (status >= 500 || typeof json?.code !== "string" || typeof json.detail !== "string") return shown;
  return status === 422 && typeof json.field !== "string" ? shown : undefined;
}

function note(name: string, ms: number): void {
  slowest.set(name, Math.max(slowest.get(name) ?? 0, ms));
}
afterAll(() => {
  if (EVERY !== 1) return;
  const [[name = "", ms = 0] = []] = [...slowest].sort((a, b) => b[1] - a[1]);
  process.stderr.write(`slowest answer to a text of 50,000 characters: ${name} ${ms.toFixed(0)} ms\n`);
});
