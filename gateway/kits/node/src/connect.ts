// The way to Koppi, and the sending side: each call carries a token, and each step takes effect once,
// however often the network breaks.
import { randomUUID } from "node:crypto";
import { Code, ConnectError, type CallOptions, type Interceptor, type Transport } from "@connectrpc/connect";
import { createConnectTransport, createGrpcTransport } from "@connectrpc/connect-node";
import { reasonOf } from "./reason.js";

// Token gives a bearer token of the agency's issuer. It is asked for at each call.
export type Token = () => string | Promise<string>;

const authorised = (token: Token): Interceptor => (next) => async (request) => {
  request.header.set("Authorization", `Bearer ${await token()}`);
  return next(request);
};

const firstWait = 200;
const longestWait = 5_000;
const longest = 60_000;

// isPassing tells whether the same call may succeed soon: nobody knows yet whether it took effect.
function isPassing(error: unknown): boolean {
  const reason = reasonOf(error);
  if (reason !== undefined) return reason === "BUSY" || reason === "UNAVAILABLE";
  return error instanceof ConnectError && [Code.Unavailable, Code.DeadlineExceeded, Code.Aborted].includes(error.code);
}

// once gives each request a request_id, and repeats it under the same one for a minute until Koppi
// answers: Koppi carries out a repeated request once.
const once: Interceptor = (next) => async (request) => {
  if (request.stream) return next(request);
  const message = request.message as { requestId?: string };
  if (message.requestId === "") message.requestId = randomUUID();
  const end = Date.now() + longest;
  for (let wait = firstWait; ; wait = Math.min(2 * wait, longestWait)) {
    try {
      return await next(request);
    } catch (error) {
      if (!isPassing(error) || request.signal.aborted || Date.now() + wait > end) throw error;
      await new Promise((resolve) => { setTimeout(resolve, wait * (0.5 + Math.random())); });
    }
  }
};

// connect makes a transport to an address, such as https://koppi.example. Give it to createClient
// for calls, and to poll and run for reading.
export function connect(address: string, token: Token, protocol: "connect" | "grpc" = "connect"): Transport {
  const interceptors = [once, authorised(token)];
  return protocol === "grpc"
    ? createGrpcTransport({ baseUrl: address, interceptors })
    : createConnectTransport({ baseUrl: address, httpVersion: "2", interceptors });
}

// onBehalfOf is the last argument of a call that the system makes for a worker of its agency, given as "worker;unit;role":
// client.takeConcern(request, onBehalfOf("ps-21;tyoikaiset-kuopio;social_worker")). The step is then the worker's.
export const onBehalfOf = (worker: string): CallOptions => ({ headers: { "Koppi-On-Behalf-Of": worker } });
