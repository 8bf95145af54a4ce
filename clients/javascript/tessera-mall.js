// The client of a mall's server at the Tessera switch: one file, made to be copied, with its types in tessera-mall.d.ts.
//
//   const mall = new Mall(["127.0.0.1:8583"], { party: "10000000001", acceptor: "MALL-0001", terminal: "TERM0001",
//     key: "000102030405060708090a0b0c0d0e0f" });
//   const { outcome, answer } = await mall.pay(mall.purchase("ORDER-1", 1999, "2 x tea"), store);  // paid, declined, undone
//
// It needs Node.js 18 or later and nothing else. Every request is an object of texts that can be stored as JSON. A connection
// carries one request at a time; more are opened as they are needed. The messages are described in docs/protocol.md, and lost
// answers in docs/idempotency.md.

import { createCipheriv, createHash, createHmac, randomInt, timingSafeEqual } from "node:crypto";
import { connect as connectPlain } from "node:net";
import { connect as connectTls } from "node:tls";

// Every field with its packing and length: docs/protocol.md, "Packing".
// made: javascript
const FIELDS =
  "2 LN19 3 N6 4-6 N12 7 N10 8-10 N8 11-12 N6 13-18 N4 19-24 N3 25-26 N2 27 N1 " +
  "28-31 A9 32-33 LN11 34 LC28 35 TRACK37 36 LLC104 37 C12 38 C6 39 C2 40 C3 41 C8 " +
  "42 C15 43 C40 44 LC25 45 LC76 46-48 LLC999 49-51 C3 52 B8 53 N16 54 LLC120 55 LLB999 " +
  "56-63 LLC999 64 B8 66 N1 67 N2 68-70 N3 71-72 N4 73 N6 74-81 N10 82-85 N12 86-89 N16 " +
  "90 N42 91 C1 92 C2 93 C6 94 C7 95 C42 96 B16 97 A17 98 C25 99-100 LN11 " +
  "101 LC17 102-103 LC28 104 LLC100 105-127 LLC999 128 B8 ";
// end

const TABLE = new Map();
for (const [, numbers, kind, length] of FIELDS.matchAll(/(\S+) ([A-Z]+)(\d+)/g)) {
  const [first, last = first] = numbers.split("-");
  for (let number = Number(first); number <= Number(last); number++) TABLE.set(number, [kind, Number(length)]);
}
const PREFIX_BYTES = { LN: 1, TRACK: 1, LC: 1, LLC: 2, LLB: 2 };

// To a repeat, these say nothing about the first transmission: the switch decides them again each time, or could not look.
const UNDECIDED = ["12", "30", "58", "63", "96"];

/** A message or a value that does not follow the packing. */
export class FormatError extends Error {}

/** The switch has refused the sign-on: a wrong key, another party's code, or too many connections. */
export class Refused extends Error {}

/** The result of `request` is not known yet: send it again later, or reverse it. `last` is what came instead. */
export class Unanswered extends Error {
  constructor(request, last) {
    const what = last instanceof Error ? last.message : `${last.code} ${last.reason}`;
    super(`${request.mti} ${request[11]} has no result yet: ${what}`);
    Object.assign(this, { request, last });
  }
}

/** An event that is not from the switch, or is too old: do nothing with it. */
export class WebhookError extends Error {}

/**
 * The event in the body (a string or bytes, as it came) of a webhook, if it is signed with the secret (`whsec_...`) and not older
 * than `tolerance` seconds. Throws WebhookError otherwise. The same event may come more than once, with the same `webhook-id`.
 */
