// The checkout: Tessera's window asks the payer; when they have agreed, our server asks the switch.
const button = document.querySelector("#pay");
const said = document.querySelector("#said");
const order = button.dataset;
const page = `/orders/${encodeURIComponent(order.order)}`;

// What becomes of an order that is neither paid nor declined.
const SAID = {
  cancelled: "You have not paid. Your order is still here.",
  expired: "Your agreement has expired. Nothing was paid.",
  unknown: "You have agreed, but we don't know yet whether this is paid. Reload this page to see.",
};

async function collect() {
  const answer = await fetch(`${page}/collect`, { method: "POST", headers: { accept: "application/json" } });
  if (!answer.ok) throw new Error(`collecting was answered ${answer.status}`);
  return answer.json();
}

button.addEventListener("click", async () => {
  if (typeof Tessera === "undefined") {
    said.textContent = "Tessera can't be reached. Please try again later.";
    return;
  }
  button.disabled = true;
  said.textContent = "Please continue in Tessera's window.";
  try {
    const result = await Tessera.pay({
      mall: order.mall,
      order: order.order,
      amount: Number(order.amount),
      currency: order.currency,
      lines: JSON.parse(order.lines),
      onAgreed: collect,
    });
    if (result.status === "paid" || result.status === "declined") {
      location.assign(page);
      return;
    }
    said.textContent = SAID[result.status];
  } catch {
    // Whatever became of it stands on the order's page.
    location.assign(page);
    return;
  }
  button.disabled = false;
});
