import { useContext } from "react";
import { Button } from "suomifi-ui-components";

import { useTexts } from "../../app/language";
import { StepPlace } from "./stepplace";

// SpecialFound leads a worker who is no social worker from the assessment to the triage, which records
// the need of special support and hands the concern to a social worker (1301/2014 § 36).
export function SpecialFound() {
  const t = useTexts("matter"), { choose } = useContext(StepPlace);
  return (
    <div className="note" data-special-found>
      <p>{t("specialFound")}</p>
      <Button type="button" variant="secondary" onClick={() => choose("TriageConcern")}>{t("specialFoundThen")}</Button>
    </div>
  );
}
