import { useState } from "react";

import { Problem } from "../ui/problem";
import { useLanguage, useTexts, useWords } from "./language";
import { beginTrial, wasSignedIn, type SignInPlaces } from "./session";
import { useTitle } from "./title";
import { trialPeople, type TrialEntry } from "./trial";
import { refusedOf } from "./refusal";

// here is the address to return to, with its query except for the reason of the refusal.
function here(): string {
  const query = new URLSearchParams(location.search);
  query.delete("refused");
  return location.pathname + (query.size ? `?${query}` : "");
}

// SignIn shows where to sign in, and why the session ended.
export function SignIn({ signIn }: { signIn: SignInPlaces }) {
  const t = useTexts("shell"), [language] = useLanguage(), [error, setError] = useState<unknown>();
  useTitle(t("signIn"));
  const refused = new URLSearchParams(location.search).get("refused") ?? (wasSignedIn() ? signIn.reason : undefined);
  const to = encodeURIComponent(here());
  return (
    <div className="sign-in">
      <h1>{t("signIn")}</h1>
      <Problem error={error ?? (refused && refusedOf(refused))} />
      <ul className="people">
        {signIn.places.map((place) => (
          <li key={place.issuer}><a className="sign-in-place" href={`${place.url}&to=${to}`}>{place.name[language] ?? place.issuer}</a></li>
        ))}
      </ul>
      {signIn.trial && (
        <section>
          <h2>{t("signInAs")}</h2>
          <p className="quiet">{t("signInHint")}</p>
          <ul className="people">{trialPeople.map((person) => (
            <li key={person.id}><Trial person={person} failed={setError} /></li>
          ))}</ul>
        </section>
      )}
    </div>
  );
}

function Trial({ person: { id, ...person }, failed }: { person: TrialEntry; failed: (error: unknown) => void }) {
  const word = useWords();
  return (
    <button type="button" className="sign-in-place" data-person={id} onClick={() => void beginTrial(person).catch(failed)}>
      {person.name ?? person.worker ?? word(person.role)}<small>
        {[person.worker && word(person.role), person.agency && word(person.agency), person.personalIdentityCode].filter(Boolean).join(", ")}
      </small>
    </button>
  );
}
