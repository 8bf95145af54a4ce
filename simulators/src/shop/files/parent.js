// The shop's side of the card frame: asks it for a token, and never sees a card number.
const form = document.querySelector("#framed");
const button = form.querySelector("button");
const said = document.querySelector("#said");
const frame = document.querySelector("iframe");
const origin = new URL(frame.src).origin;

form.addEventListener("submit", (event) => {
  event.preventDefault();
  said.textContent = "";
  frame.contentWindow.postMessage({ type: "card-token-wanted" }, origin);
});

addEventListener("message", async (event) => {
  if (event.origin !== origin || event.source !== frame.contentWindow || button.disabled) return;
  if (event.data.type === "card-problem") said.textContent = String(event.data.problem);
  if (event.data.type !== "card-token") return;
  button.disabled = true;
  const problem = await sendOrder(form, { name: form.elements.holder.value, token: String(event.data.token) });
  if (problem === null) return;
  said.textContent = problem;
  button.disabled = false;
});