export function verifyWebhook(secret, headers, body, { tolerance = 300, now = Date.now() / 1000 } = {}) {
  const named = Object.fromEntries(Object.entries(headers).map(([name, value]) => [name.toLowerCase(), String(value)]));
  const [id, sent, signatures] = ["id", "timestamp", "signature"].map((name) => named[`webhook-${name}`]);
  if (!id || !/^\d+$/.test(sent) || !signatures) throw new WebhookError("a header is missing or wrong");
  if (Math.abs(now - Number(sent)) > tolerance) throw new WebhookError("too old, or the clocks differ");
  const hmac = createHmac("sha256", Buffer.from(secret.replace(/^whsec_/, ""), "base64"));
  const made = Buffer.from("v1," + hmac.update(`${id}.${sent}.`).update(body).digest("base64"));
  const same = (signature) => {
    const bytes = Buffer.from(signature);
    return bytes.length === made.length && timingSafeEqual(bytes, made);
  };
  if (!signatures.split(" ").some(same)) throw new WebhookError("a wrong signature");
  return JSON.parse(body);
}

/** What webhooks name an order by, in `data.order_key`: store it with the order. */
export const orderKey = (acceptor, order) =>
  createHash("sha256").update(acceptor.padEnd(15) + order, "latin1").digest("hex").slice(0, 32);

/** The fields of an answer, by their numbers. */
export class Answer {
  constructor(fields) {
    this.fields = fields;
    this.code = fields[39] ?? "";
    this.approved = this.code === "00";
    this.authorization = fields[38] ?? "";
    this.reason = tags(fields[48] ?? "")["09"] ?? "";
  }
}

/** The values in field 48 by their tags. */
export function tags(text) {
  const found = {};
  while (text) {
    const length = Number(text.slice(2, 5));
    found[text.slice(0, 2)] = text.slice(5, 5 + length);
    text = text.slice(5 + length);
  }
  return found;
}

const tag = (number, value) => number + String(value.length).padStart(3, "0") + value;

const fail = (what) => {
  throw new FormatError(what);
};

/** The first eight bytes of the AES-CMAC: the last block of a CBC whose last block is changed by a subkey. */
function mac(covered, key) {
  const cbc = (bytes) => {
    const cipher = createCipheriv("aes-128-cbc", Buffer.from(key, "hex"), Buffer.alloc(16)).setAutoPadding(false);
    return cipher.update(bytes).subarray(-16);
  };
  const double = (block) => {
    const shifted = (BigInt("0x" + block.toString("hex")) << 1n) ^ (block[0] >> 7 ? 0x87n : 0n);
    return Buffer.from(BigInt.asUintN(128, shifted).toString(16).padStart(32, "0"), "hex");
  };
  const whole = covered.length > 0 && covered.length % 16 === 0;
  const padded = whole ? Buffer.from(covered) : Buffer.alloc((Math.floor(covered.length / 16) + 1) * 16);
  if (!whole) {
    covered.copy(padded);
    padded[covered.length] = 0x80;
  }
  const once = double(cbc(Buffer.alloc(16)));
  const subkey = whole ? once : double(once);
  for (let index = 0; index < 16; index++) padded[padded.length - 16 + index] ^= subkey[index];
  return cbc(padded).subarray(0, 8);
}

/** A message as bytes, without its length; with a MAC under the key. */
export function pack(message, key) {
  const numbers = Object.keys(message).filter((name) => name !== "mti").map(Number);
  const hasMore = numbers.some((number) => number > 64);
  const place = hasMore ? 128 : 64;
  if (key) {
    message = { ...message, [place]: "00".repeat(8) };
    if (!numbers.includes(place)) numbers.push(place);
  }
  const bitmap = Buffer.alloc(hasMore ? 16 : 8);
  for (const number of [...numbers, ...(hasMore ? [1] : [])]) bitmap[(number - 1) >> 3] |= 0x80 >> ((number - 1) & 7);
  const fields = numbers.sort((one, other) => one - other).map((number) => packField(number, message[number]));
  const packed = Buffer.concat([Buffer.from(message.mti, "hex"), bitmap, ...fields]);
  if (key) mac(packed.subarray(0, -8), key).copy(packed, packed.length - 8);
  return packed;
}

