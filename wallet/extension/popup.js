// The popup: signs in, shows the balance and which forms of the tab could be filled, and fills one when the payer says so. A card
// number is held from the server's answer to the end of that fill, and a balance as long as the popup is open, and nowhere else.
import { WALLET } from "./build.js";
import { ago, amount, expiry, inTheClear, isAffiliated, plan, shownCard, unseen, words } from "./plan.js";
import * as server from "./server.js";
import * as sites from "./sites.js";
import * as tab from "./tab.js";

const at = (id) => document.getElementById(id);
const say = (text) => { at("said").textContent = text; };

const LOOKING = "Looking for card forms …";

// Whether the browser lets the extension ask the wallet server: in Firefox the payer may have taken that back.
let reachable = true;

// The host, as people know it.
const site = (origin) => new URL(origin).host;

function element(name, text, more = {}) {
  return Object.assign(document.createElement(name), { textContent: text }, more);
}

const hint = (text) => element("p", text, { className: "hint" });

function button(text, className, task) {
  const made = element("button", text, { type: "button", className });
  made.addEventListener("click", () => busy(made, task));
  return made;
}

async function show() {
  const kept = await server.session();
  at("sign-in").hidden = Boolean(kept);
  at("wallet-open").hidden = !kept;
  await sites.refuseIcon();
  if (!kept) {
    at("wallet").textContent = WALLET;
    at("client").focus();
    reachable = await tab.holdsWallet();
    await tab.giveBack();
    return;
  }
  at("shown-card").textContent = shownCard(kept.shown_card);
  await Promise.all([showBalance(), showRecent(), look()]);
}

async function showBalance() {
  try {
    const { available, currency, frozen } = await server.balance();
    at("available").textContent = amount(available, currency);
    at("frozen").hidden = !frozen;
  } catch (problem) {
    at("available").textContent = "not known";
    sayProblem(problem);
    if (problem.signedOut) await show();
  }
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
  if (offers.length === 0 && asks.length === 0) at("offers").replaceChildren(...nothing(frames, top));
  for (const part of ["kinds", "no-code"]) at(part).hidden = offers.length === 0 && asks.length === 0;
  await showIcons(open, top, offers.length > 0);
}

// Why nothing is offered, and what to do.
function nothing(frames, top) {
  if (isAffiliated(frames)) {
    const mall = element("p", `${site(top.origin)} takes your wallet directly. `, { id: "affiliated" });
    mall.append(element("strong", "Choose its button to pay with Tessera"), ": it opens your wallet, and the mall gets no card number at all.");
    return [mall];
  }
  if (inTheClear(frames)) return [element("p", "This page is not encrypted, so others could read the card number. Tessera fills nothing here.")];
  const [frame] = unseen(frames);
  if (!frame) return [element("p", "There is no card form on this page.")];
  const link = element("a", "Create a number in your wallet", { href: `${WALLET}/card`, target: "_blank", rel: "noopener" });
  const why = element("p", `The card form is in a frame of ${site(frame)}. This browser does not let Tessera check that you can see that frame, so nothing is filled there. `);
  why.append(link, " and type it.");
  return [why];
}

function offerButton(tabId, top, offer) {
  let text = `Fill card at ${site(top.origin)}`;
  if (offer.origin !== top.origin) text += ` (with card fields of ${site(offer.origin)})`;
  return button(text, "offer", () => fill(tabId, top, offer));
}

// A frame of another origin: why it is asked for stands beside the button.
function askButton(origin) {
  const why = hint(`The card form may be in a frame of ${site(origin)}. Tessera can't read it unless you allow that site.`);
  const allow = button(`Allow ${site(origin)}`, "ask quiet", async () => {
    // First thing in the click: the browser shows its question for a gesture only.
    if (await tab.askFor(origin)) await look();
    else say(`${site(origin)} was not allowed.`);
  });
  return [why, allow];
}

