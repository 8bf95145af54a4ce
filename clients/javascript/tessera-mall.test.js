// Tests of the client: the golden messages, lost answers before a switch that is played here, and the real switch.
//
//   node --test clients/javascript
//
// The real switch takes part where TESSERA_SWITCH names its port, TESSERA_LOSING one that loses the first answer to a
// purchase, TESSERA_ORDERS five orders of MALL-0001 that a payer has agreed to pay, each with 19.99, TESSERA_TLS its port with
// TLS, and TESSERA_AUTHORITY the authority of its certificate.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { createServer } from "node:net";
import { test } from "node:test";

import {
  again, Answer, FormatError, Mall, orderKey, pack, parse, Refused, tags, Unanswered, verified, verifyWebhook, WebhookError,
} from "./tessera-mall.js";

const VECTORS = JSON.parse(readFileSync(new URL("../../protocol/tests/vectors.json", import.meta.url), "utf8"));
const KEY = "000102030405060708090a0b0c0d0e0f";
const LOST = Symbol("the connection is closed");

const mall = (addresses, changes = {}) =>
  Object.assign(new Mall(addresses, { party: "10000000001", acceptor: "MALL-0001", terminal: "NODEJS01", key: KEY }), changes);

test("packs and parses every golden message", () => {
  for (const vector of VECTORS.good) {
    const fields = { mti: vector.mti, ...vector.fields };
    assert.equal(pack(fields, vector.mac_key).toString("hex"), vector.hex, vector.name);
    const { 64: _, 128: __, ...read } = verified(Buffer.from(vector.hex, "hex"), vector.mac_key);
    assert.deepEqual(read, fields, vector.name);
  }
});

test("notices every changed bit", () => {
  for (const vector of VECTORS.good.filter((vector) => vector.mac_key)) {
    const message = Buffer.from(vector.hex, "hex");
    for (let bit = 0; bit < message.length * 8; bit++) {
      const changed = Buffer.from(message);
      changed[bit >> 3] ^= 1 << (bit & 7);
      assert.throws(() => verified(changed, vector.mac_key), FormatError, `${vector.name} bit ${bit}`);
    }
  }
});

test("refuses every bad message and every truncation", () => {
  const bad = VECTORS.bad.map((vector) => Buffer.from(vector.hex, "hex"));
  for (const vector of VECTORS.good) {
    const message = Buffer.from(vector.hex, "hex");
    for (let length = 0; length < message.length; length++) bad.push(message.subarray(0, length));
  }
  for (const message of bad) assert.throws(() => parse(message), FormatError, message.toString("hex"));
});

const answered = (request, code, more = {}) => {
  const echoed = [3, 4, 7, 11, 32, 37, 41, 42, 49, 70, 90].filter((field) => field in request);
  const mti = String(Number(request.mti.slice(0, 3)) + 1).padStart(3, "0") + "0";
  return { mti, ...Object.fromEntries(echoed.map((field) => [field, request[field]])), 39: code, ...more };
};

/** A switch: what it answers to purchases and reversals, each with their number from 1: fields, bytes, null for silence, LOST. */
async function play(t, purchase, reversal = (request) => answered(request, "00"), signOn = "00") {
  const seen = [];
  const played = { hangs: false }; // until the next sign-on
  const sent = (kind) => seen.filter((request) => request.mti[1] === kind);
  const sockets = new Set();
  const server = createServer((socket) => {
    let received = Buffer.alloc(0);
    sockets.add(socket.on("error", () => {}));
    socket.on("data", (data) => {
      received = Buffer.concat([received, data]);
      while (received.length >= 2 && received.length >= 2 + received.readUInt16BE(0)) {
        const length = received.readUInt16BE(0);
        const request = verified(received.subarray(2, 2 + length), KEY);
        received = received.subarray(2 + length);
        if (request[70] !== "301") seen.push(request);
        const kind = request.mti[1];
        const isNetwork = kind === "8";
        if (request[70] === "001") played.hangs = false;
        if (isNetwork && played.hangs) continue;
        const answer = isNetwork
          ? answered(request, request[70] === "001" ? signOn : "00")
          : (kind === "2" ? purchase : reversal)(request, sent(kind).length);
        if (answer === LOST) return socket.destroy();
        if (answer === null) continue;
        const packed = Buffer.isBuffer(answer) ? answer : pack(answer, KEY);
        // A keep-alive, and a message in two pieces.
        socket.write(Buffer.concat([Buffer.from([0, 0, packed.length >> 8, packed.length & 255]), packed.subarray(0, 5)]));
        setImmediate(() => socket.write(packed.subarray(5)));
      }
    });
  });
  await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
  t.after(() => {
    server.close();
    for (const socket of sockets) socket.destroy();
  });
  return Object.assign(played, { address: `127.0.0.1:${server.address().port}`, seen, sent });
}

