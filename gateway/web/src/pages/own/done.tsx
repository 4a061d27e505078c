import { useQueryClient } from "@tanstack/react-query";
import { useEffect, useRef, useState } from "react";

import { useTexts } from "../../app/language";

// useDone returns the place that says what a decision of the client led to, and the function that says
// it there. The result is announced, and takes the focus.
export function useDone() {
  const t = useTexts("own"), queries = useQueryClient();
  const [said, say] = useState({ key: "", times: 0 }), place = useRef<HTMLParagraphElement>(null);
  useEffect(() => { if (said.key) place.current?.focus(); }, [said]);
  const done = (key: string) => {
    say(({ times }) => ({ key, times: times + 1 }));
    // The change may have ended matters.
    void queries.invalidateQueries();
  };
  return [<p key="done" className="done" tabIndex={-1} ref={place} role="status" data-done>{said.key && t(said.key)}</p>, done] as const;
}