// The icon in the fields of this site: offered where there is a form, and always to be switched off.
async function showIcons(open, top, hasForm) {
  const place = at("icons");
  const on = top && (await sites.icons()).includes(top.origin);
  if (on) {
    const off = button("Remove the icon", "quiet small", async () => {
      // As long as the page may be looked into.
      await tab.switchIcon(open.id, false);
      await sites.hideIcon(top.origin);
      await chrome.runtime.sendMessage("settle");
      await look();
    });
    place.replaceChildren(hint(`Card fields at ${site(top.origin)} show an icon that opens Tessera.`), off);
  } else if (top && hasForm) {
    const show = button("Show an icon in card fields here", "quiet small", async () => {
      const allowed = await sites.wantIcon(top.origin);
      if (!allowed) {
        await sites.refuseIcon();
        return say(`${site(top.origin)} was not allowed.`);
      }
      await chrome.runtime.sendMessage("settle");
      await tab.switchIcon(open.id, true);
      await look();
      say("Select a card field of the page to see the icon.");
    });
    place.replaceChildren(show, hint(`${site(top.origin)} could then notice that you use Tessera, and this device remembers the site until you remove the icon.`));
  } else place.replaceChildren();
}

async function showRecent() {
  const all = await sites.recent();
  at("recent").hidden = all.length === 0;
  at("recent").querySelector("ul").replaceChildren(...all.map(({ origin, at: when }) => {
    const row = document.createElement("li");
    const link = element("a", site(origin), { href: origin, target: "_blank", rel: "noopener noreferrer" });
    const remove = button("×", "remove", async () => {
      await sites.forget(origin);
      await showRecent();
    });
    remove.setAttribute("aria-label", `Remove ${site(origin)}`);
    row.append(link, element("span", ago(when, Date.now()), { className: "when" }), remove);
    return row;
  }));
}

async function fill(tabId, top, offer) {
  const once = document.querySelector("input[name=kind]:checked").value === "once";
  say("Getting a number …");
  const drawn = await server.drawNumber(once);
  const date = expiry(drawn.expiry);
  if (!date) throw new server.Problem("Your wallet sent an unexpected answer.");
  const card = { number: drawn.number, name: drawn.name, ...date };
  const filled = await tab.fill(tabId, offer.targets, card);
  if (!filled.includes("number")) throw new server.Problem("The page has changed, or did not accept the number. Please check it and try again.");
  await sites.remember(top.origin);
  await showRecent();
  const rest = offer.kinds.includes("csc") && !filled.includes("csc") ? " These cards have no security code: leave that field empty." : "";
  const code = filled.includes("csc") ? " The page requires a security code, so 000 was filled in." : "";
  say(`Filled: ${words(filled)}.${rest}${code}`);
}

// What went wrong, in words.
function sayProblem(problem) {
  say(problem instanceof server.Problem ? problem.message : "Something went wrong. Please try again.");
}

// Runs a task of a button, once at a time, and says what went wrong.
async function busy(pressed, task) {
  pressed.disabled = true;
  try {
    await task();
  } catch (problem) {
    sayProblem(problem);
    if (problem.signedOut) await show();
  } finally {
    pressed.disabled = false;
  }
}

// The keys that open the popup, as this browser has them: the payer may have changed them, or another extension may have them.
async function showShortcut() {
  const commands = await chrome.commands.getAll();
  const keys = commands.find(({ name }) => name === "_execute_action")?.shortcut;
  at("shortcut").hidden = !keys;
  at("shortcut").textContent = `${keys} opens Tessera on any page.`;
}

at("sign-in").addEventListener("submit", (event) => {
  event.preventDefault();
  const client = at("client").value.replace(/[\s-]/g, "");
  const password = at("password").value;
  at("password").value = "";
  busy(event.submitter, async () => {
    say("");
    // First thing in the click, where it is needed.
    reachable ||= await tab.askForWallet();
    if (!reachable) throw new server.Problem(`Tessera can't sign in unless you allow it to connect to ${site(WALLET)}.`);
    await server.signIn(client, password);
    at("client").value = "";
    await show();
  });
});

at("forget").addEventListener("click", (event) => busy(event.target, async () => {
  await sites.forget();
  await showRecent();
}));

at("sign-out").addEventListener("click", (event) => busy(event.target, async () => {
  await server.signOut();
  await sites.forget();
  for (const part of ["offers", "asks", "icons"]) at(part).replaceChildren();
  at("available").textContent = "…";
  say("Signed out.");
  await show();
}));

at("to-wallet").href = WALLET;
showShortcut();
show().catch(sayProblem);
