// Rules say where a step is offered.
export interface Rules<M> {
  // A final step asks for confirmation: a key of the step's texts.
  sure?: string | ((matter: M) => string);
  // A rare step is in the menu.
  rare?: boolean | ((matter: M) => boolean);
  // The step is never the primary one.
  second?: boolean;
  // While this holds, the step is the primary one; else it is the first usual step.
  first?: (matter: M) => boolean;
  // While this holds, the step is beside the primary step, and highlighted.
  soon?: (matter: M) => boolean;
}

// Order is how the steps of a matter are offered: one primary step, a few beside it, the rest in a
// menu, and there the final ones last.
export interface Order { primary?: string; beside: string[]; more: string[]; last: string[] }

// At most this many steps are beside the primary one.
const most = 2;

// ordered chooses by state which step is primary. A rare or final step is never beside it. With
// yields, the primary control is elsewhere on the page with its own beside it: all steps are in the menu.
export function ordered<M>(allowed: string[], steps: Record<string, Rules<M>>, matter: M, yields: boolean): Order {
  const holds = (name: string, of: "first" | "rare" | "soon") => {
    const rule: Rules<M>[typeof of] = steps[name]?.[of];
    return typeof rule === "function" ? rule(matter) : Boolean(rule);
  };
  const isFinal = (name: string) => Boolean(steps[name]?.sure);
  const usual = allowed.filter((name) => !holds(name, "rare") && !holds(name, "soon"));
  const primary = yields ? undefined : allowed.find((name) => holds(name, "first")) ?? usual.find((name) => !steps[name]?.second);
  const beside = [...allowed.filter((name) => holds(name, "soon")), ...usual.filter((name) => !isFinal(name))]
    .filter((name) => name !== primary).slice(0, yields ? 0 : most);
  const left = allowed.filter((name) => name !== primary && !beside.includes(name));
  return { primary, beside, more: left.filter((name) => !isFinal(name)), last: left.filter(isFinal) };
}