const [NUMBER, BYTES] = [/^\d+$/, /^([0-9a-f]{2})*$/];
const ALPHABETS = { N: NUMBER, LN: NUMBER, A: /^[CD]\d+$/, TRACK: /^[\d=]+$/, B: BYTES, LLB: BYTES };

function packField(number, value) {
  const [kind, most] = TABLE.get(number) ?? fail(`field ${number} does not exist`);
  if (!(ALPHABETS[kind] ?? /^[\0-\xff]*$/).test(value)) fail(`field ${number}: not in its alphabet`);
  let body;
  if (kind === "N") body = Buffer.from(value.padStart(most + (most % 2), "0"), "hex");
  else if (kind === "A") body = Buffer.concat([Buffer.from(value[0]), Buffer.from(value.slice(1), "hex")]);
  else if (kind === "LN" || kind === "TRACK") body = Buffer.from(value.replace("=", "d") + (value.length % 2 ? "0" : ""), "hex");
  else body = Buffer.from(kind === "C" ? value.padEnd(most) : value, kind === "B" || kind === "LLB" ? "hex" : "latin1");
  const length = ["N", "A", "LN", "TRACK"].includes(kind) ? value.length : body.length;
  if (length > most || (["A", "B"].includes(kind) && length < most)) fail(`field ${number}: length ${length}, not ${most}`);
  const prefix = PREFIX_BYTES[kind] ?? 0;
  return Buffer.concat([Buffer.from(prefix ? String(length).padStart(2 * prefix, "0") : "", "hex"), body]);
}

/** The fields of a message as texts, and `mti`. Throws FormatError unless every byte follows the packing. */
export function parse(message) {
  let place = 0;
  const take = (count) => {
    place += count;
    if (place > message.length) fail(`${count} bytes needed at byte ${place - count}`);
    return message.subarray(place - count, place);
  };
  const digits = (count) => {
    const text = take(count).toString("hex");
    return /[a-f]/.test(text) ? fail(`a nibble above 9 before byte ${place}`) : text;
  };
  const fields = { mti: digits(2) };
  let bitmap = take(8);
  if (bitmap[0] >> 7) bitmap = Buffer.concat([bitmap, take(8)]);
  for (let number = 2; number <= bitmap.length * 8; number++) {
    if (!(bitmap[(number - 1) >> 3] & (0x80 >> ((number - 1) & 7)))) continue;
    const [kind, most] = TABLE.get(number) ?? fail(`field ${number} does not exist`);
    const length = PREFIX_BYTES[kind] ? Number(digits(PREFIX_BYTES[kind])) : most;
    if (length > most) fail(`field ${number}: length ${length} above ${most}`);
    let value;
    if (kind === "N") {
      value = digits(Math.ceil(most / 2));
      if (most % 2 && value[0] !== "0") fail(`field ${number}: no 0 in front`);
      value = value.slice(most % 2);
    } else if (kind === "A") {
      value = take(1).toString("latin1") + digits((most - 1) / 2);
    } else if (kind === "LN" || kind === "TRACK") {
      value = take(Math.ceil(length / 2)).toString("hex").slice(0, length);
      if (kind === "LN" && /[a-f]/.test(value)) fail(`field ${number}: a nibble above 9`);
      value = value.replace("d", "=");
    } else if (kind === "B" || kind === "LLB") {
      value = take(length).toString("hex");
    } else {
      value = take(length).toString("latin1");
      if (kind === "C") value = value.replace(/ +$/, "");
    }
    fields[number] = value;
  }
  return place < message.length ? fail(`${message.length - place} bytes left over`) : fields;
}

/** The fields of a message that has the MAC of the key. */
export function verified(message, key) {
  const fields = parse(message);
  const has = (message[2] >> 7 ? 128 : 64) in fields;
  if (key && !(has && timingSafeEqual(mac(message.subarray(0, -8), key), message.subarray(-8)))) fail("a missing or wrong MAC");
  return fields;
}

