import { PlanState, type Action, type Goal, type Plan } from "koppi-contract/koppi/plan/v1/state_pb";
import { attachmentIds, receiver, text, type Field, type Values } from "../../ui/form/fields";
import { endOfDay, finnish } from "../../ui/form/times";
import { attestedFields, groundFields } from "../../ui/ground/fields";
import { basisOf } from "../../ui/ground/value";
import type { Step, Steps } from "../matter/actions";
import { partyOf, valueOf, type Choice } from "./parties";
import { whose } from "./whose";

const reason: Step<Plan> = {
  fields: () => [{ kind: "area", name: "reason", label: "reason" }], make: (values) => ({ reason: text(values, "reason") }),
};
const nextReview: Field = { kind: "day", name: "nextReviewAt", label: "nextReview", hint: "nextReviewHint", of: ["next_review_at", "at"] };
const day = (values: Values, name: string) => (text(values, name) ? endOfDay(text(values, name)) : undefined);
const time = (values: Values, name: string) => (text(values, name) ? finnish(text(values, name)) : undefined);

const addGoal: Step<Plan> = {
  fields: () => [
    { kind: "area", name: "text", label: "goalText", hint: "goalTextHint", required: true },
    {
      kind: "options", name: "setBy", label: "setBy", required: true, of: ["set_by_client"],
      options: [{ value: "client", label: "setByClient" }, { value: "worker", label: "setByWorker" }],
    },
  ],
  make: (values) => ({ text: text(values, "text"), setByClient: text(values, "setBy") === "client" }),
};

// A goal is changed from the version read when the form was opened: the draft holds its etag, even
// if the plan is read again meanwhile.
export const updateGoal = (goal: Goal): Step<Plan> => ({
  fields: () => [{ kind: "area", name: "text", label: "goalText", hint: "goalTextHint", required: true }],
  initial: () => ({ text: goal.text, etag: goal.etag }),
  make: (values) => ({ goalId: goal.goalId, text: text(values, "text"), etag: text(values, "etag") }),
});

// scale is the goal attainment scale, the best first.
export const scale = [2, 1, 0, -1, -2];
export const scaleTexts: Record<number, string> = { 2: "score_2", 1: "score_1", 0: "score_0", [-1]: "score_m1", [-2]: "score_m2" };

export const assessGoal = (goal: Goal): Step<Plan> => ({
  fields: () => [
    {
      kind: "options", name: "by", label: "assessor", required: true, of: ["by_client"],
      options: [{ value: "client", label: "byClient", hint: "byClientHint" }, { value: "worker", label: "byWorker" }],
    },
    {
      kind: "options", name: "score", label: "score", required: true,
      options: scale.map((score) => ({ value: String(score), label: scaleTexts[score]! })),
    },
    { kind: "area", name: "note", label: "note" },
  ],
  make: (values) => ({
    goalId: goal.goalId, score: Number(text(values, "score")), byClient: text(values, "by") === "client", note: text(values, "note"),
  }),
});

const addAction = (units: Choice[], goals: Choice[], me: { agency: string; unit: string; worker: string }): Step<Plan> => ({
  fields: (plan) => [
    { kind: "area", name: "text", label: "actionText", hint: "actionTextHint", required: true },
    ...(goals.length ? [
      { kind: "options", name: "goalId", label: "forGoal", of: ["goal_id"], options: [...goals, { value: "", label: "noGoal" }] } as Field,
    ] : []),
    ...whose(plan, units, false),
    { kind: "day", name: "due", label: "due", required: true, of: ["due_at"] },
  ],
  initial: () => ({ unit: valueOf(me), worker: me.worker, goalId: goals[0]?.value ?? "" }),
  make: (values) => ({ text: text(values, "text"), goalId: text(values, "goalId"), owner: partyOf(values), dueAt: day(values, "due") }),
});

export const completeAction = (action: Action): Step<Plan> => ({
  fields: () => [
    { kind: "area", name: "note", label: "completedNote" },
    { kind: "attachments", name: "attachments", label: "attachments", of: ["attachment_ids"] },
  ],
  make: (values) => ({ actionId: action.actionId, note: text(values, "note"), attachmentIds: attachmentIds(values, "attachments") }),
});

export const reassignAction = (action: Action, units: Choice[]): Step<Plan> => ({
  fields: (plan) => whose(plan, units, false),
  make: (values) => ({ actionId: action.actionId, to: partyOf(values) }),
});

const offerResponsibility = (units: Choice[]): Step<Plan> => ({
  fields: (plan) => [...whose(plan, units, true), { kind: "area", name: "reason", label: "reason" }],
  make: (values) => ({ to: partyOf(values), reason: text(values, "reason") }),
});

