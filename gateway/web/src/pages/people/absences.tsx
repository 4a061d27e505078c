import { createClient } from "@connectrpc/connect";

import { CaseworkService } from "koppi-contract/koppi/casework/v1/casework_pb";
import { SetAbsenceRequestSchema, type Absence } from "koppi-contract/koppi/casework/v1/people_pb";
import type { Party } from "koppi-contract/koppi/common/v1/party_pb";
import { useTexts } from "../../app/language";
import { usePerson } from "../../app/session";
import { transport } from "../../app/transport";
import { ColleaguePicker } from "../../ui/colleaguepicker";
import { readPeopleAgain, useColleagues } from "../../ui/colleagues";
import { onDay } from "../../ui/dates";
import { text, type Field } from "../../ui/form/fields";
import { StepButton } from "../../ui/form/step";
import { usePartyName } from "../../ui/party";

const send = createClient(CaseworkService, transport).setAbsence;
// The choice of the substitute that an absence had; no worker's key has a space.
const asBefore = "as before";

interface Props { absences: Absence[]; unit: string; leads: boolean }

// Absences lists who is away in the weeks shown. Each worker records the own ones, and who leads the unit
// those of its people.
export function Absences({ absences, unit, leads }: Props) {
  const t = useTexts("people"), person = usePerson();
  return (
    <>
      <h3 id="people-absences">{t("absences")}</h3>
      {absences.length === 0 && <p className="quiet">{t("noAbsences")}</p>}
      <ul className="absences" aria-labelledby="people-absences">{absences.map((one) => (
        <One key={one.absenceId} absence={one} unit={unit} mine={leads || one.worker?.worker === person.worker} />
      ))}</ul>
      {(leads || unit === person.unit) && <Record unit={unit} leads={leads} />}
    </>
  );
}

function One({ absence, unit, mine }: { absence: Absence; unit: string; mine: boolean }) {
  const t = useTexts("people"), party = usePartyName(), who = party(absence.worker, true), { absenceId, from, to, substitute } = absence;
  const days = from === to ? onDay(from) : `${onDay(from)} – ${onDay(to)}`;
  return (
    <li data-absence={absenceId}>
      <p>
        <strong dir="auto">{who}</strong> <span>{days}</span>
        {substitute && <span className="quiet">{t("substituteIs", { who: party(substitute, Boolean(substitute.worker)) })}</span>}
      </p>
      {mine && <Change absence={absence} unit={unit} about={`${who} ${days}`} who={who} />}
      {mine && <StepButton name="RemoveAbsence" label={t("remove")} about={`${who} ${days}`} title={t("removeAbsence")} quiet
        texts="people" keep={false} schema={SetAbsenceRequestSchema} fields={[]} sure={t("removeSure", { who, days })}
        make={(_, requestId) => ({ requestId, absenceId, worker: absence.worker?.worker ?? "", remove: true })}
        send={send} done={() => void readPeopleAgain()} />}
    </li>
  );
}

// useSubstitute returns the fields of when somebody is away and who stands in, and the substitute of the request.
// A substitute that is no colleague to choose, such as a unit, is kept until another is chosen.
function useSubstitute(unit: string, before?: Party, away = "") {
  const t = useTexts("people"), form = useTexts("form"), named = usePartyName(), { colleagues, isLoading } = useColleagues();
  const known = isLoading || colleagues.some(({ party }) => party?.worker === before?.worker);
  const kept = before?.worker && known ? undefined : before;
  // A party of a request has no name: the server gives it.
  const partyOf = (value: string) => {
    if (kept && value === asBefore) return { agency: kept.agency, unit: kept.unit, worker: kept.worker };
    const all = colleagues.flatMap(({ party }) => (party?.worker === value ? [party] : []));
    const found = all.find((party) => party.unit === unit) ?? all[0];
    return found && { agency: found.agency, unit: found.unit, worker: value };
  };
  const fields: Field[] = [
    { kind: "day", name: "from", label: "firstDay", required: true },
    { kind: "day", name: "to", label: "lastDay", required: true, malformed: "daysForm" },
    {
      kind: "drawn", name: "substitute", label: "substitute",
      draw: ({ id, values, value, change, wrong }) => <ColleaguePicker {...{ id, change, wrong, unit }} label={t("substitute")}
        optional={form("optional")} value={String(value ?? "")} without={[away || String(values.worker ?? "")]} nobody={t("noSubstitute")}
        also={kept && { value: asBefore, text: named(kept, Boolean(kept.worker)) }} />,
    },
  ];
  return { fields, partyOf, initial: kept ? asBefore : before?.worker ?? "" };
}

interface ChangeProps { absence: Absence; unit: string; about: string; who: string }

// Change changes the days of an absence and its substitute.
function Change({ absence: { absenceId, worker, from, to, substitute }, unit, about, who }: ChangeProps) {
  const t = useTexts("people"), away = worker?.worker ?? "", { fields, partyOf, initial } = useSubstitute(unit, substitute, away);
  return (
    <StepButton name="ChangeAbsence" label={t("change")} about={about} title={t("changeAbsence", { who })} sendLabel={t("save")} quiet
      texts="people" keep={false} schema={SetAbsenceRequestSchema} fields={fields} initial={{ from, to, substitute: initial }}
      make={(values, requestId) => ({
        requestId, absenceId, worker: away, from: text(values, "from"), to: text(values, "to"),
        substitute: partyOf(text(values, "substitute")),
      })}
      send={send} done={() => void readPeopleAgain()} />
  );
}

function Record({ unit, leads }: Omit<Props, "absences">) {
  const t = useTexts("people"), person = usePerson(), { fields: asked, partyOf } = useSubstitute(unit);
  const worker: Field = {
    kind: "drawn", name: "worker", label: "absent", required: true, missing: "missingAbsent",
    draw: ({ id, value, change, wrong }) => <ColleaguePicker {...{ id, change, wrong, unit }} label={t("absent")}
      value={String(value ?? "")} only={({ party }) => party?.unit === unit} />,
  };
  const fields: Field[] = [...(leads ? [worker] : []), ...asked];
  return (
    <StepButton name="SetAbsence" label={t("recordAbsence")} sendLabel={t("save")} texts="people" keep={false}
      schema={SetAbsenceRequestSchema} fields={fields} initial={{ worker: unit === person.unit ? person.worker : "" }}
      make={(values, requestId) => ({
        requestId, worker: text(values, "worker"), from: text(values, "from"), to: text(values, "to"),
        substitute: partyOf(text(values, "substitute")),
      })}
      send={send} done={() => void readPeopleAgain()} />
  );
}
