import type { Plan } from "koppi-contract/koppi/plan/v1/state_pb";
import { dateOf } from "../../app/clock";
import { useTexts } from "../../app/language";
import { day } from "../../ui/dates";

// ClientViews lists the client's opinions of the plan, the latest first.
export function ClientViews({ plan }: { plan: Plan }) {
  const t = useTexts("plan");
  return (
    <section aria-labelledby="plan-views">
      <h3 id="plan-views" tabIndex={-1}>{t("views")}</h3>
      {!plan.clientViews.length && <p className="quiet">{t("noViews")}</p>}
      <ul className="views">
        {[...plan.clientViews].reverse().map((view, index) => (
          <li key={index}>
            <p className="quiet">{day(dateOf(view.at)!)}</p>
            {view.comment && <blockquote dir="auto">{view.comment}</blockquote>}
            <p>{t(view.feltHeard ? "wasHeard" : "wasNotHeard")} {t(view.ownGoalsLead ? "goalsLead" : "goalsDoNotLead")}</p>
          </li>
        ))}
      </ul>
    </section>
  );
}
