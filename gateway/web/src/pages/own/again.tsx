import { useTexts } from "../../app/language";
import { moment } from "../../ui/dates";

// Again is a button that reads the data again.
export function Again({ readAt, again }: { readAt: number; again: () => void }) {
  const t = useTexts("own");
  return (
    <p className="again">
      <span className="quiet" role="status">
        {readAt > 0 && t("readAt", { time: moment(new Date(readAt)) })}
      </span> <button type="button" className="plain" data-again onClick={again}>{t("readAgain")}</button>
    </p>
  );
}