async function pay(t, played, within = 30_000, changes = {}) {
  const client = mall([played.address], changes);
  t.after(() => client.close());
  const kept = [];
  const result = await client.pay(client.purchase("ORDER-1", 1999, "2 × tea"), (request) => kept.push(request), within);
  return { ...result, kept };
}

function assertRepeated([first, ...repeats]) {
  assert.equal(first.mti, "0200");
  for (const repeat of repeats) {
    assert.equal(repeat.mti, "0201");
    for (const field of Object.keys(first).filter((name) => !["mti", "7", "64"].includes(name))) {
      assert.equal(repeat[field], first[field], `field ${field}`);
    }
  }
}

test("a purchase is repeated where the connection is lost", async (t) => {
  const played = await play(t, (request, count) => (count < 3 ? LOST : answered(request, "00", { 38: "7K2M9D" })));
  const { outcome, answer, kept } = await pay(t, played);
  assert.deepEqual([outcome, answer.code, answer.authorization], ["paid", "00", "7K2M9D"]);
  assertRepeated(played.sent("2"));
  assert.equal(played.sent("8").length, 3, "each connection signs on");
  assert.deepEqual(kept.map((request) => request.mti), ["0201"], "kept before it was sent, as its repeat");
  assert.deepEqual(played.sent("4"), []);
});

test("a silent switch is given up for the next address", async (t) => {
  const silent = createServer();
  await new Promise((resolve) => silent.listen(0, "127.0.0.1", resolve));
  t.after(() => silent.close());
  const played = await play(t, (request) => answered(request, "00"));
  const client = mall([`127.0.0.1:${silent.address().port}`, played.address], { silence: 2000 });
  t.after(() => client.close());
  assert.ok((await client.send(client.purchase("ORDER-1", 1))).approved);
  assert.equal(client.addresses[0], played.address, "it is the first from now on");
});

test("a switch that answers echoes is waited for", async (t) => {
  const played = await play(t, (request, count) => (count === 1 ? null : answered(request, "00")));
  const began = Date.now();
  const { outcome } = await pay(t, played, 30_000, { answerWithin: 7000 });
  assert.deepEqual([outcome, played.sent("2").length], ["paid", 2]);
  assert.ok(Date.now() - began >= 7000, "not given up after 3 s without an answer");
});

test("a connection on which no echo is answered is given up", async (t) => {
  const played = await play(t, (request, count) => {
    played.hangs = count === 1;
    return played.hangs ? null : answered(request, "00");
  });
  const began = Date.now();
  const { outcome } = await pay(t, played, 120_000, { silence: 2000, answerWithin: 60_000 });
  assert.deepEqual([outcome, played.sent("2").length, played.sent("8").length], ["paid", 2, 2]);
  assert.ok(Date.now() - began < 60_000, "long before answerWithin");
});

