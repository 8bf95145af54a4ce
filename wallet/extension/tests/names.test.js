// The names that browsers know (page/names.js): each of them that is a plain name is recognised beside a card's number.
import assert from "node:assert/strict";
import { test } from "node:test";
import { open, visible } from "./page.js";

const { names } = open("").tesseraPage;

// `(^cc-?exp-?month$)` as cc-exp-month, ccexpmonth and cc_exp_month; nothing where a pattern is more than a name.
function plain(pattern) {
  const name = /^\(?\^?((?:[a-z]|[-.]\?)+)\$?\)?$/.exec(pattern)?.[1];
  return name ? [...new Set(["-", "", "_"].map((dash) => name.replaceAll(/[-.]\?/g, dash)))] : [];
}

// What a number stands beside where it is asked about itself.
const BESIDE = '<input autocomplete="cc-exp"><input autocomplete="cc-csc">';
// Names that say too little: an anonymous number, a date, a year of anything.
const VAGUE = /^(number|cc|carte|date[-_]?[my]|mes|rok|jaar|maand|month|year|fecha|nummer|verification|titulaire|monat|jahr|expir)$|pin$/;

for (const kind of ["number", "name", "exp", "month", "year", "csc"]) {
  const all = names[kind].flatMap((pattern) => plain(pattern).map((name) => [name, pattern.startsWith("(^")])).filter(([name]) => !VAGUE.test(name));
  test(`${all.length} names of ${kind}`, () => {
    assert.ok(all.length >= (kind === "csc" || kind === "name" ? 3 : 10), `${all.length}`);
    for (const [name, whole] of all) {
      const beside = kind === "number" ? BESIDE : '<input autocomplete="cc-number">';
      const window = open(`<form>${beside}<input id="x" name="${name}"></form>`);
      const [{ parts }] = window.tesseraPage.forms(window.document, visible);
      const found = Object.entries(parts).find(([, part]) => [part].flat().some((one) => one.element.id === "x"))?.[0];
      // A part of a name may leave open which part of an expiry is meant.
      const right = !whole && ["exp", "month", "year"].includes(kind) ? [kind, "exp"] : [kind];
      assert.ok(right.includes(found), `${name} is a ${kind}, not ${found}`);
    }
  });
}
