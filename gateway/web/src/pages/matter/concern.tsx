import { createClient } from "@connectrpc/connect";
import { lazy, Suspense } from "react";

import { AppointmentResultSchema } from "koppi-contract/koppi/common/v1/appointment_pb";
import { ConcernService } from "koppi-contract/koppi/concern/v1/concern_pb";
import { ClientWill, ClientWillSchema } from "koppi-contract/koppi/concern/v1/intake_pb";
import {
  ConcernState, OutcomeSchema, StatutoryGroupSchema, SupportNeedSchema, TopicSchema, TrackSchema, type Concern,
} from "koppi-contract/koppi/concern/v1/state_pb";
import { useTexts, useWords } from "../../app/language";
import { dateOf } from "../../app/clock";
import { actsAs, usePerson } from "../../app/session";
import { day, limit } from "../../ui/dates";
import { useDefinitions } from "../../ui/definitions";
import { patiently } from "../../app/patiently";
import { transport } from "../../app/transport";
import { cellOf, useFourField } from "../../ui/intake";
import { nameOf } from "../../ui/names";
import { usePartyName } from "../../ui/party";
import { Problem } from "../../ui/problem";
import { Actions } from "./actions";
import { useBeginnings } from "./beginnings";
import { concernSteps } from "./concernsteps";
import { Course, Said } from "./course";
import { MatterFrame } from "./frame";
import { isReceivers } from "./intakestate";
import { ReadInEmergency } from "./readinemergency";
import { MatterSide, type Linked } from "./side";
import { useConcernSummary } from "./summary";
import { isAsked, saidIn } from "./thread/talk";
import { Tombstone } from "./tombstone";
import { Triaged } from "./triaged";
import { urgencyNow } from "./urgencynow";
import { useMatter } from "./usematter";
import { Withdrawn } from "./withdrawn";

const IntakeCard = lazy(async () => ({ default: (await patiently(() => import("./intake"))).IntakeCard }));

const Thread = lazy(async () => ({ default: (await patiently(() => import("./thread/thread"))).Thread }));

const RecordOnce = lazy(async () => ({ default: (await patiently(() => import("./recordonce"))).RecordOnce }));

// isRecorded reports whether the receiver has something to copy into its own client record.
const isRecorded = ({ contactAttempts, triages, appointments, state, outcome }: Concern) =>
  contactAttempts.length + triages.length + appointments.length > 0 || state === ConcernState.ASSESSED || outcome > 0;

const hasAppointments = ({ appointments, availableActions }: Concern) => appointments.length > 0 && availableActions.length > 0;

// isUntaken reports whether no worker of the receiver has taken a concern. A reporter that does not hear how it
// goes on does not know.
const isUntaken = ({ status, receiver, feedbackConsentedAt }: Concern, agency: string) =>
  (receiver?.agency === agency || feedbackConsentedAt !== undefined)
  && !(status?.responsible?.worker && status.responsible.agency === receiver?.agency);

const linkedOf = (concern: Concern): Linked[] => [
  ...(concern.joinedConcernId ? [{ how: "linkedJoined", subject: `concerns/${concern.joinedConcernId}` }] : []),
  ...concern.joinedConcernIds.map((id) => ({ how: "linkedJoins", subject: `concerns/${id}` })),
  ...(concern.forwardedFromConcernId ? [{ how: "linkedFrom", subject: `concerns/${concern.forwardedFromConcernId}` }] : []),
  ...concern.forwardedToConcernIds.map((id) => ({ how: "linkedTo", subject: `concerns/${id}` })),
  ...(concern.planId ? [{ how: "linkedPlan", subject: `plans/${concern.planId}` }] : []),
  ...(concern.resubmittedAs ? [{ how: "linkedResubmitted", subject: concern.resubmittedAs }] : []),
];