test("a purchase without an answer is reversed and never sent anew", async (t) => {
  const played = await play(t, () => LOST, (request, count) => (count === 1 ? LOST : answered(request, "00")));
  const { outcome, answer, kept } = await pay(t, played, 2000);
  assert.deepEqual([outcome, answer.fields.mti], ["undone", "0430"]);
  assertRepeated(played.sent("2"));
  assert.deepEqual(played.sent("4").map((request) => request.mti), ["0420", "0421"]);
  assert.deepEqual(kept.map((request) => request.mti), ["0201", "0421"]);
  const [first] = played.sent("2");
  for (const request of played.sent("4")) {
    assert.equal(request[90], "0200" + first[11] + first[7] + "10000000001" + "0".repeat(11));
    assert.equal(request[48], first[48]);
    assert.notEqual(request[11], first[11]);
  }
});

test("an answer with a wrong MAC is none", async (t) => {
  const played = await play(t, (request, count) => {
    const approved = pack(answered(request, "00"), KEY);
    approved[approved.length - 1] ^= 1;
    return count === 1 ? approved : answered(request, "51");
  });
  const { outcome, answer } = await pay(t, played);
  assert.deepEqual([outcome, answer.code], ["declined", "51"]);
});

test("an answer to another request is passed over", async (t) => {
  const other = (request) => answered({ ...request, 11: "000000" }, "00");
  const played = await play(t, (request, count) => (count === 1 ? other(request) : answered(request, "51")));
  assert.equal((await pay(t, played, 30_000, { answerWithin: 300 })).outcome, "declined");
});

test("what decides nothing ends a first transmission but no repeat", async (t) => {
  const refused = await play(t, (request) => answered(request, "63"));
  const { outcome, answer } = await pay(t, refused);
  assert.deepEqual([outcome, answer.code, refused.sent("2").length], ["declined", "63", 1]);
  const played = await play(t, (request, count) => (count === 1 ? LOST : answered(request, count === 2 ? "63" : "00")));
  assert.deepEqual([(await pay(t, played)).outcome, played.sent("2").length], ["paid", 3]);
});

const tag = (number, value) => number + String(value.length).padStart(3, "0") + value;
const REPORT = [["10", "approved"], ["11", "00"], ["12", "000000001999"], ["13", "000000001999"], ["14", "000000000500"],
  ["15", "000000000700"], ["16", "000000000000"], ["17", "632609000003"]].map(([number, value]) => tag(number, value)).join("");

test("a status is asked for, and a lost answer is asked for again", async (t) => {
  const status = (request, count) => (count === 1 ? LOST : answered(request, "00", { 38: "Q04WX1", 48: REPORT, 49: "840" }));
  const played = await play(t, () => LOST, status);
  const client = mall([played.address]);
  t.after(() => client.close());
  const purchase = client.purchase("ORDER-1", 1999);
  assert.deepEqual(await client.status(purchase), {
    state: "approved", paid: true, code: "00", reason: "", authorization: "Q04WX1", amount: 1999, approved: 1999, reversed: 500,
    refunded: 700, completed: 0, reference: "632609000003",
  });
  const [first, repeat] = played.sent("6");
  assert.deepEqual([first.mti, repeat.mti, first[24], first[37]], ["0600", "0601", "310", purchase[37]]);
  assert.equal(first[90], "0200" + purchase[11] + purchase[7] + "10000000001" + "0".repeat(11));
  assert.deepEqual([played.sent("2"), played.sent("4")], [[], []], "nothing else is sent");
  await client.status("ORDER-1");
  const asked = played.sent("6").at(-1);
  assert.deepEqual([asked[48], 90 in asked], [tag("01", "ORDER-1"), false]);
});

test("a status that is unknown or refused is no state", async (t) => {
  const unknown = await play(t, () => LOST, (request) => answered(request, "25", { 48: tag("09", "why") }));
  const client = mall([unknown.address]);
  t.after(() => client.close());
  const { state, paid, reason } = await client.status("ORDER-1");
  assert.deepEqual([state, paid, reason], ["unknown", false, "why"]);
  const refusing = await play(t, () => LOST, (request) => answered(request, "63"));
  const refused = mall([refusing.address]);
  t.after(() => refused.close());
  await assert.rejects(refused.status("ORDER-1"), Unanswered);
});

