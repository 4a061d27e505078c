import { useTexts } from "../../app/language";

// NothingOpen is shown beside a list without an open matter.
export function NothingOpen() {
  const t = useTexts("worklist");
  return <p className="quiet nothing-open">{t("choose")}</p>;
}
