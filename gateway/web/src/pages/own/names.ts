import type { Party } from "koppi-contract/koppi/common/v1/party_pb";
import type { Recipient } from "koppi-contract/koppi/consent/v1/wishes_pb";
import { useTexts } from "../../app/language";
import { useDirectory } from "../../ui/party";

// useNames returns functions that name a party for the client: by agency in a sentence, by unit and
// agency as a contact. A worker's name is shown if there is one, the worker's id never.
export function useNames() {
  const { agencies, shortAgency: agency, unit } = useDirectory(), t = useTexts("own");
  const unitOf = (party?: Party) => (party?.unit ? unit(party.agency, party.unit) : agencyOf(party));
  const agencyOf = (party?: Party) => (party?.agency ? agency(party.agency) : "");
  return {
    agency, agencyOf, unitOf,
    kindOf: (party?: Party) => {
      const found = agencies.find((one) => one.agency === party?.agency);
      return found?.units.find((one) => one.unit === party?.unit)?.kind || found?.kind;
    },
    full: (party?: Party) => {
      const place = party?.unit ? `${unitOf(party)} (${agencyOf(party)})` : agencyOf(party);
      return [party?.displayName, place].filter(Boolean).join(", ");
    },
    recipient: (recipient?: Recipient) => {
      const { of } = recipient ?? {};
      if (of?.case === "agency") return agency(of.value);
      return of?.case === "kind" ? t(of.value) : "";
    },
  };
}

export type Names = ReturnType<typeof useNames>;
