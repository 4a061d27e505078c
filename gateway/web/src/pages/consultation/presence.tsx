import { InlineAlert } from "suomifi-ui-components";

import type { Party } from "koppi-contract/koppi/common/v1/party_pb";
import type { Consultation } from "koppi-contract/koppi/consultation/v1/consultation_pb";
import { useTexts } from "../../app/language";
import { usePerson } from "../../app/session";
import { usePartyName } from "../../ui/party";
import { Reach } from "./reach";
import type { Conversation } from "./usefollow";

// Presence shows who else is present, who of the others can be reached, and whether the connection
// is up.
export function Presence({ consultation, conversation: { present, down } }: { consultation: Consultation; conversation: Conversation }) {
  const t = useTexts("consultation"), name = usePartyName(), person = usePerson();
  const { asker, takenBy, addressee, participants } = consultation;
  const isHere = (party: Party) => (party.agency === person.agency && ["", person.worker].includes(party.worker))
    || present.some((one) => one.agency === party.agency && ["", one.worker].includes(party.worker));
  const others = [asker, takenBy ?? addressee, ...participants].filter((party): party is Party => party !== undefined && !isHere(party));
  return (
    <div className="presence">
      <p className="quiet" data-present={present.length}>
        <span aria-hidden="true" className="shape">{present.length ? "●" : "○"}</span>
        {present.length ? t("present", { who: present.map((party) => name(party, true)).join(", ") }) : t("nobody")}
      </p>
      {others.length > 0 && <Reach parties={others} />}
      <div role="status">{down && <InlineAlert status="warning">{t("down")}</InlineAlert>}</div>
    </div>
  );
}
