// What the pages can do with a script. Everything here is an addition: without it the pages work, but do not move.
"use strict";

// Times: written in UTC by the server, rewritten into the reader's own zone and manner.
function localiseTimes(root) {
  const format = new Intl.DateTimeFormat(undefined, { dateStyle: "medium", timeStyle: "short" });
  for (const time of root.querySelectorAll("time[datetime]")) {
    const at = new Date(time.dateTime);
    if (!Number.isNaN(at.getTime())) {
      time.title = time.textContent;
      time.textContent = format.format(at);
    }
  }
}

// The balance and the last transactions, as they move.
function goLive(place) {
  const words = place.querySelector(".words");
  const again = place.querySelector("a");
  const source = new EventSource(place.dataset.live);
  let position = null;
  const rest = () => {
    source.close();
    place.hidden = false;
    place.classList.add("resting");
    words.textContent = place.dataset.resting;
    again.hidden = false;
  };
  source.addEventListener("state", (event) => {
    const state = JSON.parse(event.data);
    place.hidden = false;
    show("available", state.available);
    show("held", state.held);
    if (position !== null && position !== state.position) {
      refresh(place.dataset.fragment);
    }
    position = state.position;
  });
  source.addEventListener("rest", rest);
  source.addEventListener("error", () => {
    if (source.readyState === EventSource.CLOSED) {
      rest();
    }
  });
}

function show(id, text) {
  const element = document.getElementById(id);
  if (element && element.textContent !== text) {
    element.textContent = text;
  }
}

async function refresh(fragment) {
  const answer = await fetch(fragment, { redirect: "error" }).catch(() => null);
  const list = document.getElementById("recent");
  if (answer && answer.ok && list) {
    const parsed = new DOMParser().parseFromString(await answer.text(), "text/html");
    list.replaceChildren(...parsed.body.childNodes);
    localiseTimes(list);
  }
}

// A number in full: it leaves the page when its time is over, and whenever the page is left.
function hideAfter(place) {
  // By both clocks: one may be set back, the other stands still while the machine sleeps.
  const [time, steady] = [Date.now(), performance.now()];
  const elapsed = () => Math.max(Date.now() - time, performance.now() - steady);
  const lasts = Number(place.dataset.hideAfter) * 1000;
  const countdown = document.getElementById("countdown");
  const leave = () => {
    place.replaceChildren();
    location.replace(place.dataset.hideTo);
  };
  const tick = () => {
    const left = Math.ceil((lasts - elapsed()) / 1000);
    if (left <= 0) {
      leave();
    } else if (countdown) {
      countdown.textContent = String(left);
    }
  };
  tick();
  setInterval(tick, 500);
  addEventListener("pagehide", () => place.replaceChildren());
}

function offerCopy(button) {
  const label = button.textContent;
  button.hidden = false;
  button.addEventListener("click", async () => {
    const source = document.getElementById(button.dataset.copy);
    const text = source.textContent.trim();
    // Numbers are shown in groups, but only the digits are copied.
    await navigator.clipboard.writeText(/^[\d ]+$/.test(text) ? text.replaceAll(" ", "") : text);
    button.textContent = button.dataset.copied;
    setTimeout(() => { button.textContent = label; }, 2000);
  });
}

localiseTimes(document);
const live = document.getElementById("live");
if (live) {
  goLive(live);
}
const secret = document.querySelector("[data-hide-after]");
if (secret) {
  hideAfter(secret);
}
if (navigator.clipboard) {
  document.querySelectorAll("[data-copy]").forEach(offerCopy);
}
const summary = document.getElementById("error-summary");
if (summary) {
  summary.focus();
}
// One click, one form: the second click of a double one is not sent.
document.addEventListener("submit", (event) => {
  if (event.target.dataset.sent) {
    event.preventDefault();
  }
  event.target.dataset.sent = "1";
});
addEventListener("pageshow", () => {
  document.querySelectorAll("form[data-sent]").forEach((form) => delete form.dataset.sent);
});
if ("serviceWorker" in navigator && !document.body.classList.contains("window")) {
  navigator.serviceWorker.register("/sw.js").catch(() => {});
}
