// Puts a card into a form's fields, as typing would: the native setter, so that frameworks that watch the property notice, and the
// events that they listen to. In come a form's parts and the card; out go the kinds that were filled. What never happens here: a field
// is written to that is not painted where a person sees it.
"use strict";
(() => {
  const page = globalThis.tesseraPage;

  // Representative cards have no security code. Where a page insists, this is one that says so.
  const NO_CODE = "000";

  function setNatively(element, value) {
    const view = element.ownerDocument.defaultView;
    const prototype = element.localName === "select" ? view.HTMLSelectElement.prototype : view.HTMLInputElement.prototype;
    Object.getOwnPropertyDescriptor(prototype, "value").set.call(element, value);
  }

  function event(element, kind, name, more = {}) {
    const view = element.ownerDocument.defaultView;
    element.dispatchEvent(new view[kind](name, { bubbles: true, composed: true, cancelable: name.startsWith("key"), ...more }));
  }

  function focus(element) {
    element.focus({ preventScroll: true });
    // A page behind the popup cannot have the focus, but its scripts get the events.
    if (!element.ownerDocument.hasFocus()) {
      event(element, "FocusEvent", "focus", { bubbles: false });
      event(element, "FocusEvent", "focusin");
    }
  }

  function blur(element) {
    const had = element.ownerDocument.hasFocus();
    element.blur();
    if (!had) {
      event(element, "FocusEvent", "blur", { bubbles: false });
      event(element, "FocusEvent", "focusout");
    }
  }

  // The one place where a value gets into a field: only if the field is painted now, as every event before it may have moved things.
  function write(element, value) {
    if (page.isPainted(element)) setNatively(element, value);
  }

  // Gives a field the focus, which takes a read-only mark away where the page sets one until then; whether it can be written to.
  async function unlock(element) {
    focus(element);
    if (element.readOnly) await turn();
    return !element.readOnly;
  }

  // One value at once.
  function enter(element, value) {
    const key = value.at(-1) ?? "";
    event(element, "KeyboardEvent", "keydown", { key });
    write(element, value);
    event(element, "InputEvent", "input", { data: value, inputType: "insertText" });
    event(element, "KeyboardEvent", "keyup", { key });
    event(element, "Event", "change");
    blur(element);
  }

  // One character after another, for fields that take no other way.
  function type(element, value) {
    write(element, "");
    event(element, "InputEvent", "input", { data: null, inputType: "deleteContentBackward" });
    for (const key of value) {
      event(element, "KeyboardEvent", "keydown", { key });
      write(element, element.value + key);
      event(element, "InputEvent", "input", { data: key, inputType: "insertText" });
      event(element, "KeyboardEvent", "keyup", { key });
    }
    event(element, "Event", "change");
    blur(element);
  }

  function choose(element, at) {
    if (!page.isPainted(element)) return;
    setNatively(element, element.options[at].value);
    if (element.selectedIndex !== at) element.selectedIndex = at;
    event(element, "Event", "input");
    event(element, "Event", "change");
    blur(element);
  }

  const digits = (text) => String(text).replace(/\D/g, "");
  const letters = (text) => String(text).replace(/\s+/g, " ").trim().toLowerCase();

  // What is to be written where: [{ kind, element, text } or { kind, element, option }].
  function plan(parts, card) {
    const writes = [];
    const expiry = { month: card.month, year: card.year };
    // A frame that takes no number has none to fill, and likewise for a name.
    let rest = card.number ?? "";
    parts.number.forEach((one, at) => {
      const last = at === parts.number.length - 1;
      const piece = last ? rest : rest.slice(0, one.field.maxLength > 0 ? one.field.maxLength : 4);
      rest = rest.slice(piece.length);
      const grouped = piece.replace(/(.{4})(?=.)/g, "$1 ");
      const text = !page.expiry.fits(piece, one.field) && page.expiry.fits(grouped, one.field) ? grouped : piece;
      writes.push({ kind: "number", element: one.element, text });
    });
    const [given, ...family] = (card.name ?? "").split(" ");
    for (const [kind, text] of [["name", card.name], ["given", given], ["family", family.join(" ") || given]]) {
      if (parts[kind]) writes.push({ kind, element: parts[kind].element, text });
    }
    for (const kind of ["exp", "month", "year"]) {
      const one = parts[kind];
      if (!one) continue;
      if (one.element.localName === "select") {
        const option = page.expiry.optionFor(kind, one.field.options, expiry);
        if (option >= 0) writes.push({ kind, element: one.element, option });
      } else {
        const text = kind === "exp" ? page.expiry.expiryText(expiry, one.field) : page.expiry.partText(kind, expiry, one.field);
        writes.push({ kind, element: one.element, text });
      }
    }
    if (parts.csc?.field.required) writes.push({ kind: "csc", element: parts.csc.element, text: NO_CODE });
    return writes;
  }

  // A field that the page has replaced holds nothing, whatever stands in it.
  const holds = ({ kind, element, text, option }) => {
    if (!element.isConnected) return false;
    if (option !== undefined) return element.selectedIndex === option;
    if (kind === "name" || kind === "given" || kind === "family") return letters(element.value) === letters(text);
    return digits(element.value) === digits(text);
  };

  const turn = () => new Promise((done) => setTimeout(done, 60));

  // Writes into one field, if it is painted where a person sees it: looked at anew for each, as the page may have changed things
  // since the one before.
  async function put(write, way) {
    const { element, text, option } = write;
    if (!(await page.painted(element)) || !(await unlock(element))) return;
    if (option === undefined) way(element, text);
    else choose(element, option);
  }

  // Fills, looks whether it held, and types what did not. The kinds that hold in the end.
  async function fill(parts, card) {
    const writes = plan(parts, card);
    for (const write of writes) await put(write, enter);
    await turn();
    for (const write of writes.filter((one) => !holds(one))) await put(write, type);
    await turn();
    return [...new Set(writes.filter(holds).map((write) => write.kind))];
  }

  Object.assign(page, { fill, plan });
})();
