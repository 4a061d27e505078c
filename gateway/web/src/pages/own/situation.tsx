import { Urgency } from "koppi-contract/koppi/common/v1/party_pb";
import { useTexts } from "../../app/language";
import { limit, spokenDay } from "../../ui/dates";
import { UrgencyMark } from "../../ui/marks";
import { Call } from "./call";
import { MatterCard } from "./card";
import { expectationOf, urgentOf, type Situation } from "./expectation";
import { Fold } from "./fold";
import { Course } from "./happened";
import type { Meeting } from "./ownmatter";

// SituationCard answers what happens now, and whom to call. What else there is to know of the
// situation is folded.
export function SituationCard({ situation: { key, lead, matters, meeting } }: { situation: Situation }) {
  const t = useTexts("own"), id = `situation-${key}`, name = t("situation", { title: lead.title, date: spokenDay(lead.began) });
  const contact = lead.contact ?? lead.status?.contact;
  return (
    <section className={lead.urgent ? "situation urgent" : "situation"} aria-labelledby={id} data-situation={lead.subject}>
      <h2 id={id}>{name}{lead.urgent && <> <UrgencyMark urgency={Urgency.URGENT} /></>}</h2>
      <h3>{t("now")}</h3>
      <p className="expected" data-expectation>{expectationOf(lead, { t })}</p>
      {meeting && <MeetingCard meeting={meeting} />}
      {contact && <><h3>{t("whom")}</h3><Call contact={contact} urgent={urgentOf(lead, { t })} /></>}
      <div className="folds">
        <Fold name="more" title={t("more")} of={name} level="h3">
          <ul className="cards">{matters.map((one) => (
            <li key={one.subject}><MatterCard matter={one} level="h4" lead={one === lead} /></li>
          ))}</ul>
        </Fold>
        <Fold name="happened" title={t("happened")} of={name} level="h3"><Course subjects={matters.map(({ subject }) => subject)} /></Fold>
      </div>
    </section>
  );
}

function MeetingCard({ meeting: { at, place, who } }: { meeting: Meeting }) {
  const t = useTexts("own");
  return (
    <p className="meeting" data-meeting>
      <strong><time dateTime={at.toISOString()}>{limit(at)}</time></strong>
      <span dir="auto">{who ? t("contact_by", { who }) : place}</span>
    </p>
  );
}
