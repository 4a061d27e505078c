import { createClient } from "@connectrpc/connect";
import { useContext, useEffect, useRef, useState, type ReactNode } from "react";
import { Button, Expander, ExpanderContent, ExpanderTitleButton } from "suomifi-ui-components";

import {
  ConcernService, ReassignConcernRequestSchema, RecordContactAttemptRequestSchema, TriageConcernRequestSchema,
} from "koppi-contract/koppi/concern/v1/concern_pb";
import { UrgencySchema } from "koppi-contract/koppi/common/v1/party_pb";
import { ConcernState, ContactResultSchema, Topic, type Concern } from "koppi-contract/koppi/concern/v1/state_pb";
import { dateOf } from "../../app/clock";
import { useTexts, useWords } from "../../app/language";
import { usePerson } from "../../app/session";
import { transport } from "../../app/transport";
import { limit } from "../../ui/dates";
import { useDefinitions } from "../../ui/definitions";
import { text, type Field, type Values } from "../../ui/form/fields";
import { nameOf } from "../../ui/names";
import { AppointmentCards } from "./appointmentcards";
import { awaited } from "./appointments";
import { CardForm } from "./cardform";
import { contactDetails, contactFields, contactOf } from "./contactfields";
import { isIntake } from "./intakestate";
import { Ladder } from "./ladder";
import { StepPlace } from "./stepplace";
import { isHeld, partyOf, reasonField } from "./steps";
import { judgedUrgencyFields, loweredReasonField, needFields, trackField, triageBefore, triageOf } from "./triagefields";
import "./intake.css";

const parts = ["contact", "triage", "pass"] as const;
type Part = (typeof parts)[number];

// nextOf is the part that the concern awaits: contact, then judgement, then who handles it.
const nextOf = ({ contactAttempts, triages, repeatedUnreached }: Concern): Part =>
  (contactAttempts.length === 0 || repeatedUnreached ? "contact" : triages.length === 0 ? "triage" : "pass");

// firstOpen is the part that is open at first. Who has taken a concern and reached the client has the work
// itself before it, and opens the judgement by a click.
const firstOpen = (concern: Concern) => {
  const next = nextOf(concern);
  return concern.state === ConcernState.TAKEN && next !== "contact" ? undefined : next;
};

const concerns = createClient(ConcernService, transport);

interface Props { concern: Concern; changed: (answer?: unknown) => void }

// IntakeCard is what a receiver does first with a concern, each part saved alone: contact, triage, passing on.
export function IntakeCard({ concern, changed }: Props) {
  const t = useTexts("intake"), matter = useTexts("matter"), word = useWords(), { chosen } = useContext(StepPlace);
  const [open, setOpen] = useState<Part | undefined>(() => firstOpen(concern)), [saved, setSaved] = useState<{ step: string }>();
  const said = useRef<HTMLParagraphElement>(null);
  useEffect(() => { if (saved) said.current?.focus(); }, [saved]);
  const done = (part: Part) => (step: string) => {
    setSaved({ step });
    // What comes next opens; it is the next part once the one before is saved.
    setOpen(parts[parts.indexOf(part) + 1]);
  };
  // A part that was saved says in its title what it came to.
  const saidOf = (part: Part) => {
    const result = concern.contactAttempts.at(-1)?.result, { triagedUrgency, triages } = concern;
    if (part === "contact" && result) return word(nameOf(ContactResultSchema, result));
    return part === "triage" && triages.length > 0 && triagedUrgency ? word(nameOf(UrgencySchema, triagedUrgency)) : "";
  };
  const intake = isIntake(concern), cards = concern.availableActions.includes("RecordAppointmentResult") && awaited(concern).length > 0;
  // One form at a time.
  if (chosen || !intake && !cards && !saved) return null;
  return (
    <section className="intake" aria-label={t("intake")} data-intake>
      {saved && <p ref={said} tabIndex={-1} className="taken" data-saved={saved.step}>
        <span aria-hidden="true" className="shape">✓</span>{matter(`done_${saved.step}`)}
      </p>}
      {cards && <AppointmentCards concern={concern} changed={changed} saved={(step) => setSaved({ step })} />}
      {intake && parts.filter((part) => part !== "pass" || concern.state !== ConcernState.TAKEN).map((part) => (
        <PartOf key={part} part={part} open={open === part} said={saidOf(part)} toggle={() => setOpen(open === part ? undefined : part)}>
          {part === "contact" && <ContactPart concern={concern} changed={changed} saved={done(part)} />}
          {part === "triage" && <TriagePart key={concern.triages.length} concern={concern} changed={changed} saved={done(part)} />}
          {part === "pass" && <PassPart concern={concern} changed={changed} saved={done(part)} />}
        </PartOf>
      ))}
    </section>
  );
}

interface PartOfProps { part: Part; open: boolean; said: string; toggle: () => void; children: ReactNode }

