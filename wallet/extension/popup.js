// The popup: signs in, shows which forms of the tab could be filled, and fills one when the payer says so. A card number is held
// from the server's answer to the end of that fill, and nowhere else.
import { WALLET } from "./build.js";
import { expiry, inTheClear, plan, shownCard, words } from "./plan.js";
import * as server from "./server.js";
import * as tab from "./tab.js";

const at = (id) => document.getElementById(id);
const say = (text) => { at("said").textContent = text; };

const LOOKING = "Looking for card forms …";

// The host, as people know it.
const site = (origin) => new URL(origin).host;

async function show() {
  const kept = await server.session();
  at("sign-in").hidden = Boolean(kept);
  at("wallet-open").hidden = !kept;
  if (!kept) {
    at("wallet").textContent = WALLET;
    at("client").focus();
    await tab.giveBack();
    return;
  }
  at("shown-card").textContent = shownCard(kept.shown_card);
  await look();
}

// What the tab offers now. The browser lets us look when a page has come as a whole, which takes what it takes.
async function look() {
  say(LOOKING);
  const open = await tab.current();
  const frames = open ? await tab.scan(open.id) : [];
  if (at("said").textContent === LOOKING) say("");
  const top = frames.find((frame) => frame.top);
  const { offers, asks } = plan(frames);
  at("offers").replaceChildren(...offers.map((offer) => offerButton(open.id, top ?? offer, offer)));
  at("asks").replaceChildren(...asks.flatMap(askButton));
  if (offers.length === 0 && asks.length === 0) {
    const none = document.createElement("p");
    none.textContent = inTheClear(frames)
      ? "This page is not encrypted, so others could read the card number. Tessera fills nothing here."
      : "There is no card form on this page.";
    at("offers").replaceChildren(none);
  }
}

function offerButton(tabId, top, offer) {
  const button = document.createElement("button");
  button.type = "button";
  button.className = "offer";
  button.textContent = `Fill card at ${site(top.origin)}`;
  if (offer.origin !== top.origin) button.textContent += ` (with card fields of ${site(offer.origin)})`;
  button.addEventListener("click", () => busy(button, () => fill(tabId, offer)));
  return button;
}

// A frame of another origin: why it is asked for stands beside the button.
function askButton(origin) {
  const why = document.createElement("p");
  why.className = "hint";
  why.textContent = `The card form may be in a frame of ${site(origin)}. Tessera can't read it unless you allow that site.`;
  const button = document.createElement("button");
  button.type = "button";
  button.className = "ask quiet";
  button.textContent = `Allow ${site(origin)}`;
  button.addEventListener("click", () => busy(button, async () => {
    // First thing in the click: the browser shows its question for a gesture only.
    if (await tab.askFor(origin)) await look();
    else say(`${site(origin)} was not allowed.`);
  }));
  return [why, button];
}

async function fill(tabId, offer) {
  const once = document.querySelector("input[name=kind]:checked").value === "once";
  say("Getting a number …");
  const drawn = await server.drawNumber(once);
  const date = expiry(drawn.expiry);
  if (!date) throw new server.Problem("Your wallet sent an unexpected answer.");
  const card = { number: drawn.number, name: drawn.name, ...date };
  const filled = await tab.fill(tabId, offer.targets, card);
  if (!filled.includes("number")) throw new server.Problem("The page has changed, or did not accept the number. Please check it and try again.");
  const rest = offer.kinds.includes("csc") && !filled.includes("csc") ? " These cards have no security code: leave that field empty." : "";
  const code = filled.includes("csc") ? " The page requires a security code, so 000 was filled in." : "";
  say(`Filled: ${words(filled)}.${rest}${code}`);
}

// What went wrong, in words.
function sayProblem(problem) {
  say(problem instanceof server.Problem ? problem.message : "Something went wrong. Please try again.");
}

// Runs a task of a button, once at a time, and says what went wrong.
async function busy(button, task) {
  button.disabled = true;
  try {
    await task();
  } catch (problem) {
    sayProblem(problem);
    if (problem.signedOut) await show();
  } finally {
    button.disabled = false;
  }
}

at("sign-in").addEventListener("submit", (event) => {
  event.preventDefault();
  const client = at("client").value.replace(/[\s-]/g, "");
  const password = at("password").value;
  at("password").value = "";
  busy(event.submitter, async () => {
    say("");
    await server.signIn(client, password);
    at("client").value = "";
    await show();
  });
});

at("sign-out").addEventListener("click", (event) => busy(event.target, async () => {
  await server.signOut();
  at("offers").replaceChildren();
  at("asks").replaceChildren();
  say("Signed out.");
  await show();
}));

show().catch(sayProblem);
