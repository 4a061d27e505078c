import { ConcernState, type Concern } from "koppi-contract/koppi/concern/v1/state_pb";

const states = [ConcernState.SUBMITTED, ConcernState.RECEIVED, ConcernState.TRIAGED];

// isReceivers reports whether the caller is the receiver who handles a concern.
export const isReceivers = ({ availableActions }: Concern) =>
  ["ReceiveConcern", "RecordContactAttempt"].some((step) => availableActions.includes(step));

// isIntake reports whether the caller, as its receiver, has the first steps of a concern before it: the
// intake card holds them. Who takes a concern first finds them there until it was contacted and judged.
export const isIntake = (concern: Concern) => {
  const { state, contactAttempts, triages } = concern;
  return isReceivers(concern) &&
    (states.includes(state) || state === ConcernState.TAKEN && (contactAttempts.length === 0 || triages.length === 0));
};
