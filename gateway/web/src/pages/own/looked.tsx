export function Looked() { return null; }
