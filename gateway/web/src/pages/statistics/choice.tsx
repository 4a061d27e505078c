import { useId } from "react";
import { Dropdown, DropdownItem } from "suomifi-ui-components";

import { useTexts } from "../../app/language";
import { services, type wrongIn } from "./sums";

export interface StatisticsSearch { from?: string; to?: string; service?: string }

interface Props {
  from: string;
  to: string;
  service: string;
  last: string;
  wrong: ReturnType<typeof wrongIn>;
  change: (change: StatisticsSearch) => void;
}

export const all = "all";

// Choice is of which months, and of which service.
export function Choice({ from, to, service, last, wrong, change }: Props) {
  const t = useTexts("statistics"), id = useId(), said = wrong && `${id}wrong`;
  const month = { type: "month", max: last, placeholder: t("monthForm"), pattern: "[0-9]{4}-[0-9]{2}", "aria-invalid": Boolean(wrong), "aria-describedby": said };
  return (
    <form className="statistics-choice" aria-label={t("choice")} onSubmit={(event) => event.preventDefault()}>
      <div className="field"><label htmlFor={`${id}from`}>{t("from")}</label><input id={`${id}from`} {...month} value={from} onChange={(event) => change({ from: event.target.value })} /></div>
      <div className="field"><label htmlFor={`${id}to`}>{t("to")}</label><input id={`${id}to`} {...month} value={to} onChange={(event) => change({ to: event.target.value })} /></div>
      <Dropdown labelText={t("service")} value={service} onChange={(value: string) => change({ service: value })}>
        {[all, ...services].map((one) => <DropdownItem key={one} value={one}>{one === all ? t("allServices") : t(`service_${one}`)}</DropdownItem>)}
      </Dropdown>
      <div role="status" className="statistics-wrong">{wrong && <p id={said} className="wrong">{t(`wrong_${wrong}`)}</p>}</div>
    </form>
  );
}
