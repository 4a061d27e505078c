// The folds of the client's page that an address can open.
export const views = ["plan", "consents", "looked"] as const;
export type View = (typeof views)[number];

export const viewOf = (name: unknown) => views.find((view) => view === name);
