import { BillingError, type Clock, type Ids, invalidInput } from "../../kernel/index.ts";
import type { Store } from "../../store/index.ts";
import { tenantOf } from "../metering/index.ts";
import { centsOf, fieldsOf, textOf } from "./credit-input.ts";
import { type CreditAnswer, type CreditJob, CreditJobs, submitCreditJob } from "./credit-jobs.ts";
import {
  type AskForPayment,
  type TopUp,
  type TopUpRule,
  type TopUpRuleView,
  type TopUpView,
  topUpView,
} from "./top-up.ts";
import { markAsked, topUpRuleOf, topUpsOf, topUpsToAskAcrossTenants } from "./top-up-store.ts";

const ASKED_AT_ONCE = 100;
const LISTED = 100;

/** Rules by which payments for more credit are asked for, and how those payments ended. */
export class TopUpService {
  readonly #store: Store;
  readonly #ids: Ids;
  readonly #askForPayment: AskForPayment | undefined;
  readonly #tenant: string | undefined;
  readonly #jobs: CreditJobs;

  /** Without a way to ask for payments no rule can be set. */
  constructor(
    deps: {
      readonly store: Store;
      readonly clock: Clock;
      readonly ids: Ids;
      readonly askForPayment: AskForPayment | undefined;
    },
    { tenant }: { readonly tenant: string | undefined },
  ) {
    const { store, clock, ids, askForPayment } = deps;
    this.#store = store;
    this.#ids = ids;
    this.#askForPayment = askForPayment;
    this.#tenant = tenant;
    this.#jobs = new CreditJobs({ clock, ids });
  }

  /**
   * From now on, whenever the balance is below `thresholdCents`, one payment of `amountCents` is asked for; the next one
   * only after that was settled. Null ends it. Setting it again resumes what a failed payment paused.
   *
   * @throws BillingError failed_precondition `no_payments` where nothing is there to ask for payments.
   */
  async setRule(rule: TopUpRule | null, tenant?: string): Promise<void> {
    const whose = this.#tenantOf(tenant);
    if (rule === null) {
      await this.#submit({ kind: "rule", tenant: whose, rule: null });
      return;
    }
    fieldsOf(rule, ["thresholdCents", "amountCents"], "rule");
    const terms = {
      threshold: centsOf(rule.thresholdCents, "thresholdCents"),
      amount: centsOf(rule.amountCents, "amountCents"),
    };
    if (this.#askForPayment === undefined) {
      const text = "nobody can be asked for payments: give the billing instance a way to collect them first";
      throw new BillingError("failed_precondition", "no_payments", text);
    }
    await this.#submit({ kind: "rule", tenant: whose, rule: terms });
  }

  /** Null: none. */
  rule(tenant?: string): Promise<TopUpRuleView | null> {
    const whose = this.#tenantOf(tenant);
    return this.#store.read(async (reader) => {
      const rule = await topUpRuleOf(whose, reader);
      if (rule === undefined) return null;
      const { threshold, amount, isPaused } = rule;
      return { thresholdCents: Number(threshold), amountCents: Number(amount), isPaused };
    });
  }

  /** The last 100 top-ups, the newest first. At most one of them is open. */
  list(tenant?: string): Promise<TopUpView[]> {
    const whose = this.#tenantOf(tenant);
    return this.#store.read(async (reader) =>
      (await topUpsOf(whose, LISTED, reader)).map((topUp) => topUpView(topUp)),
    );
  }

  /**
   * Tells how the payment of a top-up ended. Paid: its amount becomes a lot of type purchase, once, also when the payment
   * had been called failed before. Failed: the rule is paused until it is set again. The same again changes nothing.
   *
   * @throws BillingError not_found `top_up_not_found`; conflict `top_up_paid` for a paid one that is called failed.
   */
  async settle(topUpId: string, outcome: "paid" | "failed", tenant?: string): Promise<TopUpView> {
    if (outcome !== "paid" && outcome !== "failed")
      throw invalidInput("outcome", "invalid_choice", "outcome must be paid or failed");
    const job = { kind: "settle", topUp: textOf(topUpId, "topUpId"), state: outcome } as const;
    const whose = this.#tenantOf(tenant);
    return topUpView((await this.#submit({ ...job, tenant: whose, id: this.#ids.next("cred") })) as TopUp);
  }

  /** The job that asks for the payments of top-ups, each until the asking succeeds. */
  get requests() {
    return {
      name: "credit top-up requests",
      every: 1_000,
      hasWork: async () => (await this.#toAsk(1)).length > 0,
      runDue: (now: number) => this.#askForAll(now),
    };
  }

  async #askForAll(now: number): Promise<number> {
    const ask = this.#askForPayment;
    if (ask === undefined) return 0;
    const failures: unknown[] = [];
    const due = await this.#toAsk(ASKED_AT_ONCE);
    for (const topUp of due) {
      try {
        await ask(topUpView(topUp));
        await this.#store.transaction((tx) => markAsked(topUp.tenant, topUp.id, now, tx));
      } catch (error) {
        // One tenant's trouble must not keep the others waiting; the job's record tells of it.
        failures.push(error);
      }
    }
    if (failures.length > 0) throw failures[0];
    return due.length;
  }

  #toAsk(limit: number): Promise<TopUp[]> {
    return this.#store.read((reader) => topUpsToAskAcrossTenants(limit, reader));
  }

  #submit(job: CreditJob): Promise<CreditAnswer> {
    return submitCreditJob(this.#store, this.#jobs, job);
  }

  #tenantOf(tenant: string | undefined): string {
    return tenantOf(tenant, this.#tenant);
  }
}
