import { Dropdown, DropdownItem } from "suomifi-ui-components";

import { useTexts } from "../../app/language";
import { useSay } from "./say";
import { isMonth, monthAfter, monthsFrom, services, type wrongIn } from "./sums";

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

// How many months back the choice offers; a link can name older ones.
const offered = 60;

// Choice selects the months and the service. Months are listed by name: not every browser has a
// month field, and none uses the page's language.
export function Choice({ from, to, service, last, wrong, change }: Props) {
  const t = useTexts("statistics"), say = useSay();
  const months = [...new Set([...monthsFrom(monthAfter(last, 1 - offered), last), ...[from, to].filter(isMonth)])].sort().reverse();
  const month = (label: string, value: string, choose: (month: string) => void) => (
    <Dropdown labelText={label} value={value} onChange={choose} status={wrong ? "error" : "default"}>
      {months.map((one) => <DropdownItem key={one} value={one}>{say.month(one)}</DropdownItem>)}
    </Dropdown>
  );
  return (
    <form className="statistics-choice" aria-label={t("choice")} onSubmit={(event) => event.preventDefault()}>
      {month(t("from"), from, (month) => change({ from: month }))}
      {month(t("to"), to, (month) => change({ to: month }))}
      <Dropdown labelText={t("service")} value={service} onChange={(value: string) => change({ service: value })}>
        {[all, ...services]
          .map((one) => <DropdownItem key={one} value={one}>{one === all ? t("allServices") : t(`service_${one}`)}</DropdownItem>)}
      </Dropdown>
      <div role="status" className="statistics-wrong">{wrong && <p className="wrong">{t(`wrong_${wrong}`)}</p>}</div>
    </form>
  );
}
