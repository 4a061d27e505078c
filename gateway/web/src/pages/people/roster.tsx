import { useQuery } from "@connectrpc/connect-query";
import { LoadingSpinner } from "suomifi-ui-components";

import { CaseworkService } from "koppi-contract/koppi/casework/v1/casework_pb";
import { useTexts } from "../../app/language";
import { dayKey } from "../../ui/dates";
import { Problem } from "../../ui/problem";
import { weeksFrom } from "../../ui/weeks";
import { Absences } from "./absences";
import { Week } from "./week";

// So many weeks are shown.
const ahead = 8;

// The week that is asked for begins with its form open.
interface Props { unit: string; leads: boolean; now: Date; asked?: string }

// Roster shows who is on duty in the weeks ahead, and who is away.
export function Roster({ unit, leads, now, asked }: Props) {
  const t = useTexts("people"), shell = useTexts("shell"), weeks = weeksFrom(dayKey(now), ahead);
  const { data, error, isLoading } = useQuery(
    CaseworkService.method.getRoster, { unit, fromWeek: weeks[0]!.week, weeks: ahead }, { staleTime: 0 },
  );
  return (
    <section aria-labelledby="people-roster" data-section="roster">
      <h2 id="people-roster">{t("roster")}</h2>
      <Problem error={error} focus={false} />
      {isLoading && <LoadingSpinner status="loading" variant="small" text={shell("loading")} />}
      {data && <ul className="weeks">{weeks.map((week, at) => {
        const duty = data.weeks.find((one) => one.week === week.week);
        return <Week key={week.week} week={week} present={at === 0} duty={duty} absences={data.absences} unit={unit} leads={leads}
          asked={week.week === asked} />;
      })}</ul>}
      {data && <Absences absences={data.absences} unit={unit} leads={leads} />}
    </section>
  );
}
