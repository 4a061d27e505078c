import { createClient } from "@connectrpc/connect";

import type { ContactPoint } from "koppi-contract/koppi/common/v1/contact_point_pb";
import { LegalGroundSchema, type Party } from "koppi-contract/koppi/common/v1/party_pb";
import { ConsultationService, type Consultation } from "koppi-contract/koppi/consultation/v1/consultation_pb";
import { dateOf } from "../../app/clock";
import { useTexts, useWords } from "../../app/language";
import { transport } from "../../app/transport";
import { Contact } from "../../ui/contact";
import { moment } from "../../ui/dates";
import { nameOf, shortId } from "../../ui/names";
import { usePartyName } from "../../ui/party";
import { useProvision } from "../../ui/provision";
import { Who } from "../../ui/who";
import { Reach } from "./reach";

interface Props { consultation: Consultation; contacts: ContactPoint[]; absent: Party[] }

// Side shows the client, who of the others can be reached, and the participants. Beside whoever answers and
// whoever asked is how to reach them.
export function Side({ consultation, contacts, absent }: Props) {
  const t = useTexts("consultation"), word = useWords(), name = usePartyName(), provision = useProvision();
  const { asker, addressee, takenBy, participants, basis, openedAt, clientId, consultationId: id, revocation } = consultation;
  const opened = dateOf(openedAt), answers = <Contact contacts={contacts} party={takenBy ?? addressee} />;
  return (
    <div className="consult-side">
      {!revocation && asker && (
        <section>
          <h3>{t("about")}</h3>
          {clientId
            ? <>
              <p>{t("client", { id: shortId(clientId) })}</p>
              <Who read={() => createClient(ConsultationService, transport).getClient({ consultationId: id })} />
            </>
            : <p>{t("anonymous")}</p>}
        </section>
      )}
      {absent.length > 0 && <Reach parties={absent} />}
      <section>
        <h3>{t("background")}</h3>
        <dl>
          {asker && <><dt>{t("asker")}</dt><dd dir="auto">{name(asker)}<Contact contacts={contacts} party={asker} /></dd></>}
          {addressee && <><dt>{t("addressee")}</dt><dd dir="auto">{name(addressee)}{!takenBy && answers}</dd></>}
          {takenBy && <><dt>{t("takenBy")}</dt><dd dir="auto">{name(takenBy)}{answers}</dd></>}
          {participants.length > 0 && (
            <><dt>{t("participants")}</dt><dd dir="auto">{participants.map((party) => name(party)).join("; ")}</dd></>
          )}
          {opened && <><dt>{t("opened")}</dt><dd dir="auto"><time dateTime={opened.toISOString()}>{moment(opened)}</time></dd></>}
          {basis && <>
            <dt>{t("basis")}</dt>
            <dd dir="auto">{[word(nameOf(LegalGroundSchema, basis.ground)), provision(basis.provision)].filter(Boolean).join(", ")}</dd>
          </>}
        </dl>
      </section>
    </div>
  );
}
