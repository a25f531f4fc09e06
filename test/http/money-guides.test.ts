// The HTTP and command-line parts of docs/credits.md and docs/discounts.md, run in order on one database.

import { execFile } from "node:child_process";
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { describe, expect, it } from "vitest";
import { MAIN } from "../cli/program.ts";
import { freshFolder, freshSqliteUrl } from "../support/database.ts";
import { startServer } from "../support/http-server.ts";

const run = promisify(execFile);

/** The commands of a document, and what it shows below them. */
function stepsOf(guide: string): { readonly commands: string; readonly shown: string }[] {
  const text = readFileSync(fileURLToPath(new URL(`../../docs/${guide}.md`, import.meta.url)), "utf8");
  const blocks = text.matchAll(/^```sh\n(.*?)^```\n\n```text\n(.*?)^```$/gms);
  return [...blocks].map(([, commands = "", shown = ""]) => ({ commands, shown }));
}

/** Ids differ from run to run (`…`), and with them the width of their column. */
function patternOf(shown: string): RegExp {
  const parts = shown.trim().split("…");
  const texts = parts.map((part) =>
    part.replace(/[.*+?^${}()|[\]\\]/g, "\\$&").replace(/ {2,}|-{2,}/g, "[ -]+"),
  );
  return new RegExp(`^${texts.join("\\w+")}$`);
}

describe.each(["credits", "discounts"])("docs/%s.md", (guide) => {
  it("shows what its requests answer and its commands print", async () => {
    const database = await freshSqliteUrl();
    const server = await startServer(database);
    const env = {
      ...process.env,
      ...{ URL: server.url, KEY: await server.keyOf("acme"), OPERATOR_KEY: server.operatorKey },
      ...{ ARAGORA_DATABASE_URL: database, NODE: process.execPath, MAIN },
    };
    const steps = stepsOf(guide);
    expect(steps).toHaveLength(2);
    const cwd = freshFolder();
    for (const { commands, shown } of steps) {
      const script = commands.replace(/^aragora-billing/gm, '"$NODE" "$MAIN"');
      const { stdout } = await run("sh", ["-euc", script], { cwd, env });
      expect(stdout.trim()).toMatch(patternOf(shown));
    }
    expect(await server.engine.verify()).toMatchObject({ ok: true });
    await server.close();
  });
});
