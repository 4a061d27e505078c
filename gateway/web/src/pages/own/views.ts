export const views = ["matters", "plan", "consents", "looked"] as const;
export type View = (typeof views)[number];

// viewOf is the part that an address names; without one it is the matters.
export const viewOf = (name: unknown) => views.find((view) => view === name);
