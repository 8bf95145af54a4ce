// What the browser keeps of sites: where a card was filled lately, in memory; where fields have an icon, as long as the payer wants.
import assert from "node:assert/strict";
import { beforeEach, test } from "node:test";

const SHOP = "https://shop.example";
const [session, local] = [{}, {}];
let held = [];
let scheme = "chrome-extension://a/";
let scripts = [];
let request = async ({ origins }) => { held.push(...origins); return true; };

const area = (kept) => ({
  get: async (key) => (key in kept ? { [key]: structuredClone(kept[key]) } : {}),
  set: async (things) => { Object.assign(kept, structuredClone(things)); },
  remove: async (key) => { delete kept[key]; },
});
globalThis.chrome = {
  storage: { session: area(session), local: area(local) },
  permissions: {
    contains: async ({ origins }) => origins.every((origin) => held.includes(origin)),
    request: (what) => request(what),
    remove: async ({ origins }) => { held = held.filter((one) => !origins.includes(one)); },
  },
  runtime: { getURL: () => scheme },
  scripting: {
    getRegisteredContentScripts: async () => scripts,
    registerContentScripts: async (more) => { scripts.push(...more); },
    unregisterContentScripts: async ({ ids }) => { scripts = scripts.filter(({ id }) => !ids.includes(id)); },
  },
};
const sites = await import("../sites.js");

beforeEach(() => {
  for (const kept of [session, local]) for (const key of Object.keys(kept)) delete kept[key];
  held = [];
  scripts = [];
});

test("the sites of the last fills are kept in memory, each once, and the oldest goes", async () => {
  for (const at of [...Array(9).keys(), 4]) await sites.remember(`https://shop${at}.example`);
  assert.deepEqual((await sites.recent()).map(({ origin }) => origin.replace(/\D/g, "")), ["4", "8", "7", "6", "5", "3", "2", "1"]);
  assert.deepEqual(local, {}, "nothing on the disk");
});

test("a site is forgotten, or all are", async () => {
  await sites.remember(SHOP);
  await sites.remember("https://other.example");
  await sites.forget(SHOP);
  assert.deepEqual((await sites.recent()).map(({ origin }) => origin), ["https://other.example"]);
  await sites.forget();
  assert.deepEqual(session, {});
});

test("an icon is for the site that the payer allowed, and for no other", async () => {
  assert.ok(await sites.wantIcon(SHOP));
  await sites.settle();
  assert.deepEqual(await sites.icons(), [SHOP]);
  assert.deepEqual(scripts.map(({ matches }) => matches), [[`${SHOP}/*`]]);
  assert.ok(scripts[0].js.includes("page/icon.js"));
  await sites.settle();
  assert.equal(scripts.length, 1, "and once");
});

test("it comes too where the popup has closed over the browser's question", async () => {
  // The popup's promise never ends; the background sees the permission.
  request = ({ origins }) => { held.push(...origins); return new Promise(() => {}); };
  sites.wantIcon(SHOP);
  await sites.settle();
  assert.deepEqual(scripts.map(({ id }) => id), [SHOP]);
  request = async ({ origins }) => { held.push(...origins); return true; };
});

test("what was refused is not shown when the site is allowed for something else", async () => {
  request = async () => false;
  assert.ok(!(await sites.wantIcon(SHOP)));
  await sites.refuseIcon();
  held.push(`${SHOP}/*`);
  await sites.settle();
  assert.deepEqual([scripts, await sites.icons()], [[], []]);
  request = async ({ origins }) => { held.push(...origins); return true; };
});

test("an icon goes with its permission, by the popup or by the browser's settings", async () => {
  for (const takeBack of [() => sites.hideIcon(SHOP), () => { held = []; }]) {
    await sites.wantIcon(SHOP);
    await sites.settle();
    assert.equal(scripts.length, 1);
    await takeBack();
    await sites.settle();
    assert.deepEqual([scripts, held, local], [[], [], {}]);
  }
});

test("Firefox grants a host with all its ports", async () => {
  scheme = "moz-extension://a/";
  await sites.wantIcon("https://shop.example:8443");
  await sites.settle();
  assert.deepEqual(held, ["https://shop.example/*"]);
  assert.deepEqual(scripts.map(({ matches }) => matches), [["https://shop.example/*"]]);
  scheme = "chrome-extension://a/";
});

test("registered scripts that the browser has forgotten come back", async () => {
  await sites.wantIcon(SHOP);
  await sites.settle();
  scripts = [];
  await sites.settle();
  assert.deepEqual(scripts.map(({ id }) => id), [SHOP]);
});
