import { describe, expect, it } from "vitest";
import { startHttpSink } from "../../test/support/http-sink.ts";
import { headerOf, startSmtpSink } from "../../test/support/smtp-sink.ts";
import { serviceOn, storeWithNotifications } from "../domain/notifications/fixtures.ts";
import { BillingNotifier } from "./billing-notifier.ts";

async function notifierOn(options: { smtpPort?: number; globalUrl?: string }) {
  const store = await storeWithNotifications("sqlite::memory:");
  const { service, lines } = serviceOn(store, { tenant: "default", ...options });
  return { notifier: new BillingNotifier({ notifications: service }), service, lines };
}

describe("BillingNotifier", () => {
  it("runs the specification's examples, each as one mail", async () => {
    const smtp = await startSmtpSink();
    const { notifier, service } = await notifierOn({ smtpPort: smtp.port });
    const results = [
      await notifier.notifyPaymentFailed({
        email: "user@example.com",
        orgName: "Acme Corp",
        amount: "$299.00",
        retryUrl: "https://app.example.com/billing",
      }),
      await notifier.notifyTrialExpiring({
        email: "user@example.com",
        orgName: "Acme Corp",
        daysRemaining: 3,
        upgradeUrl: "https://app.example.com/upgrade",
      }),
      await notifier.notifyBudgetAlert({
        tenantId: "tenant_123",
        email: "admin@example.com",
        alertLevel: "warning",
        currentSpend: "$750.00",
        budgetLimit: "$1,000.00",
        percentUsed: 75.0,
      }),
    ];
    for (const { id, ...result } of results) {
      expect(result).toEqual({ success: true, method: "email", willRetry: false });
    }
    expect(smtp.mails.map((mail) => [mail.to.join(), headerOf(mail, "Subject").join()])).toEqual([
      ["user@example.com", "Payment of $299.00 failed for Acme Corp"],
      ["user@example.com", "Reminder: The trial of Acme Corp ends in 3 days"],
      ["admin@example.com", "Warning: The budget is 75% used"],
    ]);
    const { items } = await service.listAcrossTenants();
    expect(items.map(({ tenant }) => tenant)).toEqual(["tenant_123", "default", "default"]);
  });

  it("has a method for every other kind", async () => {
    const { notifier, lines } = await notifierOn({});
    const to = { email: "user@example.com", orgName: "Acme" };
    const results = [
      await notifier.notifySubscriptionCanceled({ ...to, plan: "Pro", endsAt: "2025-04-01T00:00:00Z" }),
      await notifier.notifySubscriptionDowngraded({ ...to, fromPlan: "Pro", toPlan: "Free" }),
      await notifier.notifyForecastOverage({ ...to, projectedSpend: "$1,200.00", budgetLimit: "$1,000.00" }),
      await notifier.notifyCreditsExpiring({ ...to, amount: "$25.00", expiresAt: "2025-04-01T00:00:00Z" }),
    ];
    expect(results.map(({ success, method }) => `${success} ${method}`)).toEqual(Array(4).fill("true log"));
    expect(lines.map((line) => line.replace(/^.*": /, ""))).toEqual([
      "The Pro subscription of Acme was canceled",
      "The subscription of Acme changes to Free",
      "Warning: spending of Acme is heading above its budget",
      "Credits of $25.00 of Acme expire on 2025-04-01",
    ]);
  });

  it("answers with a failure that will be retried, and throws only for what it was given", async () => {
    const http = await startHttpSink();
    http.answer = () => ({ status: 500 });
    const { notifier } = await notifierOn({ globalUrl: http.url });
    const notice = { email: "user@example.com", orgName: "Acme", amount: "$1.00" };
    expect(await notifier.notifyPaymentFailed({ ...notice, attempt: 3 })).toMatchObject({
      success: false,
      method: "webhook",
      error: "HTTP 500",
      willRetry: true,
    });
    await expect(
      notifier.notifyPaymentFailed({ ...notice, email: "user@example.com\r\nBcc: victim@example.com" }),
    ).rejects.toMatchObject({ code: "invalid_email" });
    await expect(notifier.notifyPaymentFailed({ ...notice, retryUrl: "javascript:1" })).rejects.toMatchObject(
      {
        code: "invalid_url",
      },
    );
    expect(http.calls).toHaveLength(1);
  });
});
