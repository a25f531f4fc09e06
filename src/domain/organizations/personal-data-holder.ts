import type { Tx } from "../../store/index.ts";

/** A later domain that keeps addresses of an organization's people. `billing.ts` joins it. */
export interface PersonalDataHolder {
  /** Takes them out, in the transaction that erases the organization. Ids and money stay. */
  eraseTenant(tenant: string, at: number, tx: Tx): Promise<void>;
}
