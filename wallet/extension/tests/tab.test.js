// The tab, as the browser hands it to the popup: which frames are looked at, what each is handed, and what is given back.
import assert from "node:assert/strict";
import { beforeEach, test } from "node:test";

const CARD = { number: "9900000000000010", name: "A PAYER", month: 12, year: 2031 };
const WALLET = "http://localhost:8080/*";
const PAY = "https://fields.pay.example/*";
const handed = new Map();
const sheets = [];
const stored = {};
const switched = [];
let frames = [];
let held = [];
let request = async () => true;

globalThis.chrome = {
  scripting: {
    insertCSS: async ({ target, origin }) => {
      assert.equal(origin, "USER", "no page can overrule it");
      assert.ok(target.allFrames);
      sheets.push(target.tabId);
    },
    removeCSS: async () => { sheets.length = 0; },
    executeScript: async ({ target, args, files }) => {
      if (files?.includes("page/icon.js")) return switched.push(target);
      if (files || args.length === 1) return frames;
      const [document] = target.documentIds;
      if (document === "gone") throw new Error("No document with id");
      assert.deepEqual(sheets, [1], "what is painted is hit while a form is filled, also around its frame");
      handed.set(document, args[2]);
      return [{ result: args[1] }];
    },
  },
  permissions: {
    getAll: async () => ({ origins: held }),
    remove: async ({ origins }) => {
      assert.ok(!origins.includes(WALLET), "what is required can't be given back");
      held = held.filter((origin) => !origins.includes(origin));
    },
    request: (what) => request(what),
  },
  storage: { local: { get: async (key) => (key in stored ? { [key]: stored[key] } : {}) } },
  runtime: { getURL: () => "chrome-extension://a/", getManifest: () => ({ host_permissions: [WALLET] }) },
};
const tab = await import("../tab.js");

beforeEach(() => handed.clear());

test("each frame is handed its share of the card, and no more", async () => {
  const targets = [["a", ["number"]], ["b", ["exp"]], ["c", ["month", "year", "csc"]], ["d", ["given", "family"]], ["e", ["csc"]]];
  await tab.fill(1, targets.map(([documentId, kinds]) => ({ documentId, at: 0, kinds })), CARD);
  assert.deepEqual(Object.fromEntries(handed), {
    a: { number: CARD.number },
    b: { month: 12, year: 2031 },
    c: { month: 12, year: 2031 },
    d: { name: CARD.name },
    e: {},
  });
});

test("a frame that has gone takes nothing from what stands in the others", async () => {
  const targets = [["a", ["number"]], ["gone", ["exp"]], ["b", ["name"]]];
  const filled = await tab.fill(1, targets.map(([documentId, kinds]) => ({ documentId, at: 0, kinds })), CARD);
  assert.deepEqual(filled, ["number", "name"]);
  assert.deepEqual(sheets, [], "and not any more after that");
});

test("frames without an address of their own are passed over", async () => {
  const scan = (origin) => ({ frameId: 0, documentId: origin, result: { origin, forms: [], frames: [] } });
  frames = [scan("https://shop.example"), scan("null"), scan("file://"), scan("http://localhost:8081"), { frameId: 4, result: null }];
  assert.deepEqual((await tab.scan(1)).map(({ origin }) => origin), ["https://shop.example", "http://localhost:8081"]);
});

test("what was asked for is given back, and what the extension needs is kept", async () => {
  held = [WALLET, PAY];
  await tab.giveBack();
  assert.deepEqual(held, [WALLET]);
  await tab.giveBack();
});

test("a site whose icon the payer wants is kept", async () => {
  held = [WALLET, PAY, "https://shop.example/*"];
  stored.icons = ["https://shop.example"];
  await tab.giveBack();
  assert.deepEqual(held, [WALLET, "https://shop.example/*"]);
  delete stored.icons;
});

test("an icon is switched on in the page alone, and in none of its frames", async () => {
  await tab.switchIcon(1, true);
  assert.deepEqual(switched, [{ tabId: 1, frameIds: [0] }]);
});

test("an address that can't be asked for stays closed", async () => {
  request = () => { throw new Error("Only permissions specified in the manifest may be requested."); };
  assert.equal(await tab.askFor("http://shop.example"), false);
  request = async ({ origins }) => origins[0] === PAY;
  assert.equal(await tab.askFor("https://fields.pay.example"), true);
});
