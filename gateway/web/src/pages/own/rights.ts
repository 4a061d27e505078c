import { AgencyKind } from "koppi-contract/koppi/casework/v1/agency_kind_pb";
import { ReferralOutcome, ReferralState, type Referral } from "koppi-contract/koppi/referral/v1/state_pb";
import { ConcernState, Outcome, type Concern } from "koppi-contract/koppi/concern/v1/state_pb";

// Whether a matter ended without help that an agency decided not to give.
export const isRefusedConcern = ({ state, outcome }: Concern) => state === ConcernState.DECLINED || outcome === Outcome.NO_NEED_FOUND;
export const isRefusedReferral = ({ state, outcome }: Referral) =>
  state === ReferralState.DECLINED || outcome === ReferralOutcome.NOT_ELIGIBLE;

// rightOf is the key of what a client can do who does not get what was asked of an agency of a kind: a
// decision that can be appealed (1301/2014 § 45), a review, or the reasons.
export function rightOf(kind: AgencyKind | undefined): string {
  if (kind === AgencyKind.SOCIAL_SERVICES) return "right_decision";
  if (kind === AgencyKind.BENEFITS) return "right_review";
  return kind === AgencyKind.HEALTH_CARE ? "right_reasons" : "right_written";
}
