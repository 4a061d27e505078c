import { list, text, type Field, type Values } from "../../ui/form/fields";
import { AskMore } from "./askmore";

// The topics of which two things are asked; what is answered becomes part of the description.
const asked = [
  "TOPIC_RENT_ARREARS", "TOPIC_EVICTION_THREAT", "TOPIC_HOMELESSNESS", "TOPIC_ELECTRICITY_CUT", "TOPIC_OVERINDEBTEDNESS", "TOPIC_GAMBLING",
  "TOPIC_SUBSTANCE_USE", "TOPIC_MENTAL_HEALTH", "TOPIC_SOMATIC_HEALTH", "TOPIC_INABILITY_TO_MANAGE_AFFAIRS", "TOPIC_SELF_NEGLECT",
  "TOPIC_VIOLENCE_OR_THREAT", "TOPIC_CHILD_IN_FAMILY", "TOPIC_CLIENT_NOT_REACHED",
];
const numbers = [1, 2];
const told = ["reach", "tried", "wish"];

const chosen = (values: Values) => asked.filter((topic) => list(values, "topics").includes(topic));
const nameOf = (topic: string, number: number) => `${topic}-${number}`;

const shown = (values: Values) => values.more === true || told.some((name) => text(values, name));

// promptFields ask of each chosen topic two things, and how to reach the client, what was tried and what the
// client wishes, once that is unfolded. Nothing waits for an answer.
export const promptFields = (values: Values): Field[] => [
  ...chosen(values).flatMap((topic) => numbers.map((number): Field => (
    { kind: "line", name: nameOf(topic, number), label: `ask_${topic}_${number}`, of: ["description"], aside: true }
  ))),
  {
    kind: "drawn", name: "more", label: "", when: (given) => !shown(given),
    draw: ({ change }) => <AskMore unfold={() => change(true)} />,
  },
  ...told.map((name): Field => ({ kind: "line", name, label: `told_${name}`, of: ["description"], aside: true, when: shown })),
];

// describedBy is the description with what was answered, each under its heading.
export function describedBy(values: Values, t: (key: string) => string): string {
  const answered = [
    ...chosen(values).flatMap((topic) => numbers.map((number) => [t(`ask_${topic}_${number}`), text(values, nameOf(topic, number))])),
    ...told.map((name) => [t(`told_${name}`), text(values, name)]),
  ].filter(([, answer]) => answer).map(([heading, answer]) => `${heading}: ${answer}`);
  return [text(values, "description"), answered.join("\n")].filter(Boolean).join("\n\n");
}

// hasAnswered reports whether any of it was answered.
export const hasAnswered = (values: Values) =>
  [...told, ...chosen(values).flatMap((topic) => numbers.map((number) => nameOf(topic, number)))].some((name) => text(values, name));
