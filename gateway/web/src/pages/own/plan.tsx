export function OwnPlan() { return null; }
