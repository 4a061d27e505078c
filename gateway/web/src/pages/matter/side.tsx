import { Link } from "@tanstack/react-router";
import type { ReactNode } from "react";

import type { ContactPoint } from "koppi-contract/koppi/common/v1/contact_point_pb";
import { LegalGroundSchema, type Attachment, type LegalBasis, type LoopStatus } from "koppi-contract/koppi/common/v1/party_pb";
import { dateOf } from "../../app/clock";
import { useTexts, useWords } from "../../app/language";
import { usePerson } from "../../app/session";
import { Attachments } from "../../ui/attachments";
import { day } from "../../ui/dates";
import { useLanguageName } from "../../ui/languages";
import { MatterLink } from "../../ui/matterlink";
import { nameOf, shortId } from "../../ui/names";
import { AccessLog } from "./accesslog";
import { Consents } from "./consents";
import { Responsible } from "./responsible";
import { useProvision } from "../../ui/provision";
import { Who, type Named } from "../../ui/who";

// A related matter, and the relation: a key of the matter's texts.
export interface Linked { how: string; subject: string }

interface Props {
  subject: string;
  caseId: string;
  clientId: string;
  language?: string;
  // The language into which is interpreted for the client.
  interpreter?: string;
  status?: LoopStatus;
  contacts: ContactPoint[];
  actions: string[];
  basis?: LegalBasis;
  read: () => Promise<Named>;
  attachments: Attachment[];
  linked: Linked[];
  // Content of the matter's own, below the client.
  children?: ReactNode;
}

export const languageNames = ["fi", "sv", "en", "ru", "ar", "so", "uk", "se", "et"] as const;

// MatterSide shows the client of a matter and its related matters.
export function MatterSide({
  subject, caseId, clientId, language, interpreter, status, contacts, actions, basis, read, attachments, linked, children,
}: Props) {
  const t = useTexts("matter"), word = useWords(), person = usePerson(), provision = useProvision(), tongue = useLanguageName();
  const known = languageNames.find((one) => one === language?.split("-")[0]), consented = dateOf(basis?.consentedAt);
  const worker = person.role !== "client";
  return (
    <>
      <section aria-labelledby="side-client">
        <h3 id="side-client">{t("client")}</h3>
        {worker && clientId && <Who read={read} />}
        <dl>
          {clientId && <><dt>{t("clientId")}</dt><dd dir="auto">{shortId(clientId)}</dd></>}
          {language && <><dt>{t("language")}</dt><dd dir="auto">{known ? t(`language_${known}`) : tongue(language)}</dd></>}
          {interpreter && <><dt>{t("interpreter")}</dt><dd dir="auto" data-interpreter>{tongue(interpreter)}</dd></>}
          {basis?.ground ? <>
            <dt>{t("basis")}</dt>
            <dd dir="auto">
              {word(nameOf(LegalGroundSchema, basis.ground))}
              {consented && ` ${day(consented)}`}
              {basis.provision && <span className="quiet"> ({provision(basis.provision)})</span>}
            </dd>
          </> : null}
          {children}
        </dl>
        {worker && clientId && <p className="reveal"><Link to="/client" search={{ id: clientId }}>{t("allMatters")}</Link></p>}
        {worker && clientId && <Consents subject={subject} caseId={caseId} matter={{ clientId, availableActions: actions }} />}
      </section>
      <section aria-labelledby="side-responsible">
        <h3 id="side-responsible">{t("responsible")}</h3>
        <Responsible status={status} contacts={contacts} />
      </section>
      {attachments.length > 0 && (
        <section aria-labelledby="side-attachments">
          <h3 id="side-attachments">{t("attachments")}</h3>
          <Attachments subject={subject} attachments={attachments} />
        </section>
      )}
      {linked.length > 0 && (
        <section aria-labelledby="side-linked"><h3 id="side-linked">{t("linked")}</h3><ul className="linked">{linked.map(
          ({ how, subject: of }) => <li key={`${how} ${of}`}><span className="quiet">{t(how)}</span> <MatterLink subject={of} /></li>,
        )}</ul></section>
      )}
      {worker && clientId && (
        <section aria-labelledby="side-log"><h3 id="side-log">{t("log")}</h3><AccessLog clientId={clientId} /></section>
      )}
    </>
  );
}
