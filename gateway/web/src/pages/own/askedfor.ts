import type { InformationRequest as ConcernRequest } from "koppi-contract/koppi/concern/v1/state_pb";
import type { InformationRequest as ReferralRequest } from "koppi-contract/koppi/referral/v1/state_pb";
import { dateOf } from "../../app/clock";
import { limit } from "../../ui/dates";
import type { Tongue } from "./ownmatter";

// askedFor says which documents an agency asks the other for, and which it did not get: the client may have them.
export function askedFor(requests: (ConcernRequest | ReferralRequest)[], { t, names, papers }: Tongue): string[] {
  const last = requests.findLast((request) => request.papers.length > 0), due = dateOf(last?.dueAt), who = names.agencyOf(last?.by);
  if (!last) return [];
  if (last.answeredAt) return last.missing.length ? [t("papersMissing", { who, papers: papers(last.missing) })] : [];
  return due && !last.lapsed ? [t("papersAsked", { who, papers: papers(last.papers), date: limit(due) })] : [];
}
