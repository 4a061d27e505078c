import type { Concern } from "#gen/koppi/concern/v1/state_pb";
import { OutcomeSchema } from "#gen/koppi/concern/v1/state_pb";
import { enumFromJson } from "@bufbuild/protobuf";

import { text, type Values } from "../../ui/form/fields";
import type { Steps } from "./actions";

// What each step of a concern report asks for.
export const concernSteps: Steps<Concern> = {
  CloseConcern: {
    fields: () => [{ kind: "choice", name: "outcome", label: "outcome", schema: OutcomeSchema, required: true }, { kind: "area", name: "feedback", label: "feedback" }],
    make: (values: Values) => ({ outcome: text(values, "outcome") ? enumFromJson(OutcomeSchema, text(values, "outcome") as never) : 0, feedback: text(values, "feedback") }),
  },
};