// UTC, as YYMMDDhhmmss.
const now = () => new Date().toISOString().replace(/\D/g, "").slice(2, 14);
const pause = (milliseconds) => new Promise((resolve) => setTimeout(resolve, milliseconds));

/** A request as its repeat: the same key, marked, with the time of now in field 7. Store this form. */
export const again = (request) => ({ ...request, mti: request.mti.slice(0, 3) + "1", 7: now().slice(2) });

// Field 90.
const naming = (original) =>
  original.mti.slice(0, 3) + "0" + original[11] + original[7] + original[32].padStart(11, "0") + "0".repeat(11);

/** The connections of a party to the switch. Times are in milliseconds. */
export class Mall {
  connectWithin = 1000; // a node of a cluster that does not answer is passed over after this time
  answerWithin = 12_000; // the switch answers within 10 s: 3 for the payer's agreement, 7 for the financial system
  silence = 3000; // without any input for half of it an echo is sent, after the whole the line is given up
  idle = 60_000; // an older connection is not used again; the switch closes it after five minutes
  #idle = [];
  #trace = randomInt(999_999);

  constructor(addresses, { party, acceptor, terminal, key, currency = "840", category = "5999", tls }) {
    Object.assign(this, { addresses: [...addresses], party, acceptor, terminal, key, currency, category, tls });
  }

  /** A purchase of an order that the payer agrees to, in minor units. It is made here and sent by `pay`. */
  purchase(order, amount, text = "") {
    if (!/^[!-~]{1,32}$/.test(order)) throw new RangeError("an order number has 1 to 32 printable ASCII characters without spaces");
    text = text.replace(/[^\0-\xff]/gu, "?").slice(0, 100);
    return this.#financial("000000", amount, tag("01", order) + (text && tag("02", text)));
  }

