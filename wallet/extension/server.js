// The wallet server, as the extension knows it. In come questions of the popup, out go answers or a Problem whose message is for
// the payer. The session is in the browser's memory only, for the extension's own pages, and gone when the browser ends.
import { WALLET } from "./build.js";

// The server ends a session that was not used this long; so do we, unasked.
const IDLE_MS = 15 * 60 * 1000;
const PATIENCE_MS = 15_000;

export class Problem extends Error {
  constructor(message, signedOut = false) {
    super(message);
    this.signedOut = signedOut;
  }
}

// { session, shown_card, name }, or nothing. The card is shown as "last four digits,YYMM"; absent where there is none yet.
export async function session() {
  const { session: kept } = await chrome.storage.session.get("session");
  if (!kept) return null;
  // A clock that was set back says nothing of how long it was idle.
  const idle = Date.now() - kept.used;
  if (idle < 0 || idle > IDLE_MS) {
    await forget();
    return null;
  }
  return kept;
}

export async function signIn(client, password) {
  const answer = await ask("session", { client, password });
  const kept = { session: answer.session, shown_card: answer.shown_card, name: answer.name, used: Date.now() };
  await chrome.storage.session.set({ session: kept });
  return kept;
}

// A number for this mall, or for one purchase: { number, expiry, name }.
export async function drawNumber(once) {
  const kept = await session();
  if (!kept) throw new Problem("Your session has ended. Please sign in again.", true);
  const answer = await ask("number", { once }, kept.session);
  await chrome.storage.session.set({ session: { ...kept, used: Date.now() } });
  return answer;
}

// What the wallet has now: { available, currency, frozen }, the amount as in "1234.50". It is for showing, and kept nowhere.
export async function balance() {
  const kept = await session();
  if (!kept) throw new Problem("Your session has ended. Please sign in again.", true);
  const answer = await ask("balance", {}, kept.session);
  await chrome.storage.session.set({ session: { ...kept, used: Date.now() } });
  return answer;
}

export async function signOut() {
  const kept = await session();
  await forget();
  // If the server cannot be reached, it ends the session by itself.
  if (kept) await ask("sign-out", {}, kept.session).catch(() => {});
}

async function forget() {
  await chrome.storage.session.remove("session");
}

async function ask(what, body, bearer) {
  const headers = { "content-type": "application/json", accept: "application/json" };
  if (bearer) headers.authorization = `Bearer ${bearer}`;
  let response;
  try {
    response = await fetch(`${WALLET}/extension/v1/${what}`, {
      method: "POST",
      headers,
      body: JSON.stringify(body),
      credentials: "omit",
      cache: "no-store",
      redirect: "error",
      referrerPolicy: "no-referrer",
      signal: AbortSignal.timeout(PATIENCE_MS),
    });
  } catch {
    throw new Problem("Your wallet can't be reached. Please try again later.");
  }
  // An answer that broke off, or took too long, is none.
  const answer = await response.json().catch(() => null);
  if (response.ok && answer) return answer;
  if (response.status === 401 && bearer) {
    await forget();
    throw new Problem("Your session has ended. Please sign in again.", true);
  }
  // The server says it for the payer; where it says nothing, we do.
  if (typeof answer?.message === "string") throw new Problem(answer.message);
  if (response.status === 401) throw new Problem("The identification number or the password is wrong.");
  if (response.status === 429) throw new Problem(`Too many tries. Please try again ${later(response)}.`);
  throw new Problem("Your wallet could not do this. Please try again later.");
}

function later(response) {
  const seconds = Number(response.headers.get("retry-after"));
  if (!Number.isFinite(seconds) || seconds <= 0) return "later";
  return seconds < 90 ? `in ${Math.ceil(seconds)} seconds` : `in ${Math.ceil(seconds / 60)} minutes`;
}
