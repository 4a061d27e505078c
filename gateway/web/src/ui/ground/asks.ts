// Asks is what the choice of a ground depends on.
export interface Asks {
  // The message of the table, such as "referral/REFERRAL_KIND_SERVICE"; empty while it is not known.
  message: string;
  // The field of the receiver; none for a plan.
  receiver?: string;
  // The client, by the agency's own id: consents given in advance can be cited.
  clientId?: string;
  // The provision of the ground that is chosen if it is lawful.
  prefer?: string;
  // Whether the message names nobody; undefined if the choice decides.
  anonymous?: boolean;
}
