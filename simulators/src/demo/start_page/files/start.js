// Loads the live state each second. Where the demo does not answer any more, the page says so, and what it shows is dimmed.
const live = document.getElementById("live");
const gone = document.getElementById("gone");

async function look() {
  try {
    const answer = await fetch("/live", { cache: "no-store", signal: AbortSignal.timeout(2000) });
    if (!answer.ok) throw new Error(answer.statusText);
    live.innerHTML = await answer.text();
    gone.hidden = true;
  } catch {
    gone.hidden = false;
  }
  live.classList.toggle("stale", !gone.hidden);
  setTimeout(look, 1000);
}

look();
