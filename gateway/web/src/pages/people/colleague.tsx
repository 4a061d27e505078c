import type { Colleague } from "koppi-contract/koppi/casework/v1/people_pb";
import { useLanguage, useTexts, useWords } from "../../app/language";
import { usePerson } from "../../app/session";
import { nameOfColleague, titleOf } from "../../ui/colleagues";
import { hoursOf } from "../../ui/hours";
import { useDirectory } from "../../ui/party";
import { telephone } from "../../ui/phone";
import { Edit } from "./edit";
import { Marks } from "./marks";

interface Props { colleague: Colleague; leads: boolean; now: Date }

// One is a colleague: who it is, how to reach the worker, and whether the worker is here.
export function One({ colleague, leads, now }: Props) {
  const t = useTexts("people"), word = useWords(), person = usePerson(), [language] = useLanguage();
  const { worker } = colleague.party!, own = worker === person.worker && colleague.party!.unit === person.unit;
  const title = titleOf(colleague, language), profession = colleague.profession && word(colleague.profession);
  const about = title.toLowerCase() === profession.toLowerCase() ? [title] : [title, profession];
  return (
    <li data-worker={worker} className={colleague.left ? "left" : undefined}>
      <div className="colleague">
        <p className="colleague-name">
          <strong dir="auto">{nameOfColleague(colleague)}</strong>
          {own && <span className="quiet"> ({t("you")})</span>}
        </p>
        <p className="quiet">{about.filter(Boolean).join(", ")}</p>
        <Reach colleague={colleague} />
        <Marks colleague={colleague} now={now} />
      </div>
      {(own || leads) && <Edit colleague={colleague} own={own} leads={leads} />}
    </li>
  );
}

// Reach says whom to ring: the worker, or the unit of one who has no number.
function Reach({ colleague: { party, phone, phoneHours } }: { colleague: Colleague }) {
  const t = useTexts("people"), [language] = useLanguage(), { agencies } = useDirectory();
  const unit = agencies.find(({ agency }) => agency === party!.agency)?.units.find((one) => one.unit === party!.unit);
  const number = phone || unit?.phone, hours = hoursOf(phone ? phoneHours : unit?.phoneHours ?? [], language);
  if (!number) return <p className="quiet">{t("noPhone")}</p>;
  return (
    <p className="reach">
      {!phone && <span className="quiet">{t("unitPhone")} </span>}
      <a href={telephone(number)}>{number}</a>
      {hours && <span className="quiet"> {hours}</span>}
    </p>
  );
}
