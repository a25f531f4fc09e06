import { describe, expect, it } from "vitest";
import {
  alertFor,
  SECRET,
  serviceOn,
  storeWithNotifications,
} from "../../src/domain/notifications/fixtures.ts";
import { enqueueNotifications, newNotification } from "../../src/domain/notifications/index.ts";
import { ManualClock } from "../../src/kernel/index.ts";
import { freshSqliteUrl } from "../support/database.ts";
import { startHttpSink } from "../support/http-sink.ts";
import { startSmtpSink } from "../support/smtp-sink.ts";
import { run } from "./program.ts";

/** A database in which notifications wait: two mails, and one for an endpoint that is refused. */
async function databaseInWaiting() {
  const url = await freshSqliteUrl();
  const store = await storeWithNotifications(url);
  const { ids, clock, service } = serviceOn(store, { clock: new ManualClock(new Date()) });
  const inputs = [
    alertFor("acme", { recipient: { email: "a@b.example" } }),
    alertFor("acme", { recipient: { email: "c@d.example" } }),
    alertFor("acme", { recipient: { webhook: "https://127.0.0.1/planted-path", secret: SECRET } }),
  ];
  const all = inputs.map((input) => newNotification(input, ids));
  await store.transaction((tx) => enqueueNotifications(tx, all, clock.now()));
  await service.close();
  await store.close();
  return ["--database", url];
}

describe("jobs", () => {
  it("are listed before and after their first run, and send what waits", async () => {
    const smtp = await startSmtpSink();
    const env = { ARAGORA_SMTP_HOST: "127.0.0.1", ARAGORA_SMTP_PORT: String(smtp.port) };
    const database = await databaseInWaiting();
    const before = JSON.parse((await run(["jobs", "list", "--json", ...database])).stdout);
    expect(before).toContainEqual(expect.objectContaining({ name: "notifications", lastRunAt: null }));
    const ran = await run(["jobs", "run", "--json", ...database], { env });
    expect(ran.code).toBe(0);
    expect(JSON.parse(ran.stdout)).toContainEqual({ name: "notifications", ran: true, done: 3 });
    expect(smtp.mails.map(({ to }) => to.join()).sort()).toEqual(["a@b.example", "c@d.example"]);
    const again = await run(["jobs", "run", ...database], { env });
    expect(again.stdout).toMatch(/notifications +no +0/);
    expect(smtp.mails).toHaveLength(2);
    const after = await run(["jobs", "list", ...database]);
    expect(after.stdout).toMatch(/notifications +1 s +20\d\d-/);
  });

  it("send to the operator's webhook where no mail server is configured", async () => {
    const http = await startHttpSink();
    const database = await databaseInWaiting();
    const env = { ARAGORA_NOTIFICATION_WEBHOOK: `${http.url}/planted-hook` };
    expect((await run(["jobs", "run", ...database], { env })).code).toBe(0);
    expect(http.calls.map(({ path }) => path)).toEqual(["/planted-hook", "/planted-hook"]);
  });

  it("show no planted secret, whatever fails", async () => {
    const smtp = await startSmtpSink({ password: "another" });
    const database = await databaseInWaiting();
    const env = {
      ARAGORA_SMTP_HOST: "127.0.0.1",
      ARAGORA_SMTP_PORT: String(smtp.port),
      ARAGORA_SMTP_USER: "planted-user",
      ARAGORA_SMTP_PASSWORD: "planted-password",
      ARAGORA_NOTIFICATION_WEBHOOK: "http://127.0.0.1:1/planted-hook",
    };
    const all = [
      await run(["jobs", "run", "--json", ...database], { env }),
      await run(["jobs", "list", ...database], { env }),
      await run(["notifications", "list", ...database], { env }),
      await run(["notifications", "list", "--json", ...database], { env }),
      await run(["jobs", "run", ...database], { env: { ...env, ARAGORA_SMTP_PORT: "planted" } }),
      await run(["jobs", "run", ...database], { env: { ...env, ARAGORA_NOTIFICATION_WEBHOOK: "planted" } }),
    ];
    expect(all.map(({ code }) => code)).toEqual([0, 0, 0, 0, 2, 2]);
    const planted = /planted|whsec_|cGxhbnRlZ/;
    expect(all.map(({ stdout, stderr }) => planted.test(stdout + stderr))).toEqual(Array(6).fill(false));
  });
});
