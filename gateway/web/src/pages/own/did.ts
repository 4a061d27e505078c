// Keys of the texts for accesses to a client's data: one for each method of the contract. Those that
// are the same to a client share one.
export const did = [
  "SubmitConcern", "CheckOpenConcern", "ReceiveConcern", "TriageConcern", "TakeConcern", "ReassignConcern", "RecordContactAttempt",
  "RequestInformation", "ProvideInformation", "AddInformation", "StartAssessment", "CompleteAssessment", "CloseConcern", "ForwardConcern",
  "DeclineConcern", "WithdrawConcern", "SettleConcern", "RecordFeedbackConsent", "SetSecondWorker",
  "PlanContact", "Revoke", "AcknowledgeRevocation", "SendReferral", "ReceiveReferral", "AcceptReferral", "DeclineReferral",
  "RedirectReferral", "ReassignReferral", "ScheduleAppointment", "RecordAppointmentResult", "AddProgressNote", "RefuseCancellation",
  "CompleteReferral", "CancelReferral", "SettleReferral",
  "OpenConsultation", "TakeConsultation", "PostMessage", "InviteParticipant", "ReassignConsultation", "CloseConsultation",
  "CreatePlan", "InviteMember", "JoinPlan", "DeclineInvitation", "LeavePlan", "StartPlan", "AddGoal", "UpdateGoal", "AssessGoal",
  "AddAction", "ReassignAction", "CompleteAction", "RecordClientView", "RecordSpecialSupport", "OfferResponsibility",
  "AcceptResponsibility", "DeclineResponsibility", "ScheduleReview", "StartReview", "CompleteReview", "EndPlan",
  "WithdrawConsent", "AcknowledgeWithdrawal", "RecordWish", "Vouch", "Prohibited", "Overdue",
  "OpenEmergencyReading",
] as const;
export type Did = (typeof did)[number];

export const readings = [
  "client", "concern", "referral", "consultation", "plan", "history", "consents", "accesses", "attachment", "system",
  "worklist", "search", "data",
] as const;
export type Reading = (typeof readings)[number];

const same: Record<string, Did> = {
  TriageReferral: "TriageConcern",
  RevokeConcern: "Revoke", RevokeReferral: "Revoke", RevokeConsultation: "Revoke", RevokePlan: "Revoke",
  RecordWithdrawal: "WithdrawConsent", RecordAcknowledgement: "AcknowledgeWithdrawal",
  GiveConsent: "RecordWish", WithdrawAdvanceConsent: "RecordWish", ProhibitTransfer: "RecordWish", LiftProhibition: "RecordWish",
  RequestOverride: "RecordWish", DecideOverride: "RecordWish", DecideWish: "RecordWish", Converse: "PostMessage",
  ChangePeople: "OpenEmergencyReading",
};

// A list of work shows many matters at once, and is read again and again while it is open.
const worklist = "worklist";
export const listed = `read_${worklist}`;

const readingOf: Record<string, Reading> = {
  GetClient: "client", ReadHistory: "history", GetTimeline: "history", ReadConsents: "consents", ListConsents: "consents",
  ReadWishes: "consents", ListWishes: "consents", ReadAccesses: "accesses", ListAccesses: "accesses", ReadAttachment: "attachment",
  Download: "attachment", ReadWork: worklist, FindKnownClient: "search",
  Exchange: "system", ListMessages: "system", OpenConsumer: "system", Watch: "system", Deliver: "system",
};

// Any other reading is named by the service of the matter.
const services: Reading[] = ["concern", "referral", "consultation", "plan"];

// wordFor returns the key for a method, for example "did_TakeConcern" or "read_plan".
export function wordFor(method: string): string {
  const [service = "", name = ""] = method.split("/"), step = same[name] ?? did.find((one) => one === name);
  if (step) return `did_${step}`;
  const of = services.find((one) => service.startsWith(`koppi.${one}.`));
  return `read_${readingOf[name] ?? of ?? "data"}`;
}