// An agency withdraws only its own planned contacts.
const planContact = (own: string): Step<Plan> => ({
  fields: ({ plannedContacts }) => [
    ...(plannedContacts.some(({ by }) => by?.agency === own) ? [{ kind: "check", name: "takeBack", label: "takeContactBack" } as Field]
      : []),
    {
      kind: "moment", name: "at", label: "contactAt", hint: "contactHint", required: true, of: ["lapses_at"],
      when: (values) => values.takeBack !== true,
    },
  ],
  make: (values) => ({ at: values.takeBack === true ? undefined : time(values, "at") }),
});

const inviteMember: Step<Plan> = {
  fields: ({ clientId }, values) => [
    { kind: "receiver", name: "party", label: "invited", hint: "invitedHint", required: true },
    ...groundFields({ message: "plan/invitation", receiver: "party", clientId }, values), ...attestedFields(values),
  ],
  make: (values) => ({
    party: receiver(values, "party") && { agency: receiver(values, "party")!.agency, unit: receiver(values, "party")!.unit ?? "" },
    basis: basisOf(values),
  }),
};

const recordView: Step<Plan> = {
  fields: () => [
    {
      kind: "options", name: "heard", label: "feltHeard", required: true, of: ["felt_heard"],
      options: [{ value: "yes", label: "yes" }, { value: "no", label: "no" }],
    },
    {
      kind: "options", name: "lead", label: "ownGoalsLead", required: true, of: ["own_goals_lead"],
      options: [{ value: "yes", label: "yes" }, { value: "no", label: "no" }],
    },
    { kind: "area", name: "comment", label: "comment", hint: "commentHint" },
  ],
  make: (values) => ({
    feltHeard: text(values, "heard") === "yes", ownGoalsLead: text(values, "lead") === "yes", comment: text(values, "comment"),
  }),
};

const recordSupport: Step<Plan> = {
  fields: () => [
    {
      kind: "options", name: "support", label: "specialSupport", hint: "specialSupportHint", required: true, of: ["special_support"],
      options: [{ value: "yes", label: "yes" }, { value: "no", label: "no" }],
    },
  ],
  make: (values) => ({ specialSupport: text(values, "support") === "yes" }),
};

// Setting is what the steps depend on besides the plan.
interface Setting {
  units: Choice[];
  goals: Choice[];
  me: { agency: string; unit: string; worker: string };
  // The time of the next review has come.
  reviewDue: boolean;
}

// The steps on the plan as a whole, for a worker of a unit. By state one is primary; the others are in the
// menu, but a refusal is beside what it refuses.
export const planSteps = ({ units, goals, me, reviewDue }: Setting): Steps<Plan> => ({
  JoinPlan: { first: () => true },
  DeclineInvitation: reason,
  AcceptResponsibility: { first: () => true },
  DeclineResponsibility: reason,
  AddGoal: { ...addGoal, rare: true, first: ({ state, goals: some }) => state === PlanState.DRAFT && !some.length },
  StartPlan: { first: ({ state }) => state === PlanState.DRAFT },
  CompleteReview: {
    fields: () => [{ kind: "area", name: "summary", label: "summary" }, nextReview],
    make: (values) => ({ summary: text(values, "summary"), nextReviewAt: day(values, "nextReviewAt") }),
    first: () => true,
  },
  StartReview: { rare: true, first: () => reviewDue },
  AddAction: { ...addAction(units, goals, me), rare: true, first: ({ state }) => state === PlanState.ACTIVE && !reviewDue },
  RecordClientView: { ...recordView, rare: true },
  RecordSpecialSupport: { ...recordSupport, rare: true },
  InviteMember: { ...inviteMember, rare: true },
  OfferResponsibility: { ...offerResponsibility(units), rare: true },
  PlanContact: { ...planContact(me.agency), rare: true },
  ScheduleReview: {
    fields: () => [{ ...nextReview, required: true, hint: undefined }], make: (values) => ({ at: day(values, "nextReviewAt") }), rare: true,
  },
  LeavePlan: { ...reason, sure: "sureLeave", rare: true },
  EndPlan: {
    fields: () => [{ kind: "area", name: "reason", label: "endReason" }], make: (values) => ({ reason: text(values, "reason") }),
    sure: "sureEnd", rare: true,
  },
  RevokePlan: {
    fields: () => [{ kind: "area", name: "reason", label: "revokeReason", hint: "revokeHint", required: true }],
    make: (values) => ({ reason: text(values, "reason") }), sure: "sureRevoke", rare: true,
  },
  AcknowledgeRevocation: { sure: "sureAcknowledge" },
});
