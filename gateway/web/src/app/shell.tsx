import { Link, Navigate, Outlet, useRouterState } from "@tanstack/react-router";
import { useEffect, type ReactNode } from "react";
import { InlineAlert, LoadingSpinner, SkipLink } from "suomifi-ui-components";

import { useTexts, useWords } from "./language";
import { LanguageChoice } from "./languagechoice";
import { useConnection } from "./live";
import { Menu } from "./menu";
import { useReviewCount } from "./reviews";
import { end, Signed, useSession, type Person } from "./session";
import { SessionEnd } from "./sessionend";
import { SignIn } from "./signin";
import { useShown } from "./title";
import { TrialClock } from "./trialclock";
import { Reachability } from "../ui/reachability";
import { useOwnUnit } from "../ui/ownunit";
import { useDirectory } from "../ui/party";
import "./shell.css";
import "./print.css";

// The pages that everybody may read.
const notices = ["/accessibility", "/privacy"] as const;
const useNotice = () => useRouterState({ select: ({ matches }) => matches.some(({ routeId }) => notices.some((one) => one === routeId)) });

// Shell surrounds every page; without a session it shows where to sign in.
export function Shell() {
  const { data, isError } = useSession(), t = useTexts("shell"), notice = useNotice();
  if (notice && !data?.person) return <Frame><Outlet /></Frame>;
  // The open page stays while the server does not answer: it may contain input.
  if (isError && !data) return <Frame><InlineAlert status="error">{t("unreachable")}</InlineAlert></Frame>;
  if (!data) return <Frame><LoadingSpinner status="loading" variant="small" text={t("loading")} /></Frame>;
  if (!data.person) return <Frame><SignIn signIn={data.signIn!} /></Frame>;
  // A new session shows nothing of the one before, whoever the user is.
  return <Signed key={data.person.session} value={data.person}><SignedIn person={data.person} /></Signed>;
}

// Announcer sets the document's title, and announces a change of page to screen readers.
function Announcer() {
  const t = useTexts("shell"), shown = useShown();
  useEffect(() => { document.title = [shown, t("title")].filter(Boolean).join(" – "); }, [shown, t]);
  return <p role="status" className="hidden" data-announcer>{shown}</p>;
}

function Frame({ children, menu, bar }: { children: ReactNode; menu?: ReactNode; bar?: ReactNode }) {
  const t = useTexts("shell");
  return (
    <>
      <SkipLink href="#main">{t("skip")}</SkipLink>
      <header className="top">
        <Link to="/" className="brand">Koppi</Link>
        {menu && <Menu>{menu}</Menu>}
        <LanguageChoice />
        <Announcer />
      </header>
      <TestEnvironment />
      {bar}
      <main id="main" tabIndex={-1}>{children}</main>
      <footer className="foot"><ul>
        {notices.map((to) => <li key={to}><Link to={to}>{t(to)}</Link></li>)}
      </ul></footer>
    </>
  );
}

// TestEnvironment says on every page that no real person's data belong here, in a test environment.
function TestEnvironment() {
  const t = useTexts("shell"), { data } = useSession();
  if (!data?.person?.testPersons && !data?.signIn?.testPersons) return null;
  return <div className="test-environment" role="region" aria-label={t("testEnvironment")}>{t("testPersonsOnly")}</div>;
}

function SignedIn({ person }: { person: Person }) {
  // An operator has no matters and nothing to watch, and has pages of its own.
  const operator = person.role === "operator", notice = useNotice(), there = useRouterState({
    select: (state) => state.matches.some(({ routeId }) => routeId === "/statistics" || routeId === "/operations"),
  });
  const t = useTexts("shell"), down = useConnection(operator || !person.worker ? undefined : person.session);
  return (
    <Frame menu={<><Rooms person={person} /><Who person={person} /></>} bar={person.trial && <TrialClock />}>
      <SessionEnd person={person} />
      <div role="status">{down && <InlineAlert status="warning" className="connection-down">{t("cut")}</InlineAlert>}</div>
      {operator && !there && !notice ? <Navigate to="/operations" replace /> : <Outlet />}
    </Frame>
  );
}

function Who({ person }: { person: Person }) {
  const t = useTexts("shell"), word = useWords(), directory = useDirectory();
  const place = person.unit ? directory.unit(person.agency, person.unit) : person.agency && directory.agency(person.agency);
  return (
    <div className="who">
      <p className="who-name">
        <strong>{person.name || person.worker || word(person.role)}</strong>{" "}
        <span className="quiet">{[person.worker && word(person.role), place].filter(Boolean).join(", ")}</span>
      </p>
      {person.worker && person.role !== "operator" && <Reachability person={person} />}
      <button type="button" className="plain" onClick={() => void end()}>{t("signOut")}</button>
    </div>
  );
}

function Rooms({ person }: { person: Person }) {
  const t = useTexts("shell"), { leads, onDuty } = useOwnUnit(person);
  if (person.role === "client") return null;
  const all = ["work", "share", "sent", "consultations", "plans", "client", "people", "reviews", "statistics"] as const;
  const rooms = person.role === "operator" ? (["operations", "statistics"] as const)
    : all.filter((room) => room !== "share" || leads || onDuty);
  return (
    <nav aria-label={t("rooms")} className="rooms">
      <ul>
        {rooms.map((room) => <li key={room}><Link to={`/${room}`} activeProps={{ "aria-current": "page" }}>
          {t(room)}
          {room === "reviews" && <ReviewCount person={person} />}
        </Link></li>)}
      </ul>
    </nav>
  );
}

// ReviewCount is the number of emergency readings that wait for the user's review.
function ReviewCount({ person }: { person: Person }) {
  const t = useTexts("shell"), number = useReviewCount(person);
  if (!number) return null;
  return <span className="room-count" data-reviews={number}><span aria-hidden="true">{number}</span>
    <span className="hidden">{t("toReview", { number })}</span></span>;
}
