import { resolve } from "node:path";
import { describe, expect, it } from "vitest";
import { BillingError } from "../kernel/index.ts";
import { parseDatabaseUrl } from "./database-url.ts";

describe("a database address", () => {
  it("names a file, by any path", () => {
    for (const [url, path] of [
      ["sqlite:/data/billing.db", "/data/billing.db"],
      ["sqlite:///data/billing.db", "/data/billing.db"],
      ["sqlite:./billing.db", resolve("billing.db")],
      ["sqlite:billing.db", resolve("billing.db")],
      ["sqlite:/data/my bills?.db", "/data/my bills?.db"],
    ] as const) {
      expect(parseDatabaseUrl(url)).toEqual({ dialect: "sqlite", path });
    }
  });

  it("ends where the driver takes the path to end", () => {
    expect(parseDatabaseUrl("sqlite:/data/billing.db \n")).toEqual({
      dialect: "sqlite",
      path: "/data/billing.db",
    });
  });

  it("may be the memory", () => {
    expect(parseDatabaseUrl("sqlite::memory:")).toEqual({ dialect: "sqlite", path: null });
  });

  it("names a PostgreSQL database, kept as it is", () => {
    for (const url of [
      "postgres://u:p%40ss@db.example:5433/billing?sslmode=require",
      "postgresql://localhost/billing",
    ]) {
      expect(parseDatabaseUrl(url)).toEqual({ dialect: "postgres", connectionString: url });
    }
  });

  it.each([
    "",
    "billing.db",
    "sqlite:",
    "sqlite: ",
    "sqlite:a\0b",
    "mysql://root:hunter2@localhost/db",
    "postgres:hunter2",
    "postgres://user:hunter2@host:port/db",
    undefined,
    7,
  ])("is refused when it is %j, without repeating it", (url) => {
    let error: unknown;
    try {
      parseDatabaseUrl(url as string);
    } catch (thrown) {
      error = thrown;
    }
    expect(error).toBeInstanceOf(BillingError);
    expect(error).toMatchObject({
      kind: "invalid_input",
      code: "invalid_database_url",
      details: { field: "database" },
    });
    expect((error as BillingError).message).not.toContain("hunter2");
  });
});
