// How fields are filled: what frameworks see of it.
import assert from "node:assert/strict";
import { test } from "node:test";
import { open, visible } from "./page.js";

const CARD = { number: "9900000000000010", name: "A PAYER", month: 12, year: 2031 };

function forms(window) {
  return window.tesseraPage.forms(window.document, visible);
}

test("a framework that watches the property sees a new value", async () => {
  const window = open('<form><input id="n" autocomplete="cc-number"><input id="e" autocomplete="cc-exp"></form>');
  const input = window.document.querySelector("#n");
  const native = Object.getOwnPropertyDescriptor(window.HTMLInputElement.prototype, "value");
  let known = "";
  let state = "";
  // As React tracks a controlled field: what is set through the element's own property is no news.
  Object.defineProperty(input, "value", {
    configurable: true,
    get() { return native.get.call(this); },
    set(value) { known = value; native.set.call(this, value); },
  });
  input.addEventListener("input", () => {
    if (native.get.call(input) !== known) state = known = native.get.call(input);
    native.set.call(input, state);
  });
  assert.deepEqual([...await window.tesseraPage.fill(forms(window)[0].parts, CARD)], ["number", "exp"]);
  assert.equal(state, CARD.number);
});

test("the events come as typing brings them", async () => {
  const window = open('<form><input id="n" autocomplete="cc-number"></form>');
  const seen = [];
  for (const name of ["focus", "keydown", "input", "keyup", "change", "blur"]) {
    window.document.querySelector("#n").addEventListener(name, (event) => seen.push(event.type));
  }
  await window.tesseraPage.fill(forms(window)[0].parts, CARD);
  const once = seen.filter((name, at) => seen.indexOf(name) === at);
  assert.deepEqual(once, ["focus", "keydown", "input", "keyup", "change", "blur"]);
});

test("a field that takes single characters only is typed into", async () => {
  const window = open('<form><input id="n" autocomplete="cc-number"></form>');
  const input = window.document.querySelector("#n");
  let last = "";
  input.addEventListener("input", () => {
    if (input.value.length > last.length + 1) input.value = last;
    last = input.value;
  });
  assert.deepEqual([...await window.tesseraPage.fill(forms(window)[0].parts, CARD)], ["number"]);
  assert.equal(input.value, CARD.number);
});

test("what a page takes away again is not said to be filled", async () => {
  const window = open('<form><input id="n" autocomplete="cc-number"><input id="e" autocomplete="cc-exp"></form>');
  const input = window.document.querySelector("#n");
  input.addEventListener("input", () => { input.value = ""; });
  assert.deepEqual([...await window.tesseraPage.fill(forms(window)[0].parts, CARD)], ["exp"]);
});

test("a formatter's spaces are no difference", async () => {
  const window = open('<form><input id="n" autocomplete="cc-number"></form>');
  const input = window.document.querySelector("#n");
  input.addEventListener("input", () => { input.value = input.value.replace(/(\d{4})(?=\d)/g, "$1 "); });
  assert.deepEqual([...await window.tesseraPage.fill(forms(window)[0].parts, CARD)], ["number"]);
  assert.equal(input.value, "9900 0000 0000 0010");
});

test("a field that is read-only until it has the focus is filled, and one that stays so is not", async () => {
  const window = open('<form><input id="n" autocomplete="cc-number" readonly><input id="e" autocomplete="cc-exp" readonly></form>');
  const input = window.document.querySelector("#n");
  input.addEventListener("focus", () => window.setTimeout(() => { input.readOnly = false; }, 5));
  assert.deepEqual([...await window.tesseraPage.fill(forms(window)[0].parts, CARD)], ["number"]);
  assert.equal(window.document.querySelector("#e").value, "");
});

test("a field that can't be seen any more once the one before is filled gets nothing", async () => {
  const window = open('<form><input id="n" autocomplete="cc-number"><input id="e" autocomplete="cc-exp"></form>');
  let hidden = false;
  window.document.querySelector("#n").addEventListener("input", () => { hidden = true; });
  Object.assign(window.tesseraPage, { painted: async () => !hidden });
  assert.deepEqual([...await window.tesseraPage.fill(forms(window)[0].parts, CARD)], ["number"]);
  // Nor one that its own focus has hidden.
  const other = open('<form><input id="n" autocomplete="cc-number"></form>');
  other.document.querySelector("#n").addEventListener("focus", () => { other.tesseraPage.isPainted = () => false; });
  assert.deepEqual([...await other.tesseraPage.fill(forms(other)[0].parts, CARD)], []);
  assert.equal(other.document.querySelector("#n").value, "");
  // Nor one that the first key has hidden.
  other.tesseraPage.isPainted = () => true;
  other.document.querySelector("#n").addEventListener("keydown", () => { other.tesseraPage.isPainted = () => false; });
  assert.deepEqual([...await other.tesseraPage.fill(forms(other)[0].parts, CARD)], []);
  assert.equal(other.document.querySelector("#n").value, "");
});

test("only the kinds that were asked for are filled", async () => {
  const window = open('<form><input id="n" autocomplete="cc-number"><input id="a" autocomplete="cc-name"></form>');
  window.tesseraPage.visible = visible;
  const { forms: all } = window.tesseraPage;
  window.tesseraPage.forms = (document) => all(document, visible);
  assert.deepEqual([...await window.tesseraPage.fillAt(0, ["name"], CARD)], ["name"]);
  assert.equal(window.document.querySelector("#n").value, "");
});

test("a field that the page has replaced is not said to be filled", async () => {
  const window = open('<form><input id="n" autocomplete="cc-number"><input id="e" autocomplete="cc-exp"></form>');
  const input = window.document.querySelector("#n");
  input.addEventListener("input", () => input.replaceWith(input.cloneNode()));
  assert.deepEqual([...await window.tesseraPage.fill(forms(window)[0].parts, CARD)], ["exp"]);
});

test("a frame that was handed a part of the card fills that", async () => {
  for (const [fields, card, filled] of [
    ['<input autocomplete="cc-exp"><input autocomplete="cc-csc">', { month: 12, year: 2031 }, ["exp"]],
    ['<input autocomplete="cc-given-name"><input autocomplete="cc-family-name">', { name: "A PAYER" }, ["given", "family"]],
    ['<input autocomplete="cc-number">', { number: CARD.number }, ["number"]],
  ]) {
    const window = open(`<form>${fields}</form>`);
    assert.deepEqual([...await window.tesseraPage.fill(forms(window)[0].parts, card)], filled);
  }
});
