// Within the frame: gives the card number to the payment service, and its token to the shop that embeds us.
const form = document.querySelector("#card");
const shop = form.dataset.shop;
const number = form.elements.cardnumber;

// Groups of four, as people read them.
number.addEventListener("input", () => {
  const digits = number.value.replace(/\D/g, "").slice(0, 19);
  const grouped = digits.replace(/(.{4})(?=.)/g, "$1 ");
  if (grouped !== number.value) number.value = grouped;
});
form.addEventListener("submit", (event) => event.preventDefault());

addEventListener("message", async (event) => {
  if (event.origin !== shop || event.source !== parent || event.data.type !== "card-token-wanted") return;
  const body = JSON.stringify({ number: number.value, expiry: form.elements.exp.value, csc: form.elements.cvc.value });
  try {
    const answer = await fetch("/tokens", { method: "POST", headers: { "content-type": "application/json" }, body });
    const back = await answer.json();
    const message = back.token ? { type: "card-token", token: back.token } : { type: "card-problem", problem: back.problem };
    parent.postMessage(message, shop);
  } catch {
    parent.postMessage({ type: "card-problem", problem: "The payment service can't be reached." }, shop);
  }
});
