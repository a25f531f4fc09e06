// docs/security.md, "What is stored how": looked for in every byte of a database.

import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import { freshFolder } from "../support/database.ts";
import { call, startServer } from "../support/http-server.ts";
import { textOf } from "./guide.ts";

const SOURCES = fileURLToPath(new URL("../../src/", import.meta.url));

describe("the guide to security", () => {
  it("names files that are there", () => {
    const rows = textOf("docs/security.md")
      .split("\n")
      .filter((line) => line.startsWith("| "));
    const cells = rows.map((row) => row.split("|").at(-2) ?? "");
    let folder = "";
    const named = cells.flatMap((cell) =>
      [...cell.matchAll(/`([\w./-]+)`/g)].map(([, path = ""]) => {
        // A name alone is in the folder of the one before it.
        const full = path.includes("/") ? path : `${folder}/${path}`;
        folder = full.slice(0, full.lastIndexOf("/"));
        return full;
      }),
    );
    expect(named.length).toBeGreaterThan(20);
    expect(named.filter((path) => !existsSync(join(SOURCES, path)))).toEqual([]);
  });

  it("is right about what a copy of the database gives away", async () => {
    const folder = freshFolder();
    const server = await startServer(`sqlite:${join(folder, "billing.db")}`);
    const key = await server.keyOf("acme");
    const post = async (path: string, body: object) =>
      (await call(server.url, path, { key, body, once: `once ${path}`.replaceAll(" ", "-") })).json;
    const second = await post("/v1/api-keys", { name: "second", scopes: ["events:write"] });
    const invitation = await post("/v1/invitations", { email: "ada@example.com", role: "member" });
    const endpoint = await post("/v1/webhook-endpoints", {
      url: "https://hooks.example.com/billing",
      events: ["*"],
    });
    const bytes = () =>
      readdirSync(folder)
        .map((name) => readFileSync(join(folder, name), "latin1"))
        .join("");
    const hidden = [server.operatorKey, key, second.key, invitation.token];
    for (const text of hidden) {
      expect(text).toMatch(/^(ara|inv)_/);
      expect(bytes()).not.toContain(text);
    }
    // Plain, as the guide says: an honest list is one that is complete.
    for (const text of [endpoint.secret, "ada@example.com"]) expect(bytes()).toContain(text);
    await server.close();
    for (const text of hidden) expect(bytes()).not.toContain(text);
  });
});
