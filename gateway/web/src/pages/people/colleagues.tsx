import { useState } from "react";
import { Checkbox, LoadingSpinner } from "suomifi-ui-components";

import { useTexts } from "../../app/language";
import { useColleagues } from "../../ui/colleagues";
import { Problem } from "../../ui/problem";
import { One } from "./colleague";

interface Props { unit: string; leads: boolean; now: Date }

// Colleagues lists the people of a unit.
export function Colleagues({ unit, leads, now }: Props) {
  const t = useTexts("people"), shell = useTexts("shell"), [left, showLeft] = useState(false);
  const { colleagues, error, isLoading } = useColleagues(left);
  const shown = colleagues.filter(({ party }) => party?.unit === unit);
  return (
    <section aria-labelledby="people-colleagues" data-section="colleagues">
      <h2 id="people-colleagues">{t("colleagues")}</h2>
      <Problem error={error} focus={false} />
      {isLoading && <LoadingSpinner status="loading" variant="small" text={shell("loading")} />}
      {!isLoading && !error && shown.length === 0 && <p>{t("nobody")}</p>}
      <ul className="colleagues">
        {shown.map((one) => <One key={one.party!.worker} colleague={one} leads={leads} now={now} />)}
      </ul>
      {leads && <Checkbox checked={left} onClick={({ checkboxState }) => showLeft(checkboxState)}>{t("showLeft")}</Checkbox>}
    </section>
  );
}
