// One matter: where it stands, what may be done now, what is known of it.
import { concern } from "./api.js";
import { el } from "./dom.js";
import { refusal, takeStep } from "./forms.js";
import { date, dueText, moment, t } from "./words.js";

export const short = (id) => `…${(id ?? "").slice(-5)}`;
const party = (who) => [who?.worker, who?.unit && !who?.worker ? who.unit : "", t(who?.agency ?? "")].filter(Boolean).join(", ");

// Whose turn it is, and until when, in words.
export function turn(matter, person) {
  const status = matter.status ?? {};
  if (!status.waitingOn) return "";
  const mine = status.waitingOn.agency === person.agency;
  return mine ? t("yourTurn") : `${t("turnOf")}: ${t(status.waitingOn.agency)}`;
}

export function due(matter) {
  const status = matter.status ?? {};
  if (!status.dueAt) return null;
  return el("span", status.overdue ? { class: "late" } : {}, status.overdue ? `▲ ${t("overdue")}, ` : "", `${t("due")} `, el("time", { datetime: status.dueAt }, dueText(status.dueAt)));
}

const path = ["LOOP_PHASE_SENT", "LOOP_PHASE_RECEIVED", "LOOP_PHASE_TAKEN", "LOOP_PHASE_IN_PROGRESS", "LOOP_PHASE_CLOSED"];

// The loop as a line of steps; the present one says since when.
function loopLine(status) {
  const now = path.indexOf(status.phase);
  const phases = now < 0 ? [...path.slice(0, 2), status.phase] : path;
  return el("ol", { class: "steps" }, phases.map((phase) => {
    const current = phase === status.phase;
    return el("li", { "aria-current": current ? "step" : null, class: path.indexOf(phase) === now + 1 && now >= 0 ? "next" : null },
      current ? el("strong", {}, t(phase), " ", date(status.since)) : t(phase));
  }));
}

const row = (label, value) => (value ? [el("dt", {}, label), el("dd", {}, value)] : []);
const words = (keys) => (keys ?? []).map(t).join(", ");

function facts(matter) {
  return el("dl", {},
    row(t("reporter"), party(matter.reporter)), row(t("receiver"), party(matter.receiver)), row(t("responsible"), matter.status?.responsible && party(matter.status.responsible)),
    row(t("ground"), matter.basis && `${t(matter.basis.ground)} (${matter.basis.provision})`), row(t("topics"), words(matter.topics)),
    row(t("description"), matter.description && el("blockquote", {}, matter.description)), row(t("urgency"), matter.urgency && t(matter.triagedUrgency ?? matter.urgency)),
    row(t("supportNeed"), matter.supportNeed && t(matter.supportNeed)), row(t("track"), matter.track && t(matter.track)),
    row(t("earlier"), matter.earlierConcerns && String(matter.earlierConcerns)), row(t("joinedReports"), matter.joinedConcernIds && String(matter.joinedConcernIds.length)),
    row(t("joined"), matter.joinedConcernId && short(matter.joinedConcernId)),
    row(t("contacts"), matter.contactAttempts && el("ul", {}, matter.contactAttempts.map((attempt) => el("li", {}, `${moment(attempt.at)}: ${t(attempt.result)}`)))),
    row(t("question"), matter.informationRequests && el("div", {}, matter.informationRequests.map((asked) => el("blockquote", {}, asked.question, asked.answer ? `\n— ${asked.answer}` : "")))),
    row(t("reason"), matter.revocation?.reason),
    row(t("removed"), matter.revocation?.holders && el("ul", {}, matter.revocation.holders.map((holder) => el("li", {}, `${t(holder.agency)}: ${holder.acknowledgedAt ? moment(holder.acknowledgedAt) : `${t("notYet")}, ${t("due")} ${dueText(matter.revocation.dueAt)}`}`)))),
    row(t("outcome"), matter.outcome && t(matter.outcome)), row(t("feedback"), matter.feedback && el("blockquote", {}, matter.feedback)),
    row(t("reason"), matter.declineReason && t(matter.declineReason)), row(t("explanation"), matter.declineExplanation));
}

// Who the client is, on an explicit click.
function identity(matter) {
  const shown = el("div", {});
  const button = el("button", { class: "plain", type: "button", onclick: async () => {
    try {
      const client = await concern("GetClient", { concernId: matter.concernId });
      const name = [client.details?.givenNames, client.details?.familyName].filter(Boolean).join(" ");
      shown.replaceChildren(el("p", {}, [name, client.personalIdentityCode, ...(client.details?.phones ?? [])].filter(Boolean).join(", ")));
    } catch (error) {
      shown.replaceChildren(refusal(error));
    }
  } }, t("whoIsIt"));
  return el("p", {}, `${t("client")} ${short(matter.clientId)} `, button, el("span", { class: "hint" }, ` ${t("recorded")}`), shown);
}

export function showMatter(matter, person, changed, back) {
  const host = el("div", {});
  const hidden = matter.reporter?.agency === person.agency && matter.basis?.ground === "LEGAL_GROUND_STATUTORY_NOTIFICATION";
  return el("article", { "aria-label": t("concern") },
    el("button", { class: "plain back", type: "button", onclick: back }, `← ${t("back")}`),
    el("h2", { tabindex: "-1" }, `${t("concern")}: ${words(matter.topics) || short(matter.concernId)}`),
    matter.revocation && el("p", { role: "status" }, el("strong", {}, t("enteredInError")), ` ${date(matter.revocation.at)}`),
    el("p", {}, el("strong", {}, turn(matter, person) || t(matter.status.phase)), " ", due(matter)),
    loopLine(matter.status),
    el("div", { class: "actions" }, (matter.availableActions ?? []).map((name, i) =>
      el("button", { type: "button", class: i === 0 && name !== "RevokeConcern" ? "first" : null, "data-step": name, onclick: () => takeStep(name, matter, person, host, changed) }, t(name)))),
    host, !matter.revocation && identity(matter), hidden && el("p", { class: "hint" }, t("notShown")), facts(matter));
}
