import { useContext, useEffect } from "react";

import { StepPlace } from "../stepplace";

// AskFirst opens the question to the sender instead of the step whose form it is in, once the value that
// shows it is reset.
export function AskFirst({ reset }: { reset: () => void }) {
  const { choose } = useContext(StepPlace);
  useEffect(() => {
    reset();
    return () => choose("RequestInformation", "thread:askFirst");
  }, []);
  return null;
}
