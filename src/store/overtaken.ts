import { BillingError } from "../kernel/index.ts";

/**
 * Thrown inside a transaction that found another one had come first: everything is rolled back and its work runs again
 * from the start, a few times before a caller hears of it.
 */
export class OvertakenError extends BillingError {
  constructor() {
    super("unavailable", "overtaken", "others kept changing the same things first; try again");
  }
}
