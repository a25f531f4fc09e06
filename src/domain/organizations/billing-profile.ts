import { currencyExponent, invalidInput } from "../../kernel/index.ts";
import { emailOf, lineOf, linesOf } from "./text-input.ts";

/** Who an invoice is from, or to. */
export interface BillingProfileInput {
  readonly legalName: string;
  /** As printed, in lines. */
  readonly address: string;
  /** ISO 3166-1 alpha-2, upper case. */
  readonly country: string;
  /** VAT, GST or other tax number. */
  readonly taxId?: string | undefined;
  readonly email: string;
  /** ISO 4217, upper case. */
  readonly currency: string;
}

export interface BillingProfile extends BillingProfileInput {
  readonly taxId: string | undefined;
  readonly updatedAt: string;
}

export type CheckedProfile = Readonly<Record<keyof BillingProfileInput, string>>;

// ISO 3166-1 (2025), and XK, which has a tax office too.
const COUNTRIES: ReadonlySet<string> = new Set(
  `AD AE AF AG AI AL AM AO AQ AR AS AT AU AW AX AZ BA BB BD BE BF BG BH BI BJ BL BM BN BO BQ BR BS BT BV BW BY BZ CA CC CD
   CF CG CH CI CK CL CM CN CO CR CU CV CW CX CY CZ DE DJ DK DM DO DZ EC EE EG EH ER ES ET FI FJ FK FM FO FR GA GB GD GE GF
   GG GH GI GL GM GN GP GQ GR GS GT GU GW GY HK HM HN HR HT HU ID IE IL IM IN IO IQ IR IS IT JE JM JO JP KE KG KH KI KM KN
   KP KR KW KY KZ LA LB LC LI LK LR LS LT LU LV LY MA MC MD ME MF MG MH MK ML MM MN MO MP MQ MR MS MT MU MV MW MX MY MZ NA
   NC NE NF NG NI NL NO NP NR NU NZ OM PA PE PF PG PH PK PL PM PN PR PS PT PW PY QA RE RO RS RU RW SA SB SC SD SE SG SH SI
   SJ SK SL SM SN SO SR SS ST SV SX SY SZ TC TD TF TG TH TJ TK TL TM TN TO TR TT TV TW TZ UA UG UM US UY UZ VA VC VE VG VI
   VN VU WF WS XK YE YT ZA ZM ZW`.split(/\s+/),
);

/** @throws BillingError invalid_input naming the field. */
export function checkedProfile(input: BillingProfileInput): CheckedProfile {
  const { legalName, address, country, taxId, email, currency } = input;
  if (!COUNTRIES.has(country)) {
    throw invalidInput(
      "country",
      "unknown_country",
      "country must be an ISO 3166 code in upper case, like DE",
    );
  }
  currencyExponent(currency);
  return {
    legalName: lineOf(legalName, "legalName", 200),
    address: linesOf(address, "address", 500),
    country,
    taxId: taxId === undefined || taxId === "" ? "" : lineOf(taxId, "taxId", 64),
    email: emailOf(email, "email"),
    currency,
  };
}
