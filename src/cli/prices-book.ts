// What the prices commands share: the book they look at, and how a model is named.

import { InvalidArgumentError } from "commander";
import type { Billing } from "../billing.ts";
import { databaseUrl, existingDatabaseUrl, isMissing, withBilling } from "./database.ts";

/** The book of a database; the shipped one where neither a database is named nor the configured one exists yet. */
export function withBook<T>(named: string | undefined, work: (billing: Billing) => Promise<T>): Promise<T> {
  const isShipped = named === undefined && isMissing(databaseUrl(named));
  return withBilling({ database: isShipped ? "sqlite::memory:" : existingDatabaseUrl(named) }, work);
}

/** The parts of PROVIDER/MODEL; a model may hold more slashes. */
export function modelNamed(name: string): { provider: string; model: string } {
  const [provider = "", ...rest] = name.split("/");
  const model = rest.join("/");
  if (provider === "" || model === "") throw new InvalidArgumentError("name a model as PROVIDER/MODEL");
  return { provider, model };
}
