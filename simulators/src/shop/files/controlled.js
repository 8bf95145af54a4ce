// A form whose fields show a state, as the component libraries have it: the state changes only on an "input" or "change"
// event that brings a new value, and whatever else is put into a field is overwritten from the state.
const form = document.querySelector("#controlled");
const said = document.querySelector("#said");
const fields = [...form.querySelectorAll("input, select")];
const state = Object.fromEntries(fields.map((field) => [field.name, ""]));
const native = new Map();
const known = new Map();

for (const field of fields) {
  // What a script of this page sets is known to us, so that an event after it brings nothing new.
  const property = Object.getOwnPropertyDescriptor(Object.getPrototypeOf(field), "value");
  native.set(field, property);
  known.set(field, field.value);
  Object.defineProperty(field, "value", {
    configurable: true,
    enumerable: true,
    get() { return property.get.call(this); },
    set(value) { known.set(field, String(value)); property.set.call(this, value); },
  });
  const changed = () => {
    const value = property.get.call(field);
    if (value === known.get(field)) return;
    known.set(field, value);
    state[field.name] = field.inputMode === "numeric" ? value.replace(/\D/g, "") : value;
    render();
  };
  field.addEventListener("input", changed);
  field.addEventListener("change", changed);
}

function render() {
  for (const field of fields) {
    if (native.get(field).get.call(field) !== state[field.name]) field.value = state[field.name];
  }
  form.querySelector("button").disabled = !fields.every((field) => !field.required || state[field.name]);
}
setInterval(render, 100);
render();

form.addEventListener("submit", async (event) => {
  event.preventDefault();
  const number = state.piece1 + state.piece2 + state.piece3 + state.piece4;
  const body = JSON.stringify({ name: state.holder, number, month: state.month, year: state.year, csc: state.csc });
  const answer = await fetch(form.action, { method: "POST", headers: { "content-type": "application/json" }, body });
  const said_back = await answer.json();
  if (said_back.order) location.assign(`/orders/${encodeURIComponent(said_back.order)}`);
  else said.textContent = said_back.problem;
});
