import { ListWishesRequestSchema } from "koppi-contract/koppi/consent/v1/consent_pb";
import { useTexts } from "../../app/language";
import { refusedOf } from "../../app/refusal";
import { text, type Field } from "../../ui/form/fields";
import { StepForm } from "../../ui/form/stepform";
import { shortId } from "../../ui/names";
import { clientCalled, type Sought } from "./read";

interface Props { id?: string; found: (sought: Sought) => void }

// Ask asks for the purpose of the search, and for the client if the address does not name one.
export function Ask({ id, found }: Props) {
  const t = useTexts("client");
  const fields: Field[] = [
    { kind: "note", name: "about", label: "search", text: id ? "aboutPurpose" : "aboutSearch" },
    { kind: "line", name: "purpose", label: "purpose", hint: "purposeHint", required: true },
    ...(id ? []
      : [{ kind: "line", name: "client", label: "clientId", hint: "clientIdHint", required: true, of: ["client_id"] } satisfies Field]),
  ];
  return (
    <div className="client-page asking">
      <StepForm draft={`client-${id ?? ""}`} texts="client" heading="h1" title={id ? t("client", { id: shortId(id) }) : t("search")}
        schema={ListWishesRequestSchema} fields={fields} sendLabel={t("seek")}
        make={(values) => ({ clientId: id ?? text(values, "client").replace(/^…/, ""), purpose: text(values, "purpose") })}
        send={async ({ clientId, purpose }) => {
          const client = id ?? await clientCalled(clientId);
          if (!client) throw refusedOf("UNKNOWN_CLIENT");
          found({ clientId: client, purpose });
        }}
        done={() => {}} />
    </div>
  );
}
