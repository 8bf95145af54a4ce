// Sites, as the payer's browser keeps them: where a card was filled lately, and where fields of cards have an icon. In come origins,
// out go origins. What never happens here: anything is sent. Neither the wallet server nor the switch learns a site.
//
//   filled lately   in the browser's memory, until the payer signs out or the browser ends: nothing on the disk says where they pay
//   icons           on the disk, because the payer switched them on site by site, until they switch them off

import { FILES } from "./files.js";

const RECENT_MAX = 8;

// [{ origin, at }], the latest first; at is in milliseconds since 1970.
export async function recent() {
  const { recent: kept } = await chrome.storage.session.get("recent");
  return kept ?? [];
}

export async function remember(origin) {
  const others = (await recent()).filter((one) => one.origin !== origin);
  await chrome.storage.session.set({ recent: [{ origin, at: Date.now() }, ...others].slice(0, RECENT_MAX) });
}

// Takes one out, or all.
export async function forget(origin) {
  const rest = origin ? (await recent()).filter((one) => one.origin !== origin) : [];
  if (rest.length > 0) await chrome.storage.session.set({ recent: rest });
  else await chrome.storage.session.remove("recent");
}

// The origins whose fields have an icon.
export async function icons() {
  const { icons: kept } = await chrome.storage.local.get("icons");
  return kept ?? [];
}

// Asks for an icon in the fields of a site; whether the payer and the browser allowed it. Must be called by the payer's click itself:
// the browser shows its question for a gesture only. The popup may close over that question: what is wanted is kept for settle().
export async function wantIcon(origin) {
  chrome.storage.session.set({ wanted: origin });
  try {
    return await chrome.permissions.request({ origins: [pattern(origin)] });
  } catch {
    // An address that no extension may ask for.
    return false;
  }
}

export async function refuseIcon() {
  await chrome.storage.session.remove("wanted");
}

export async function hideIcon(origin) {
  await keep((await icons()).filter((one) => one !== origin));
  // Of a host that the extension needs for the wallet server too, the permission stays.
  await chrome.permissions.remove({ origins: [pattern(origin)] }).catch(() => {});
}

async function keep(origins) {
  if (origins.length > 0) await chrome.storage.local.set({ icons: origins });
  else await chrome.storage.local.remove("icons");
}

// Makes the browser's scripts those of the sites with an icon that may still be looked into, and of the one that is wanted if that is
// allowed by now. One call after the other: the background's.
export async function settle() {
  const { wanted } = await chrome.storage.session.get("wanted");
  if (wanted && (await isAllowed(wanted))) {
    await keep([...(await icons()).filter((one) => one !== wanted), wanted]);
    await refuseIcon();
  }
  const kept = await icons();
  const allowed = await Promise.all(kept.map(isAllowed));
  const shown = kept.filter((_, at) => allowed[at]);
  if (shown.length < kept.length) await keep(shown);
  const there = (await chrome.scripting.getRegisteredContentScripts()).map(({ id }) => id);
  const gone = there.filter((id) => !shown.includes(id));
  if (gone.length > 0) await chrome.scripting.unregisterContentScripts({ ids: gone });
  const missing = shown.filter((origin) => !there.includes(origin));
  if (missing.length > 0) await chrome.scripting.registerContentScripts(missing.map(script));
}

const isAllowed = (origin) => chrome.permissions.contains({ origins: [pattern(origin)] });

const script = (origin) => ({ id: origin, matches: [pattern(origin)], js: [...FILES, "page/icon.js"], allFrames: true, runAt: "document_idle" });

// Of the browser's permissions: all pages of this origin. Firefox grants a host with all its ports, or not at all.
export function pattern(origin) {
  if (!chrome.runtime.getURL("").startsWith("moz-")) return `${origin}/*`;
  const { protocol, hostname } = new URL(origin);
  return `${protocol}//${hostname}/*`;
}
