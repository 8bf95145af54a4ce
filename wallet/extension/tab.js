// The tab that the payer looks at. In come scans and fills, out go their results. Nothing is injected before the payer has opened
// the popup, and a card goes to the very documents that were shown to them, or nowhere.
import { TEST } from "./build.js";

const FILES = ["page/words.js", "page/expiry.js", "page/recognize.js", "page/describe.js", "page/forms.js", "page/fill.js", "page/content.js"];

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
      func: () => globalThis.tesseraPage?.scan() ?? null,
    });
    return found
      .filter(({ result }) => result)
      .map(({ frameId, documentId, result }) => ({ ...result, documentId, top: frameId === 0 }));
  } catch {
    // The browser's own pages, the store: nothing to fill there.
    return [];
  }
}

// Fills the targets of an offer; the kinds that were filled.
export async function fill(tabId, targets, card) {
  const filled = [];
  for (const { documentId, at, kinds } of targets) {
    const [{ result } = {}] = await chrome.scripting.executeScript({
      target: { tabId, documentIds: [documentId] },
      func: (...given) => globalThis.tesseraPage.fillAt(...given),
      args: [at, kinds, card],
    });
    filled.push(...(result ?? []));
  }
  return filled;
}

// Asks the browser for one origin. Must be called by the payer's click itself.
export function askFor(origin) {
  return chrome.permissions.request({ origins: [`${origin}/*`] });
}
