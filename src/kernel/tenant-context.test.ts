import { setTimeout as sleep } from "node:timers/promises";
import { describe, expect, it } from "vitest";
import { currentTenant, withTenant } from "./tenant-context.ts";

describe("withTenant", () => {
  it("returns what the function returns and leaves nothing behind", () => {
    expect(withTenant("org_1", () => `for ${currentTenant()}`)).toBe("for org_1");
    expect(currentTenant()).toBeUndefined();
  });

  it("lets the innermost win and restores the outer one", () => {
    withTenant("outer", () => {
      expect(withTenant("inner", currentTenant)).toBe("inner");
      expect(currentTenant()).toBe("outer");
    });
  });

  it("keeps concurrent calls apart across awaits", async () => {
    const ask = (tenant: string, ms: number) =>
      withTenant(tenant, async () => {
        await sleep(ms);
        return currentTenant();
      });

    expect(await Promise.all([ask("a", 4), ask("b", 1), ask("c", 2)])).toEqual(["a", "b", "c"]);
    expect(currentTenant()).toBeUndefined();
  });

  it("leaves nothing behind when the function throws", () => {
    const fail = () =>
      withTenant("org_1", () => {
        throw new Error("boom");
      });

    expect(fail).toThrow("boom");
    expect(currentTenant()).toBeUndefined();
  });

  it.each(["", undefined, null, 7])("refuses %j as a tenant", (tenant) => {
    const invalidTenant = expect.objectContaining({ kind: "invalid_input", code: "invalid_tenant" });
    expect(() => withTenant(tenant as string, () => 1)).toThrow(invalidTenant);
  });
});
