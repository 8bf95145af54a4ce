// Keeps the list as the server has it, without loading the page again: it is fetched when an event says that something has changed,
// and while one types into the search. Without this script the same links and buttons work.
const list = document.getElementById("list");
const search = document.getElementById("q");
const gone = document.getElementById("gone");
let asked = 0;

function place() {
  const words = search.value.trim();
  return words === "" ? "" : `?q=${encodeURIComponent(words)}`;
}

// Times as the reader's clock has them.
function localize() {
  for (const time of list.querySelectorAll("time")) {
    const moment = new Date(time.textContent);
    if (!Number.isNaN(moment.getTime())) {
      time.dateTime = moment.toISOString();
      time.textContent = moment.toLocaleString(undefined, { dateStyle: "medium", timeStyle: "medium" });
    }
  }
  const unread = Number(document.getElementById("count").dataset.unread);
  document.title = `${unread > 0 ? `(${unread}) ` : ""}Mail · Tessera mail`;
}

async function refresh() {
  const mine = ++asked;
  try {
    const answer = await fetch(`/list${place()}`, { cache: "no-store" });
    if (!answer.ok) throw new Error(answer.statusText);
    const text = await answer.text();
    // A later answer may have been faster.
    if (mine !== asked) return;
    const focused = list.contains(document.activeElement) ? document.activeElement : null;
    const name = focused && (focused.getAttribute("href") ?? focused.form?.getAttribute("action"));
    list.innerHTML = text;
    localize();
    if (name) {
      const again = list.querySelector(`a[href="${name}"], form[action="${name}"] button`);
      (again ?? search).focus();
    }
    lost(false);
  } catch {
    lost(true);
  }
}

function lost(is) {
  gone.hidden = !is;
  list.classList.toggle("stale", is);
}

search.form.addEventListener("submit", (event) => {
  event.preventDefault();
  refresh();
});
search.addEventListener("input", () => {
  history.replaceState(null, "", `/${place()}`);
  refresh();
});
list.addEventListener("submit", async (event) => {
  event.preventDefault();
  try {
    await fetch(event.target.action, { method: "POST", redirect: "manual" });
  } finally {
    refresh();
  }
});

const source = new EventSource("/live");
source.addEventListener("open", refresh);
source.addEventListener("changed", refresh);
source.addEventListener("error", () => lost(true));
localize();
