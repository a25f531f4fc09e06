import { inspect } from "node:util";
import { describe, expect, it } from "vitest";
import { createClient } from "../../src/client/index.ts";
import { reply, startPeer } from "./peers.ts";

const KEY = "ara_thekeythatmustnotleak";

/** All that a log could make of a thing. */
function printed(value: unknown): string {
  const error = value as Error;
  return [
    inspect(value, { depth: null, showHidden: true, getters: true }),
    JSON.stringify(value),
    String(value),
    error.stack,
    inspect(error.cause, { depth: null, showHidden: true }),
  ].join("\n");
}

async function failureOf(work: Promise<unknown>): Promise<unknown> {
  return work.then(
    () => expect.unreachable("it must fail"),
    (error: unknown) => error,
  );
}

describe("the key", () => {
  it("is not in the client, however it is printed", () => {
    const client = createClient({ url: "http://127.0.0.1:1", key: KEY });
    expect(printed(client)).toContain("check");
    expect(printed(client)).not.toContain(KEY);
    expect(printed(client.budgets)).not.toContain(KEY);
  });

  it("is in no error of a network, not even of a fetch that tells what it was given", async () => {
    const refused = createClient({ url: "http://127.0.0.1:1", key: KEY, retries: 0 });
    expect(printed(await failureOf(refused.plans.list()))).not.toContain(KEY);
    const telling = createClient({
      ...{ url: "http://127.0.0.1:1", key: KEY, retries: 0 },
      fetch: async (_, init) => {
        const cause = Object.assign(new Error(JSON.stringify(init)), { code: JSON.stringify(init) });
        throw Object.assign(new Error(JSON.stringify(init)), { cause });
      },
    });
    const error = await failureOf(telling.plans.list());
    expect(error).toMatchObject({ name: "AragoraNetworkError", code: "network" });
    expect(printed(error)).not.toContain(KEY);
  });

  it("is in no error of the API, not even of one that answers with what it was sent", async () => {
    const peer = await startPeer((response, { headers }) => {
      const { authorization = "" } = headers;
      reply(response, 422, {
        detail: authorization,
        code: authorization,
        field: authorization,
        requestId: authorization,
        details: { headers },
      });
    });
    const error = await failureOf(createClient({ url: peer.url, key: KEY }).plans.list());
    expect(error).toMatchObject({ status: 422 });
    expect(printed(error)).not.toContain(KEY);
  });

  it("is in no error about options", () => {
    const url = "http://127.0.0.1:1";
    const wrong = [
      { url, key: `${KEY}\n` },
      { url, key: `Bearer ${KEY}` },
      { url, key: KEY, tenant: "a\nb" },
      { url: `http://user:${KEY}@127.0.0.1`, key: KEY },
      { url: KEY, key: KEY },
      { url: `${url}?key=${KEY}`, key: KEY },
      { url: `ftp://${KEY}`, key: KEY },
      { url, key: KEY, retries: -1 },
      { url, key: KEY, retries: 1.5 },
      { url, key: KEY, timeoutMs: 0 },
      { url, key: KEY, timeoutMs: 2 ** 31 },
    ];
    for (const options of wrong) {
      let error: unknown;
      try {
        createClient(options);
      } catch (thrown) {
        error = thrown;
      }
      expect(error, JSON.stringify(options)).toBeInstanceOf(Error);
      expect(printed(error)).not.toContain(KEY);
    }
  });

  it("does not follow a redirect to another server", async () => {
    const other = await startPeer((response) => reply(response, 200, { items: [] }));
    const peer = await startPeer((response) => {
      response.writeHead(307, { location: `${other.url}/v1/plans` });
      response.end();
    });
    const client = createClient({ url: peer.url, key: KEY, retries: 0 });
    expect(await failureOf(client.plans.list())).toMatchObject({ name: "AragoraNetworkError" });
    expect(other.seen).toHaveLength(0);
  });
});

describe("what is sent", () => {
  it("carries the tenant, and the path below which the server is", async () => {
    const peer = await startPeer((response) => reply(response, 200, { items: [] }));
    const client = createClient({ url: `${peer.url}/billing/`, key: KEY, tenant: "acme" });
    await client.plans.list();
    expect(peer.seen[0]).toMatchObject({ path: "/billing/v1/plans" });
    expect(peer.seen[0]?.headers).toMatchObject({ authorization: `Bearer ${KEY}`, "aragora-tenant": "acme" });
  });

  it("holds no id that would make another path, and leaves out what is undefined", async () => {
    const peer = await startPeer((response) => reply(response, 200, { items: [] }));
    const client = createClient({ url: peer.url, key: KEY });
    await client.budgets.get("a/../b?c#d");
    await client.budgets.list({ closed: undefined, limit: 5 });
    expect(peer.seen.map(({ path }) => path)).toEqual([
      "/v1/budgets/a%2F..%2Fb%3Fc%23d",
      "/v1/budgets?limit=5",
    ]);
    for (const id of ["", ".", "..", undefined as unknown as string]) {
      await expect(client.budgets.get(id), id).rejects.toThrow("id must be an id");
    }
    const once = { idempotencyKey: "two words" };
    await expect(client.holds.release("h", once)).rejects.toThrow("idempotencyKey must be");
    expect(peer.seen).toHaveLength(2);
  });

  it("holds no number that would arrive as another one", async () => {
    const peer = await startPeer((response) => reply(response, 200, { items: [] }));
    const client = createClient({ url: peer.url, key: KEY });
    const inexact = [Number.NaN, Number.POSITIVE_INFINITY, 2 ** 53, 9007199254740993n as unknown as number];
    for (const limit of inexact) {
      await expect(client.budgets.create({ name: "n", limit })).rejects.toThrow(/^limit is no number/);
    }
    const events = { events: [{}, { quantity: 2 ** 60 }] };
    await expect(client.events.record(events)).rejects.toThrow(/^events\.1\.quantity is no number/);
    expect(peer.seen).toHaveLength(0);
    await client.budgets.create({ name: "n", limit: Number.MAX_SAFE_INTEGER });
    await client.budgets.create({ name: "n", limit: 0.1 });
    await client.budgets.create({ name: "n", limit: "9007199254740993.000000000001" });
    expect(peer.seen.map(({ body }) => body)).toEqual([
      '{"name":"n","limit":9007199254740991}',
      '{"name":"n","limit":0.1}',
      '{"name":"n","limit":"9007199254740993.000000000001"}',
    ]);
  });

  it("is answered exactly, or not at all", async () => {
    let body = "";
    const peer = await startPeer((response) => {
      response.writeHead(200, { "content-type": "application/json" });
      response.end(body);
    });
    const client = createClient({ url: peer.url, key: KEY, retries: 0 });
    body =
      '{"total":{"quantity":9007199254740992,"costUsd":"9007199254740993.1","id":"\\"9007199254740993"}}';
    expect((await client.usage.summary()).total).toEqual({
      ...{ quantity: 9007199254740992, costUsd: "9007199254740993.1", id: '"9007199254740993' },
    });
    body = '{"total":{"quantity":9007199254740993}}';
    await expect(client.usage.summary()).rejects.toMatchObject({
      code: "invalid_answer",
      message: expect.stringContaining("9007199254740993"),
    });
  });
});
