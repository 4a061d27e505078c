import { InlineAlert } from "suomifi-ui-components";

import type { Party } from "koppi-contract/koppi/common/v1/party_pb";
import type { Consultation } from "koppi-contract/koppi/consultation/v1/consultation_pb";
import { useTexts } from "../../app/language";
import { usePerson } from "../../app/session";
import { usePartyName } from "../../ui/party";
import type { Conversation } from "./usefollow";

// useAbsent returns the others of a consultation who are not present.
export function useAbsent(consultation: Consultation, { present }: Conversation): Party[] {
  const person = usePerson();
  const { asker, takenBy, addressee, participants } = consultation;
  const isHere = (party: Party) => (party.agency === person.agency && ["", person.worker].includes(party.worker))
    || present.some((one) => one.agency === party.agency && ["", one.worker].includes(party.worker));
  return [asker, takenBy ?? addressee, ...participants].filter((party): party is Party => party !== undefined && !isHere(party));
}

// Presence shows who else is present, and whether the connection is up.
export function Presence({ conversation: { present, down } }: { conversation: Conversation }) {
  const t = useTexts("consultation"), name = usePartyName();
  return (
    <div className="presence">
      <p className="quiet" data-present={present.length}>
        <span aria-hidden="true" className="shape">{present.length ? "●" : "○"}</span>
        {present.length ? t("present", { who: present.map((party) => name(party, true)).join(", ") }) : t("nobody")}
      </p>
      <div role="status">{down && <InlineAlert status="warning">{t("down")}</InlineAlert>}</div>
    </div>
  );
}
