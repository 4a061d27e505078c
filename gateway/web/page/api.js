// Calls over Connect JSON: a plain POST for each.

let token = "";
export const setToken = (value) => { token = value; };
export const authorization = () => (token ? { Authorization: `Bearer ${token}` } : {});

// Refusal is an answer that says no, with its reason for people and programs.
export class Refusal extends Error {
  constructor(message, reason) {
    super(message);
    this.reason = reason;
  }
}

export async function call(method, body) {
  const headers = { "Content-Type": "application/json", ...authorization() };
  let response;
  try {
    response = await fetch(`/${method}`, { method: "POST", headers, body: JSON.stringify(body) });
  } catch {
    throw new Refusal("", "UNREACHABLE");
  }
  const answer = await response.json().catch(() => ({}));
  if (response.ok) return answer;
  const info = (answer.details ?? []).find((detail) => detail.type === "google.rpc.ErrorInfo");
  throw new Refusal(answer.message ?? "", info?.debug?.reason ?? answer.code ?? String(response.status));
}

export const concern = (method, body) => call(`koppi.concern.v1.ConcernService/${method}`, body);
export const dev = (method, body) => call(`koppi.dev.v1.DevService/${method}`, body);
export const uuid = () => crypto.randomUUID();
