// Shows on the page of an order what the switch confirms, as soon as its webhook has come: the shop's server is asked, not the wallet.
const order = document.getElementById("order");
const EVERY = 1500;
const LAST = Date.now() + 15 * 60 * 1000;

async function look() {
  if (!document.hidden) {
    try {
      const answer = await fetch(location.href, { cache: "no-store", signal: AbortSignal.timeout(5000) });
      const page = new DOMParser().parseFromString(await answer.text(), "text/html");
      const newer = page.getElementById("order");
      if (newer && newer.innerHTML !== order.innerHTML) {
        order.innerHTML = newer.innerHTML;
        order.dataset.status = newer.dataset.status;
      }
    } catch {
      // The next look may succeed.
    }
  }
  if (Date.now() < LAST) setTimeout(look, EVERY);
}

if (order) setTimeout(look, EVERY);
