// What the console's pages can do with a script. Without it they work, but do not move.
"use strict";

function localiseTimes(root) {
  const format = new Intl.DateTimeFormat(undefined, { dateStyle: "medium", timeStyle: "medium" });
  for (const time of root.querySelectorAll("time[datetime]")) {
    const at = new Date(time.dateTime);
    if (!Number.isNaN(at.getTime())) {
      time.title = time.textContent;
      time.textContent = format.format(at);
    }
  }
}

// Replaces the contents of those parts that have changed: what has the focus, or is selected, stays where it is.
function update(page) {
  const parts = new DOMParser().parseFromString(page, "text/html").querySelectorAll("[data-part]");
  for (const part of parts) {
    const shown = document.getElementById(part.id);
    if (shown && shown.dataset.text !== part.innerHTML) {
      shown.dataset.text = part.innerHTML;
      shown.replaceChildren(...part.childNodes);
      localiseTimes(shown);
    }
  }
}

// The server says each second how the switch is.
const SILENT_MS = 2500;

function goLive(place) {
  const words = place.querySelector(".words");
  const source = new EventSource(place.dataset.live);
  let there = performance.now();
  const say = (good, text) => {
    place.classList.toggle("good", good);
    place.classList.toggle("bad", !good);
    if (words.textContent !== text) {
      words.textContent = text;
    }
  };
  source.addEventListener("state", (event) => {
    there = performance.now();
    const state = JSON.parse(event.data);
    say(state.good, state.words);
    if (state.page) {
      update(state.page);
    }
  });
  source.addEventListener("ended", () => {
    source.close();
    location.reload();
  });
  setInterval(() => {
    if (performance.now() - there > SILENT_MS && source.readyState !== EventSource.CLOSED) {
      say(false, "The console does not answer");
    }
  }, 500);
}

localiseTimes(document);
const live = document.querySelector("[data-live]");
if (live) {
  goLive(live);
}
