// What a tenant may say about an endpoint, checked.

import { BillingError, invalidInput } from "../../kernel/index.ts";
import { type EndpointView, EVERY_EVENT } from "./endpoint.ts";
import { httpUrl, oneLine } from "./text.ts";
import { WEBHOOK_EVENTS } from "./webhook-events.ts";

export interface EndpointInput {
  readonly url: string;
  /** Types of events, or `*` for all of them. */
  readonly events: readonly string[];
  readonly description?: string | null | undefined;
  /** Default true. */
  readonly enabled?: boolean | undefined;
}

export type EndpointChanges = Partial<EndpointInput>;

/** The guard's look at an address: throws `webhook_refused` for one that would never be called. */
export type CheckAddress = (url: string) => void;

const MAX_DESCRIPTION = 200;

/**
 * The given fields, checked.
 *
 * @throws BillingError invalid_input naming the field, without repeating an address.
 */
export function checkedFields(
  { url, events, description, enabled }: EndpointChanges,
  check: CheckAddress,
): Partial<Pick<EndpointView, "url" | "events" | "description" | "enabled">> {
  return {
    ...(url !== undefined && { url: checkedUrl(url, check) }),
    ...(events !== undefined && { events: checkedEvents(events) }),
    ...(description !== undefined && { description: checkedDescription(description) }),
    ...(enabled !== undefined && { enabled: checkedSwitch(enabled) }),
  };
}

function checkedUrl(value: unknown, check: CheckAddress): string {
  const url = httpUrl(value, "url");
  try {
    check(url);
  } catch (error) {
    // The guard's words, but the field that the caller knows.
    if (error instanceof BillingError) throw invalidInput("url", error.code, error.message);
    throw error;
  }
  return url;
}

function checkedEvents(value: unknown): EndpointView["events"] {
  const known = [...Object.keys(WEBHOOK_EVENTS), EVERY_EVENT];
  const events = Array.isArray(value) ? [...new Set<unknown>(value)] : [];
  if (events.length > 0 && events.every((event) => known.some((name) => name === event))) {
    return (events.includes(EVERY_EVENT) ? [EVERY_EVENT] : events) as EndpointView["events"];
  }
  throw invalidInput("events", "invalid_events", `events must be a non-empty list of: ${known.join(", ")}`);
}

function checkedDescription(value: unknown): string | null {
  if (value === null || value === "") return null;
  const line = typeof value === "string" ? oneLine(value) : "";
  if (line !== "" && line.length <= MAX_DESCRIPTION) return line;
  throw invalidInput(
    "description",
    "invalid_text",
    `description must be text of at most ${MAX_DESCRIPTION} characters`,
  );
}

function checkedSwitch(value: unknown): boolean {
  if (typeof value === "boolean") return value;
  throw invalidInput("enabled", "invalid_type", "enabled must be true or false");
}
