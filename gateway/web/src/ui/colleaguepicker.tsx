import { Dropdown, DropdownItem } from "suomifi-ui-components";

import type { Colleague } from "koppi-contract/koppi/casework/v1/people_pb";
import { useNow } from "../app/clock";
import { addTexts, useLanguage, useTexts } from "../app/language";
import texts from "../texts/colleagues.json";
import { absenceText, nameOfColleague, titleOf, useColleagues } from "./colleagues";
import { dayKey } from "./dates";

addTexts("colleagues", texts);

interface Props {
  id: string;
  label: string;
  optional?: string;
  // The people of this unit come first.
  unit: string;
  // Whom the choice leaves out, by key.
  without?: string[];
  // Only these people.
  only?: (colleague: Colleague) => boolean;
  value: string;
  change: (worker: string) => void;
  // What the choice of nobody is called; without it somebody is chosen.
  nobody?: string;
  // A further choice, of what is no colleague to choose.
  also?: { value: string; text: string };
  hint?: string;
  wrong?: string;
}

// ColleaguePicker chooses a colleague by name, title and absence; the value is the worker's key.
export function ColleaguePicker({ id, label, optional, unit, without = [], only, value, change, nobody, also, hint, wrong }: Props) {
  const t = useTexts("colleagues"), [language] = useLanguage(), { colleagues, isLoading } = useColleagues(), today = dayKey(useNow());
  const first = [...colleagues].sort((a, b) => Number(b.party?.unit === unit) - Number(a.party?.unit === unit));
  const offered = first.filter((one, at) => one.party && !without.includes(one.party.worker) && (!only || only(one))
    && first.findIndex(({ party }) => party?.worker === one.party!.worker) === at);
  const said = (one: Colleague) => {
    const away = one.absence && absenceText(one.absence, today);
    return [[nameOfColleague(one), titleOf(one, language)].filter(Boolean).join(", "), away && `(${t(away[0], away[1])})`]
      .filter(Boolean).join(" ");
  };
  const items = [
    ...(nobody === undefined ? [] : [<DropdownItem key="" value="">{nobody}</DropdownItem>]),
    ...(also ? [<DropdownItem key={also.value} value={also.value}>{also.text}</DropdownItem>] : []),
    ...offered.map((one) => <DropdownItem key={one.party!.worker} value={one.party!.worker}>{said(one)}</DropdownItem>),
  ];
  // A list without items cannot be rendered.
  if (!items.length) {
    return isLoading ? null : (
      <div id={id} tabIndex={-1}><strong>{label}</strong><p className={wrong ? "wrong" : "quiet"}>{t("none")}</p></div>
    );
  }
  return (
    <Dropdown id={id} labelText={label} optionalText={optional} hintText={hint} visualPlaceholder={t("choose")}
      value={value || (nobody === undefined ? null : "")} onChange={change}
      status={wrong ? "error" : "default"} statusText={wrong} fullWidth>{items}</Dropdown>
  );
}
