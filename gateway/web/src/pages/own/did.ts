// Keys of the texts for accesses to a client's data: one for each method and event of the contract.
// Those that are the same to a client share one.
export const did = [
  "SubmitConcern", "CheckOpenConcern", "ReceiveConcern", "TriageConcern", "TakeConcern", "ReassignConcern", "RecordContactAttempt",
  "RequestInformation", "ProvideInformation", "StartAssessment", "CompleteAssessment", "CloseConcern", "ForwardConcern", "DeclineConcern",
  "WithdrawConcern", "SettleConcern",
  "PlanContact", "Revoke", "AcknowledgeRevocation", "SendReferral", "ReceiveReferral", "AcceptReferral", "DeclineReferral",
  "RedirectReferral", "ReassignReferral", "ScheduleAppointment", "RecordAppointmentResult", "AddProgressNote", "RefuseCancellation",
  "CompleteReferral", "CancelReferral", "SettleReferral",
  "OpenConsultation", "TakeConsultation", "PostMessage", "InviteParticipant", "ReassignConsultation", "CloseConsultation",
  "CreatePlan", "InviteMember", "JoinPlan", "DeclineInvitation", "LeavePlan", "StartPlan", "AddGoal", "UpdateGoal", "AssessGoal",
  "AddAction", "ReassignAction", "CompleteAction", "RecordClientView", "OfferResponsibility", "AcceptResponsibility",
  "DeclineResponsibility", "ScheduleReview", "StartReview", "CompleteReview", "EndPlan",
  "WithdrawConsent", "AcknowledgeWithdrawal", "RecordWish", "Vouch", "Prohibited", "Answered", "Overdue",
] as const;
export type Did = (typeof did)[number];

export const looks = [
  "client", "concern", "referral", "consultation", "plan", "history", "consents", "accesses", "paper", "system", "other",
] as const;
export type Look = (typeof looks)[number];

const same: Record<string, Did> = {
  TriageReferral: "TriageConcern",
  RevokeConcern: "Revoke", RevokeReferral: "Revoke", RevokeConsultation: "Revoke", RevokePlan: "Revoke",
  RecordWithdrawal: "WithdrawConsent", RecordAcknowledgement: "AcknowledgeWithdrawal",
  GiveConsent: "RecordWish", WithdrawAdvanceConsent: "RecordWish", ProhibitTransfer: "RecordWish", LiftProhibition: "RecordWish",
  RequestOverride: "RecordWish", DecideOverride: "RecordWish", DecideWish: "RecordWish", Converse: "PostMessage",
};

const lookOf: Record<string, Look> = {
  GetClient: "client", ReadHistory: "history", GetTimeline: "history", ReadConsents: "consents", ListConsents: "consents",
  ReadWishes: "consents", ListWishes: "consents", ReadAccesses: "accesses", ListAccesses: "accesses", ReadAttachment: "paper",
  Download: "paper",
  Exchange: "system", ListMessages: "system", OpenConsumer: "system", Watch: "system", Deliver: "system",
};

// wordFor returns the key for a method, for example "did_TakeConcern" or "look_plan".
export function wordFor(method: string): string {
  const [service = "", name = ""] = method.split("/"), step = same[name] ?? did.find((one) => one === name);
  if (step) return `did_${step}`;
  const of = looks.find((one) => service.startsWith(`koppi.${one}.`));
  return `look_${lookOf[name] ?? of ?? "other"}`;
}

const events: Record<string, Did> = {
  ConcernSubmitted: "SubmitConcern", ConcernReceived: "ReceiveConcern", ConcernTriaged: "TriageConcern", ConcernTaken: "TakeConcern",
  ConcernReassigned: "ReassignConcern", ContactAttempted: "RecordContactAttempt", InformationRequested: "RequestInformation",
  InformationProvided: "ProvideInformation", AssessmentStarted: "StartAssessment", AssessmentCompleted: "CompleteAssessment",
  ConcernForwarded: "ForwardConcern", ForwardAnswered: "Answered", ConcernClosed: "CloseConcern", ConcernDeclined: "DeclineConcern",
  ConcernWithdrawn: "WithdrawConcern", ConcernSettled: "SettleConcern", ConcernOverdue: "Overdue",
  ReferralSent: "SendReferral", ReferralReceived: "ReceiveReferral", ReferralAccepted: "AcceptReferral", ReferralTriaged: "TriageConcern",
  ReferralDeclined: "DeclineReferral", ReferralRedirected: "RedirectReferral", RedirectAnswered: "Answered",
  ReferralReassigned: "ReassignReferral", AppointmentScheduled: "ScheduleAppointment", AppointmentResultRecorded: "RecordAppointmentResult",
  ProgressNoteAdded: "AddProgressNote", ReferralCompleted: "CompleteReferral", ReferralCancellationRequested: "CancelReferral",
  ReferralCancellationRefused: "RefuseCancellation", ReferralSettled: "SettleReferral", ReferralCancelled: "CancelReferral",
  ReferralOverdue: "Overdue",
  ConsultationOpened: "OpenConsultation", ConsultationReassigned: "ReassignConsultation", ConsultationTaken: "TakeConsultation",
  MessagePosted: "PostMessage", ParticipantInvited: "InviteParticipant", ConsultationClosed: "CloseConsultation",
  ConsultationOverdue: "Overdue",
  PlanCreated: "CreatePlan", MemberInvited: "InviteMember", MemberJoined: "JoinPlan", MemberLeft: "LeavePlan",
  InvitationDeclined: "DeclineInvitation", PlanStarted: "StartPlan", GoalAdded: "AddGoal", GoalUpdated: "UpdateGoal",
  GoalAssessed: "AssessGoal", ActionAdded: "AddAction", ActionReassigned: "ReassignAction", ActionCompleted: "CompleteAction",
  ClientViewRecorded: "RecordClientView", ResponsibilityOffered: "OfferResponsibility", ResponsibilityAccepted: "AcceptResponsibility",
  ResponsibilityDeclined: "DeclineResponsibility", ReviewScheduled: "ScheduleReview", ReviewStarted: "StartReview",
  ReviewCompleted: "CompleteReview", PlanEnded: "EndPlan", PlanOverdue: "Overdue",
  ContactPlanned: "PlanContact", EnteredInError: "Revoke", RevocationAcknowledged: "AcknowledgeRevocation", RevocationOverdue: "Overdue",
  ConsentWithdrawn: "WithdrawConsent", WithdrawalAcknowledged: "AcknowledgeWithdrawal", WithdrawalOverdue: "Overdue",
};

// eventWord returns the key for an event, by its type: "koppi.concern.v1.ConcernTaken".
export const eventWord = (type: string) => {
  const known = events[type.slice(type.lastIndexOf(".") + 1)];
  return known && `did_${known}`;
};
