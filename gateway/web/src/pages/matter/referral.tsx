// ReferralMatter is a referral.
export function ReferralMatter({ id }: { id: string }) {
  return <p>{id}</p>;
}
