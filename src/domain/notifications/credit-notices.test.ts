import { describe, expect, it } from "vitest";
import { ENGINES } from "../../../test/support/database.ts";
import { serviceOn, storeWithNotifications } from "./fixtures.ts";
import { CreditExpiryNotifications } from "./index.ts";

const CREDIT = {
  tenant: "acme",
  amount: 123_456n,
  expiresAt: Date.parse("2025-03-08T12:00:00Z"),
  lot: "cred_1",
};

async function start(url: string) {
  const store = await storeWithNotifications(url);
  const box = serviceOn(store);
  return { store, notices: new CreditExpiryNotifications(box), ...box };
}

describe.each(ENGINES)("notices of credit that ends on $name", ({ freshUrl }) => {
  it("are written with the commit that they tell of, once for a lot, or not at all", async () => {
    const { store, notices, service } = await start(await freshUrl());
    const undone = store.transaction(async (tx) => {
      await notices.expiring(tx, CREDIT);
      throw new Error("undone");
    });
    await expect(undone).rejects.toThrow("undone");
    expect((await service.list({ tenant: "acme" })).items).toEqual([]);
    for (const lot of ["cred_1", "cred_1", "cred_2"])
      await store.transaction((tx) => notices.expiring(tx, { ...CREDIT, lot }));
    await store.transaction((tx) => notices.expiring(tx, { ...CREDIT, tenant: "globex" }));
    const { items } = await service.listAcrossTenants();
    const payload = { amount: "$1234.56", expiresAt: "2025-03-08T12:00:00.000Z" };
    expect(
      items.map(({ kind, tenant, recipient, payload }) => ({ kind, tenant, recipient, payload })),
    ).toEqual(
      ["globex", "acme", "acme"].map((tenant) => ({
        ...{ kind: "credit_expiring", tenant, recipient: null },
        payload: { ...payload, orgName: tenant },
      })),
    );
  });
});

describe("notices of credit that ends", () => {
  it("are written whatever the tenant is called", async () => {
    const { store, notices, service, lines } = await start("sqlite::memory:");
    const tenants = ["\u202e", "😀".repeat(128), `${"x".repeat(199)}😀`, "A<b>\u2028Bcc: eve@example.com"];
    for (const tenant of tenants)
      await store.transaction((tx) => notices.expiring(tx, { ...CREDIT, tenant }));
    const { items } = await service.listAcrossTenants();
    expect(items.map(({ payload }) => payload.orgName).reverse()).toEqual([
      ...[undefined, "😀".repeat(100), `${"x".repeat(199)}\ufffd`, "A<b> Bcc: eve@example.com"],
    ]);
    expect(await service.deliverDue()).toMatchObject({ delivered: 4 });
    expect(lines.join()).toContain("Credits of $1234.56 of A<b> Bcc: eve@example.com expire on 2025-03-08");
  });
});
