// The tab that the payer looks at. In come scans and fills, out go their results. Nothing is injected before the payer has opened
// the popup, and a card goes to the very documents that were shown to them, or nowhere.
import { TEST, WALLET } from "./build.js";
import { FILES } from "./files.js";
import { share } from "./plan.js";
import { icons, pattern } from "./sites.js";

// While a form is filled, everything that is painted is hit: a cover that lets clicks through hides a field all the same.
const HIT_EVERYTHING = "*, ::before, ::after, ::backdrop { pointer-events: auto !important }";

// The tab in front; in a test, the one that is named.
export async function current() {
  const named = TEST ? new URLSearchParams(location.search).get("tab") : null;
  if (named) return chrome.tabs.get(Number(named));
  const [tab] = await chrome.tabs.query({ active: true, currentWindow: true });
  return tab ?? null;
}

// One scan of each frame that may be looked into.
export async function scan(tabId) {
  try {
    await chrome.scripting.executeScript({ target: { tabId, allFrames: true }, files: FILES });
    const found = await chrome.scripting.executeScript({
      target: { tabId, allFrames: true },
      func: (wallet) => globalThis.tesseraPage?.scan(wallet) ?? null,
      args: [WALLET],
    });
    return found
      // A frame without an address of its own belongs to nobody who could be named.
      .filter(({ result }) => result && /^https?:/.test(result.origin))
      .map(({ frameId, documentId, result }) => ({ ...result, documentId, top: frameId === 0 }));
  } catch {
    // The browser's own pages, the store: nothing to fill there.
    return [];
  }
}

// Fills the targets of an offer, each with its share of the card; the kinds that were filled.
export async function fill(tabId, targets, card) {
  const filled = [];
  // Also in the pages around a frame.
  const sheet = { target: { tabId, allFrames: true }, css: HIT_EVERYTHING, origin: "USER" };
  await chrome.scripting.insertCSS(sheet);
  for (const { documentId, at, kinds } of targets) {
    const target = { tabId, documentIds: [documentId] };
    try {
      const [{ result } = {}] = await chrome.scripting.executeScript({
        target,
        func: (...given) => globalThis.tesseraPage.fillAt(...given),
        args: [at, kinds, share(card, kinds)],
      });
      filled.push(...(result ?? []));
    } catch {
      // This document has gone meanwhile; what stands in the others stands.
    }
  }
  await chrome.scripting.removeCSS(sheet).catch(() => {});
  return filled;
}

const wallet = () => ({ origins: chrome.runtime.getManifest().host_permissions });

// Whether the wallet server may be asked: Firefox lets the payer take that back.
export const holdsWallet = () => chrome.permissions.contains(wallet());

export const askForWallet = () => chrome.permissions.request(wallet());

// Asks the browser for one origin: whether it may be looked into now. Must be called by the payer's click itself.
export async function askFor(origin) {
  try {
    return await chrome.permissions.request({ origins: [pattern(origin)] });
  } catch {
    // An address that no extension may ask for.
    return false;
  }
}

// Has the page that is open show icons from now on, or no more; pages that come later have the script of sites.js.
export async function switchIcon(tabId, on) {
  const target = { tabId, frameIds: [0] };
  if (on) return chrome.scripting.executeScript({ target, files: ["page/icon.js"] });
  return chrome.scripting.executeScript({
    target,
    func: () => {
      globalThis.tesseraPage.hideIcon?.();
      globalThis.tesseraPage.withIcon = false;
    },
  });
}

// Gives back every origin that was asked for, but for those whose icon the payer wants: the browser would keep them, a list of where
// the payer pays.
export async function giveBack() {
  const { origins = [] } = await chrome.permissions.getAll();
  const ours = [...chrome.runtime.getManifest().host_permissions, ...(await icons()).map(pattern)];
  const asked = origins.filter((origin) => !ours.includes(origin));
  if (asked.length > 0) await chrome.permissions.remove({ origins: asked });
}
