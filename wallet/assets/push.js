// Notifications in this browser: asks the browser for permission and for a subscription, and sends where messages go.
"use strict";

const push = {
  note: document.getElementById("browsers-note"),
  list: document.getElementById("browsers"),
  place: document.getElementById("browsers-add"),
  offered: "serviceWorker" in navigator && "PushManager" in window && "Notification" in window,
};

function bytesOfKey(text) {
  const bytes = atob(text.replaceAll("-", "+").replaceAll("_", "/"));
  return Uint8Array.from(bytes, (character) => character.charCodeAt(0));
}

// What the list has of an address. It is another one in each wallet.
async function digestOf(address) {
  const named = new TextEncoder().encode(`${push.list.dataset.wallet} ${address}`);
  const digest = await crypto.subtle.digest("SHA-256", named);
  return Array.from(new Uint8Array(digest), (byte) => byte.toString(16).padStart(2, "0")).join("");
}

async function pushManager() {
  await navigator.serviceWorker.register("/sw.js");
  return (await navigator.serviceWorker.ready).pushManager;
}

function noteThat(what) {
  push.note.textContent = push.note.dataset[what];
  push.note.hidden = false;
}

// What this browser can do, and whether it is in the list.
async function lookAtThisBrowser() {
  if (!push.offered) {
    // Safari on a phone can do it for a page of the Home Screen only.
    noteThat(navigator.standalone === false ? "homeScreen" : "unsupported");
    return;
  }
  if (Notification.permission === "denied") {
    noteThat("blocked");
    return;
  }
  const subscription = await (await pushManager()).getSubscription();
  const key = bytesOfKey(push.list.dataset.key);
  const digest = subscription && isOfKey(subscription, key) && (await digestOf(subscription.endpoint));
  const row = digest && document.querySelector(`[data-browser="${digest}"]`);
  if (row && Notification.permission === "granted") {
    row.querySelector(".badge").hidden = false;
    noteThat("on");
  } else if (push.place) {
    push.place.hidden = false;
  }
}

// A subscription is made with the key of the switch. One with another key, of another installation or of a switch whose key was
// replaced, takes no messages of this one: it counts as none, also where its address is in the list.
function isOfKey(subscription, key) {
  const used = subscription.options.applicationServerKey;
  return Boolean(used) && String(new Uint8Array(used)) === String(key);
}

async function subscribe(key) {
  const manager = await pushManager();
  const before = await manager.getSubscription();
  if (before && !isOfKey(before, key)) {
    await before.unsubscribe();
  }
  return manager.subscribe({ userVisibleOnly: true, applicationServerKey: key });
}

function offerNotifications(place) {
  const form = place.querySelector("form");
  const status = form.querySelector(":scope > [role=status]");
  const { address, keys } = form.elements;
  let allowed = null;
  // Browsers ask at a click, and not after the dialog of a passkey.
  form.addEventListener("click", (event) => {
    const button = event.target.closest("button:not(.reveal)");
    if (button && (button.type !== "submit" || form.checkValidity())) {
      allowed = Notification.requestPermission();
    }
  });
  form.addEventListener("submit", async (event) => {
    if (address.value) {
      return;
    }
    event.preventDefault();
    event.stopPropagation();
    if (form.dataset.asking) {
      return;
    }
    form.dataset.asking = "1";
    event.submitter?.setAttribute("aria-busy", "true");
    status.textContent = "";
    try {
      if ((await (allowed ?? Notification.requestPermission())) === "granted") {
        const subscription = (await subscribe(bytesOfKey(push.list.dataset.key))).toJSON();
        address.value = subscription.endpoint;
        keys.value = `${subscription.keys.p256dh}.${subscription.keys.auth}`;
        form.requestSubmit();
        return;
      }
      status.textContent = place.dataset.notAllowed;
    } catch {
      status.textContent = place.dataset.failed;
    }
    // What a passkey has signed is good once.
    const signed = form.elements.passkey;
    if (signed) {
      signed.value = "";
    }
    form.querySelectorAll("[autocomplete=current-password]").forEach((field) => { field.required = true; });
    delete form.dataset.asking;
    form.querySelectorAll("[aria-busy]").forEach((button) => button.removeAttribute("aria-busy"));
  });
}

if (push.note) {
  if (push.place && push.offered) {
    offerNotifications(push.place);
  }
  lookAtThisBrowser().catch(() => noteThat("unsupported"));
}
