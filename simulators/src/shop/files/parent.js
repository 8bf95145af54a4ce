// The shop's side of the card frame: asks it for a token, and never sees a card number.
const form = document.querySelector("#framed");
const button = form.querySelector("button");
const said = document.querySelector("#said");
const frame = document.querySelector("iframe");
const origin = new URL(frame.src).origin;

// Once at a time: until the frame, or the shop, has said what is wrong.
form.addEventListener("submit", (event) => {
  event.preventDefault();
  button.disabled = true;
  said.textContent = "";
  frame.contentWindow.postMessage({ type: "card-token-wanted" }, origin);
});

function again(problem) {
  said.textContent = problem;
  button.disabled = false;
}

addEventListener("message", async (event) => {
  if (event.origin !== origin || event.source !== frame.contentWindow) return;
  if (event.data.type === "card-problem") again(String(event.data.problem));
  if (event.data.type !== "card-token") return;
  const problem = await sendOrder(form, { name: form.elements.holder.value, token: String(event.data.token) });
  if (problem !== null) again(problem);
});
