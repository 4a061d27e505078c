import { Code } from "@connectrpc/connect";

import type { Parked } from "koppi-contract/koppi/exchange/v1/exchange_pb";
import type { Endpoint, GetOverviewResponse, Reader } from "koppi-contract/koppi/operator/v1/operator_pb";
import { dateOf } from "../../app/clock";

// callback is Koppi's own reader, which calls an agency's endpoint.
const callback = "callback";

// An endpoint fails if a message waits for this long and none was accepted meanwhile.
const failsAfter = 30_000;
// A system that reads its mailbox itself lags if it acknowledges nothing for this long; the alert rule has
// the same limit.
const lagsAfter = 5 * 60_000;

// States in the order of their lines: what needs an operator comes first.
const states = ["failing", "parked", "lagging", "unknown", "working"] as const;
export type State = (typeof states)[number];

// Partner is a system of an agency: an endpoint that Koppi calls, or a reader of the agency's own.
export interface Partner {
  agency: string;
  consumer: string;
  called: boolean;
  state: State;
  behind: number;
  waitingSince?: Date;
  // Time of its last success: wall time for an endpoint that this gateway calls, else domain time.
  succeededAt?: Date;
  endpoint?: Endpoint;
  parked: Parked[];
}

export const isTroubled = ({ state }: Partner) => state !== "working";

// partnersOf returns one partner for each endpoint and each consumer, over all services.
export function partnersOf({ readers, endpoints, wallNow }: GetOverviewResponse, parked: Parked[]): Partner[] {
  const now = dateOf(wallNow)?.getTime() ?? Date.now();
  const lines = new Map<string, { agency: string; consumer: string; readers: Reader[] }>();
  const line = (agency: string, consumer: string) => {
    const key = `${agency} ${consumer}`, known = lines.get(key) ?? { agency, consumer, readers: [] };
    lines.set(key, known);
    return known.readers;
  };
  for (const reader of readers) line(reader.agency, reader.consumer).push(reader);
  for (const { agency } of endpoints) line(agency, callback);
  for (const { agency, consumer } of parked) line(agency, consumer);
  return [...lines.values()].map(({ agency, consumer, readers: own }) => {
    const called = consumer === callback, endpoint = called ? endpoints.find((one) => one.agency === agency) : undefined;
    const refused = parked.filter((one) => one.agency === agency && one.consumer === consumer);
    const waitingSince = timesOf(own.map((reader) => reader.waitingSince))[0], accepted = dateOf(endpoint?.lastSuccessAt);
    const partner = {
      agency, consumer, called, endpoint, parked: refused, waitingSince, behind: own.reduce((sum, { behind }) => sum + Number(behind), 0),
      succeededAt: accepted ?? timesOf(own.map((reader) => reader.acknowledgedAt)).at(-1),
    };
    const older = (time: Date | undefined, than: number) => time !== undefined && now - time.getTime() > than;
    const waits = older(waitingSince, called ? failsAfter : lagsAfter) && !(accepted && !older(accepted, failsAfter));
    const state: State = waits ? (called ? "failing" : "lagging") : refused.length ? "parked" : own.length ? "working" : "unknown";
    return { ...partner, state };
  }).sort((a, b) => states.indexOf(a.state) - states.indexOf(b.state) || b.behind - a.behind || a.agency.localeCompare(b.agency));
}

const timesOf = (times: Reader["waitingSince"][]) =>
  times.map(dateOf).filter((time) => time !== undefined).toSorted((a, b) => a.getTime() - b.getTime());

// errorText is the key of the text that says why the last call of an endpoint failed.
export function errorText({ lastCode, lastHttpStatus: status }: Endpoint): string {
  if (lastCode === Code.DeadlineExceeded) return "errorLate";
  if (status === 401 || status === 403 || lastCode === Code.Unauthenticated || lastCode === Code.PermissionDenied) return "errorDenied";
  if (status === 404 || lastCode === Code.Unimplemented || lastCode === Code.NotFound) return "errorMissing";
  if (status === 429 || lastCode === Code.ResourceExhausted) return "errorSlow";
  if (lastCode === Code.DataLoss) return "errorOther";
  if (status === 503) return "errorClosed";
  if (status >= 500 || lastCode === Code.Internal) return "errorInside";
  return status === 0 && lastCode === Code.Unavailable ? "errorUnreachable" : "errorAnswer";
}

const refusals: Partial<Record<Code, string>> = {
  [Code.InvalidArgument]: "refusedContent", [Code.FailedPrecondition]: "refusedState", [Code.OutOfRange]: "refusedRange",
  [Code.Unimplemented]: "refusedKind",
};

// refusalText is the key of the text that says why an endpoint refused a message permanently.
export const refusalText = ({ code }: Parked): string => refusals[code as Code] ?? "refusedOther";
