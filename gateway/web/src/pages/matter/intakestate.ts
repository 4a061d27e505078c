import { ConcernState, type Concern } from "koppi-contract/koppi/concern/v1/state_pb";

const states = [ConcernState.SUBMITTED, ConcernState.RECEIVED, ConcernState.TRIAGED];

// isIntake reports whether the caller, as its receiver, has yet to take a concern: the intake card holds
// its first steps.
export const isIntake = ({ state, availableActions }: Concern) =>
  states.includes(state) && ["ReceiveConcern", "RecordContactAttempt"].some((step) => availableActions.includes(step));
