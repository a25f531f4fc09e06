import { describe, expect, it } from "vitest";
import { BillingError } from "../../kernel/index.ts";
import {
  checkedAddress,
  checkedConnections,
  checkedReturnTo,
  type OidcConnection,
  roleFor,
  verifiedEmail,
} from "./oidc-connection.ts";

const GOOD: OidcConnection = {
  issuer: "https://login.acme.example",
  clientId: "billing",
  clientSecret: "a-secret-that-nobody-may-read",
  domains: ["acme.example"],
  tenant: "org_1",
  defaultRole: "member",
};

/** The setting that is refused, or "none". */
function refused(work: () => unknown): string {
  try {
    work();
    return "none";
  } catch (error) {
    if (!(error instanceof BillingError)) throw error;
    expect(error.message).not.toContain(GOOD.clientSecret);
    return String(error.details.field);
  }
}

const refusedWith = (change: object, isLocal = false) =>
  refused(() => checkedConnections([{ ...GOOD, ...change } as OidcConnection], isLocal));

describe("a connection", () => {
  it("is taken with its domains in the form in which addresses are compared", () => {
    const domains = ["Acme.Example", "bücher.example"];
    expect(checkedConnections([{ ...GOOD, domains }], false)).toEqual([
      { ...GOOD, domains: ["acme.example", "xn--bcher-kva.example"] },
    ]);
  });

  it("is refused when a setting is missing, unknown or none", () => {
    const at = (field: string) => `oidc.connections[0].${field}`;
    expect(refusedWith({})).toBe("none");
    expect(refusedWith({ secret: GOOD.clientSecret })).toBe("oidc.connections[0]");
    for (const field of ["clientId", "clientSecret", "tenant"]) {
      expect(refusedWith({ [field]: "" })).toBe(at(field));
    }
    for (const domains of [[], ["acme"], ["a@acme.example"], [""], ["acme example"], "acme.example"]) {
      expect(refusedWith({ domains }), String(domains)).toBe(domains[0] === "acme" ? "none" : at("domains"));
    }
    const roleMapping = (rules: unknown, claim: unknown = "groups") => ({ roleMapping: { claim, rules } });
    expect(refusedWith(roleMapping([{ value: "x", role: "viewer" }]))).toBe("none");
    expect(refusedWith(roleMapping([{ value: "", role: "viewer" }]))).toBe(at("roleMapping.rules"));
    expect(refusedWith(roleMapping("x"))).toBe(at("roleMapping.rules"));
    expect(refusedWith(roleMapping([], ""))).toBe(at("roleMapping.claim"));
  });

  it("makes no owners", () => {
    expect(refusedWith({ defaultRole: "owner" })).toBe("oidc.connections[0].defaultRole");
    const rules = [{ value: "bosses", role: "owner" }];
    expect(refusedWith({ roleMapping: { claim: "groups", rules } })).toBe(
      "oidc.connections[0].roleMapping.rules",
    );
  });

  it("has its domains to itself", () => {
    const both = [GOOD, { ...GOOD, issuer: "https://login.other.example", domains: ["ACME.example"] }];
    expect(refused(() => checkedConnections(both, false))).toBe("oidc.connections");
  });

  it("is encrypted, or to this machine where that was allowed", () => {
    const issuer = "oidc.connections[0].issuer";
    for (const local of ["http://localhost:3000", "http://127.0.0.1", "http://[::1]:9"]) {
      expect(refusedWith({ issuer: local })).toBe(issuer);
      expect(refusedWith({ issuer: local }, true)).toBe("none");
    }
    for (const text of [
      "http://login.acme.example",
      "http://127.0.0.1.evil.example",
      "ftp://127.0.0.1",
      "x",
    ]) {
      expect(refusedWith({ issuer: text }, true), text).toBe(issuer);
    }
    for (const text of ["https://a:b@acme.example", "https://acme.example?x=1", "https://acme.example#x"]) {
      expect(
        refused(() => checkedAddress(text, "name", true)),
        text,
      ).toBe("name");
    }
  });
});

describe("what a provider says", () => {
  it("counts as an address only when it is verified, and of a domain of the connection", () => {
    const email = (claims: object) => {
      try {
        return verifiedEmail(GOOD, { sub: "1", email_verified: true, ...claims });
      } catch (error) {
        return (error as BillingError).code;
      }
    };
    expect(email({ email: "Ada@ACME.example" })).toBe("ada@acme.example");
    expect(email({ email: "ada@acme.example", email_verified: "true" })).toBe("oidc_email_not_verified");
    expect(email({ email: "ada@acme.example.evil.example" })).toBe("oidc_domain_not_allowed");
    expect(email({})).toBe("oidc_domain_not_allowed");
  });

  it("gives the role of the first rule that fits, else the default", () => {
    const rules = [
      { value: "admins", role: "admin" },
      { value: "staff", role: "viewer" },
    ] as const;
    const role = (claims: object, claim = "groups") =>
      roleFor({ ...GOOD, roleMapping: { claim, rules } }, { sub: "1", ...claims });
    expect(role({ groups: ["staff", "admins"] })).toBe("admin");
    expect(role({ groups: "staff" })).toBe("viewer");
    expect(role({ groups: ["Admins", "admins "] })).toBe("member");
    expect(role({ groups: { admins: true } })).toBe("member");
    expect(role({}, "constructor")).toBe("member");
    expect(roleFor(GOOD, { sub: "1", groups: ["admins"] })).toBe("member");
  });
});

describe("the path to go on at", () => {
  it("is one of this installation, whatever a browser makes of it", () => {
    expect(checkedReturnTo(undefined)).toBe("/");
    expect(checkedReturnTo("/usage?by=model#top")).toBe("/usage?by=model#top");
    for (const path of [
      ...["", "usage", "//evil.example", "/\\evil.example", "https://evil.example", "javascript:alert(1)"],
      ...[
        "/\t/evil.example",
        "/a\r\nset-cookie: a=b",
        "/a\\b",
        '/"',
        "/<b",
        "/a b",
        "/ä",
        `/${"a".repeat(2_000)}`,
        1,
        null,
      ],
    ]) {
      expect(
        refused(() => checkedReturnTo(path)),
        String(path),
      ).toBe("returnTo");
    }
  });
});
