import { ConsultationStateSchema, type Consultation } from "koppi-contract/koppi/consultation/v1/consultation_pb";
import { PlanStateSchema, type Plan } from "koppi-contract/koppi/plan/v1/state_pb";
import { dateOf } from "../../app/clock";
import { nameOf } from "../../ui/names";
import { frameOf, onDay, type OwnMatter, type Tongue } from "./ownmatter";

export const consultationStates = [
  "CONSULTATION_STATE_OPEN", "CONSULTATION_STATE_TAKEN", "CONSULTATION_STATE_ANSWERED", "CONSULTATION_STATE_CLOSED",
] as const;
export const planStates = ["PLAN_STATE_DRAFT", "PLAN_STATE_ACTIVE", "PLAN_STATE_UNDER_REVIEW", "PLAN_STATE_ENDED"] as const;

// Messages between professionals are not shown: they may concern others.
export function describeConsultation(consultation: Consultation, tongue: Tongue): OwnMatter {
  const { t, names, because } = tongue, name = nameOf(ConsultationStateSchema, consultation.state), { status } = consultation;
  const frame = frameOf({
    subject: `consultations/${consultation.consultationId}`, state: name, read: consultation, sender: consultation.asker,
    began: dateOf(consultation.openedAt),
  }, tongue);
  if (frame.mistake) return { ...frame, title: t("consultation"), summary: "" };
  const values = {
    sender: names.agencyOf(consultation.asker), receiver: names.agencyOf(consultation.addressee),
    holder: names.unitOf(consultation.takenBy ?? status?.responsible), date: onDay(frame.began),
  };
  return {
    ...frame, title: t("consultation"), summary: t(name, values), urgent: false, means: frame.ended ? [] : [t("nothingToDo")],
    notes: [
      [t("consultation_began", values), because(consultation.basis, values)].filter(Boolean).join(" "), t("saidBetween"),
    ],
    said: { topics: consultation.topic ? [consultation.topic] : [], text: "" },
  };
}

export function describePlan(plan: Plan, tongue: Tongue): OwnMatter {
  const { t, names, because } = tongue, name = nameOf(PlanStateSchema, plan.state);
  const frame = frameOf({
    subject: `plans/${plan.planId}`, state: name, read: plan, sender: plan.createdBy, began: dateOf(plan.createdAt),
  }, tongue);
  if (frame.mistake) return { ...frame, title: t("plan"), summary: "" };
  const sender = names.agencyOf(plan.createdBy);
  return {
    ...frame, title: t("plan"), summary: t(name), responsible: frame.ended ? undefined : plan.responsible,
    // The plan's due time may be an action's, which binds its owner and not the plan.
    urgent: false, law: undefined,
    notes: [
      [t("plan_began", { sender, date: onDay(frame.began) }), because(plan.basis, { sender, receiver: "" })].filter(Boolean).join(" "),
    ],
  };
}
