import { useQuery } from "@tanstack/react-query";
import { createClient } from "@connectrpc/connect";
import { createContext, useContext } from "react";

import { DevService } from "koppi-contract/koppi/dev/v1/dev_pb";
import { forgetDrafts } from "./draftstorage";
import { queries } from "./queries";
import { notifyTabs, sessionKey, tabs, type TabNotice } from "./tabs";
import { transport } from "./transport";

export type Role =
  | "social_worker" | "social_counsellor" | "service_guide" | "benefit_handler" | "health_professional"
  | "youth_worker" | "employment_officer" | "team_leader" | "client" | "operator";

// Person is the signed-in user.
export interface Person {
  agency: string;
  unit: string;
  worker: string;
  role: Role;
  // The worker's name, and a team leader's profession, where the sign-in gave them.
  name?: string;
  profession?: Role;
  // Trial mode: persons can be switched, and the clock moved.
  trial: boolean;
  // A test environment: only test persons belong here.
  testPersons: boolean;
  // Identifies the session to the tabs of this browser.
  session: string;
  // When the session ends without activity, and its absolute end.
  until: string;
  expires: string;
}

// actsAs returns the role that the rules on professions read: a team leader's profession, if there is one.
export const actsAs = (person: Person): Role => person.profession ?? person.role;

// SignInPlaces are the places to sign in, and why the user is asked to.
export interface SignInPlaces {
  reason: string;
  places: { issuer: string; name: Record<string, string>; url: string }[];
  trial: boolean;
  testPersons: boolean;
}

const signedIn = "signed in";

// The tabs of a browser share one session: when one signs in or out, the others read again who is
// signed in. A sign-out removes the drafts in all tabs.
let asNotified = false;
tabs.onmessage = ({ data }: MessageEvent<TabNotice>) => {
  if (data === "out") forget();
  asNotified = true;
  void queries.invalidateQueries({ queryKey: sessionKey }).finally(() => { asNotified = false; });
};

// forget removes everything of the signed-in user from this tab.
function forget() {
  forgetDrafts();
  sessionStorage.removeItem(signedIn);
}

// wasSignedIn distinguishes an expired session from a first visit, which shows no refusal.
export const wasSignedIn = () => sessionStorage.getItem(signedIn) !== null;

// ahead is the offset of the server's clock from this machine's in milliseconds, by its last
// answer, to the second.
let ahead = 0;

// serverNow returns the server's time: a worker's machine may be minutes wrong.
export const serverNow = () => Date.now() + ahead;

type Answer = { person?: Person; signIn?: SignInPlaces };

async function ask(): Promise<Answer> {
  return read(await fetch("/session"));
}

async function read(response: Response): Promise<Answer> {
  const date = response.headers.get("Date");
  if (date) ahead = Date.parse(date) - Date.now();
  const answer = await response.json();
  if (response.ok) became(answer.session);
  if (response.ok) return { person: { agency: "", unit: "", worker: "", trial: false, testPersons: false, ...answer } };
  const { reason, signIn: places = [], trial = false, testPersons = false } = answer;
  return { signIn: { reason, places, trial, testPersons } };
}

// became records the session: data read in another session is removed.
function became(session: string) {
  const before = sessionStorage.getItem(signedIn);
  if (before === session) return;
  sessionStorage.setItem(signedIn, session);
  if (before) forgetRead();
  // A tab that was notified does not notify the others.
  if (!asNotified) notifyTabs("changed");
}

const forgetRead = () => queries.removeQueries({ predicate: (query) => query.queryKey[0] !== sessionKey[0] });

// useSession returns the signed-in user, or where to sign in.
export const useSession = () => useQuery({ queryKey: sessionKey, queryFn: ask, retry: 2 });

// Signed is the signed-in user of the pages below it. The session's query is not read there: while a sign-out is under way,
// a component that is drawn before the shell would find nobody.
export const Signed = createContext<Person | undefined>(undefined);

// usePerson returns the signed-in user; use it only below the component that shows the sign-in
// otherwise.
export function usePerson(): Person {
  const person = useContext(Signed);
  if (!person) throw new Error("nobody is signed in");
  return person;
}

// TrialPerson is what IssueToken takes. A worker may have a name for people to read, and a team leader a profession.
export interface TrialPerson {
  agency?: string; unit?: string; worker?: string; role: Role; personalIdentityCode?: string; name?: string; profession?: Role;
}

// beginTrial signs in as an invented person, in trial mode.
export async function beginTrial(person: TrialPerson) {
  const { token } = await createClient(DevService, transport).issueToken(person);
  const response = await fetch("/session", { method: "POST", headers: { Authorization: `Bearer ${token}` } });
  if (!response.ok) throw new Error((await response.json()).message);
  await begin();
}

// extend postpones the end of the session as far as possible; the answer says until when.
export async function extend() {
  queries.setQueryData(sessionKey, await read(await fetch("/session/extend", { method: "POST" })));
}

// begin reads the new session, and removes the data of the one before.
async function begin() {
  forgetRead();
  await queries.invalidateQueries({ queryKey: sessionKey });
}

// end signs out here, and at the identity provider if it has a session of its own.
export async function end() {
  forget();
  const answer = await fetch("/session/sign-out", { method: "POST" }).then((response) => response.json()).catch(() => ({}));
  notifyTabs("out");
  if (answer.continue) location.assign(answer.continue);
  else await begin();
}
