// Every form of the folder: what is offered, and what stands in its fields once it is filled.
import assert from "node:assert/strict";
import { readdirSync } from "node:fs";
import { test } from "node:test";
import { plan } from "../plan.js";
import { find, fixtures, open, visible } from "./page.js";

const CARD = { number: "9900000000000010", name: "A PAYER", month: 12, year: 2031 };
const names = readdirSync(new URL("forms", import.meta.url)).sort();

// The offers that a page alone makes, as forms.
function offered(window) {
  const forms = window.tesseraPage.forms(window.document, visible);
  const scan = { documentId: "d", top: true, origin: "https://shop.example", frames: [], forms: forms.map(({ kinds, sure }) => ({ kinds: [...kinds], sure, frames: [] })) };
  return plan([scan]).offers.map(({ targets }) => forms[targets[0].at]);
}

test("there are good forms and traps", () => {
  assert.ok(names.filter((name) => name.startsWith("trap-")).length >= 10);
  assert.ok(names.length >= 25);
});

for (const { name, html, why, offers, filled, scripted } of fixtures(names)) {
  test(`${name}: ${why}`, async () => {
    const window = open(html);
    const found = offered(window);
    const seen = found.map(({ parts }) => Object.fromEntries(
      Object.entries(parts).map(([kind, part]) => [kind, kind === "number" ? [...part].map((one) => one.element) : part.element]),
    ));
    const wanted = offers.map((offer) => Object.fromEntries(
      Object.entries(offer).map(([kind, where]) => [kind, kind === "number" ? [where].flat().map((path) => find(window.document, path)) : find(window.document, where)]),
    ));
    const plain = (forms) => forms.map((form) => Object.fromEntries(Object.entries(form).sort().map(([kind, part]) => [kind, [part].flat().map((one) => one.id || one.name).join(" ")])));
    assert.deepEqual(plain(seen), plain(wanted));
    // A page's own scripts do not run here: browser.py fills those that have some.
    if (scripted) return;
    if (found.length > 0) await window.tesseraPage.fill(found[0].parts, CARD);
    for (const [path, value] of Object.entries(filled)) assert.equal(find(window.document, path).value, value, path);
  });
}
