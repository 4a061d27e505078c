import { createClient } from "@connectrpc/connect";
import { lazy, Suspense } from "react";

import { ReferralService } from "koppi-contract/koppi/referral/v1/referral_pb";
import { ReferralKindSchema, ReferralOutcomeSchema, ReferralState, type Referral } from "koppi-contract/koppi/referral/v1/state_pb";
import { useTexts, useWords } from "../../app/language";
import { patiently } from "../../app/patiently";
import { actsAs, usePerson } from "../../app/session";
import { transport } from "../../app/transport";
import { onDate } from "../../ui/dates";
import { useDefinitions } from "../../ui/definitions";
import { nameOf } from "../../ui/names";
import { usePartyName } from "../../ui/party";
import { Problem } from "../../ui/problem";
import { Actions } from "./actions";
import { useBeginnings } from "./beginnings";
import { Course, Said } from "./course";
import { MatterFrame } from "./frame";
import { ReadInEmergency } from "./readinemergency";
import { referralSteps } from "./referralsteps";
import { MatterSide, type Linked } from "./side";
import { useReferralSummary } from "./summary";
import { isAsked, saidIn } from "./thread/talk";
import { Tombstone } from "./tombstone";
import { Triaged } from "./triaged";
import { urgencyNow } from "./urgencynow";
import { useMatter } from "./usematter";
import { isWithdrawn, Withdrawn } from "./withdrawn";

const Thread = lazy(async () => ({ default: (await patiently(() => import("./thread/thread"))).Thread }));

const linkedOf = (referral: Referral): Linked[] => [
  ...(referral.redirectedFromReferralId ? [{ how: "linkedFrom", subject: `referrals/${referral.redirectedFromReferralId}` }] : []),
  ...(referral.redirectedToReferralId ? [{ how: "linkedTo", subject: `referrals/${referral.redirectedToReferralId}` }] : []),
  ...(referral.resubmittedAs ? [{ how: "linkedResubmitted", subject: referral.resubmittedAs }] : []),
];

// ReferralMatter shows a referral.
export function ReferralMatter({ id }: { id: string }) {
  const t = useTexts("matter"), shell = useTexts("shell"), word = useWords(), person = usePerson(), party = usePartyName();
  const said = useDefinitions();
  const summary = useReferralSummary(), subject = `referrals/${id}`;
  const { data, error, changed } = useMatter(subject, ReferralService.method.getReferral, { referralId: id });
  const referral = data?.referral, begin = useBeginnings(subject, referral);
  if (error) return <Problem error={error} />;
  if (!referral) return <p className="quiet">{shell("loading")}</p>;
  const about = [referral.kind ? word(nameOf(ReferralKindSchema, referral.kind)) : "", referral.serviceKey && word(referral.serviceKey)]
    .filter(Boolean);
  return (
    <MatterFrame title={[word("referrals"), about.join(", ")].filter(Boolean).join(": ")} number={referral.matterNumber}
      summary={summary(referral)} status={referral.status} urgency={urgencyNow(referral)} sender={referral.sender}
      untaken={referral.state < ReferralState.ACCEPTED}
      mistaken={referral.state === ReferralState.ENTERED_IN_ERROR ? <Tombstone revocation={referral.revocation} />
        : isWithdrawn(referral.status) && <Withdrawn subject={subject} caseId={referral.caseId} />}
      actions={<>
        <ReadInEmergency matter={referral} />
        <Actions matter={referral} naming={{ referralId: id }} etag={referral.etag} service={ReferralService}
          available={referral.availableActions} steps={referralSteps({ own: person.agency, role: actsAs(person) }, said)} changed={changed}
          elsewhere={["ProvideInformation"]} yields={isAsked(referral, person.agency)} more={[begin]} />
      </>}
      thread={!referral.revocation && referral.informationRequests.length + referral.additions.length > 0 && <Suspense>
        <Thread changed={changed} talk={{
          subject, service: ReferralService, naming: { referralId: id }, etag: referral.etag, receiver: referral.receiver, hears: true,
          requests: referral.informationRequests, additions: referral.additions, available: referral.availableActions,
          contacts: data.contacts,
        }} />
      </Suspense>}
      said={!referral.revocation && referral.reason && <Said said={referral.reason} label="referralReason" />}
      side={<MatterSide subject={subject} caseId={referral.caseId} clientId={referral.clientId} language={referral.clientLanguage}
        interpreter={referral.clientInterpreter}
        contacts={data.contacts} actions={referral.availableActions} status={referral.status} basis={referral.basis}
        attachments={[...referral.attachments, ...referral.outcomeAttachments]}
        linked={linkedOf(referral)} read={() => createClient(ReferralService, transport).getClient({ referralId: id })}>
        {referral.sender && <><dt>{t("from")}</dt><dd dir="auto">{party(referral.sender)}</dd></>}
        {referral.receiver && <><dt>{t("to")}</dt><dd dir="auto">{party(referral.receiver)}</dd></>}
        {referral.applicationArrivedOn && <><dt>{t("arrivedOn")}</dt><dd>{onDate(referral.applicationArrivedOn)}</dd></>}
        <Triaged matter={referral} />
      </MatterSide>}>
      {!referral.revocation && <Course subject={subject} caseId={referral.caseId} said={[referral.reason, ...saidIn(referral)]}
        ended={referral.outcome ? word(nameOf(ReferralOutcomeSchema, referral.outcome)) : ""} endedSaid={referral.outcomeNote} />}
    </MatterFrame>
  );
}
