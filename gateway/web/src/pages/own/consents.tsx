export function Consents() { return null; }
