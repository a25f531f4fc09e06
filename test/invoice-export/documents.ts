// Documents to export: random ones that add up, with their figures computed here a second time, and hostile ones.

import type { InvoiceDocument } from "../../src/domain/invoices/index.ts";

const DIGITS: Readonly<Record<string, number>> = { USD: 2, EUR: 2, JPY: 0 };
const NAMES = [
  "Acme Corp",
  "Łódź Größe S.A.",
  "Żółć & Sons",
  "Ağaoğlu <İnşaat>",
  'O\'Brien "Ltd"',
  "Αθήνα",
  "Москва",
];
const RATES = ["0", "8.875", "19"];

/** An amount as readers in the United States expect it, by somebody else's code. */
export function shown(minor: number, currency: string): string {
  const digits = DIGITS[currency] ?? 2;
  const text = new Intl.NumberFormat("en-US", { style: "currency", currency, minimumFractionDigits: digits });
  return text.format(minor / 10 ** digits);
}

export function major(minor: number, currency: string): string {
  return (minor / 10 ** (DIGITS[currency] ?? 2)).toFixed(DIGITS[currency] ?? 2);
}

export interface RandomDocument {
  readonly document: InvoiceDocument;
  readonly totalMinor: number;
  readonly taxMinor: number;
  readonly dueMinor: number;
}

/** The document of a seed: always the same. */
export function randomDocument(seed: number): RandomDocument {
  const random = mulberry32(seed);
  const whole = (below: number) => Math.floor(random() * below);
  const pick = <T>(list: readonly T[]) => list[whole(list.length)] as T;
  const currency = pick(["USD", "EUR", "JPY"]);
  const money = (minor: number) => major(minor, currency);
  const amounts = Array.from({ length: 1 + whole(50) }, () => ({
    minor: whole(500_000),
    rate: whole(RATES.length),
  }));
  const subtotal = amounts.reduce((sum, { minor }) => sum + minor, 0);
  const discount = random() < 0.5 ? Math.floor(subtotal / 10) : 0;
  const taxes = RATES.map((rate, index) => {
    const base = amounts.reduce((sum, line) => sum + (line.rate === index ? line.minor : 0), 0);
    return { rate, base, amount: Math.round((base * Number(rate)) / 100) };
  });
  const taxMinor = taxes.reduce((sum, { amount }) => sum + amount, 0);
  const totalMinor = subtotal - discount + taxMinor;
  const credit = random() < 0.5 ? Math.floor(totalMinor / 4) : 0;
  const paid = random() < 0.3 ? Math.floor(totalMinor / 5) : 0;
  const dueMinor = totalMinor - credit - paid;
  const document: InvoiceDocument = {
    ...{ kind: "invoice", number: `INV-${String(seed).padStart(6, "0")}`, status: "finalized", currency },
    ...{ issuedOn: "2025-02-01", dueOn: "2025-03-03", period: { from: "2025-01-01", to: "2025-01-31" } },
    corrects: null,
    seller: { ...party(pick(NAMES), `US ${whole(1e9)}`), logo: null },
    buyer: party(pick(NAMES), `PL ${whole(1e9)}`),
    lines: amounts.map(({ minor, rate }, index) => ({
      ...{
        id: `L${index + 1}`,
        description: `openai gpt-4o, part ${index + 1}`,
        detail: index % 3 ? null : "rounded once",
      },
      ...{
        quantity: String(whole(1e7)),
        unit: "tokens",
        unitPrice: "0.00000015",
        taxRate: RATES[rate] ?? "0",
      },
      amount: money(minor),
    })),
    adjustments: discount === 0 ? [] : [{ description: "Volume discount", amount: money(-discount) }],
    subtotal: money(subtotal),
    taxes: taxes.map(({ rate, base, amount }) => ({
      ...{ rate, base: money(base), amount: money(amount), note: rate === "0" ? "Reverse charge" : null },
    })),
    total: money(totalMinor),
    credits: credit === 0 ? [] : [{ description: "Prepaid credit", amount: money(-credit) }],
    amountPaid: money(paid),
    amountDue: money(dueMinor),
    ...{ paymentInstructions: "IBAN DE89 3704 0044 0532 0130 00", notes: ["Thank you."] },
  };
  return { document, totalMinor, taxMinor, dueMinor };
}

/** A document that says `text` wherever a caller may say something. */
export function documentSaying(text: string): InvoiceDocument {
  const { document } = randomDocument(1);
  const [line] = document.lines;
  if (line === undefined) throw new Error("the first document has lines");
  const who = { name: text, address: [text, text], taxId: text, email: text };
  const amount = "10";
  return {
    ...document,
    ...{ currency: "USD", number: text, corrects: text, seller: { ...who, logo: null }, buyer: who },
    lines: [{ ...line, id: text, description: text, detail: text, unit: text, amount }],
    adjustments: [{ description: text, amount: "-1" }],
    taxes: [{ rate: "10", base: "9", amount: "0.9", note: text }],
    ...{ subtotal: amount, total: "9.9", credits: [{ description: text, amount: "-1" }] },
    ...{ amountPaid: "0", amountDue: "8.9", paymentInstructions: text, notes: [text, text] },
  };
}

function party(name: string, taxId: string): InvoiceDocument["buyer"] {
  return { name, address: ["123 AI Street", "94105 San Francisco"], taxId, email: "billing@example.com" };
}

function mulberry32(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4294967296;
  };
}