  /** A refund of a purchase, or of a part of it. Store it before `send`, and send the same one until it is answered. */
  refund(purchase, amount) {
    return { ...this.#financial("200000", amount, purchase[48]), 90: naming(purchase) };
  }

  /** The reversal of a purchase or refund; in part, if an amount remains. */
  reversal(request, remaining) {
    const same = Object.fromEntries([3, 4, 12, 13, 37, 41, 42, 48, 49].map((field) => [field, request[field]]));
    const part = remaining === undefined ? {} : { 95: String(remaining).padStart(12, "0") + "0".repeat(30) };
    return { ...this.#stamped("0420"), ...same, 90: naming(request), ...part };
  }

  /**
   * Brings a purchase to its end: "paid", "declined", or, where no answer comes in time, "undone" by a reversal.
   *
   * `keep` stores the request with which to continue, before it is sent. After a crash give that request to `pay`.
   * Throws Unanswered where the reversal has no answer in time either: give the request that was kept to `pay` later.
   */
  async pay(request, keep, within = 30_000) {
    if (request.mti.startsWith("02")) {
      await keep(again(request));
      try {
        const answer = await this.send(request, within);
        return { outcome: answer.approved ? "paid" : "declined", answer };
      } catch (error) {
        if (!(error instanceof Unanswered)) throw error;
        request = this.reversal(request);
      }
    }
    await keep(again(request));
    const answer = await this.send(request, within);
    if (!answer.approved) throw new Unanswered(request, answer);
    return { outcome: "undone", answer };
  }

  /**
   * Sends a request, and its repeats, until an answer decides it, and returns the answer. Throws Unanswered after `within`;
   * Refused if the switch has refused the first sign-on, before anything was sent.
   */
  async send(request, within = 30_000) {
    pack(request, this.key); // What cannot be packed is an error of the caller, and not a lost answer.
    const deadline = Date.now() + within;
    let sent = request.mti.endsWith("1");
    let last;
    for (let wait = 50; ; wait = Math.min(2 * wait, 1000)) {
      try {
        const line = await this.#line();
        const wasSent = sent;
        if (sent) request = again(request);
        sent = true;
        const answer = await line.ask(request, Math.max(100, Math.min(this.answerWithin, deadline - Date.now())));
        this.#rest(line);
        if (!wasSent || !UNDECIDED.includes(answer.code)) return answer;
        last = answer;
      } catch (error) {
        if (error instanceof Refused && !sent) throw error;
        // Those that wait were probably lost too.
        this.close();
        last = error;
      }
      if (Date.now() + wait >= deadline) throw new Unanswered(request, last);
      await pause(wait);
    }
  }

  /**
   * What has become of an order (its number), or of a request that was made here: `state` is "unknown" where the switch
   * knows nothing of it, and otherwise a word of docs/protocol.md, "Status inquiry". Amounts are in minor units; nothing
   * is moved.
   *
   * Ask to look something up; after a lost answer, repeat the request or reverse it, as `pay` does: that decides it.
   * Throws Unanswered without an answer in time.
   */
  async status(about, within = 30_000) {
    const inquiry = { ...this.#stamped("0600"), 24: "310", 41: this.terminal, 42: this.acceptor };
    if (typeof about === "string") inquiry[48] = tag("01", about);
    else {
      for (const field of [3, 4, 12, 13, 37, 41, 42, 48]) inquiry[field] = about[field];
      inquiry[90] = naming(about);
    }
    const answer = await this.send(inquiry, within);
    if (answer.code !== "25" && !answer.approved) throw new Unanswered(inquiry, answer);
    const said = tags(answer.fields[48] ?? "");
    const amount = (number) => Number(said[number] ?? 0);
    const [approved, reversed] = [amount("13"), amount("14")];
    const state = said["10"] ?? "unknown";
    return {
      state, paid: state === "approved" && approved > reversed, code: said["11"] ?? "", reason: answer.reason,
      authorization: answer.authorization, amount: amount("12"), approved, reversed, refunded: amount("15"),
      completed: amount("16"), reference: (said["17"] ?? "").trimEnd(),
    };
  }

  /** The milliseconds that an echo takes. */
  async echo() {
    const line = await this.#line();
    const began = performance.now();
    await line.ask(this.network("301"), this.silence);
    this.#rest(line);
    return performance.now() - began;
  }

  /** Closes the connections that are not in use. */
  close() {
    for (const line of this.#idle.splice(0)) line.close();
  }

  network(code) {
    return { ...this.#stamped("0800"), 70: code };
  }

  #stamped(mti) {
    this.#trace = (this.#trace % 999_999) + 1;
    return { mti, 7: now().slice(2), 11: String(this.#trace).padStart(6, "0"), 32: this.party };
  }

  #financial(processingCode, amount, order) {
    if (!Number.isSafeInteger(amount) || amount < 1 || amount >= 1e12) {
      throw new RangeError("an amount is a whole number of minor units, 1 to 999,999,999,999");
    }
    const message = this.#stamped("0200");
    const [date, time] = [message[7].slice(0, 4), message[7].slice(4)];
    const year = new Date().getUTCFullYear();
    const day = String(Math.floor((Date.now() - Date.UTC(year, 0, 0)) / 86_400_000)).padStart(3, "0");
    // UTC in 12 and 13 too: a local time that comes twice, in autumn, could make two requests the same.
    return {
      ...message, 3: processingCode, 4: String(amount).padStart(12, "0"), 12: time, 13: date, 18: this.category, 22: "812",
      25: "59", 37: (year % 10) + day + time.slice(0, 2) + message[11], 41: this.terminal, 42: this.acceptor, 48: order,
      49: this.currency,
    };
  }

  // A connection that is signed on: one that rests, or a new one to the first address that accepts.
  async #line() {
    while (this.#idle.length > 0) {
      const line = this.#idle.pop();
      if (line.use() && Date.now() - line.restsSince < this.idle) return line;
      line.close();
    }
    let last = new Error("no address of the switch");
    for (const address of this.addresses) {
      try {
        const line = await Line.open(this, address);
        // The one that works is tried first the next time.
        this.addresses = [address, ...this.addresses.filter((other) => other !== address)];
        return line;
      } catch (error) {
        if (error instanceof Refused) throw error;
        last = error;
      }
    }
    throw last;
  }

  #rest(line) {
    line.rest();
    this.#idle.push(line);
  }
}

/** A connection that is signed on. Every failure closes it. */
class Line {
  #mall;
  #socket;
  #received = Buffer.alloc(0);
  #lost = null;
  #wake = () => {};

  static async open(mall, address) {
    const line = new Line();
    line.#mall = mall;
    const [, host, port] = /^\[?(.*?)\]?:(\d+)$/.exec(address) ?? fail(`${address} is not HOST:PORT`);
    const [connect, ready] = mall.tls ? [connectTls, "secureConnect"] : [connectPlain, "connect"];
    const socket = connect({ host, port: Number(port), servername: mall.tls && host, ...mall.tls });
    line.#socket = socket.setNoDelay(true);
    const lose = (error) => {
      line.#lost ??= error;
      line.#wake();
    };
    socket.on("error", lose).on("close", () => lose(new Error("the switch has closed the connection")));
    socket.on("data", (data) => {
      line.#received = Buffer.concat([line.#received, data]);
      line.#wake();
    });
    const timer = setTimeout(() => socket.destroy(new Error(`no connection to ${address}`)), mall.connectWithin);
    await new Promise((resolve) => {
      line.#wake = resolve;
      socket.once(ready, resolve);
    });
    clearTimeout(timer);
    if (line.#lost) throw line.#lost;
    const answer = await line.ask(mall.network("001"), mall.silence);
    if (!answer.approved) {
      line.close();
      throw new Refused(`sign-on at ${address}: ${answer.code} ${answer.reason}`);
    }
    return line;
  }

  async ask(request, within) {
    const deadline = Date.now() + within;
    const mti = String(Number(request.mti.slice(0, 3)) + 1).padStart(3, "0") + "0";
    try {
      this.#send(request);
      for (let isEchoed = false; ; ) {
        const answer = await this.#next(Math.min(this.#mall.silence / 2, deadline - Date.now()));
        if (answer?.mti === mti && answer[11] === request[11] && answer[37] === request[37]) return new Answer(answer);
        if (Date.now() >= deadline || (answer === null && isEchoed)) throw new Error("no answer in time");
        if (answer === null) this.#send(this.#mall.network("301"));
        // Other answers belong to echoes, or to transmissions that were given up.
        isEchoed = answer === null;
      }
    } catch (error) {
      this.close();
      throw error;
    }
  }

  close() {
    this.#socket.destroy();
  }

  // While it rests it does not keep the process alive.
  rest() {
    this.restsSince = Date.now();
    this.#socket.unref();
  }

  use() {
    this.#socket.ref();
    return this.#lost === null;
  }

  #send(message) {
    const packed = pack(message, this.#mall.key);
    this.#socket.write(Buffer.concat([Buffer.from([packed.length >> 8, packed.length & 255]), packed]));
  }

  // The next answer, or null where nothing comes in time.
  async #next(within) {
    const deadline = Date.now() + within;
    for (;;) {
      const length = this.#received.length < 2 ? Infinity : this.#received.readUInt16BE(0);
      if (this.#received.length >= 2 + length) {
        const message = this.#received.subarray(2, 2 + length);
        this.#received = this.#received.subarray(2 + length);
        if (length > 0) return verified(message, this.#mall.key);
      } else if (this.#lost) {
        throw this.#lost;
      } else if (Date.now() >= deadline) {
        return null;
      } else {
        await new Promise((resolve) => {
          const timer = setTimeout(resolve, deadline - Date.now());
          this.#wake = () => {
            clearTimeout(timer);
            resolve();
          };
        });
      }
    }
  }
}
