import type { DescMessage } from "@bufbuild/protobuf";
import { createContext, useContext } from "react";

import { StepButton, type StepProps } from "../../ui/form/step";

// ReadOnly holds while the client is read in an emergency: then no step is offered.
export const ReadOnly = createContext(false);

// Step is a step about a client, by the texts of the client's page.
export function Step<T extends DescMessage>({ ...step }: Omit<StepProps<T>, "texts">) {
  if (useContext(ReadOnly)) return null;
  return <StepButton {...step} texts="client" />;
}
