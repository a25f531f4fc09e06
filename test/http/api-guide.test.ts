import { execFile } from "node:child_process";
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { expect, it } from "vitest";
import { freshFolder, freshSqliteUrl } from "../support/database.ts";
import { startServer } from "../support/http-server.ts";

const GUIDE = readFileSync(fileURLToPath(new URL("../../docs/api.md", import.meta.url)), "utf8");
const run = promisify(execFile);

it("runs every command of the guide, in order, as a reader would", async () => {
  const server = await startServer(await freshSqliteUrl());
  const environment = {
    PATH: process.env.PATH,
    URL: server.url,
    KEY: await server.keyOf("acme"),
    OPERATOR_KEY: server.operatorKey,
  };
  const blocks = [...GUIDE.matchAll(/^```sh\n([\s\S]*?)^```$/gm)].map(([, text = ""]) => text);
  expect(blocks.length).toBeGreaterThan(5);
  const cwd = freshFolder();
  const outputs: string[] = [];
  for (const block of blocks) {
    const { stdout } = await run("sh", ["-e", "-c", block], { cwd, env: environment });
    outputs.push(stdout);
  }
  await server.close();
  expect(JSON.parse(outputs[0] ?? "")).toMatchObject({
    accepted: 1,
    results: [{ id: "call-1", costUsd: "0.00036" }],
  });
  expect(readFileSync(`${cwd}/usage.csv`, "utf8")).toContain("call-1");
  expect(outputs.at(-1)).toContain('"ok":true');
});
