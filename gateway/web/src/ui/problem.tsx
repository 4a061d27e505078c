import { useEffect, useRef } from "react";
import { useTranslation } from "react-i18next";
import { InlineAlert } from "suomifi-ui-components";

import { refusalOf } from "../app/refusal";

interface Props { error: unknown; focus?: boolean; path?: string }

// Problem shows why a request was refused, in the reader's language if the reason has a text, and
// takes the focus, so that it is read first. The reason's code and the path of a field that the page
// does not have are attributes, for tests and support.
export function Problem({ error, focus = true, path }: Props) {
  const { t, i18n } = useTranslation("refusals");
  const place = useRef<HTMLDivElement>(null);
  useEffect(() => { if (error && focus) place.current?.focus(); }, [error, focus]);
  if (!error) return null;
  const { reason, message } = refusalOf(error);
  return (
    <div ref={place} tabIndex={-1} className="problem" data-reason={reason} data-path={path}>
      <InlineAlert status="error" role="alert">
        {i18n.exists(`refusals:${reason}`) ? t(reason) : message}
      </InlineAlert>
    </div>
  );
}
