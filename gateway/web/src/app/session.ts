import { useQuery } from "@tanstack/react-query";
import { createClient } from "@connectrpc/connect";

import { DevService } from "#gen/koppi/dev/v1/dev_pb";
import { forgetDrafts } from "./draftstorage";
import { queries } from "./queries";
import { sessionKey, tabs, tell, type Told } from "./tabs";
import { transport } from "./transport";

export type Role =
  | "social_worker" | "social_counsellor" | "service_guide" | "benefit_handler" | "health_professional"
  | "youth_worker" | "employment_officer" | "client" | "operator";

// Person is who is in front of the page.
export interface Person {
  agency: string;
  unit: string;
  worker: string;
  role: Role;
  // Served for trying out: persons can be changed at will, and the clock moved.
  trial: boolean;
  // Names the session to the tabs of this browser.
  session: string;
  // When the session ends if nothing is done, and when it ends in any case.
  until: string;
  expires: string;
}

// Doors are where one can sign in.
export interface Doors {
  reason: string;
  places: { issuer: string; name: Record<string, string>; url: string }[];
  trial: boolean;
}

const signedIn = "signed in";

// The tabs of a browser have one session together: when one of them signs in or out, the
// others ask who is signed in now. What was typed goes in all of them when somebody signs out.
let asTold = false;
tabs.onmessage = ({ data }: MessageEvent<Told>) => {
  if (data === "out") forget();
  asTold = true;
  void queries.invalidateQueries({ queryKey: sessionKey }).finally(() => { asTold = false; });
};

// forget leaves nothing of who was signed in in this tab.
function forget() {
  forgetDrafts();
  sessionStorage.removeItem(signedIn);
}

// wasSignedIn tells an ended session from a first visit, which is refused nothing.
export const wasSignedIn = () => sessionStorage.getItem(signedIn) !== null;

// ahead is by how many milliseconds the server's clock is ahead of this machine's, as its last
// answer said, to the second.
let ahead = 0;

// serverNow is the server's time: a worker's machine may be minutes wrong.
export const serverNow = () => Date.now() + ahead;

type Answer = { person?: Person; doors?: Doors };

async function ask(): Promise<Answer> {
  return read(await fetch("/session"));
}

async function read(response: Response): Promise<Answer> {
  const date = response.headers.get("Date");
  if (date) ahead = Date.parse(date) - Date.now();
  const answer = await response.json();
  if (response.ok) became(answer.session);
  if (response.ok) return { person: { agency: "", unit: "", worker: "", trial: false, ...answer } };
  return { doors: { reason: answer.reason, places: answer.signIn ?? [], trial: answer.trial ?? false } };
}

// became knows which session this is: what was read in another is not shown in it.
function became(session: string) {
  const before = sessionStorage.getItem(signedIn);
  if (before === session) return;
  sessionStorage.setItem(signedIn, session);
  if (before) forgetRead();
  // Whoever was told tells nobody.
  if (!asTold) tell("changed");
}

const forgetRead = () => queries.removeQueries({ predicate: (query) => query.queryKey[0] !== sessionKey[0] });

// useSession is who is signed in, or where one can.
export const useSession = () => useQuery({ queryKey: sessionKey, queryFn: ask, retry: 2 });

// usePerson is who is signed in; only below what shows where one can sign in otherwise.
export function usePerson(): Person {
  const person = useSession().data?.person;
  if (!person) throw new Error("nobody is signed in");
  return person;
}

export interface TrialPerson { agency?: string; unit?: string; worker?: string; role: Role; personalIdentityCode?: string }

// beginTrial signs in as an invented person, where the server is for trying out.
export async function beginTrial(person: TrialPerson) {
  const { token } = await createClient(DevService, transport).issueToken(person);
  const response = await fetch("/session", { method: "POST", headers: { Authorization: `Bearer ${token}` } });
  if (!response.ok) throw new Error((await response.json()).message);
  await begin();
}

// extend puts the end of the session off, as far as it can be: the answer says until when.
export async function extend() {
  queries.setQueryData(sessionKey, await read(await fetch("/session/extend", { method: "POST" })));
}

// begin shows whoever is signed in now, and nothing of who was before.
async function begin() {
  forgetRead();
  await queries.invalidateQueries({ queryKey: sessionKey });
}

// end signs out: here, and where the provider has a session of its own, there.
export async function end() {
  forget();
  const answer = await fetch("/session/sign-out", { method: "POST" }).then((response) => response.json()).catch(() => ({}));
  tell("out");
  if (answer.continue) location.assign(answer.continue);
  else await begin();
}
