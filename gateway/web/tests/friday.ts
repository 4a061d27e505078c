import { randomUUID } from "node:crypto";

import { attested, consent } from "./cases";
import type { Koppi } from "./koppi";

// The fixture begins on a Monday, and ends on the Friday at 15.40, twenty minutes before the office closes.
export const fridayClock = "2026-11-23T09:00:00+02:00";
export const fridaySettings = "--calls-per-second=100000 --worker-calls-per-second=100000";

const topics = [
  "TOPIC_RENT_ARREARS", "TOPIC_GAMBLING", "TOPIC_MENTAL_HEALTH", "TOPIC_HOMELESSNESS", "TOPIC_ELECTRICITY_CUT", "TOPIC_SUBSTANCE_USE",
] as const;
export const unit = "tyoikaiset-kuopio";

export interface Friday {
  // The new matters, of which one is an emergency and four are urgent.
  fresh: string[];
  emergency: string;
  // A matter that this unit's worker has taken, and one of an earlier week that is late.
  taken: string;
  late: string;
}

// friday sends thirty new matters to one unit on a Friday afternoon, beside one that is late and one
// that a worker has in hand.
export async function friday(koppi: Koppi): Promise<Friday> {
  const send = async (index: number, urgency: string) => {
    const { concern } = await koppi.call<{ concern: { concernId: string } }>("kela-17", "concern.v1.ConcernService/SubmitConcern", {
      requestId: randomUUID(), client: { details: { familyName: `Testinen ${index}`, birthDate: "1990-01-01" } },
      receiver: { agency: "hva-pohjois-savo", unit }, basis: index % 5 ? consent("1301/2014 § 35.1") : attested,
      topics: [topics[index % topics.length]], description: index % 5 ? "Kaksi vuokraa maksamatta, sähköt katkaistaan." : "", urgency,
    });
    return concern.concernId;
  };
  await koppi.knows("ps-33");
  const late = await send(100, "URGENCY_EMERGENCY"), taken = await send(101, "URGENCY_NORMAL");
  await koppi.call("ps-21", "concern.v1.ConcernService/ReceiveConcern", { requestId: randomUUID(), concernId: late });
  await koppi.call("ps-21", "concern.v1.ConcernService/TriageConcern", {
    requestId: randomUUID(), concernId: late, urgency: "URGENCY_URGENT", reason: "Yö on turvattu.",
  });
  await koppi.advance("2026-11-27T13:40:00Z");
  await koppi.call("ps-21", "concern.v1.ConcernService/TakeConcern", { requestId: randomUUID(), concernId: taken });
  const fresh: string[] = [];
  for (let index = 0; index < 30; index += 1) {
    fresh.push(`concerns/${await send(index, index === 17 ? "URGENCY_EMERGENCY" : index % 8 === 3 ? "URGENCY_URGENT" : "URGENCY_NORMAL")}`);
  }
  return { fresh, emergency: fresh[17]!, taken: `concerns/${taken}`, late: `concerns/${late}` };
}
