import { useQuery } from "@connectrpc/connect-query";
import { useEffect } from "react";

import type { ContactPoint } from "koppi-contract/koppi/common/v1/contact_point_pb";
import { ConcernService } from "koppi-contract/koppi/concern/v1/concern_pb";
import { ConsultationService } from "koppi-contract/koppi/consultation/v1/consultation_pb";
import { PlanService } from "koppi-contract/koppi/plan/v1/plan_pb";
import { ReferralService } from "koppi-contract/koppi/referral/v1/referral_pb";
import { useChanges } from "../../app/live";
import { readAgain } from "../../app/queries";
import { useTexts, useWords } from "../../app/language";
import { useNow } from "../../app/clock";
import { contactOf } from "../../ui/contact";
import { useLanguageName } from "../../ui/languages";
import { usePapers } from "../../ui/papers";
import { useBecause } from "./because";
import { describeConcern } from "./concern";
import { useNames } from "./names";
import { describeConsultation, describePlan } from "./others";
import { describeReferral } from "./referral";
import type { OwnMatter } from "./ownmatter";

// One page holds all matters of a client.
const all = { pageSize: 1000 };
// Data this recent is not read again when the client returns to the page.
const recent = 30_000;

// useAgain reads again what may have changed: after a notification, and when the client returns to
// the page, because a client receives no stream of changes.
export function useAgain(readAt: number, read: () => void) {
  useChanges(read);
  useEffect(() => {
    const back = () => { if (document.visibilityState === "visible" && Date.now() - readAt > recent) read(); };
    document.addEventListener("visibilitychange", back);
    return () => document.removeEventListener("visibilitychange", back);
  });
}

// namedContact is the worker who is responsible for a matter, where whom to call is the worker's unit.
function namedContact({ responsible, status }: OwnMatter, contacts: ContactPoint[]) {
  const unit = status?.contact?.party;
  if (!responsible?.displayName || unit?.agency !== responsible.agency || unit.unit !== responsible.unit) return undefined;
  const found = contactOf(contacts, responsible);
  return found?.party?.worker ? found : undefined;
}

export interface Own { matters: OwnMatter[]; loading: boolean; error: unknown; readAt: number; again: () => void }

// useOwn returns the client's matters of all four services.
export function useOwn(): Own {
  const t = useTexts("own"), word = useWords(), names = useNames(), now = useNow();
  const concerns = useQuery(ConcernService.method.listConcerns, all), referrals = useQuery(ReferralService.method.listReferrals, all);
  const consultations = useQuery(ConsultationService.method.listConsultations, all), plans = useQuery(PlanService.method.listPlans, all);
  const asked = [...concerns.data?.concerns ?? [], ...referrals.data?.referrals ?? []]
    .some(({ informationRequests }) => informationRequests.some(({ papers }) => papers.length > 0));
  const { names: papers } = usePapers(asked), tongue = { t, word, names, because: useBecause(), now, tongue: useLanguageName(), papers };
  const reads = [concerns, referrals, consultations, plans];
  const readAt = Math.min(...reads.map(({ dataUpdatedAt }) => dataUpdatedAt)), again = () => reads.forEach((read) => void readAgain(read));
  useAgain(readAt, again);
  const contacts = reads.flatMap(({ data }) => data?.contacts ?? []);
  const matters = [
    ...(concerns.data?.concerns ?? []).map((one) => describeConcern(one, tongue)),
    ...(referrals.data?.referrals ?? []).map((one) => describeReferral(one, tongue)),
    ...(consultations.data?.consultations ?? []).map((one) => describeConsultation(one, tongue)),
    ...(plans.data?.plans ?? []).map((one) => describePlan(one, tongue)),
  ].map((one) => ({ ...one, contact: namedContact(one, contacts) })).sort((a, b) => b.began.getTime() - a.began.getTime());
  return { matters, loading: reads.some(({ isPending }) => isPending), error: reads.find(({ error }) => error)?.error, readAt, again };
}
