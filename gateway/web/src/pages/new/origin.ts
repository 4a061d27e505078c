import { createClient } from "@connectrpc/connect";
import { useQuery } from "@tanstack/react-query";

import { LegalGround, Urgency, UrgencySchema } from "koppi-contract/koppi/common/v1/party_pb";
import { ConcernService } from "koppi-contract/koppi/concern/v1/concern_pb";
import { TopicSchema } from "koppi-contract/koppi/concern/v1/state_pb";
import { ConsultationService } from "koppi-contract/koppi/consultation/v1/consultation_pb";
import { PlanService } from "koppi-contract/koppi/plan/v1/plan_pb";
import { ReferralService } from "koppi-contract/koppi/referral/v1/referral_pb";
import { transport } from "../../app/transport";
import { idOf, kindOf, kinds, nameOf } from "../../ui/names";

// Origin is the matter that a new one follows from: the same client, the same case.
export interface Origin {
  subject: string;
  clientId: string;
  caseId: string;
  language: string;
  interpreter: string;
  topics: string[];
  urgency: string;
}

const urgencyName = (urgency: Urgency) => (urgency ? nameOf(UrgencySchema, urgency) : "");

// readOrigin reads what a new matter takes over. Free text is not copied: each sending states what
// it needs, on a ground of its own.
async function readOrigin(subject: string): Promise<Origin | undefined> {
  const id = idOf(subject), none = { subject, language: "", interpreter: "", topics: [], urgency: "" };
  switch (kindOf(subject)) {
    case "concerns": {
      const { concern } = await createClient(ConcernService, transport).getConcern({ concernId: id });
      return concern && {
        ...none, clientId: concern.clientId, caseId: concern.caseId, language: concern.clientLanguage,
        interpreter: concern.clientInterpreter,
        topics: concern.topics.map((topic) => nameOf(TopicSchema, topic)), urgency: urgencyName(concern.triagedUrgency || concern.urgency),
      };
    }
    case "referrals": {
      const { referral } = await createClient(ReferralService, transport).getReferral({ referralId: id });
      return referral && {
        ...none, clientId: referral.clientId, caseId: referral.caseId, language: referral.clientLanguage,
        interpreter: referral.clientInterpreter,
        urgency: urgencyName(referral.triagedUrgency || referral.urgency),
      };
    }
    case "consultations": {
      const { consultation } = await createClient(ConsultationService, transport).getConsultation({ consultationId: id });
      // A matter without a named client passes on no case either: the case would identify the
      // client.
      const named = consultation?.basis?.ground !== LegalGround.NO_PERSONAL_DATA;
      return consultation && {
        ...none, clientId: consultation.clientId, caseId: named ? consultation.caseId : "", urgency: urgencyName(consultation.urgency),
      };
    }
    case "plans": {
      const { plan } = await createClient(PlanService, transport).getPlan({ planId: id });
      return plan && {
        ...none, clientId: plan.clientId, caseId: plan.caseId, language: plan.clientLanguage, interpreter: plan.clientInterpreter,
      };
    }
  }
}

// useOrigin reads the matter once: a reading is recorded.
export const useOrigin = (from: string | undefined) => {
  const subject = from && kinds.includes(kindOf(from)) ? from : undefined;
  return useQuery({
    queryKey: ["origin", subject], enabled: subject !== undefined, queryFn: async () => (await readOrigin(subject!)) ?? null,
  });
};
