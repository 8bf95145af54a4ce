// Keeps the shell: styles, scripts, icons, and the page that is shown without a connection. Never a page of a wallet. Shows
// notifications, also while no page is open.
"use strict";

const KEPT = "tessera-" + "{VERSION}";
const SHELL = ["{SHELL}"];
const OFFLINE = "/offline";

addEventListener("install", (event) => {
  const keep = async () => {
    const kept = await caches.open(KEPT);
    await kept.addAll([...SHELL, OFFLINE]);
    await skipWaiting();
  };
  event.waitUntil(keep());
});

addEventListener("activate", (event) => {
  const tidy = async () => {
    const names = await caches.keys();
    await Promise.all(names.filter((name) => name.startsWith("tessera-") && name !== KEPT).map((name) => caches.delete(name)));
    await clients.claim();
  };
  event.waitUntil(tidy());
});

addEventListener("fetch", (event) => {
  const url = new URL(event.request.url);
  if (event.request.method !== "GET" || url.origin !== location.origin) {
    return;
  }
  if (SHELL.includes(url.pathname)) {
    event.respondWith(caches.match(event.request).then((kept) => kept || fetch(event.request)));
  } else if (event.request.mode === "navigate") {
    event.respondWith(fetch(event.request).catch(() => caches.match(OFFLINE)));
  }
});

// A notification. Only this browser can read it; one that comes twice is shown once.
function read(data) {
  try {
    return data.json();
  } catch {
    // Browsers want one to be shown for every message.
    return {};
  }
}

addEventListener("push", (event) => {
  const { title = "Tessera", body = "", id = "", page = "/", lang = "en", dir = "auto" } = read(event.data);
  const icon = SHELL.find((path) => path.endsWith("/icon-192.png"));
  event.waitUntil(registration.showNotification(title, { body, tag: id, lang, dir, icon, data: { page } }));
});

// A click opens the page about it, which asks to sign in where nobody is. Never another site's.
addEventListener("notificationclick", (event) => {
  event.notification.close();
  const page = new URL(event.notification.data.page, location.origin);
  const open = async () => {
    const windows = await clients.matchAll({ type: "window", includeUncontrolled: true });
    const shown = windows.find((window) => window.url === page.href);
    await (shown ? shown.focus() : clients.openWindow(page.href));
  };
  if (page.origin === location.origin) {
    event.waitUntil(open());
  }
});
