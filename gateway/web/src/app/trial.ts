import type { TrialPerson } from "./session";

// TrialEntry is a person on the sign-in page, with an id by which tests find the person.
export type TrialEntry = TrialPerson & { id: string };

// The invented people of the scenarios, for trial mode; their client is invented too.
export const trialPeople: (TrialPerson & { id: string })[] = [
  { id: "kela-17", agency: "kela", unit: "toimeentulotuki", worker: "kela-17", role: "benefit_handler", name: "Kaija Käsittelijä" },
  { id: "ps-04", agency: "hva-pohjois-savo", unit: "palveluohjaus", worker: "ps-04", role: "service_guide", name: "Olli Ohjaaja" },
  {
    id: "ps-01", agency: "hva-pohjois-savo", unit: "tyoikaiset-kuopio", worker: "ps-01", role: "team_leader", name: "Leena Lähi",
    profession: "social_worker",
  },
  { id: "ps-21", agency: "hva-pohjois-savo", unit: "tyoikaiset-kuopio", worker: "ps-21", role: "social_worker", name: "Saara Sosiaali" },
  { id: "ps-33", agency: "hva-pohjois-savo", unit: "tyoikaiset-kuopio", worker: "ps-33", role: "social_counsellor", name: "Outi Ohjaaja" },
  {
    id: "tk-02", agency: "terveys-pohjois-savo", unit: "terveysasema-kuopio", worker: "tk-02",
    role: "health_professional", name: "Niina Hoitaja",
  },
  {
    id: "tk-01", agency: "terveys-pohjois-savo", unit: "terveysasema-kuopio", worker: "tk-01", role: "team_leader", name: "Taina Lähi",
    profession: "health_professional",
  },
  {
    id: "pp-01", agency: "terveys-pohjois-savo", unit: "paihdepalvelut", worker: "pp-01",
    role: "health_professional", name: "Päivi Päihde",
  },
  { id: "en-03", agency: "etsiva-kuopio", unit: "etsiva", worker: "en-03", role: "youth_worker", name: "Elli Etsivä" },
  { id: "ty-09", agency: "tyollisyys-kuopio", unit: "tyollisyys", worker: "ty-09", role: "employment_officer", name: "Tuomo Työ" },
  { id: "client", role: "client", personalIdentityCode: "030694W9024" },
  { id: "operator", worker: "op-01", role: "operator" },
];
