export const views = ["matters", "plan", "consents", "looked"] as const;
export type View = (typeof views)[number];

// viewOf returns the part that an address names; the matters by default.
export const viewOf = (name: unknown) => views.find((view) => view === name);
