import { create, type MessageInitShape } from "@bufbuild/protobuf";
import {
  EventSchema, JoinRequestSchema, Recovery_Kind, Rejected_Reason, WelcomeSchema, type Event, type JoinRequest, type Welcome,
} from "../src/index.js";

export const { NEW: fresh, RESUMED: resumed, SNAPSHOT: snapshot } = Recovery_Kind;

export function chat(text: string): JoinRequest {
  return create(JoinRequestSchema, { command: text === "leave" ? { case: "leave", value: {} } : { case: "chatMessage", value: { text } } });
}

export function said(seq: number, number: number, text: string): Event {
  return create(EventSchema, { seq: BigInt(seq), number: BigInt(number), body: { case: "chatMessage", value: { text } } });
}

export function notTaken(number: number, next: number): Event {
  const value = { reason: Rejected_Reason.NOT_TAKEN, nextNumber: BigInt(next) };
  return create(EventSchema, { number: BigInt(number), body: { case: "rejected", value } });
}

export function rejected(seq: number, number: number): Event {
  return create(EventSchema, { seq: BigInt(seq), number: BigInt(number), body: { case: "rejected", value: { reason: Rejected_Reason.INVALID } } });
}

export function ack(seq: number, number: number, repeated: boolean): Event {
  return create(EventSchema, { seq: BigInt(seq), number: BigInt(number), body: { case: "ack", value: { repeated } } });
}

export function goaway(final: boolean): Event {
  return create(EventSchema, { body: { case: "goaway", value: { final } } });
}

export function opened(seq: number, epoch: number): Event {
  return create(EventSchema, { seq: BigInt(seq), body: { case: "roomOpened", value: { epoch: BigInt(epoch) } } });
}

export type WelcomeInit = Exclude<MessageInitShape<typeof WelcomeSchema>, Welcome>;

/** welcomed makes a Welcome; what every Welcome has is filled in. */
export function welcomed(init: WelcomeInit, kind: Recovery_Kind, events: number): Event {
  const value = create(WelcomeSchema, {
    self: { memberId: "m1" }, room: {}, recovery: { kind, events }, memberSince: { epoch: 7n, seq: 3n }, epoch: 7n, ...init,
  });
  return create(EventSchema, { body: { case: "welcome", value } });
}

export function first(s: number): Event {
  return welcomed({ snapshotSeq: BigInt(s) }, fresh, 0);
}

/** again is a Welcome to the same membership: as of s, with the last number that was decided. */
export function again(s: number, last: number, recovery: { kind: Recovery_Kind; events: number }): Event {
  return welcomed({ instanceKnown: true, lastNumber: BigInt(last), snapshotSeq: BigInt(s) }, recovery.kind, recovery.events);
}
