// What the pages can do with a script. Everything here is an addition: without it the pages work, but do not move.
"use strict";

// In the language of the page, and as it is written in the reader's country where the browser says which that is.
const LANGUAGE = document.documentElement.lang;
const LOCALE = new Intl.Locale(
  navigator.languages.find((tag) => tag.split("-")[0] === LANGUAGE) ?? LANGUAGE,
  { numberingSystem: "latn" },
);

// Times: written in UTC by the server, rewritten into the reader's own zone and manner.
function localiseTimes(root) {
  const format = new Intl.DateTimeFormat(LOCALE, { dateStyle: "medium", timeStyle: "short" });
  for (const time of root.querySelectorAll("time[datetime]")) {
    const at = new Date(time.dateTime);
    if (!Number.isNaN(at.getTime())) {
      time.title = time.textContent;
      time.textContent = format.format(at);
    }
  }
}

// Transactions by days of the reader's zone.
function groupByDay(root) {
  const relative = new Intl.RelativeTimeFormat(LOCALE, { numeric: "auto" });
  const format = new Intl.DateTimeFormat(LOCALE, { dateStyle: "medium" });
  const midnight = (at) => new Date(at.getFullYear(), at.getMonth(), at.getDate());
  const name = (at) => {
    const ago = Math.round((midnight(new Date()) - midnight(at)) / 86400000);
    const words = ago === 0 || ago === 1 ? relative.format(-ago, "day") : format.format(at);
    return words.charAt(0).toUpperCase() + words.slice(1);
  };
  for (const list of root.querySelectorAll(".transactions")) {
    list.querySelectorAll(".day").forEach((day) => day.remove());
    let last = null;
    for (const row of list.querySelectorAll(".transaction")) {
      const day = name(new Date(row.querySelector("time").dateTime));
      if (day !== last) {
        const heading = document.createElement("li");
        heading.className = "day";
        heading.textContent = day;
        row.before(heading);
        last = day;
      }
    }
  }
}

// The server says every second that it is there.
const SILENT_MS = 2000;

// The balance and the last transactions, as they move. Where nobody knows how they are now, the page says of when they are.
function goLive(place) {
  const words = place.querySelector(".words");
  const again = place.querySelector("a");
  const source = new EventSource(place.dataset.live);
  let position = null;
  // When the page was last known to be right, and when the server was last there.
  let right = new Date();
  let there = performance.now();
  let isFresh = false;
  let isOver = false;
  const say = (fresh, text) => {
    isFresh = fresh;
    place.hidden = false;
    place.classList.toggle("resting", !fresh);
    document.body.classList.toggle("stale", !fresh);
    if (words.textContent !== text) {
      words.textContent = text;
    }
  };
  const time = new Intl.DateTimeFormat(LOCALE, { timeStyle: "short" });
  const asOf = (text) => text.replace("\ufffc", time.format(right));
  const goStale = () => {
    if (!isOver) {
      say(false, asOf(place.dataset.stale));
    }
  };
  const rest = () => {
    isOver = true;
    source.close();
    say(false, asOf(place.dataset.resting));
    again.hidden = false;
  };
  const end = () => {
    isOver = true;
    source.close();
    showEnd(place.dataset);
  };
  source.addEventListener("state", (event) => {
    const state = JSON.parse(event.data);
    [right, there] = [new Date(), performance.now()];
    say(true, place.dataset.fresh);
    show("available", state.available);
    show("held", state.held);
    if (position !== null && position !== state.position) {
      refresh(place.dataset.fragment);
    }
    position = state.position;
  });
  source.addEventListener("alive", () => {
    there = performance.now();
    if (isFresh) {
      right = new Date();
    }
  });
  source.addEventListener("stale", goStale);
  source.addEventListener("ended", end);
  source.addEventListener("rest", rest);
  source.addEventListener("error", async () => {
    goStale();
    if (source.readyState === EventSource.CLOSED && !isOver) {
      // The server has answered with something else: the session is over where it leads elsewhere.
      const answer = await fetch(place.dataset.fragment, { redirect: "manual" }).catch(() => null);
      if (answer && answer.type === "opaqueredirect") {
        end();
      } else {
        rest();
      }
    }
  });
  addEventListener("offline", goStale);
  setInterval(() => {
    if (isFresh && performance.now() - there > SILENT_MS) {
      goStale();
    }
  }, 500);
}

// The session is over, here or elsewhere: nothing of the wallet stays on the screen.
function showEnd(texts) {
  const main = document.querySelector("main");
  const part = (name, text) => {
    const element = document.createElement(name);
    element.textContent = text;
    return element;
  };
  const button = part("a", texts.signIn);
  button.className = "button";
  button.href = "/sign-in";
  const section = document.createElement("section");
  section.className = "narrow";
  section.append(part("h1", texts.endedTitle), part("p", texts.ended), button);
  document.querySelectorAll("header nav").forEach((menu) => menu.remove());
  main.replaceChildren(section);
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
    groupByDay(list);
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

// What is typed into a field for a password can be looked at. It is sent, and kept by the browser, as a password.
function offerReveal(button) {
  const field = document.getElementById(button.dataset.reveal);
  const [word, status] = [button.firstElementChild, button.nextElementSibling];
  const { show, hide, shown, hidden } = button.dataset;
  const set = (visible) => {
    field.type = visible ? "text" : "password";
    word.textContent = visible ? hide : show;
  };
  button.hidden = false;
  button.addEventListener("click", () => {
    const visible = field.type === "password";
    set(visible);
    status.textContent = visible ? shown : hidden;
  });
  field.form.addEventListener("submit", () => set(false));
  addEventListener("pagehide", () => set(false));
}

// What a page, or a part of it that was loaded later, can do with a script.
function prepare(root) {
  root.querySelectorAll("[data-reveal]").forEach(offerReveal);
  localiseTimes(root);
}

document.querySelectorAll(".quick").forEach((row) => { row.hidden = false; });
document.querySelectorAll("[data-fill]").forEach((button) => button.addEventListener("click", () => {
  const field = document.getElementById(button.dataset.fill);
  field.value = button.dataset.amount;
  field.focus();
}));
prepare(document);
groupByDay(document);
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
document.querySelectorAll(".print").forEach((button) => {
  button.hidden = false;
  button.addEventListener("click", () => print());
});
// The picture on a printed page leads here with the number behind #, which is not sent.
const client = document.getElementById("sign-in-client");
if (client && /^#\d{15}$/.test(location.hash)) {
  client.value = location.hash.slice(1);
  history.replaceState(null, "", location.pathname + location.search);
}
const summary = document.getElementById("error-summary");
if (summary) {
  summary.focus();
}
// One click, one form: the second click of a double one is not sent.
document.addEventListener("submit", (event) => {
  if (event.target.dataset.sent) {
    event.preventDefault();
    return;
  }
  event.target.dataset.sent = "1";
  if (event.submitter) {
    event.submitter.setAttribute("aria-busy", "true");
  }
});
addEventListener("pageshow", (event) => {
  // Out of the browser's memory: nobody knows how old it is, and whether its session still lives.
  if (event.persisted && live) {
    location.reload();
  }
  document.querySelectorAll("form[data-sent]").forEach((form) => delete form.dataset.sent);
  document.querySelectorAll("[aria-busy]").forEach((button) => button.removeAttribute("aria-busy"));
});
if ("serviceWorker" in navigator && !document.body.classList.contains("window")) {
  navigator.serviceWorker.register("/sw.js").catch(() => {});
}
