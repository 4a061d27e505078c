import type { DescMessage, DescMethodUnary, MessageInitShape } from "@bufbuild/protobuf";
import { callUnaryMethod } from "@connectrpc/connect-query-core";

import { AnswerCode } from "koppi-contract/koppi/common/v1/answer_code_pb";
import { useTexts, useWords } from "../../../app/language";
import { transport } from "../../../app/transport";
import { text, type Field, type Values } from "../../../ui/form/fields";
import { StepButton } from "../../../ui/form/step";
import { usePapers } from "../../../ui/papers";
import { CardForm } from "../cardform";
import { missingOf, othersField, paperFields, uploadedIds } from "./steps";
import type { Request, Talk } from "./talk";

interface Props {
  talk: Talk;
  request: Request;
  // Called with the server's answer, and the key of what the page says then.
  done: (answer: unknown, key: string) => void;
}

// useAnswer returns the method that answers a request, and what every answer has.
function useAnswer({ talk, request, done }: Props, key = "sentAnswer") {
  const method = talk.service.methods.find(({ name }) => name === "ProvideInformation") as DescMethodUnary<DescMessage, DescMessage>;
  return {
    schema: method.input,
    make: (requestId: string, rest: Record<string, unknown>) => ({
      requestId, ...talk.naming, etag: talk.etag, informationRequestId: request.informationRequestId, ...rest,
    }) as MessageInitShape<DescMessage>,
    send: async (message: MessageInitShape<DescMessage>) => done(await callUnaryMethod(transport, method, message), key),
  };
}

const answerFields = (papers: string[]) => (values: Values): Field[] => [
  ...paperFields(papers),
  {
    kind: "area", name: "answer", label: "thread:answer", required: uploadedIds(papers, values).length === 0,
    missing: "thread:missingAnswer", of: ["information_request_id"],
  },
  othersField,
];

// AnswerForm answers a request with words and documents, one upload place for each kind that was asked for.
export function AnswerForm({ primary, ...props }: Props & { primary: boolean }) {
  const t = useTexts("thread"), word = useWords(), { schema, make, send } = useAnswer(props);
  const { informationRequestId, papers } = props.request;
  return (
    <CardForm name="answer" label={word("ProvideInformation")} draft={`ProvideInformation ${informationRequestId}`} schema={schema}
      fields={answerFields(papers)} send={send} saved={() => undefined} primary={primary} saveLabel={t("sendAnswer")}
      make={(values, requestId) => make(requestId, { answer: text(values, "answer"), attachmentIds: uploadedIds(papers, values) })}
      hint={({ draft }) => <StillMissing papers={missingOf(papers, draft)} some={missingOf(papers, draft).length < papers.length} />} />
  );
}

// StillMissing says, once some documents are there, which are not.
function StillMissing({ papers, some }: { papers: string[]; some: boolean }) {
  const t = useTexts("thread"), { names } = usePapers();
  if (!papers.length || !some) return null;
  return <span data-still-missing>{t("stillMissing", { papers: names(papers) })}</span>;
}

// CallUs answers that the asking side should call.
export function CallUs(props: Props) {
  const t = useTexts("thread"), { schema, make, send } = useAnswer(props);
  return <StepButton name="CallUs" of={props.request.informationRequestId} label={t("callUs")} title={t("callUsTitle")} keep={false}
    texts="thread" schema={schema} fields={[]} sure={t("callUsSure")} send={send} done={() => undefined}
    make={(_, requestId) => make(requestId, { code: AnswerCode.CALL_US })} />;
}

// NoLongerNeeded ends the own side's request.
export function NoLongerNeeded(props: Props) {
  const t = useTexts("thread"), { schema, make, send } = useAnswer(props, "sentUnneeded");
  return <StepButton name="NoLongerNeeded" of={props.request.informationRequestId} label={t("noLongerNeeded")} keep={false} texts="thread"
    schema={schema} fields={[]} sure={t("noLongerNeededSure")} send={send} done={() => undefined} quiet
    make={(_, requestId) => make(requestId, { code: AnswerCode.NO_LONGER_NEEDED })} />;
}
