/** When the invoices of the tests are issued; they are due a week later. */
export const ISSUED = "2025-02-03T10:00:00.000Z";
/** Eight days after they were due. */
export const OVERDUE = "2025-02-18T10:00:00.000Z";
