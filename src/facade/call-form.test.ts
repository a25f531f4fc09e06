import { describe, expect, it } from "vitest";
import { callForm, eventOfCall } from "./call-form.ts";

const FORM = callForm("tokens", { tenantId: "tenant", agentName: "agent" }, ["operation", "latencyMs"]);

describe("the event that a call tells", () => {
  it("has the class's type, the event's names, and the rest as it was given", () => {
    const call = { id: "a", tenantId: "acme", agentName: "claude", tokensIn: 5, tokenz: 1 };
    expect(eventOfCall(call, FORM)).toEqual({
      ...{ type: "tokens", id: "a", tenant: "acme", agent: "claude", tokensIn: 5, tokenz: 1 },
    });
  });

  it("keeps the class's extras in the metadata, above what is there", () => {
    const call = { operation: "chat", latencyMs: undefined, metadata: { k: 1, operation: "x" } };
    expect(eventOfCall(call, FORM).metadata).toEqual({ k: 1, operation: "chat" });
    expect(call.metadata).toEqual({ k: 1, operation: "x" });
    expect(eventOfCall({ operation: "chat" }, FORM).metadata).toEqual({ operation: "chat" });
    expect(eventOfCall({ latencyMs: undefined }, FORM).metadata).toBeUndefined();
  });

  it.each<[unknown]>([["text"], [[1]]])("leaves metadata that is %j to the engine", (metadata) => {
    expect(eventOfCall({ metadata, operation: "chat" }, FORM).metadata).toEqual(metadata);
  });

  it.each([
    [{ tenant: "other" }, "tenant", '"tenant" is not a field of this call: it is tenantId here'],
    [{ type: "storage" }, "type", '"type" is not a field of this call'],
    [JSON.parse('{"__proto__":{"tenant":"other"}}'), "__proto__", '"__proto__" is not a field of this call'],
  ])("is none when the call has the engine's name of a field: %j", (call, field, message) => {
    const error = { code: "unknown_field", message, details: { field } };
    expect(() => eventOfCall(call, FORM)).toThrow(expect.objectContaining(error));
  });
});
