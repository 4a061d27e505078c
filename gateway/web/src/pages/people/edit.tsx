import { createClient } from "@connectrpc/connect";

import { CaseworkService } from "koppi-contract/koppi/casework/v1/casework_pb";
import { PutColleagueRequestSchema, type Colleague } from "koppi-contract/koppi/casework/v1/people_pb";
import { useTexts } from "../../app/language";
import { transport } from "../../app/transport";
import { nameOfColleague, readPeopleAgain } from "../../ui/colleagues";
import { text, type Field, type Values } from "../../ui/form/fields";
import { StepButton } from "../../ui/form/step";
import { HoursField } from "./hoursfield";
import { askedOf, hoursAsked, hoursIn, isHours } from "./hours";

const titled = ["fi", "sv", "en"] as const;

// What a worker changes of itself.
const ownFields: Field[] = [
  { kind: "line", name: "title_fi", label: "title_fi", of: ["colleague.titles"] },
  { kind: "line", name: "title_sv", label: "title_sv" },
  { kind: "line", name: "title_en", label: "title_en" },
  { kind: "line", name: "phone", label: "phone", hint: "phoneHint", malformed: "phoneForm", of: ["colleague.phone"] },
  {
    kind: "drawn", name: "hours", label: "hours", malformed: "hoursForm", of: ["colleague.phone_hours"],
    verify: (value) => (isHours(value) ? undefined : "hoursForm"), draw: (drawn) => <HoursField {...drawn} />,
  },
];
// A name counts only where the sign-in gave none.
const nameField: Field = { kind: "line", name: "name", label: "name", of: ["colleague.name"] };
// What only who leads the unit changes.
const leaderFields: Field[] = [
  { kind: "check", name: "unnamed", label: "unnamed", hint: "unnamedHint", of: ["colleague.unnamed"] },
  { kind: "check", name: "left", label: "left", hint: "leftHint", of: ["colleague.left"] },
];

const valuesOf = (colleague: Colleague): Values => ({
  name: colleague.name, phone: colleague.phone, unnamed: colleague.unnamed, left: colleague.left,
  hours: hoursAsked(colleague.phoneHours.map(askedOf)),
  ...Object.fromEntries(colleague.titles.map((title) => [`title_${title.language}`, title.text])),
});

interface Props { colleague: Colleague; own: boolean; leads: boolean }

// Edit changes what a colleague's record says. What the form does not ask stays as it is.
export function Edit({ colleague, own, leads }: Props) {
  const t = useTexts("people"), who = nameOfColleague(colleague);
  const { profession, leader, unnamed, left } = colleague, { agency, unit, worker } = colleague.party!;
  const named = Boolean(colleague.name && colleague.lastSeenAt);
  const fields = [...(leads && !named ? [nameField] : []), ...ownFields, ...(leads ? leaderFields : [])];
  return (
    <StepButton name="PutColleague" label={t(own ? "editOwn" : "edit")} about={own ? undefined : who} quiet
      title={own ? t("editOwn") : t("editOf", { who })} sendLabel={t("save")} texts="people" keep={false} schema={PutColleagueRequestSchema}
      fields={fields} initial={valuesOf(colleague)}
      make={(values, requestId) => ({ requestId, colleague: {
        party: { agency, unit, worker }, profession, leader, name: text(values, "name"),
        phone: text(values, "phone"), phoneHours: hoursIn(text(values, "hours")),
        unnamed: leads ? values.unnamed === true : unnamed, left: leads ? values.left === true : left,
        titles: titled.map((language) => ({ language, text: text(values, `title_${language}`) })).filter((title) => title.text),
      } })}
      send={(request) => createClient(CaseworkService, transport).putColleague(request)} done={() => void readPeopleAgain()} />
  );
}
