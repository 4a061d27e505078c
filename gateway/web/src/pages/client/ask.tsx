import { createClient } from "@connectrpc/connect";
import { Link } from "@tanstack/react-router";
import { useState } from "react";
import { InlineAlert } from "suomifi-ui-components";

import { CaseworkService, FindClientRequestSchema } from "koppi-contract/koppi/casework/v1/casework_pb";
import { ListWishesRequestSchema } from "koppi-contract/koppi/consent/v1/consent_pb";
import { useNow } from "../../app/clock";
import { useTexts } from "../../app/language";
import { transport } from "../../app/transport";
import { dayKey } from "../../ui/dates";
import { text, type Field, type Values } from "../../ui/form/fields";
import { isIdentityCode } from "../../ui/form/identitycode";
import { StepForm } from "../../ui/form/stepform";
import { shortId } from "../../ui/names";
import { Emergency } from "./emergency";
import type { Sought } from "./read";

interface Props { id?: string; found: (sought: Sought) => void }

// The usual reasons of a search, and the one that the worker writes.
const reasons = ["rang", "came", "asked", "other"] as const;

// whyFields ask why the worker looks for the client: it is recorded.
const whyFields: Field[] = [
  {
    kind: "options", name: "why", label: "why", required: true, missing: "missingWhy",
    options: reasons.map((one) => ({ value: one, label: `why_${one}` })),
  },
  { kind: "line", name: "purpose", label: "purpose", hint: "purposeHint", required: true, when: ({ why }) => why === "other" },
];

// Ask asks for the purpose of the search, and for the client if the address does not name one.
export function Ask({ id, found }: Props) {
  const t = useTexts("client");
  if (!id) return <Find found={found} />;
  return (
    <div className="client-page asking">
      <StepForm draft={`client-${id}`} texts="client" heading="h1" title={t("client", { id: shortId(id) })} schema={ListWishesRequestSchema}
        fields={[
          { kind: "note", name: "about", label: "search", text: "aboutPurpose" },
          { kind: "line", name: "purpose", label: "purpose", hint: "purposeHint", required: true },
        ]}
        sendLabel={t("seek")} make={(values) => ({ clientId: id, purpose: text(values, "purpose") })}
        send={({ clientId, purpose }) => { found({ clientId, purpose }); return Promise.resolve(); }} done={() => {}} />
    </div>
  );
}

// Find finds a client who rings or comes in, by identity code. The code is in no address and no draft: a search
// without an answer keeps it in memory, for an emergency reading.
function Find({ found }: Pick<Props, "found">) {
  const t = useTexts("client"), now = useNow(), [nobody, tell] = useState(""), [urgent, hurry] = useState(false);
  const purposeOf = (values: Values) =>
    (values.why === "other" ? text(values, "purpose") : values.why ? t(`why_${text(values, "why")}`) : "");
  if (urgent) {
    return (
      <div className="client-page asking">
        <Emergency code={nobody} found={found} cancel={() => { hurry(false); tell(""); }} />
      </div>
    );
  }
  return (
    <div className="client-page asking">
      <StepForm texts="client" heading="h1" title={t("search")} schema={FindClientRequestSchema} sendLabel={t("seek")}
        fields={[
          { kind: "note", name: "about", label: "search", text: "aboutSearch" },
          {
            kind: "line", name: "code", label: "code", required: true, missing: "missingCode", malformed: "codeForm",
            of: ["personal_identity_code"], verify: (value) => (isIdentityCode(value, dayKey(now)) ? undefined : "codeForm"),
          },
          ...whyFields,
        ]}
        make={(values) => ({ personalIdentityCode: text(values, "code").toUpperCase(), purpose: purposeOf(values) })}
        send={async (request) => {
          tell("");
          const { clientId } = await createClient(CaseworkService, transport).findClient(request);
          if (clientId) found({ clientId, purpose: request.purpose });
          else tell(request.personalIdentityCode);
        }}
        done={() => {}} />
      <div role="status" data-nobody={nobody ? "" : undefined}>
        {nobody && (
          <InlineAlert labelText={t("nobody")}>
            <p>{t("nobodyThen")}</p>
            <div className="buttons">
              <Link to="/new/$what" params={{ what: "concern" }} search={{}} className="button" data-begin="concern">
                {t("begin_concern")}
              </Link>
              <button type="button" className="button" data-emergency onClick={() => hurry(true)}>{t("emergency")}</button>
            </div>
          </InlineAlert>
        )}
      </div>
    </div>
  );
}
