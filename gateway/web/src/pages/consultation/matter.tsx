// ConsultationMatter is a consultation.
export function ConsultationMatter({ id }: { id: string }) {
  return <p>{id}</p>;
}
