import type { ConnectionOptions } from "node:tls";

/** A request: `mti`, and its fields by their numbers, as texts. It can be stored as JSON. */
export interface Request {
  mti: string;
  [field: number]: string;
}

/** A message as it is read: `mti`, and its fields by their numbers, as texts. */
export type Fields = { mti: string; [field: number]: string };

export interface Settings {
  /** Institution code, field 32: 1 to 11 digits. */
  party: string;
  /** Card acceptor id, field 42: up to 15 characters. */
  acceptor: string;
  /** Terminal, field 41: up to 8 characters. Each process of a mall has its own. */
  terminal: string;
  /** MAC key, 32 hexadecimal digits. */
  key?: string;
  /** Numeric ISO 4217; by default "840". */
  currency?: string;
  /** Merchant category, field 18; by default "5999". */
  category?: string;
  /** Where the switch's port needs TLS: as for `tls.connect`. */
  tls?: ConnectionOptions;
}

export interface Payment {
  /** "undone": there was no answer in time, and the purchase was reversed. */
  outcome: "paid" | "declined" | "undone";
  answer: Answer;
}

/** What has become of an order or a request, in minor units: docs/protocol.md, "Status inquiry". */
export interface Status {
  /** "unknown" where the switch knows nothing of it. */
  state:
    | "unknown" | "waiting" | "agreed" | "deciding" | "approved" | "declined" | "reversed" | "expired" | "cancelled";
  /** Whether the order is paid, and something of it is left. */
  paid: boolean;
  /** Response code of the answer that the request has got; empty before. */
  code: string;
  /** Why it was declined or is unknown, for developers. */
  reason: string;
  authorization: string;
  amount: number;
  approved: number;
  reversed: number;
  refunded: number;
  completed: number;
  /** Field 37 of the request. */
  reference: string;
}

/** The fields of an answer. */
export declare class Answer {
  constructor(fields: Fields);
  readonly fields: Fields;
  /** Response code, field 39. */
  readonly code: string;
  readonly approved: boolean;
  /** Authorization code of the switch, field 38, of an approval. */
  readonly authorization: string;
  /** Why it was not approved, for developers: tag 09 of field 48. */
  readonly reason: string;
}

/** A message or a value that does not follow the packing. */
export declare class FormatError extends Error {}

/** The switch has refused the sign-on: a wrong key, another party's code, or too many connections. */
export declare class Refused extends Error {}

/** The result of `request` is not known yet: send it again later, or reverse it. */
export declare class Unanswered extends Error {
  readonly request: Request;
  /** What came instead. */
  readonly last: Error | Answer;
}

/** The connections of a party to the switch. Times are in milliseconds. */
export declare class Mall {
  /** Addresses of the switch, HOST:PORT; of a cluster, those of all nodes. */
  constructor(addresses: Iterable<string>, settings: Settings);
  connectWithin: number;
  answerWithin: number;
  silence: number;
  idle: number;
  readonly addresses: readonly string[];
  /** A purchase of an order that the payer agrees to, in minor units. It is made here and sent by `pay`. */
  purchase(order: string, amount: number, text?: string): Request;
  /** A refund of a purchase, or of a part of it. Store it before `send`. */
  refund(purchase: Request, amount: number): Request;
  /** The reversal of a purchase or refund; in part, if an amount remains. */
  reversal(request: Request, remaining?: number): Request;
  /** Brings a purchase to its end. `keep` stores the request with which to continue, before it is sent. */
  pay(request: Request, keep: (request: Request) => void | Promise<void>, within?: number): Promise<Payment>;
  /** Sends a request, and its repeats, until an answer decides it. */
  send(request: Request, within?: number): Promise<Answer>;
  /** What has become of an order (its number), or of a request that was made here. It moves nothing. */
  status(about: string | Request, within?: number): Promise<Status>;
  /** The milliseconds that an echo takes. */
  echo(): Promise<number>;
  /** A network management message with this code in field 70. */
  network(code: string): Request;
  /** Closes the connections that are not in use. */
  close(): void;
}

/** An event that is not from the switch, or is too old: do nothing with it. */
export declare class WebhookError extends Error {}
/** An event of a webhook: docs/webhooks.md. */
export interface WebhookEvent {
  type: string;
  timestamp: string;
  data: Record<string, string | number>;
}
/** The event in the body of a webhook, as it came, if it is signed with the secret. Throws WebhookError otherwise. */
export declare function verifyWebhook(
  secret: string,
  headers: Record<string, string | string[] | undefined>,
  body: string | Uint8Array,
  options?: { tolerance?: number; now?: number },
): WebhookEvent;
/** What webhooks name an order by, in `data.order_key`. */
export declare function orderKey(acceptor: string, order: string): string;
/** A request as its repeat: the same key, marked, with the time of now in field 7. Store this form. */
export declare function again(request: Request): Request;
/** A message as bytes, without its length; with a MAC under the key. */
export declare function pack(message: Fields, key?: string | null): Buffer;
/** The fields of a message. Throws FormatError unless every byte follows the packing. */
export declare function parse(message: Uint8Array): Fields;
/** The fields of a message that has the MAC of the key. */
export declare function verified(message: Uint8Array, key?: string | null): Fields;
/** The values in field 48 by their tags. */
export declare function tags(text: string): Record<string, string>;
