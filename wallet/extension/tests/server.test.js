// The popup's dealings with the wallet server: what it keeps, and what it says when something is refused.
import assert from "node:assert/strict";
import { beforeEach, test } from "node:test";

const kept = {};
const asked = [];
let answer = () => ({ status: 200, body: {} });

globalThis.chrome = {
  storage: {
    session: {
      get: async (key) => (key in kept ? { [key]: structuredClone(kept[key]) } : {}),
      set: async (things) => Object.assign(kept, structuredClone(things)),
      remove: async (key) => { delete kept[key]; },
    },
  },
};
globalThis.fetch = async (address, options) => {
  asked.push({ address, ...options });
  const { status, body = {}, headers = {} } = answer();
  return new Response(JSON.stringify(body), { status, headers });
};
const server = await import("../server.js");

beforeEach(() => {
  for (const key of Object.keys(kept)) delete kept[key];
  asked.length = 0;
});

async function signedIn() {
  answer = () => ({ status: 200, body: { session: "abc", shown_card: "0010,3112", name: "A PAYER" } });
  await server.signIn("123456789012345", "a password");
}

test("signing in keeps the session, and not the password", async () => {
  await signedIn();
  assert.equal(kept.session.session, "abc");
  assert.ok(!JSON.stringify(kept).includes("a password"));
  assert.equal(asked[0].address, "http://localhost:8080/extension/v1/session");
  assert.equal(asked[0].credentials, "omit");
});

test("a number is drawn with the session and kept nowhere", async () => {
  await signedIn();
  answer = () => ({ status: 200, body: { number: "9900000000000010", expiry: "3112", name: "A PAYER" } });
  assert.equal((await server.drawNumber(false)).number, "9900000000000010");
  assert.equal(asked.at(-1).headers.authorization, "Bearer abc");
  assert.deepEqual(JSON.parse(asked.at(-1).body), { once: false });
  assert.ok(!JSON.stringify(kept).includes("9900000000000010"));
});

test("a balance is asked for with the session and kept nowhere", async () => {
  await signedIn();
  answer = () => ({ status: 200, body: { available: "1234.50", currency: "USD", frozen: false } });
  assert.equal((await server.balance()).available, "1234.50");
  assert.equal(asked.at(-1).address, "http://localhost:8080/extension/v1/balance");
  assert.equal(asked.at(-1).headers.authorization, "Bearer abc");
  assert.ok(!JSON.stringify(kept).includes("1234"));
});

test("an answer that breaks off signs nobody in", async () => {
  const whole = globalThis.fetch;
  globalThis.fetch = async () => new Response('{"session":"ab', { status: 200 });
  try {
    await assert.rejects(server.signIn("123456789012345", "a password"), server.Problem);
  } finally {
    globalThis.fetch = whole;
  }
  assert.deepEqual(kept, {});
});

test("a session that was not used for a while is forgotten", async () => {
  await signedIn();
  kept.session.used -= 16 * 60 * 1000;
  assert.equal(await server.session(), null);
  assert.deepEqual(kept, {});
});

test("a session that the server has ended is forgotten", async () => {
  await signedIn();
  answer = () => ({ status: 401 });
  await assert.rejects(server.drawNumber(true), (problem) => problem.signedOut && /sign in again/.test(problem.message));
  assert.deepEqual(kept, {});
});

test("refusals have a message", async () => {
  for (const [given, words] of [
    [{ status: 401 }, /wrong/],
    [{ status: 429, headers: { "retry-after": "120" } }, /in 2 minutes/],
    [{ status: 429 }, /later/],
    [{ status: 422, body: { error: "refused", message: "Your wallet is frozen." } }, /frozen/],
    [{ status: 500 }, /could not/],
  ]) {
    answer = () => given;
    await assert.rejects(server.signIn("1", "2"), words);
  }
});

test("signing out forgets, whatever the server says", async () => {
  await signedIn();
  answer = () => ({ status: 500 });
  await server.signOut();
  assert.deepEqual(kept, {});
  assert.equal(asked.at(-1).address, "http://localhost:8080/extension/v1/sign-out");
});
