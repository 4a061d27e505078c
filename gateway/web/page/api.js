// Calls over Connect JSON: a plain POST for each.

// Refusal is an answer that says no, with its reason for people and programs.
export class Refusal extends Error {
  constructor(message, reason) {
    super(message);
    this.reason = reason;
  }
}

export async function call(method, body) {
  const headers = { "Content-Type": "application/json" };
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

// The page holds no token: who is signed in is a cookie that no script reads.
export const session = {
  // who is in front of the page, or where one can sign in.
  async who() {
    const response = await fetch("/session").catch(() => { throw new Refusal("", "UNREACHABLE"); });
    const answer = await response.json();
    return response.ok ? { person: answer } : { signIn: answer.signIn ?? [], trial: answer.trial };
  },
  async begin(token) {
    const response = await fetch("/session", { method: "POST", headers: { Authorization: `Bearer ${token}` } });
    const answer = await response.json();
    if (!response.ok) throw new Refusal(answer.message, answer.reason);
    return answer;
  },
  // end signs out, and tells where the provider's own session ends, if anywhere.
  end: () => fetch("/session/sign-out", { method: "POST" }).then((response) => response.json()),
};

export const concern = (method, body) => call(`koppi.concern.v1.ConcernService/${method}`, body);
export const dev = (method, body) => call(`koppi.dev.v1.DevService/${method}`, body);
export const uuid = () => crypto.randomUUID();