test("after a crash it goes on with what was kept", async (t) => {
  const played = await play(t, (request) => answered(request, "00"));
  const client = mall([played.address]);
  t.after(() => client.close());
  let kept;
  const crash = (request) => {
    kept = JSON.stringify(request);
    throw new Error("crash");
  };
  await assert.rejects(client.pay(client.purchase("ORDER-1", 1999), crash), /crash/);
  assert.deepEqual(played.seen, [], "nothing is sent before it is kept");
  assert.equal((await client.pay(JSON.parse(kept), () => {})).outcome, "paid");
  assert.deepEqual(played.sent("2").map((request) => request.mti), ["0201"]);
});

test("without any answer it says what to continue with", async (t) => {
  const played = await play(t, () => LOST, () => LOST);
  await assert.rejects(pay(t, played, 2000), (error) => error instanceof Unanswered && error.request.mti === "0421");
});

test("a refused sign-on is said at once", async (t) => {
  const played = await play(t, () => null, undefined, "63");
  await assert.rejects(pay(t, played), (error) => error instanceof Refused && /63/.test(error.message));
  assert.deepEqual(played.sent("2"), []);
});

test("connections are used again and shared", async (t) => {
  const played = await play(t, (request) => answered(request, "00"));
  const client = mall([played.address]);
  t.after(() => client.close());
  for (let number = 0; number < 3; number++) await client.send(client.purchase(`ORDER-${number}`, 1));
  assert.equal(played.sent("8").length, 1);
  await Promise.all(Array.from({ length: 8 }, (_, number) => client.send(client.purchase(`MORE-${number}`, 1))));
  assert.equal(played.sent("2").length, 11);
  client.idle = -1;
  await client.send(client.purchase("LATER", 1));
  assert.equal(played.seen.at(-2).mti, "0800", "an old connection is not used again");
  assert.equal(new Set(played.seen.map((request) => request[11])).size, played.seen.length, "no trace number comes twice");
});

test("what cannot be an order or an amount is refused before it is sent", () => {
  for (const order of ["", "a b", "x".repeat(33), "é"]) assert.throws(() => mall([]).purchase(order, 1), RangeError, order);
  for (const amount of [0, -1, 19.99, 1e12, NaN]) assert.throws(() => mall([]).purchase("ORDER-1", amount), RangeError);
});

test("a text of any alphabet and length fits", () => {
  assert.deepEqual(tags(mall([]).purchase("ORDER-1", 1, "차 ".repeat(100))[48]), { "01": "ORDER-1", "02": "? ".repeat(50) });
});

test("a reason is found behind other tags", () => {
  const answer = new Answer({ mti: "0210", 39: "51", 48: "01007ORDER-1" + "09016not enough money" });
  assert.deepEqual([answer.approved, answer.reason], [false, "not enough money"]);
});

const noSwitch = process.env.TESSERA_SWITCH ? false : "TESSERA_SWITCH names no switch";
test("takes what the reference libraries of webhooks have signed, and nothing else", () => {
  const secret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
  const text = '{"test": 2432232314}';
  const headers = {
    "Webhook-Id": "msg_p5jXN8AQM9LWM0D4loKWxJek",
    "webhook-timestamp": "1614265330",
    "webhook-signature": "v1,AAAA v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE= v2,x",
  };
  const verify = ({ body = text, now = 1614265330, ...changes } = {}) => {
    const changed = Object.fromEntries(Object.entries(changes).map(([name, value]) => [`webhook-${name}`, value]));
    return verifyWebhook(secret, { ...headers, ...changed }, body, { now });
  };
  assert.deepEqual(verify(), { test: 2432232314 });
  assert.deepEqual(verify({ body: Buffer.from(text), now: 1614265630 }), { test: 2432232314 });
  const wrong = [
    { body: text + " " }, { now: 1614265631 }, { now: 1614265029 }, { timestamp: "1614265331" }, { timestamp: "soon" },
    { signature: "" }, { signature: "v1,AAAA" },
  ];
  for (const change of wrong) assert.throws(() => verify(change), WebhookError, JSON.stringify(change));
  assert.throws(() => verifyWebhook(secret, {}, text), WebhookError);
  // SHA-256 of "MALL-0001      ORDER-1", the first 16 bytes.
  assert.equal(orderKey("MALL-0001", "ORDER-1"), "5104a223698df71473f2301a0e126d47");
});

