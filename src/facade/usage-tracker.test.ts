import { describe, expect, it } from "vitest";
import { useDefaultData } from "../../test/facade/default-data.ts";
import { UsageTracker } from "../index.ts";

const DEBATE = {
  userId: "user_123",
  orgId: "org_456",
  debateId: "debate_789",
  tokensIn: 5000,
  tokensOut: 2000,
  provider: "anthropic",
  model: "claude-opus-4",
};

describe("UsageTracker", () => {
  useDefaultData();

  it("runs the specification's basic example to the exact cent", async () => {
    const tracker = new UsageTracker();
    await tracker.recordDebate(DEBATE);
    const summary = await tracker.getSummary({ orgId: "org_456" });
    expect(`Total cost: $${summary.totalCostUsd}`).toBe("Total cost: $0.225");
    expect(summary).toMatchObject({
      totalEvents: 1,
      totalDebates: 1,
      totalTokensIn: 5000,
      totalTokensOut: 2000,
    });
    expect(summary.costByProvider.anthropic?.toString()).toBe("0.225");
    expect(Object.values(summary.debatesByDay)).toEqual([1]);
  });

  it("counts a retried debate once", async () => {
    const tracker = new UsageTracker();
    const first = await tracker.recordDebate({ ...DEBATE, id: "retry-me" });
    const again = await tracker.recordDebate({ ...DEBATE, id: "retry-me" });
    expect([first.isNew, again.isNew]).toEqual([true, false]);
    expect(again.costUsd.toString()).toBe("0.225");
    expect((await tracker.getSummary({ orgId: "org_456" })).totalDebates).toBe(1);
  });

  it("throws what the engine rejects, naming the field", async () => {
    const tracker = new UsageTracker();
    await expect(tracker.recordDebate({ ...DEBATE, tokensIn: -1 })).rejects.toMatchObject({
      kind: "invalid_input",
      code: "negative",
      details: { field: "tokensIn" },
    });
    await tracker.recordDebate({ ...DEBATE, id: "taken" });
    await expect(tracker.recordDebate({ ...DEBATE, id: "taken", tokensIn: 1 })).rejects.toMatchObject({
      kind: "conflict",
    });
  });

  it("shows an organization nothing of another's", async () => {
    const tracker = new UsageTracker();
    await tracker.recordDebate(DEBATE);
    expect((await tracker.getSummary({ orgId: "org_999" })).totalEvents).toBe(0);
  });
});
