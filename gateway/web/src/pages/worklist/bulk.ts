import { create } from "@bufbuild/protobuf";
import { anyUnpack, type Any } from "@bufbuild/protobuf/wkt";
import { createClient } from "@connectrpc/connect";

import { ErrorInfoSchema } from "koppi-contract/google/rpc/error_details_pb";
import {
  CaseworkService, ReassignWorkRequestSchema, type ReassignWorkRequest, type WorkItem,
} from "koppi-contract/koppi/casework/v1/casework_pb";
import { ConcernService } from "koppi-contract/koppi/concern/v1/concern_pb";
import { ConsultationService } from "koppi-contract/koppi/consultation/v1/consultation_pb";
import { ReferralService } from "koppi-contract/koppi/referral/v1/referral_pb";
import { LoopPhase } from "koppi-contract/koppi/common/v1/party_pb";
import { refusalOf } from "../../app/refusal";
import { binaryTransport, transport } from "../../app/transport";
import { idOf, kindOf } from "../../ui/names";

// Act is a step that is taken on several matters of a list at once.
export type Act = "receive" | "take" | "pass";

// Result tells what happened to one matter: a reason if the step was refused.
export interface Result { item: WorkItem; reason?: string }

const concerns = createClient(ConcernService, transport), referrals = createClient(ReferralService, transport);
const consultations = createClient(ConsultationService, transport);
// The answer holds the details of each refusal.
const casework = createClient(CaseworkService, binaryTransport);

type Call = (requestId: string, id: string) => Promise<unknown>;
const calls: Record<"receive" | "take", Record<string, Call>> = {
  receive: {
    concerns: (requestId, concernId) => concerns.receiveConcern({ requestId, concernId }),
    referrals: (requestId, referralId) => referrals.receiveReferral({ requestId, referralId }),
  },
  take: {
    concerns: (requestId, concernId) => concerns.takeConcern({ requestId, concernId }),
    referrals: (requestId, referralId) => referrals.acceptReferral({ requestId, referralId }),
    consultations: (requestId, consultationId) => consultations.takeConsultation({ requestId, consultationId }),
  },
};

// callOf returns the call of a step for a kind of matter, if the kind has the step.
const callOf = (act: "receive" | "take", item: WorkItem) => calls[act][kindOf(item.subject)];

// canTake tells which matters a step is offered for. The service decides whether it is allowed.
export function canTake(act: Act, item: WorkItem): boolean {
  if (act === "pass") return kindOf(item.subject) !== "plans";
  if (act === "receive") return item.status?.phase === LoopPhase.SENT && callOf(act, item) !== undefined;
  return (item.status?.phase ?? 0) <= LoopPhase.RECEIVED && callOf(act, item) !== undefined;
}

// As many calls are under way at a time.
const together = 6;

// take takes a step on each matter, independently: one that is refused does not stop the others.
export async function take(act: "receive" | "take", items: WorkItem[]): Promise<Result[]> {
  const results: Result[] = [], left = items.map((item, at) => ({ item, at }));
  const work = async () => {
    for (let next = left.shift(); next; next = left.shift()) {
      const { item, at } = next;
      const reason = await callOf(act, item)!(crypto.randomUUID(), idOf(item.subject))
        .then(() => undefined, (error) => refusalOf(error).reason);
      results[at] = { item, reason };
    }
  };
  await Promise.all(Array.from({ length: together }, work));
  return results;
}

// The service reassigns at most this many matters with one call.
export const most = 200;

// pass reassigns matters within the agency; request holds the receiver, the reason, and the first of them.
export async function pass(request: ReassignWorkRequest, items: WorkItem[]): Promise<Result[]> {
  const results: Result[] = [];
  for (let from = 0; from < items.length; from += most) {
    const some = items.slice(from, from + most), subjects = some.map(({ subject }) => subject);
    const answer = await casework.reassignWork({ ...request, subjects, requestId: from ? crypto.randomUUID() : request.requestId });
    for (const { subject, status } of answer.results) {
      results.push({ item: some.find((one) => one.subject === subject)!, reason: status?.code ? reasonOf(status.details) : undefined });
    }
  }
  return results;
}

function reasonOf(details: Any[]): string {
  for (const detail of details) {
    const info = anyUnpack(detail, ErrorInfoSchema);
    if (info) return info.reason;
  }
  return "INTERNAL";
}

// back returns passed matters to those who held them before.
export async function back(items: WorkItem[], reason: string): Promise<Result[]> {
  const results: Result[] = [];
  for (const some of Object.values(Object.groupBy(items, ({ holder }) => `${holder?.unit} ${holder?.worker}`))) {
    const { agency = "", unit = "", worker = "" } = some![0]!.holder ?? {};
    const request = { requestId: crypto.randomUUID(), to: { agency, unit, worker }, reason };
    results.push(...await pass(create(ReassignWorkRequestSchema, request), some!));
  }
  return results;
}
