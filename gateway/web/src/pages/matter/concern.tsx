import { ConcernService } from "#gen/koppi/concern/v1/concern_pb";
import { TopicSchema } from "#gen/koppi/concern/v1/state_pb";
import { useTexts, useWords } from "../../app/language";
import { nameOf } from "../../ui/names";
import { Problem } from "../../ui/problem";
import { Actions } from "./actions";
import { concernSteps } from "./concernsteps";
import { MatterFrame } from "./frame";
import { useMatter } from "./usematter";

// ConcernMatter is a concern report.
export function ConcernMatter({ id }: { id: string }) {
  const shell = useTexts("shell"), word = useWords();
  const { data, error, changed } = useMatter(`concerns/${id}`, ConcernService.method.getConcern, { concernId: id });
  const concern = data?.concern;
  if (error) return <Problem error={error} />;
  if (!concern) return <p className="quiet">{shell("loading")}</p>;
  const topics = concern.topics.map((topic) => word(nameOf(TopicSchema, topic)));
  return (
    <MatterFrame title={[word("concerns"), topics.join(", ")].filter(Boolean).join(": ")} standing="" status={concern.status} urgency={concern.triagedUrgency || concern.urgency}
      actions={<Actions matter={concern} naming={{ concernId: id }} etag={concern.etag} service={ConcernService} available={concern.availableActions} steps={concernSteps} changed={changed} />} side={null}>
      {concern.description && <blockquote>{concern.description}</blockquote>}
    </MatterFrame>
  );
}
