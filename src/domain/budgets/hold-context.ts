// The hold that the code of `withBudget` runs under. Metering reads it, so that usage recorded inside settles it.

import { AsyncLocalStorage } from "node:async_hooks";

const holds = new AsyncLocalStorage<string>();

/** The hold of the innermost `withBudget` around the caller, also after an `await`; '' outside of any. */
export function currentHold(): string {
  return holds.getStore() ?? "";
}

export function runUnderHold<T>(id: string, fn: () => T): T {
  return holds.run(id, fn);
}