function PartOf({ part, open, said, toggle, children }: PartOfProps) {
  const t = useTexts("intake");
  return (
    <Expander id={`intake-${part}`} open={open} onOpenChange={toggle} className="intake-part">
      <ExpanderTitleButton asHeading="h3" data-part={part}>
        {t(`part_${part}`)}{said && <span className="quiet"> · {said}</span>}
      </ExpanderTitleButton>
      <ExpanderContent>{open && children}</ExpanderContent>
    </Expander>
  );
}

interface PartProps extends Props { saved: (step: string) => void }

// useReceived returns a function that takes a step, and first receives a concern that nobody has received.
function useReceived({ concern, changed }: Props) {
  const receiveId = useRef(crypto.randomUUID());
  return async (step: (etag: string) => Promise<unknown>) => {
    try {
      const { concernId, state } = concern, requestId = receiveId.current;
      const now = state === ConcernState.SUBMITTED ? (await concerns.receiveConcern({ requestId, concernId })).concern : concern;
      await step(now?.etag ?? "");
    } finally {
      changed();
    }
  };
}

const draftOf = (part: Part, { concernId }: Concern) => `intake-${part} ${concernId}`;
const requestOf = ({ concernId, etag }: Concern, requestId: string) => ({ requestId, concernId, etag });

function ContactPart({ concern, changed, saved }: PartProps) {
  const t = useTexts("intake"), word = useWords(), received = useReceived({ concern, changed });
  const last = concern.contactAttempts.at(-1), at = dateOf(last?.at);
  const more: Field = {
    kind: "drawn", name: "more", label: "", when: (values) => values.more !== true,
    draw: ({ change }) => <Button type="button" variant="secondaryNoBorder" onClick={() => change(true)} data-contact-more>
      {t("contactMore")}
    </Button>,
  };
  // At first the result alone is asked for.
  const asked = contactFields.map((field): Field => (field.name !== "next" ? field
    : { ...field, hint: undefined, when: (values) => text(values, "result") !== "" }));
  const details = contactDetails.map((field): Field => ({ ...field, when: ({ more: shown }) => shown === true }));
  return (
    <CardForm name="contact" label={t("part_contact")} draft={draftOf("contact", concern)} schema={RecordContactAttemptRequestSchema}
      fields={() => [...asked, more, ...details]}
      make={(values, requestId) => ({ ...requestOf(concern, requestId), ...contactOf(values) })}
      send={(request) => received((etag) => concerns.recordContactAttempt({ ...request, etag }))}
      saved={() => saved("RecordContactAttempt")} saveLabel={t("save")}
      hint={concern.state === ConcernState.SUBMITTED && t("saveReceives")}
      before={(form) => <>
        {at && <p className="quiet">{t("lastContact", { when: limit(at), what: word(nameOf(ContactResultSchema, last!.result)) })}</p>}
        {concern.repeatedUnreached && <Ladder concern={concern} chosen={text(form.draft, "nextMode")}
          choose={(mode) => form.set("nextMode", mode)} />}
      </>} />
  );
}

function TriagePart({ concern, changed, saved }: PartProps) {
  const t = useTexts("intake"), { agency } = usePerson(), received = useReceived({ concern, changed }), said = useDefinitions();
  const urgency = judgedUrgencyFields(concern, said, agency).filter(({ name }) => name !== "urgencyNow");
  const child: Field = {
    kind: "note", name: "child", label: "", text: "childNote", when: () => concern.topics.includes(Topic.CHILD_IN_FAMILY),
  };
  return (
    <CardForm name="triage" label={t("part_triage")} draft={draftOf("triage", concern)} schema={TriageConcernRequestSchema}
      fields={() => [...urgency, loweredReasonField(concern, agency), child, ...needFields(said, false), trackField]}
      initial={triageBefore(concern)}
      make={(values, requestId) => ({ ...requestOf(concern, requestId), ...triageOf(values) })}
      send={(request) => received((etag) => concerns.triageConcern({ ...request, etag }))}
      saved={() => saved("TriageConcern")} saveLabel={t("save")} />
  );
}

function PassPart({ concern, changed, saved }: PartProps) {
  const t = useTexts("intake"), { agency } = usePerson(), received = useReceived({ concern, changed });
  const fields: Field[] = [
    { kind: "receiver", name: "to", label: "reassignTo", within: agency, worker: true, required: true },
    ...(isHeld(concern, agency) ? [{ ...reasonField, hint: "reasonHeld" }] : []),
  ];
  return (
    <CardForm name="pass" label={t("part_pass")} draft={draftOf("pass", concern)} schema={ReassignConcernRequestSchema}
      fields={() => fields} saveLabel={t("passOn")} hint={t("passHint")}
      make={(values: Values, requestId) => ({
        ...requestOf(concern, requestId), to: partyOf(values, "to"), reason: text(values, "reason"),
      })}
      send={(request) => received((etag) => concerns.reassignConcern({ ...request, etag }))}
      saved={() => saved("ReassignConcern")} />
  );
}
