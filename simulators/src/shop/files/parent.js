// The shop's side of the card frame: asks it for a token, and never sees a card number.
const form = document.querySelector("#framed");
const said = document.querySelector("#said");
const frame = document.querySelector("iframe");
const origin = new URL(frame.src).origin;

form.addEventListener("submit", (event) => {
  event.preventDefault();
  said.textContent = "";
  frame.contentWindow.postMessage({ type: "card-token-wanted" }, origin);
});

addEventListener("message", async (event) => {
  if (event.origin !== origin || event.source !== frame.contentWindow) return;
  if (event.data.type === "card-problem") said.textContent = String(event.data.problem);
  if (event.data.type !== "card-token") return;
  const body = JSON.stringify({ name: form.elements.holder.value, token: String(event.data.token) });
  const answer = await fetch(form.action, { method: "POST", headers: { "content-type": "application/json" }, body });
  const back = await answer.json();
  if (back.order) location.assign(`/orders/${encodeURIComponent(back.order)}`);
  else said.textContent = back.problem;
});
