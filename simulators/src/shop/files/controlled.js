// A form whose fields show a state, as the component libraries have it: the state changes only on an "input" or "change"
// event that brings a new value, and whatever else is put into a field is overwritten from the state.
const form = document.querySelector("#controlled");
const said = document.querySelector("#said");
const fields = [...form.querySelectorAll("input:not([type=hidden]), select")];
const state = Object.fromEntries(fields.map((field) => [field.name, ""]));
const native = new Map();
const known = new Map();
let sending = false;

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
  form.querySelector("button").disabled = sending || !fields.every((field) => !field.required || state[field.name]);
}
setInterval(render, 100);
render();

form.addEventListener("submit", async (event) => {
  event.preventDefault();
  if (sending) return;
  sending = true;
  render();
  const number = state.piece1 + state.piece2 + state.piece3 + state.piece4;
  const problem = await sendOrder(form, { name: state.holder, number, month: state.month, year: state.year, csc: state.csc });
  if (problem === null) return;
  said.textContent = problem;
  sending = false;
  render();
});
