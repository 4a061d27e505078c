import { ClientWillSchema, ContactModeSchema } from "koppi-contract/koppi/concern/v1/intake_pb";
import { ContactResultSchema } from "koppi-contract/koppi/concern/v1/state_pb";
import { text, type Field, type Values } from "../../ui/form/fields";
import { finnish } from "../../ui/form/times";
import { guidanceOf, guidanceWrong } from "./guidance";
import { GuidanceInput } from "./guidanceinput";
import { enumOf } from "./steps";

const isReached = ({ result }: Values) => result === "CONTACT_RESULT_REACHED";
const isUnreached = ({ result }: Values) => result === "CONTACT_RESULT_NOT_REACHED" || result === "CONTACT_RESULT_NO_SHOW";
const wantsNone = ({ result, will }: Values) =>
  result === "CONTACT_RESULT_DECLINED_HELP" || result === "CONTACT_RESULT_REACHED" && will === "CLIENT_WILL_NO";

export const willField: Field = { kind: "choice", name: "will", label: "clientWill", schema: ClientWillSchema, of: ["client_will"] };
export const guidanceField: Field = {
  kind: "drawn", name: "guidedTo", label: "guidedTo", of: ["guided_to"], verify: guidanceWrong,
  draw: (drawn) => <GuidanceInput {...drawn} />,
};
export const noteField: Field = { kind: "area", name: "note", label: "ownNote", hint: "ownNoteHint" };

// contactFields ask how the contact went, whether the client wants help, and when the next attempt is.
export const contactFields: Field[] = [
  { kind: "choice", name: "result", label: "contactResult", schema: ContactResultSchema, required: true },
  { ...willField, when: isReached },
  { kind: "note", name: "willNo", label: "", text: "willNo", when: wantsNone },
  { kind: "moment", name: "next", label: "nextAttempt", hint: "nextAttemptHint", of: ["next_attempt_at"] },
  {
    kind: "choice", name: "nextMode", label: "nextMode", schema: ContactModeSchema, of: ["next_mode"],
    when: (values) => isUnreached(values) || text(values, "next") !== "" || text(values, "nextMode") !== "",
  },
];

// contactDetails ask for what can be left out: how, a note of the own agency, and guidance.
export const contactDetails: Field[] = [
  { kind: "choice", name: "mode", label: "contactMode", schema: ContactModeSchema, of: ["mode"] }, noteField, guidanceField,
];

export const contactOf = (values: Values) => ({
  result: enumOf(ContactResultSchema, values, "result"), nextAttemptAt: finnish(text(values, "next")),
  clientWill: isReached(values) ? enumOf(ClientWillSchema, values, "will") : 0,
  mode: enumOf(ContactModeSchema, values, "mode"), nextMode: enumOf(ContactModeSchema, values, "nextMode"),
  note: text(values, "note"), guidedTo: guidanceOf(values),
});
