import type { UsageEvent } from "../domain/metering/index.ts";
import type { BillingError } from "../kernel/index.ts";

/** Why a row was not recorded. Lines count from 1, the header included. */
export interface RowProblem {
  readonly line: number;
  readonly code: string;
  readonly message: string;
}

/** An event under construction: only the fields that its row gives. */
export type EventDraft = { -readonly [Field in keyof UsageEvent]: UsageEvent[Field] };

/** Some rows of a file, in order: `events[i]` begins on `lines[i]`. */
export interface RowBlock {
  readonly events: EventDraft[];
  readonly lines: number[];
  readonly problems: RowProblem[];
}

/** An error about a row's content, as the reason for which that row is not recorded. */
export function problemOf(line: number, error: BillingError): RowProblem {
  return { line, code: error.code, message: error.message };
}
