import { useSearch } from "@tanstack/react-router";
import { useState } from "react";
import { Dropdown, DropdownItem, LoadingSpinner } from "suomifi-ui-components";

import { useClock } from "../../app/clock";
import { addTexts, useTexts } from "../../app/language";
import { usePerson } from "../../app/session";
import { useTitle } from "../../app/title";
import texts from "../../texts/people.json";
import colleagueTexts from "../../texts/colleagues.json";
import { useDirectory } from "../../ui/party";
import { Colleagues } from "./colleagues";
import { Roster } from "./roster";
import { useLeads } from "./leads";
import "./people.css";

addTexts("people", texts);
addTexts("colleagues", colleagueTexts);

export interface PeopleSearch { unit?: string; week?: string }

// PeoplePage shows who works in a unit, and who is on duty or away.
export function PeoplePage() {
  const t = useTexts("people"), shell = useTexts("shell"), person = usePerson(), directory = useDirectory(), now = useClock();
  const { unit: asked, week } = useSearch({ strict: false }) as PeopleSearch;
  const [chosen, choose] = useState(asked ?? person.unit), leads = useLeads();
  useTitle(shell("people"));
  const all = directory.agencies.find(({ agency }) => agency === person.agency)?.units ?? [];
  const units = [...all].sort((a, b) => Number(b.unit === person.unit) - Number(a.unit === person.unit));
  const unit = chosen || (units[0]?.unit ?? "");
  return (
    <div className="people-page">
      <h1>{shell("people")}</h1>
      {units.length > 1 && (
        <Dropdown className="unit-choice" labelText={t("unit")} value={unit} onChange={choose} fullWidth>
          {units.map((one) => <DropdownItem key={one.unit} value={one.unit}>
            {directory.unit(person.agency, one.unit)}
            {one.unit === person.unit ? ` (${t("ownUnit")})` : ""}
          </DropdownItem>)}
        </Dropdown>
      )}
      {now && unit ? (
        <div className="people-columns" key={unit}>
          <Colleagues unit={unit} leads={leads(unit)} now={now} />
          <Roster unit={unit} leads={leads(unit)} now={now} asked={week} />
        </div>
      ) : <LoadingSpinner status="loading" variant="small" text={shell("loading")} />}
    </div>
  );
}
