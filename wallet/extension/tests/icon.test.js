// The icon in the fields of a site for which the payer switched it on: where it comes, and what a page can do with it.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { open } from "./page.js";

const FORM = `<form><input id="number" autocomplete="cc-number"><input id="exp" autocomplete="cc-exp"></form><input id="search">`;
const script = readFileSync(new URL("../page/icon.js", import.meta.url), "utf8");

// jsdom has no layout: every field is as large as one that people see.
function page() {
  const window = open(FORM);
  const sent = [];
  window.isSecureContext = true;
  window.chrome = { runtime: { sendMessage: async (message) => { sent.push(message); return true; } } };
  window.Element.prototype.getBoundingClientRect = () => ({ left: 0, top: 0, right: 200, bottom: 30, width: 200, height: 30 });
  window.eval(script);
  const focus = (id) => trusted(window, window.document.getElementById(id), "focusin");
  return { window, sent, focus, icon: () => window.document.querySelector("tessera-icon") };
}

// Events of a person: scripts of pages can't make them.
function trusted(window, target, name) {
  const event = new window.Event(name, { bubbles: true, composed: true });
  const own = Object.getOwnPropertySymbols(event).find((symbol) => String(symbol) === "Symbol(impl)");
  event[own].isTrusted = true;
  target[own]._dispatch(event[own]);
}

test("it comes with the focus of a card's field and goes with it", () => {
  const { window, focus, icon } = page();
  focus("search");
  assert.equal(icon(), null, "no other field");
  focus("number");
  assert.ok(icon());
  focus("exp");
  assert.equal(window.document.querySelectorAll("tessera-icon").length, 1);
  trusted(window, window.document.getElementById("exp"), "focusout");
  assert.equal(icon(), null);
});

test("a page can't bring it, look into it, or press it", () => {
  const { window, sent, focus, icon } = page();
  window.document.getElementById("number").dispatchEvent(new window.Event("focusin", { bubbles: true }));
  assert.equal(icon(), null, "by an event of its own");
  focus("number");
  assert.equal(icon().shadowRoot, null);
  icon().click();
  assert.deepEqual(sent, []);
});

test("it is away while a form is filled, and once the payer has removed it", () => {
  const { window, focus, icon } = page();
  window.tesseraPage.busy = true;
  focus("number");
  assert.equal(icon(), null);
  window.tesseraPage.busy = false;
  focus("number");
  assert.ok(icon());
  window.tesseraPage.hideIcon();
  window.tesseraPage.withIcon = false;
  focus("exp");
  assert.equal(icon(), null);
});
