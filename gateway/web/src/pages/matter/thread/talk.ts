import type { DescService } from "@bufbuild/protobuf";

import type { ContactPoint } from "koppi-contract/koppi/common/v1/contact_point_pb";
import { AnswerCode } from "koppi-contract/koppi/common/v1/answer_code_pb";
import type { Party } from "koppi-contract/koppi/common/v1/party_pb";
import type { Addition as ConcernAddition, InformationRequest as ConcernRequest } from "koppi-contract/koppi/concern/v1/state_pb";
import type { Addition as ReferralAddition, InformationRequest as ReferralRequest } from "koppi-contract/koppi/referral/v1/state_pb";

// Requests and additions have the same form in both services; the additions to a concern may have topics.
export type Request = ConcernRequest | ReferralRequest;
export type Addition = ConcernAddition | ReferralAddition;

// Talk is a concern or a referral as far as its two sides speak of it.
export interface Talk {
  subject: string;
  service: DescService;
  // The matter's id in requests: { concernId: "…" }.
  naming: Record<string, string>;
  etag: string;
  receiver?: Party;
  // The sender hears how the matter goes on. Else the receiver answers without words.
  hears: boolean;
  requests: Request[];
  additions: Addition[];
  available: string[];
  contacts: ContactPoint[];
}

// saidIn returns the texts of a thread, which the timeline does not repeat.
export const saidIn = ({ informationRequests, additions }: { informationRequests: Request[]; additions: Addition[] }) =>
  [...informationRequests.flatMap(({ question, answer }) => [question, answer]), ...additions.map(({ text }) => text)].filter(Boolean);

// receives reports whether an agency is the receiver of a matter. Any other speaks for the sender.
export const receives = ({ receiver }: { receiver?: Party }, agency: string) => receiver?.agency === agency;

// isOwn reports whether the agency's own side asked or added something.
export const isOwn = (talk: Talk, { by }: { by?: Party }, agency: string) =>
  receives(talk, by?.agency ?? "") === receives(talk, agency);

export const isAnswered = ({ answeredAt }: Request) => answeredAt !== undefined;

interface Matter { receiver?: Party; availableActions: string[]; informationRequests: Request[] }

// isAsked reports whether the answer that a matter's receiver waits for is what the sender does first.
export const isAsked = ({ receiver, availableActions, informationRequests }: Matter, agency: string) =>
  !receives({ receiver }, agency) && availableActions.includes("ProvideInformation")
  && informationRequests.some((request) => !isAnswered(request) && receives({ receiver }, request.by?.agency ?? ""));

// wasAskedFirst reports whether a request of the receiver was answered, or lapsed. That it no longer needed an
// answer does not count.
export const wasAskedFirst = ({ receiver, informationRequests }: { receiver?: Party; informationRequests: Request[] }) =>
  informationRequests.some((request) => request.by?.agency === receiver?.agency
    && (request.lapsed || isAnswered(request) && request.code !== AnswerCode.NO_LONGER_NEEDED));
