import type { TrialPerson } from "./session";

// The invented people of the scenarios, for trial mode; their client is invented too.
export const trialPeople: (TrialPerson & { name: string })[] = [
  { name: "kela-17", agency: "kela", unit: "toimeentulotuki", worker: "kela-17", role: "benefit_handler" },
  { name: "ps-04", agency: "hva-pohjois-savo", unit: "palveluohjaus", worker: "ps-04", role: "service_guide" },
  { name: "ps-21", agency: "hva-pohjois-savo", unit: "tyoikaiset-kuopio", worker: "ps-21", role: "social_worker" },
  { name: "ps-33", agency: "hva-pohjois-savo", unit: "tyoikaiset-kuopio", worker: "ps-33", role: "social_counsellor" },
  { name: "tk-02", agency: "terveys-pohjois-savo", unit: "terveysasema-kuopio", worker: "tk-02", role: "health_professional" },
  { name: "en-03", agency: "etsiva-kuopio", unit: "etsiva", worker: "en-03", role: "youth_worker" },
  { name: "ty-09", agency: "tyollisyys-kuopio", unit: "tyollisyys", worker: "ty-09", role: "employment_officer" },
  { name: "client", role: "client", personalIdentityCode: "030694W9024" },
  { name: "operator", worker: "op-01", role: "operator" },
];
