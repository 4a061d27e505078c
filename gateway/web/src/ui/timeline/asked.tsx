import { useEffect, useRef, useState } from "react";
import { Button } from "suomifi-ui-components";

import { useTexts } from "../../app/language";
import { Timeline } from "./timeline";
import type { TimelineOf } from "./usetimeline";

interface Props {
  // The id of its heading.
  id: string;
  of: TimelineOf;
  subject?: string;
  said?: string[];
  heading: "h2" | "h3";
}

// AskedTimeline reads the timeline only on request: each reading is recorded.
export function AskedTimeline({ id, of, subject, said, heading: Heading }: Props) {
  const t = useTexts("timeline"), [open, show] = useState(false), top = useRef<HTMLHeadingElement>(null);
  useEffect(() => { if (open) top.current?.focus(); }, [open]);
  return (
    <section aria-labelledby={id}>
      <Heading id={id} tabIndex={-1} ref={top}>{t("happened")}</Heading>
      {open ? <Timeline of={of} subject={subject} said={said} heading={Heading === "h2" ? "h3" : "h4"} />
        : <Button variant="secondary" onClick={() => show(true)} data-timeline>{t("show")}</Button>}
    </section>
  );
}
