import { createRootRoute, createRoute, createRouter, lazyRouteComponent, redirect } from "@tanstack/react-router";

import { ListPage, type ListSearch, type ListName, lists } from "../pages/worklist/list";
import { viewOf, type View } from "../pages/own/views";
import { kinds, type Kind } from "../ui/names";
import type { ShareSearch } from "../pages/share/page";
import type { WeekendSearch } from "../pages/weekend/page";
import type { PeopleSearch } from "../pages/people/page";
import type { OperationsSearch } from "../pages/operations/page";
import type { StatisticsSearch } from "../pages/statistics/choice";
import { Failed } from "./failed";
import { Home } from "./home";
import { Shell } from "./shell";

const root = createRootRoute({ component: Shell });
const home = createRoute({ getParentRoute: () => root, path: "/", component: Home });

const textOf = (value: unknown) => (typeof value === "string" ? value : undefined);

// A list, with the open matter beside it.
const listSearch = (search: Record<string, unknown>): ListSearch => ({
  show: typeof search.show === "string" ? search.show : undefined,
  queue: search.queue === "me" || search.queue === "agency" ? search.queue : undefined,
});
const listRoutes = lists.map((name: ListName) => {
  const list =
    createRoute({ getParentRoute: () => root, path: name, validateSearch: listSearch, component: () => <ListPage name={name} /> });
  const matter = createRoute({
    getParentRoute: () => list, path: "$kind/$id", component: lazyRouteComponent(() => import("../pages/matter/page"), "MatterPage"),
    beforeLoad: ({ params }) => { if (!kinds.includes(params.kind as Kind)) throw redirect({ to: "/" }); },
  });
  return list.addChildren([matter]);
});

interface BeginSearch { from?: string; page?: number; sent?: string; about?: "child" }

const beginnings = createRoute({
  getParentRoute: () => root, path: "new/$what", component: lazyRouteComponent(() => import("../pages/new/page"), "NewPage"),
  // The matter that the new one follows from, the page of the form, what was sent by it, and whom a
  // report is about.
  validateSearch: ({ from, page, sent, about }: Record<string, unknown>): BeginSearch => ({
    from: typeof from === "string" ? from : undefined, page: typeof page === "number" && page > 1 ? page : undefined,
    sent: typeof sent === "string" ? sent : undefined, about: about === "child" ? about : undefined,
  }),
});
const client = createRoute({
  getParentRoute: () => root, path: "client",
  component: lazyRouteComponent(() => import("../pages/client/page"), "ClientPage"),
  // The agency's own id of the client, as an open matter gives it.
  validateSearch: (search: Record<string, unknown>): { id?: string } => ({ id: search.id === undefined ? undefined : String(search.id) }),
});
const own = createRoute({
  getParentRoute: () => root, path: "own", component: lazyRouteComponent(() => import("../pages/own/page"), "OwnPage"),
  validateSearch: (search: Record<string, unknown>): { show?: View } => ({ show: viewOf(search.show) }),
});
const statistics = createRoute({
  getParentRoute: () => root, path: "statistics", component: lazyRouteComponent(() => import("../pages/statistics/page"), "StatisticsPage"),
  // First and last month, and the service; the choice is in the address, so that it can be shared
  // as a link.
  validateSearch: ({ from, to, service }: Record<string, unknown>): StatisticsSearch => ({
    from: typeof from === "string" ? from : undefined, to: typeof to === "string" ? to : undefined,
    service: typeof service === "string" ? service : undefined,
  }),
});

const operations = createRoute({
  getParentRoute: () => root, path: "operations", component: lazyRouteComponent(() => import("../pages/operations/page"), "OperationsPage"),
  // The matter whose trace is shown.
  validateSearch: ({ trace }: Record<string, unknown>): OperationsSearch => ({ trace: typeof trace === "string" ? trace : undefined }),
});

const people = createRoute({
  getParentRoute: () => root, path: "people", component: lazyRouteComponent(() => import("../pages/people/page"), "PeoplePage"),
  // The unit that is shown first, and the week whose duty is asked for.
  validateSearch: ({ unit, week }: Record<string, unknown>): PeopleSearch => ({ unit: textOf(unit), week: textOf(week) }),
});
const share = createRoute({
  getParentRoute: () => root, path: "share", component: lazyRouteComponent(() => import("../pages/share/page"), "SharePage"),
  validateSearch: ({ unit, tab }: Record<string, unknown>): ShareSearch => ({
    unit: textOf(unit), tab: tab === "repeated" ? tab : undefined,
  }),
});
const weekend = createRoute({
  getParentRoute: () => root, path: "weekend", component: lazyRouteComponent(() => import("../pages/weekend/page"), "WeekendPage"),
  validateSearch: ({ unit }: Record<string, unknown>): WeekendSearch => ({ unit: textOf(unit) }),
});
const reviews = createRoute({
  getParentRoute: () => root, path: "reviews", component: lazyRouteComponent(() => import("../pages/reviews/page"), "ReviewsPage"),
});

// The notices that everybody may read, signed in or not.
const accessibility = createRoute({
  getParentRoute: () => root, path: "accessibility",
  component: lazyRouteComponent(() => import("../pages/notices/page"), "Accessibility"),
});
const privacy = createRoute({
  getParentRoute: () => root, path: "privacy", component: lazyRouteComponent(() => import("../pages/notices/page"), "Privacy"),
});

const pages = [
  home, ...listRoutes, beginnings, client, own, statistics, operations, people, share, weekend, reviews, accessibility, privacy,
];
export const router = createRouter({
  routeTree: root.addChildren(pages), defaultNotFoundComponent: Home, defaultErrorComponent: Failed, scrollRestoration: true,
});

declare module "@tanstack/react-router" {
  interface Register { router: typeof router }
}
