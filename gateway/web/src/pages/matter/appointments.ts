import type { DescEnum } from "@bufbuild/protobuf";
import type { Timestamp } from "@bufbuild/protobuf/wkt";

import { dateOf } from "../../app/clock";
import { moment } from "../../ui/dates";
import { text } from "../../ui/form/fields";
import { finnish } from "../../ui/form/times";
import type { Step } from "./actions";
import { enumOf } from "./steps";

interface Appointment { appointmentId: string; at?: Timestamp; place: string; result: number }
interface Appointed { appointments: Appointment[] }

// awaited are the appointments that have no result.
export const awaited = <A extends Appointment>({ appointments }: { appointments: A[] }) => appointments.filter(({ result }) => !result);

export const scheduleAppointment: Step<unknown> = {
  fields: () =>
    [{ kind: "moment", name: "at", label: "appointmentAt", required: true }, { kind: "line", name: "place", label: "place" }],
  make: (values) => ({ at: finnish(text(values, "at")), place: text(values, "place") }),
};

// appointmentResult records the result of an appointment. Each service has an enum of its own.
export const appointmentResult = (schema: DescEnum): Step<Appointed> => ({
  fields: (matter) => [
    {
      kind: "options", name: "appointment", label: "whichAppointment", required: true, of: ["appointment_id"],
      options: awaited(matter).map(({ appointmentId, at, place }) => ({
        value: appointmentId, ready: [at && moment(dateOf(at)!), place].filter(Boolean).join(", "),
      })),
    },
    { kind: "choice", name: "result", label: "appointmentResult", schema, required: true },
  ],
  initial: (matter) => (awaited(matter).length === 1 ? { appointment: awaited(matter)[0]!.appointmentId } : {}),
  make: (values) => ({ appointmentId: text(values, "appointment"), result: enumOf(schema, values, "result") }),
});
