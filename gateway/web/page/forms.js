// The forms: of each step, and of a new report.
import { Refusal, concern, uuid } from "./api.js";
import { el, field, options } from "./dom.js";
import { hasText, keysFrom, language, t } from "./words.js";

const text = (name, required) => el("input", { type: "text", name, required });
const area = (name, required) => el("textarea", { name, rows: 3, required, maxlength: 10000 });
const choice = (name, prefix, optional) => el("select", { name }, optional && el("option", { value: "" }, "–"), options(keysFrom(prefix), t));
const agencies = ["hva-pohjois-savo", "terveys-pohjois-savo", "kela", "etsiva-kuopio", "tyollisyys-kuopio"];
const consentNow = () => ({ ground: "LEGAL_GROUND_CLIENT_CONSENT", provision: "1301/2014 § 35.1", consentedAt: new Date(0).toISOString() });

// What each step asks for: its fields, and how they become the request.
const steps = {
  TriageConcern: {
    fields: () => [field(t("urgency"), choice("urgency", "URGENCY_")), field(t("supportNeed"), choice("supportNeed", "SUPPORT_NEED_", true)), field(t("track"), choice("track", "TRACK_", true))],
  },
  RecordContactAttempt: { fields: () => [field(t("outcome"), choice("result", "CONTACT_RESULT_"))] },
  RequestInformation: { fields: () => [field(t("question"), area("question", true))] },
  ProvideInformation: {
    fields: (matter) => [el("blockquote", {}, waiting(matter)?.question ?? ""), field(t("answer"), area("answer", true))],
    body: (matter) => ({ informationRequestId: waiting(matter)?.informationRequestId }),
  },
  CompleteAssessment: { fields: () => [field(t("supportNeed"), choice("supportNeed", "SUPPORT_NEED_"))] },
  CloseConcern: { fields: () => [field(t("outcome"), choice("outcome", "OUTCOME_")), field(t("feedback"), area("feedback"))] },
  DeclineConcern: { fields: () => [field(t("reason"), choice("reason", "DECLINE_REASON_")), field(t("explanation"), area("explanation"))] },
  WithdrawConcern: { fields: () => [field(t("reason"), text("reason", true))] },
  RevokeConcern: { fields: () => [el("p", { class: "hint" }, t("revokeHint")), field(t("reason"), text("reason", true))] },
  AcknowledgeRevocation: { fields: () => [el("p", { class: "hint" }, t("acknowledgeHint"))] },
  SettleConcern: { fields: () => [field(t("reason"), text("reason", true))] },
  ReassignConcern: {
    fields: () => [field(t("to"), text("unit", true)), field(t("reason"), text("reason", true))],
    body: (matter, values, person) => ({ to: { agency: person.agency, unit: values.unit }, unit: undefined }),
  },
  ForwardConcern: {
    fields: (matter, person) => [field(t("to"), el("select", { name: "agency" }, options(agencies.filter((key) => key !== person.agency && key !== matter.reporter.agency), t))), field(t("description"), area("description"))],
    body: (matter, values) => ({ receiver: { agency: values.agency }, agency: undefined, topics: matter.topics, basis: consentNow(), keepOpen: false }),
  },
};

const waiting = (matter) => (matter.informationRequests ?? []).findLast((request) => !request.answeredAt);

// A form that keeps what was typed when it is refused.
function asking(title, fields, submit, cancel) {
  const problem = el("div", {});
  const form = el("form", { class: "step", novalidate: true }, el("h3", {}, title), problem, ...fields,
    el("div", { class: "actions" }, el("button", { class: "first", type: "submit" }, t("send")), el("button", { type: "button", onclick: cancel }, t("cancel"))));
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    problem.replaceChildren();
    try {
      await submit(Object.fromEntries(new FormData(form)), form);
    } catch (error) {
      problem.replaceChildren(refusal(error));
      problem.firstChild.focus();
    }
  });
  return form;
}

export function refusal(error) {
  // A reason that has words of its own is said in the reader's language.
  const key = `refused.${error.reason}`;
  const message = hasText(key) ? t(key) : error.message;
  return el("div", { class: "error", role: "alert", tabindex: "-1" }, message, " ", el("small", {}, error instanceof Refusal ? error.reason : ""));
}

// takeStep takes a step at once, or asks for what it needs first.
export async function takeStep(name, matter, person, host, done) {
  const requestId = uuid();
  const send = async (values = {}) => {
    const body = { requestId, concernId: matter.concernId, etag: matter.etag, ...values, ...steps[name]?.body?.(matter, values, person) };
    for (const key of Object.keys(body)) if (body[key] === "") delete body[key];
    await concern(name, body);
    await done();
  };
  if (steps[name]) {
    host.replaceChildren(asking(t(name), steps[name].fields(matter, person), send, () => host.replaceChildren()));
    host.querySelector("select, input, textarea, button").focus();
    return;
  }
  try {
    await send();
  } catch (error) {
    host.replaceChildren(refusal(error));
  }
}

// newReport asks for the ground first, and then only for what it allows.
export function newReport(person, done, cancel) {
  const requestId = uuid();
  const rest = el("div", {});
  const ground = (value, label) => el("label", {}, el("input", { type: "radio", name: "ground", value, onchange: () => show(value) }), ` ${label}`);
  const show = (value) => {
    const consent = value === "LEGAL_GROUND_CLIENT_CONSENT";
    const tick = (name, label) => el("label", {}, el("input", { type: "checkbox", name }), ` ${label}`);
    rest.replaceChildren(
      consent ? "" : el("fieldset", {}, tick("consentUnobtainable", t("attestUnobtainable")), el("br"), tick("evidentlyUnableToCareForSelf", t("attestUnable")), el("br"), tick("interestOfChild", t("attestChild"))),
      field(t("identityCode"), text("code", true)),
      field(t("to"), el("select", { name: "agency" }, options(agencies.filter((key) => key !== person.agency), t))),
      el("fieldset", {}, el("legend", {}, t("topics")), el("div", { class: "checks" }, keysFrom("TOPIC_").map((key) => el("label", {}, el("input", { type: "checkbox", name: "topic", value: key }), ` ${t(key)}`)))),
      consent ? field(t("description"), area("description")) : el("p", { class: "hint" }, t("noDescription")),
      field(t("urgency"), el("select", { name: "urgency" }, options(["URGENCY_NORMAL", "URGENCY_URGENT", "URGENCY_EMERGENCY"], t))),
    );
  };
  const fields = [el("fieldset", {}, el("legend", {}, t("groundFirst")), ground("LEGAL_GROUND_CLIENT_CONSENT", t("withConsent")), el("br"), ground("LEGAL_GROUND_STATUTORY_NOTIFICATION", t("withoutConsent"))), rest];
  return asking(t("newReport"), fields, async (values, form) => {
    const data = new FormData(form);
    const basis = values.ground === "LEGAL_GROUND_STATUTORY_NOTIFICATION"
      ? { ground: values.ground, provision: "1301/2014 § 35.2", attestation: Object.fromEntries(["consentUnobtainable", "evidentlyUnableToCareForSelf", "interestOfChild"].map((key) => [key, data.has(key)])) }
      : values.ground ? consentNow() : undefined;
    const answer = await concern("SubmitConcern", {
      requestId, client: { personalIdentityCode: (values.code ?? "").trim(), language: language() }, receiver: { agency: values.agency ?? "" }, basis,
      topics: data.getAll("topic"), description: values.description || undefined, urgency: values.urgency,
    });
    await done(answer.concern);
  }, cancel);
}
