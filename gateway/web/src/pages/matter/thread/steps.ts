import { createElement } from "react";

import { Urgency, UrgencySchema } from "koppi-contract/koppi/common/v1/party_pb";
import { TopicSchema } from "koppi-contract/koppi/concern/v1/state_pb";
import { lastNow } from "../../../app/clock";
import { addTexts } from "../../../app/language";
import texts from "../../../texts/thread.json";
import { dayKey } from "../../../ui/dates";
import { isDay } from "../../../ui/form/days";
import { attachmentIds, list, text, type Field, type Values } from "../../../ui/form/fields";
import { endOfDay } from "../../../ui/form/times";
import { nameOf } from "../../../ui/names";
import { workingDayAfter } from "../../../ui/workingdays";
import type { Step } from "../actions";
import { enumOf } from "../steps";
import { Papers } from "./papers";

addTexts("thread", texts);

// Speech is what a step of a thread depends on.
export interface Speech {
  // The caller's agency is the receiver.
  receives: boolean;
  // The sender hears how the matter goes on.
  hears: boolean;
  urgency: Urgency;
  // What the receiver means by the name of an urgency.
  meaning: (name: string) => string;
  // The matter's ground lets the caller write, and send documents.
  words: boolean;
  // Names of the topics that the caller can add; a concern's reporter alone has some.
  topics?: string[];
}

const oneDay = 86_400_000, longest = 30;
// The time to answer, in working days, by the urgency that the sender sees.
const answerDays = (urgency: Urgency) => (urgency === Urgency.URGENT ? 1 : 3);

const today = () => { const now = lastNow(); return now === undefined ? undefined : dayKey(new Date(now)); };
const lastDay = (from: string) => new Date(Date.parse(from) + longest * oneDay).toISOString().slice(0, 10);

function verifyDue(value: string): string | undefined {
  const from = today();
  if (!from || !isDay(value)) return undefined;
  return value < from ? "thread:duePassed" : value > lastDay(from) ? "thread:dueTooFar" : undefined;
}

function dueField(urgency: Urgency): Field {
  if (urgency === Urgency.EMERGENCY) return { kind: "note", name: "due", label: "", text: "thread:dueEmergency" };
  const from = today();
  return {
    kind: "day", name: "due", label: "thread:answerBy", of: ["due_at"],
    hint: urgency === Urgency.URGENT ? "thread:dueUrgent" : "thread:answerByHint", from, until: from && lastDay(from), verify: verifyDue,
  };
}

// paperFields are an upload place for each of these kinds of documents.
export const paperFields = (papers: string[]): Field[] =>
  papers.map((paper) => ({ kind: "attachments", name: paperName(paper), label: "", paper, of: ["attachment_ids"] }));
const paperName = (paper: string) => `paper-${paper}`;

export const othersField: Field = { kind: "attachments", name: "attachments", label: "thread:otherDocuments", of: ["attachment_ids"] };

// uploadedIds are the ids of all documents of a form that asks for these kinds; missingOf the kinds without any.
export const uploadedIds = (papers: string[], values: Values) =>
  [...papers.map(paperName), "attachments"].flatMap((name) => attachmentIds(values, name));
export const missingOf = (papers: string[], values: Values) =>
  papers.filter((paper) => attachmentIds(values, paperName(paper)).length === 0);

// requestInformation asks the other side for what is missing: in words, or for documents.
export const requestInformation = <M,>(of: (matter: M) => Speech): Step<M> => ({
  fields: (matter, values) => {
    const { receives, hears, urgency } = of(matter);
    return [
      ...(receives && !hears ? [{ kind: "note", name: "silent", label: "", text: "thread:silentAsk" } satisfies Field] : []),
      {
        kind: "area", name: "question", label: "thread:question", hint: "thread:questionHint",
        required: list(values, "papers").length === 0, missing: "thread:missingQuestion",
      },
      {
        kind: "drawn", name: "papers", label: "thread:papersAsked",
        draw: (drawn) => createElement(Papers, { ...drawn, asks: true }),
      },
      dueField(urgency),
    ];
  },
  initial: (matter) => {
    const { urgency } = of(matter), from = today();
    return { due: (urgency !== Urgency.EMERGENCY && from && workingDayAfter(from, answerDays(urgency))) || "" };
  },
  make: (values, matter) => ({
    question: text(values, "question"), papers: list(values, "papers"),
    dueAt: of(matter).urgency === Urgency.EMERGENCY ? undefined : endOfDay(text(values, "due")),
  }),
  second: true,
});

const same = "same";

// addInformation adds what one side learned later: what the matter's ground lets it say.
export const addInformation = <M,>(of: (matter: M) => Speech): Step<M> => ({
  fields: (matter, values) => {
    const { receives, urgency, meaning, words, topics = [] } = of(matter), papers = list(values, "papers");
    const urgent = enumOf(UrgencySchema, values, "urgency"), more = receives ? [] : moreUrgent(urgency);
    const says = urgent > 0 || list(values, "topics").length > 0 || uploadedIds(papers, values).length > 0;
    const spoken: Field[] = words ? [
      { kind: "area", name: "text", label: "thread:added", required: !says, missing: "thread:missingAddition" },
      { kind: "drawn", name: "papers", label: "", draw: (drawn) => createElement(Papers, drawn) },
      ...paperFields(papers),
      othersField,
    ] : [{ kind: "note", name: "noWords", label: "", text: "thread:noWords" }];
    return [
      ...spoken,
      ...(topics.length ? [{
        kind: "choices", name: "topics", label: "thread:topicsAdded", schema: TopicSchema, only: topics, search: "matter:searchTopics",
        required: !words && urgent === 0, missing: "thread:missingTopics",
      } satisfies Field] : []),
      ...(more.length ? [
        {
          kind: "options", name: "urgency", label: "thread:urgencyMore", options: [
            { value: same, label: "thread:urgencySame" },
            ...more.map((one) => nameOf(UrgencySchema, one))
              .map((name) => ({ value: name, label: `words:${name}`, readyHint: meaning(name) })),
          ], required: true,
        },
        { kind: "note", name: "alarm", label: "", text: "thread:alarm", when: () => urgent === Urgency.EMERGENCY },
      ] satisfies Field[] : []),
    ];
  },
  initial: () => ({ urgency: same }),
  make: (values, matter) => {
    const { words, topics } = of(matter), papers = list(values, "papers");
    return {
      urgency: enumOf(UrgencySchema, values, "urgency"),
      ...(words ? { text: text(values, "text"), attachmentIds: uploadedIds(papers, values) } : {}),
      ...(topics?.length ? { topics: list(values, "topics").map((topic) => enumOf(TopicSchema, { topic }, "topic")) } : {}),
    };
  },
  second: true,
});

const moreUrgent = (urgency: Urgency) => [Urgency.URGENT, Urgency.EMERGENCY].filter((one) => one < urgency);
