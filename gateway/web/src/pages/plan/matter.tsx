// PlanMatter is a shared plan.
export function PlanMatter({ id }: { id: string }) {
  return <p>{id}</p>;
}
