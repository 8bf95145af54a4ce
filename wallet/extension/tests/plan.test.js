// Forms that are spread over frames.
import assert from "node:assert/strict";
import { test } from "node:test";
import { ago, amount, expiry, isAffiliated, plan, shownCard, unseen, words } from "../plan.js";

const SHOP = "https://shop.example";
const PAY = "https://fields.pay.example";

const top = (forms, frames = []) => ({ documentId: "top", top: true, origin: SHOP, forms, frames });
const framed = (documentId, kinds, sure = true) => ({ documentId, top: false, origin: PAY, forms: [{ kinds, sure, frames: [] }], frames: [] });
const form = (kinds, frames = [], sure = true) => ({ kinds, sure, frames });

test("a frame that is closed to us is asked for, if it looks like a payment's", () => {
  const frames = [{ origin: PAY, payment: true }, { origin: "https://ads.example", payment: false }];
  assert.deepEqual(plan([top([], frames)]), { offers: [], asks: [PAY] });
});

test("a frame within a form that asks for the card's name is asked for, whatever it is called", () => {
  const frames = [{ origin: PAY, payment: false }];
  assert.deepEqual(plan([top([form(["name"], [PAY])], frames)]).asks, [PAY]);
});

test("nothing is asked for where the page itself has the form", () => {
  const frames = [{ origin: PAY, payment: true }];
  const { offers, asks } = plan([top([form(["number", "exp"])], frames)]);
  assert.deepEqual([offers.length, asks], [1, []]);
});

test("the name in the page and the card in its frame are one form", () => {
  const { offers, asks } = plan([top([form(["name"], [PAY])], [{ origin: PAY, payment: true }]), framed("f", ["number", "exp", "csc"])]);
  assert.deepEqual(asks, []);
  assert.equal(offers.length, 1);
  assert.deepEqual(offers[0].targets, [
    { documentId: "f", at: 0, kinds: ["number", "exp", "csc"] },
    { documentId: "top", at: 0, kinds: ["name"] },
  ]);
});

test("a frame for each field", () => {
  const { offers } = plan([top([], [{ origin: PAY, payment: true }]), framed("a", ["number"], false), framed("b", ["exp"]), framed("c", ["csc"])]);
  assert.deepEqual(offers[0].targets.map(({ documentId, kinds }) => [documentId, ...kinds]), [["a", "number"], ["b", "exp"], ["c", "csc"]]);
});

test("another site's frame gets no part of this one's card", () => {
  const other = { ...framed("x", ["exp"]), origin: "https://other.example" };
  const { offers } = plan([top([form(["number"])]), other]);
  assert.deepEqual(offers[0].targets.map(({ documentId }) => documentId), ["top"]);
});

test("a number alone, by its name only, is nobody's card", () => {
  assert.deepEqual(plan([top([form(["number"], [], false)])]).offers, []);
});

test("a page in the clear gets no card", () => {
  assert.deepEqual(plan([{ ...top([form(["number", "exp"])]), secure: false }]), { offers: [], asks: [] });
});

test("a mall that takes the wallet needs no card", () => {
  const mall = { ...top([form(["number", "exp"])]), affiliated: true };
  assert.ok(isAffiliated([mall]));
  assert.deepEqual(plan([mall]), { offers: [], asks: [] });
  const shop = top([form(["number", "exp"])]);
  const advertisement = { ...framed("x", []), affiliated: true };
  assert.ok(!isAffiliated([shop, advertisement]), "a frame says nothing about the page that it is in");
  assert.equal(plan([shop, advertisement]).offers.length, 1);
});

test("where the browser can't find out whether a frame is seen, nothing is offered or asked for", () => {
  const blind = { observes: false };
  const page = { ...top([], [{ origin: PAY, payment: true }]), ...blind };
  assert.deepEqual(plan([page]), { offers: [], asks: [] });
  assert.deepEqual(unseen([page]), [PAY]);
  const inner = { ...framed("f", ["number", "exp"]), ...blind, seen: false };
  assert.deepEqual(plan([page, inner]), { offers: [], asks: [] });
  assert.deepEqual(unseen([page, inner]), [PAY]);
  const own = { ...framed("f", ["number", "exp"]), ...blind, seen: true, origin: SHOP };
  assert.equal(plan([{ ...top([]), ...blind }, own]).offers.length, 1, "a frame of the page's own can be looked at");
  assert.deepEqual(unseen([top([], [{ origin: PAY, payment: true }])]), [], "with the compositor's help nothing is unseen");
});

test("amounts and times, as people read them", () => {
  assert.match(amount("9007199254740993.25", "USD"), /9.?007.?199.?254.?740.?993[.,]25/, "every digit counts");
  assert.equal(amount("1.00", "999999"), "1.00 999999");
  const minute = 60_000;
  assert.deepEqual([0, 5, 59, 60, 150, -3].map((minutes) => ago(0, minutes * minute)), ["just now", "5 min ago", "59 min ago", "1 h ago", "3 h ago", "just now"]);
});

test("words and dates", () => {
  assert.equal(words(["number", "month", "year", "name"]), "card number, expiry, name");
  assert.equal(shownCard("0010,3112"), "ending in 0010, valid until 12/2031");
  for (const none of [undefined, null, "", "0010"]) assert.match(shownCard(none), /none yet/);
  assert.deepEqual(expiry("3112"), { month: 12, year: 2031 });
  for (const text of ["", "3113", "12/31", "31120"]) assert.equal(expiry(text), null, text);
});
