// Opens the popup where the payer asks for it in a page: by the menu of a field, or by the icon in a field of a site for which they
// switched it on. What never happens here: a page is read or filled, or the wallet server is asked.
import { settle } from "./sites.js";

const MENU = "fill";

// Whether the popup is open now. Some browsers open it for a press only, and some not while their window is behind another.
async function openPopup(tab) {
  try {
    await chrome.action.openPopup({ windowId: tab.windowId });
    return true;
  } catch {
    return false;
  }
}

let settled = Promise.resolve();
const settleNext = () => (settled = settled.then(settle, settle));

chrome.runtime.onInstalled.addListener(async () => {
  await chrome.contextMenus.removeAll();
  chrome.contextMenus.create({
    id: MENU,
    title: "Fill with a Tessera card",
    contexts: ["editable"],
    documentUrlPatterns: ["http://*/*", "https://*/*"],
  });
  // Browsers forget registered scripts when an extension gets a new version.
  await settleNext();
});

chrome.contextMenus.onClicked.addListener((_, tab) => { openPopup(tab); });

// From page/icon.js and the popup: nobody else can send a message here.
chrome.runtime.onMessage.addListener((message, sender, answer) => {
  if (sender.id !== chrome.runtime.id) return false;
  if (message === "open" && sender.tab) openPopup(sender.tab).then(answer);
  else if (message === "settle") settleNext().then(answer, answer);
  else return false;
  return true;
});

// The popup may have closed over the browser's question; and where the payer takes a permission back in the browser's settings, the
// icon goes too.
chrome.permissions.onAdded.addListener(settleNext);
chrome.permissions.onRemoved.addListener(settleNext);
