// What a call came to: its value, or the code of what it was refused with.

import { BillingError } from "../../src/kernel/index.ts";
import { Disagreement } from "./disagreement.ts";

export type Answer<Value> =
  | { readonly value: Value }
  | { readonly code: string; readonly error: BillingError }
  | { readonly code: string };

export async function attempt<Value>(call: () => Promise<Value>): Promise<Answer<Value>> {
  try {
    return { value: await call() };
  } catch (error) {
    if (error instanceof BillingError) return { code: error.code, error };
    if (error instanceof Disagreement || !(error instanceof Error)) throw error;
    return { code: error.message };
  }
}

/** The code of an answer or of an expectation; "done" where it has none. */
export function codeOf(answer: unknown): string {
  if (typeof answer === "string") return answer;
  const { code } = answer as { code?: string };
  return code ?? "done";
}
