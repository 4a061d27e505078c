import i18next from "i18next";
import { createPortal } from "react-dom";

import { MemberState, type Plan } from "koppi-contract/koppi/plan/v1/state_pb";
import type { Party } from "koppi-contract/koppi/common/v1/party_pb";
import { dateOf, useNow } from "../../app/clock";
import { useLanguage } from "../../app/language";
import { day } from "../../ui/dates";
import { useDirectory } from "../../ui/party";
import { languageKey } from "./client";
import { inOrder } from "./goals";
import { byOwner } from "./tasks";

// PrintSheet is the plan on one page of paper for the client, in the client's language. It is
// visible only in print, and has no name on it, because a sheet may be left lying about.
export function PrintSheet({ plan }: { plan: Plan }) {
  const [shown] = useLanguage(), now = useNow(), { agencies } = useDirectory();
  const language = languageKey(plan.clientLanguage) ?? shown, t = i18next.getFixedT(language, "plan");
  const place = (party: Party | undefined) => {
    const agency = agencies.find((one) => one.agency === party?.agency), unit = agency?.units.find((one) => one.unit === party?.unit);
    return [unit, agency].map((one) => one?.names[language] ?? one?.names.fi).filter(Boolean).join(", ");
  };
  const who = (party: Party | undefined) => [party?.displayName || party?.worker, place(party)].filter(Boolean).join(", ");
  const review = dateOf(plan.nextReviewAt), joined = plan.members.filter(({ state }) => state === MemberState.JOINED);
  return createPortal(
    <div className="print-sheet" lang={language} data-print-sheet>
      <h1>{t("sheetTitle")}</h1>
      <p>{t("sheetDate", { date: day(now) })}</p>
      <h2>{t("sheetGoals")}</h2>
      <ul className="sheet-goals">{inOrder(plan.goals).map((goal) => <li key={goal.goalId} dir="auto">{goal.text}</li>)}</ul>
      <h2>{t("sheetTasks")}</h2>
      {byOwner(plan.actions).length === 0 && <p>{t("sheetNoTasks")}</p>}
      {byOwner(plan.actions).map(({ key, owner, actions }) => (
        <div key={key} className="sheet-owner">
          <h3>{who(owner)}</h3>
          <ul>{actions.map((action) => <li key={action.actionId}>
            ☐ <bdi>{action.text}</bdi>{action.dueAt && <> – {t("sheetDue", { date: day(dateOf(action.dueAt)!) })}</>}
          </li>)}</ul>
        </div>
      ))}
      {plan.responsible && <><h2>{t("sheetCall")}</h2><p>{t("sheetAnswers", { who: who(plan.responsible) })}</p></>}
      <p>{t("sheetWith", { who: joined.map(({ party }) => place(party)).join("; ") })}</p>
      {review && <><h2>{t("sheetReview")}</h2><p>{t("sheetReviewOn", { date: day(review) })}</p></>}
    </div>, document.body,
  );
}
