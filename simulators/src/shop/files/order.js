// Sends an order with what pays for it: goes on to the order's page, or gives back what is wrong. The order's number came with the
// form, so that what is sent twice is one order.
async function sendOrder(form, means) {
  const body = JSON.stringify({ order: form.elements.order.value, ...means });
  try {
    const answer = await fetch(form.action, { method: "POST", headers: { "content-type": "application/json" }, body });
    const back = await answer.json();
    if (!back.order) return back.problem;
    location.assign(`/orders/${encodeURIComponent(back.order)}`);
    return null;
  } catch {
    return "The shop can't be reached. Please try again; you will not be charged twice.";
  }
}
