// The pay window's side of the talk with the mall's page. Only the order number and its status are sent, and only to
// the origin that is registered for the mall.
"use strict";

const VERSION = 1;
const POLL_MS = 3000;

// The opener has said nothing for so long: it can't, or does not know how.
const MALL_SILENT_MS = 5000;

// Before the purchase is known: says hello to the opener, takes the purchase from a page of the mall and from nobody else.
function shakeHands(place) {
  const origins = place.dataset.origins.split(" ");
  const refuse = (reason) => {
    const shown = place.querySelector(`template[data-reason=${reason}]`).content;
    place.replaceWith(shown);
    sayRefused(document.getElementById("pay-refused"));
  };
  if (!opener) {
    refuse("silent");
    return;
  }
  const silent = setTimeout(() => refuse("silent"), MALL_SILENT_MS);
  addEventListener("message", (event) => {
    const purchase = event.data;
    if (event.source !== opener || !purchase || purchase.tessera !== VERSION) {
      return;
    }
    if (!origins.includes(event.origin)) {
      clearTimeout(silent);
      refuse("origin");
      return;
    }
    if (purchase.type !== "purchase") {
      return;
    }
    clearTimeout(silent);
    submit({
      mall: place.dataset.mall,
      origin: event.origin,
      order: purchase.order,
      amount: purchase.amount,
      currency: purchase.currency,
      lines: purchase.lines ? JSON.stringify(purchase.lines) : "",
    });
  });
  opener.postMessage({ tessera: VERSION, type: "here" }, "*");
  for (const origin of origins) {
    opener.postMessage({ tessera: VERSION, type: "ready" }, origin);
  }
}

// Says why to the page that has opened the window. Where that page comes from is not known, so it gets no more than it has sent.
function sayRefused(place) {
  const { reason, field, mall } = place.dataset;
  if (!reason) {
    return;
  }
  console.error(`Tessera: ${mall}`);
  if (opener) {
    opener.postMessage({ tessera: VERSION, type: "refused", reason, field, why: mall }, "*");
  }
}

function submit(fields) {
  const form = document.createElement("form");
  form.method = "post";
  form.action = "/pay/open";
  for (const [name, value] of Object.entries(fields)) {
    const input = document.createElement("input");
    input.type = "hidden";
    input.name = name;
    input.value = String(value);
    form.append(input);
  }
  document.body.append(form);
  form.submit();
}

// After it: follows the order, and informs the mall's page.
function follow(place) {
  const { state, order, origin } = place.dataset;
  const post = (message) => {
    if (opener) {
      opener.postMessage({ tessera: VERSION, order, ...message }, origin);
    }
  };
  if (place.dataset.final) {
    post({ type: "result", status: state });
    const close = document.getElementById("close");
    if (close && opener) {
      close.hidden = false;
      close.addEventListener("click", () => window.close());
    }
    return;
  }
  post({ type: "agreed" });
  const update = (now) => {
    if (now !== state) {
      location.reload();
    }
  };
  const poll = async () => {
    const answer = await fetch(place.dataset.poll, { redirect: "error" }).catch(() => null);
    if (answer && answer.ok) {
      update((await answer.json()).state);
    }
  };
  const source = new EventSource(place.dataset.live);
  source.addEventListener("state", (event) => update(JSON.parse(event.data).state));
  source.addEventListener("rest", () => source.close());
  source.addEventListener("ended", () => location.reload());
  setInterval(() => {
    if (source.readyState !== EventSource.OPEN) {
      poll();
    }
  }, POLL_MS);
}

// Before the payer agrees: the balance and what is in the way change with the wallet, whatever changes it. What was typed stays.
function keepFresh(place) {
  let known = null;
  const source = new EventSource(place.dataset.live);
  const show = async () => {
    const answer = await fetch(location.href, { redirect: "manual" }).catch(() => null);
    if (!answer || !answer.ok) {
      // On to another page: it was agreed to elsewhere, or the session is over.
      if (answer && answer.type === "opaqueredirect") {
        location.reload();
      }
      return;
    }
    const next = new DOMParser().parseFromString(await answer.text(), "text/html").getElementById("purchase");
    const now = document.getElementById("purchase");
    if (!next || now.querySelector("form[data-sent], [aria-busy]")) {
      return;
    }
    const focus = document.activeElement.id;
    for (const field of now.querySelectorAll("input:not([type=hidden]), select")) {
      const same = next.querySelector(`[id="${field.id}"]`);
      if (same && field.value !== field.defaultValue) {
        same.value = field.value;
      }
    }
    now.replaceChildren(...next.childNodes);
    prepare(now);
    preparePasskeys(now);
    document.getElementById(focus)?.focus();
  };
  source.addEventListener("state", (event) => {
    const { position } = JSON.parse(event.data);
    if (known !== null && known !== position) {
      show();
    }
    known = position;
  });
  source.addEventListener("ended", () => location.reload());
  source.addEventListener("rest", () => source.close());
}

const handshake = document.getElementById("handshake");
if (handshake) {
  shakeHands(handshake);
}
const refused = document.getElementById("pay-refused");
if (refused) {
  sayRefused(refused);
}
const purchase = document.getElementById("purchase");
if (purchase && purchase.dataset.live) {
  keepFresh(purchase);
}
const outcome = document.getElementById("pay-state");
if (outcome) {
  follow(outcome);
}
