// The wallet's service worker, with a browser of a few lines around it: what it shows, and where a click leads.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { runInNewContext } from "node:vm";

const source = readFileSync(new URL("../../wallet/assets/sw.js", import.meta.url), "utf8");
const icon = "/assets/0/icon-192.png";
const listeners = {};
const [shown, opened, waits] = [[], [], []];
const windows = [{ url: "https://wallet.example/home", focus: () => opened.push("focus") }];
runInNewContext(source.replace('["{SHELL}"]', JSON.stringify([icon])), {
  addEventListener: (name, listener) => { listeners[name] = listener; },
  location: new URL("https://wallet.example/sw.js"),
  URL,
  registration: { showNotification: async (title, options) => shown.push({ title, ...options }) },
  clients: { matchAll: async () => windows, openWindow: async (address) => opened.push(address) },
});
const waitUntil = (promise) => waits.push(promise);
const push = (text) => listeners.push({ data: { json: () => JSON.parse(text) }, waitUntil });
const click = (page) => listeners.notificationclick({ notification: { data: { page }, close() {} }, waitUntil });

const message = { title: "Tessera", body: "Paid.", id: "1f.b7.19aa", page: "/transactions/0A", lang: "ar", dir: "rtl" };
push(JSON.stringify(message));
push("nothing that can be read");
listeners.push({ data: null, waitUntil });
await Promise.all(waits);
const { title, body, lang, dir } = message;
// Its tag is the message's id: a repeat takes the place of the first.
assert.deepEqual({ ...shown[0], data: { ...shown[0].data } }, {
  title, body, lang, dir, icon, tag: message.id, data: { page: message.page },
});
assert.equal(shown.length, 3, "browsers want a notification for each message");
assert.equal(shown[1].title, "Tessera");

click("/transactions/0A");
click("/home");
for (const elsewhere of ["https://other.example/", "//other.example/", "javascript:alert(1)"]) {
  click(elsewhere);
}
await Promise.all(waits);
assert.deepEqual(opened, ["https://wallet.example/transactions/0A", "focus"]);
