import { Navigate } from "@tanstack/react-router";

import { usePerson } from "./session";

// Home redirects to the start page of the user's role.
export function Home() {
  const { role } = usePerson();
  return <Navigate to={role === "client" ? "/own" : role === "operator" ? "/statistics" : "/work"} replace />;
}