// ConcernMatter shows a concern report.
export function ConcernMatter({ id }: { id: string }) {
  const t = useTexts("matter"), shell = useTexts("shell"), word = useWords(), person = usePerson(), party = usePartyName();
  const summary = useConcernSummary(), fourField = useFourField(), said = useDefinitions(), subject = `concerns/${id}`;
  const { data, error, changed } = useMatter(subject, ConcernService.method.getConcern, { concernId: id });
  const concern = data?.concern, begin = useBeginnings(subject, concern);
  if (error) return <Problem error={error} />;
  if (!concern) return <p className="quiet">{shell("loading")}</p>;
  const topics = concern.topics.map((topic) => word(nameOf(TopicSchema, topic))), notReached = concern.contactAttempts.length;
  return (
    <MatterFrame title={[word("concerns"), topics.join(", ")].filter(Boolean).join(": ")} number={concern.matterNumber}
      summary={summary(concern)} status={concern.status} urgency={urgencyNow(concern)} sender={concern.reporter}
      untaken={isUntaken(concern, person.agency)}
      mistaken={concern.state === ConcernState.ENTERED_IN_ERROR ? <Tombstone revocation={concern.revocation} />
        : <Withdrawn subject={subject} caseId={concern.caseId} />}
      actions={<>
        <ReadInEmergency matter={concern} />
        <Actions matter={concern} naming={{ concernId: id }} etag={concern.etag} service={ConcernService}
          available={concern.availableActions} steps={concernSteps({ own: person.agency, role: actsAs(person) }, said)} changed={changed}
          elsewhere={["ProvideInformation"]} yields={isAsked(concern, person.agency)} more={[begin]} />
      </>}
      thread={!concern.revocation && concern.informationRequests.length + concern.additions.length > 0 && <Suspense>
        <Thread changed={changed} talk={{
          subject, service: ConcernService, naming: { concernId: id }, etag: concern.etag, receiver: concern.receiver,
          hears: Boolean(concern.feedbackConsentedAt), requests: concern.informationRequests, additions: concern.additions,
          available: concern.availableActions, contacts: data.contacts,
        }} />
      </Suspense>}
      said={!concern.revocation && concern.description && <Said said={concern.description} label="description" />}
      side={<MatterSide subject={subject} caseId={concern.caseId} clientId={concern.clientId} language={concern.clientLanguage}
        interpreter={concern.clientInterpreter}
        contacts={data.contacts} actions={concern.availableActions} status={concern.status} basis={concern.basis}
        attachments={[...concern.attachments, ...concern.outcomeAttachments]}
        linked={linkedOf(concern)} read={() => createClient(ConcernService, transport).getClient({ concernId: id })}>
        <dt>{t("from")}</dt><dd dir="auto">{party(concern.reporter)}</dd>
        <dt>{t("to")}</dt><dd dir="auto">{party(concern.receiver)}</dd>
        {!concern.revocation && <>
          <dt>{t("hearsBack")}</dt>
          <dd data-hears-back>
            {concern.feedbackConsentedAt ? t("hearsBackYes", { date: day(dateOf(concern.feedbackConsentedAt)!) }) : t("hearsBackNo")}
          </dd>
        </>}
        <Triaged matter={concern} />
        {concern.statutoryGroups.length > 0 && <>
          <dt>{t("groupsOf")}</dt>
          {concern.statutoryGroups.map((group) => <dd key={group} dir="auto">{word(nameOf(StatutoryGroupSchema, group))}</dd>)}
        </>}
        {concern.supportNeed > 0 && (
          <><dt>{t("supportNeed")}</dt><dd dir="auto">{said.need(nameOf(SupportNeedSchema, concern.supportNeed))}</dd></>
        )}
        {cellOf(concern.fourField) && <><dt>{t("fourField")}</dt><dd dir="auto">{fourField(concern.fourField)}</dd></>}
        {concern.track > 0 && <><dt>{t("track")}</dt><dd dir="auto">{word(nameOf(TrackSchema, concern.track))}</dd></>}
        {concern.earlierConcerns > 0 && (
          <><dt>{t("earlier")}</dt><dd dir="auto">{t("earlierCount", { count: concern.earlierConcerns })}</dd></>
        )}
        {concern.clientWill > 0 && concern.clientWill !== ClientWill.NOT_ASKED && (
          <><dt>{t("clientWillOf")}</dt><dd dir="auto">{word(nameOf(ClientWillSchema, concern.clientWill))}</dd></>
        )}
        {concern.secondWorker && <><dt>{t("secondWorker")}</dt><dd dir="auto">{party(concern.secondWorker)}</dd></>}
        {concern.appointments.length > 0 && <>
          <dt>{t("appointments")}</dt>
          {concern.appointments.map(({ appointmentId, at, place, result }) => (
            <dd key={appointmentId} dir="auto" data-appointed>
              {[limit(dateOf(at)!), place].filter(Boolean).join(", ")}{result > 0 && `: ${word(nameOf(AppointmentResultSchema, result))}`}
            </dd>
          ))}
        </>}
        {notReached > 0 && <><dt>{t("attempts")}</dt><dd dir="auto">{notReached}</dd></>}
      </MatterSide>}>
      {(isReceivers(concern) || hasAppointments(concern)) && <Suspense><IntakeCard concern={concern} changed={changed} /></Suspense>}
      {!concern.revocation && concern.receiver?.agency === person.agency && isRecorded(concern) && (
        <Suspense><RecordOnce concern={concern} /></Suspense>
      )}
      {!concern.revocation && <Course subject={subject} caseId={concern.caseId} said={[concern.description, ...saidIn(concern)]}
        ended={concern.outcome ? word(nameOf(OutcomeSchema, concern.outcome)) : ""} endedSaid={concern.feedback} />}
    </MatterFrame>
  );
}
