import { Navigate } from "@tanstack/react-router";

import { usePerson } from "./session";

// Home is where a person's work begins.
export function Home() {
  const { role } = usePerson();
  return <Navigate to={role === "client" ? "/own" : role === "operator" ? "/statistics" : "/work"} replace />;
}
