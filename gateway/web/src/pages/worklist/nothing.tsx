import { useTexts } from "../../app/language";

// NothingOpen is beside a list of which nothing is open.
export function NothingOpen() {
  const t = useTexts("worklist");
  return <p className="quiet nothing-open">{t("choose")}</p>;
}
