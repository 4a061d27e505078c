// eventKey returns the key of an event's text, by the event's type: "event_ConcernTaken" for
// "koppi.concern.v1.ConcernTaken". Each page that shows events has a text of its own by this key.
export const eventKey = (type: string) => `event_${type.slice(type.lastIndexOf(".") + 1)}`;
