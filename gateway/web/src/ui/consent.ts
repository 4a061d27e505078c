import type { Consent } from "koppi-contract/koppi/consent/v1/consent_pb";

// isInForce reports whether a consent, or what is left of it, can be withdrawn: of a plan that goes on the
// members that left by a withdrawal are its holders, and those who take part on consent its recipients.
export const isInForce = ({ withdrawal, recipients }: Consent) =>
  !withdrawal || withdrawal.holders.some(({ agency }) => !recipients.includes(agency));

// membersOf returns the agencies from which the consent can be withdrawn one by one: the members of a plan
// that goes on, whose creator needs no consent. It is empty for all other matters.
export const membersOf = ({ service, givenTo, recipients }: Consent) =>
  (service === "plan" && givenTo && !recipients.includes(givenTo.agency) ? recipients : []);