test("buys, repeats, refunds and reverses at the real switch", { skip: noSwitch }, async (t) => {
  const [one, two, three, four, five] = process.env.TESSERA_ORDERS.split(",");
  const client = mall([process.env.TESSERA_SWITCH]);
  const losing = mall([process.env.TESSERA_LOSING]);
  t.after(() => [client, losing].forEach((each) => each.close()));
  const keep = () => {};
  assert.ok((await client.echo()) < 3000);

  let purchase = client.purchase(one, 1999, "2 x tea");
  const paid = await client.pay(purchase, keep);
  assert.deepEqual([paid.outcome, paid.answer.authorization.length], ["paid", 6]);
  const repeat = await client.send(again(purchase));
  assert.deepEqual([repeat.code, repeat.authorization], ["00", paid.answer.authorization], "applied once");
  const second = await client.pay(client.purchase(one, 1999), keep);
  assert.deepEqual([second.outcome, second.answer.code], ["declined", "94"], "paid once");

  const refund = client.refund(purchase, 700);
  assert.ok((await client.send(refund)).approved);
  assert.ok((await client.send(again(refund))).approved, "once");
  assert.equal((await client.send(client.refund(purchase, 1300))).code, "13", "12.99 are left");
  const status = await client.status(purchase);
  assert.deepEqual([status.state, status.approved, status.refunded], ["approved", 1999, 700]);
  assert.equal(status.authorization, paid.answer.authorization);
  assert.deepEqual(await client.status(one), status, "the same by the order's number");
  assert.ok((await client.send(client.reversal(refund))).approved);
  assert.equal((await client.status(purchase)).refunded, 0);
  assert.equal((await client.status(client.purchase(one, 1999))).state, "unknown", "never sent");
  assert.equal((await client.status(four)).state, "agreed");

  purchase = client.purchase(two, 1999);
  assert.equal((await client.pay(purchase, keep)).outcome, "paid");
  assert.ok((await client.send(client.reversal(purchase, 500))).approved);

  purchase = client.purchase(three, 1999);
  assert.equal((await client.pay(purchase, keep)).outcome, "paid");
  assert.equal((await client.pay(client.reversal(purchase), keep)).outcome, "undone");
  const undone = await client.status(purchase);
  assert.deepEqual([undone.state, undone.paid, undone.reversed], ["reversed", false, 1999]);

  const other = await client.pay(client.purchase(five, 2000), keep);
  assert.deepEqual([other.outcome, other.answer.code], ["declined", "13"], "not what the payer agreed to");
  const unknown = await client.pay(client.purchase("NOBODY-AGREED", 1), keep);
  assert.deepEqual([unknown.outcome, unknown.answer.code], ["declined", "25"]);
  assert.notEqual(unknown.answer.reason, "");

  assert.equal((await losing.pay(losing.purchase(four, 1999), keep)).outcome, "paid", "after a repeat");
});

test("connects with TLS and verifies the certificate", { skip: noSwitch }, async (t) => {
  const trusting = mall([process.env.TESSERA_TLS], { tls: { ca: readFileSync(process.env.TESSERA_AUTHORITY) } });
  t.after(() => trusting.close());
  assert.ok((await trusting.echo()) < 3000);
  await assert.rejects(mall([process.env.TESSERA_TLS], { tls: {} }).echo(), /certificate/);
});
