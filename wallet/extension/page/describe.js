// A page's fields as plain data. In comes a document; out go the fields that a person can see (page/visible.js) and fill, each with
// what names it. Open shadow roots are looked into, frames are not: each frame is a document of its own. What never happens here: a
// value is read; of a field that is read-only, whether it has one.
"use strict";
(() => {
  const page = globalThis.tesseraPage;

  const FIELDS_MAX = 400;
  const ROOTS_MAX = 2_000;

  // Every element of these kinds, in document order, shadow roots included.
  function* walk(root, selector, budget = { roots: ROOTS_MAX }) {
    const all = root.querySelectorAll("*");
    for (const element of all) {
      if (element.matches(selector)) yield element;
      if (element.shadowRoot && budget.roots > 0) {
        budget.roots -= 1;
        yield* walk(element.shadowRoot, selector, budget);
      }
    }
  }

  // The parent, out of a shadow root its host. Not by the element's own property: a form gives those to fields of such names. Nor by
  // its class: that of an element in another frame is another one.
  const PARENT = Object.getOwnPropertyDescriptor(Node.prototype, "parentNode").get;
  const KIND = Object.getOwnPropertyDescriptor(Node.prototype, "nodeType").get;

  function parent(element) {
    const node = PARENT.call(element);
    if (!node) return null;
    if (KIND.call(node) === Node.DOCUMENT_FRAGMENT_NODE) return node.host ?? null;
    return KIND.call(node) === Node.ELEMENT_NODE ? node : null;
  }

  function closest(element, selector) {
    for (let one = element; one; one = parent(one)) {
      if (one.matches(selector)) return one;
    }
    return null;
  }

  // The text of an element without that of the controls in it.
  function text(element) {
    if (!element) return "";
    const copy = element.cloneNode(true);
    copy.querySelectorAll?.("input, select, textarea, button, script, style, option").forEach((one) => one.remove());
    return (copy.textContent ?? "").replace(/\s+/g, " ").trim().slice(0, 120);
  }

  function label(element) {
    const root = element.getRootNode();
    const parts = [...(element.labels ?? [])].map(text);
    if (parts.join("").length > 0) return parts.join(" ");
    // What stands in front of it, where nothing says that it is a label.
    const row = closest(element, "td, dd");
    const before = row?.previousElementSibling?.matches("td, th, dt") ? row.previousElementSibling : null;
    if (before) return text(before);
    for (let one = element, steps = 0; one && steps < 3 && one !== root; one = one.parentElement, steps += 1) {
      const previous = one.previousElementSibling;
      if (previous?.matches("label, span, div, p, legend, strong, b, small")) {
        const controls = previous.querySelector("input, select, textarea, iframe");
        if (!controls && text(previous)) return text(previous);
      }
      // Farther out there are other fields' labels.
      if (one.parentElement && one.parentElement.querySelectorAll("input:not([type=hidden]), select").length > 1) break;
    }
    return "";
  }

  function aria(element) {
    const root = element.getRootNode();
    const named = (element.getAttribute("aria-labelledby") ?? "").split(/\s+/).filter(Boolean);
    const texts = named.map((id) => text(root.getElementById?.(id)));
    return [element.getAttribute("aria-label") ?? "", ...texts].join(" ").trim();
  }

  // A group's heading, for fields that only say what part they are.
  function legend(element) {
    const group = closest(element, "fieldset, [role=group]");
    if (!group) return "";
    const heading = group.querySelector(":scope > legend");
    const named = group.getAttribute("aria-label") ?? "";
    return `${named} ${text(heading)} ${group.hasAttribute("aria-labelledby") ? aria(group) : ""}`.trim();
  }

  const DATA = ["data-stripe", "data-recurly", "data-braintree-name", "data-encrypted-name", "data-cse", "data-checkout", "data-eway-encrypt-name", "data-paylib", "data-fieldtype", "data-testid"];

  function describe(element) {
    const select = element.localName === "select";
    return {
      type: select ? (element.multiple ? "select-multiple" : "select-one") : (element.getAttribute("type") ?? "text").toLowerCase(),
      name: element.getAttribute("name") ?? "",
      id: element.id,
      data: DATA.map((name) => element.getAttribute(name) ?? "").join(" ").trim(),
      autocomplete: element.getAttribute("autocomplete") ?? "",
      label: label(element),
      aria: aria(element),
      legend: legend(element),
      placeholder: element.getAttribute("placeholder") ?? "",
      title: element.getAttribute("title") ?? "",
      pattern: element.getAttribute("pattern") ?? "",
      maxLength: Number(element.getAttribute("maxlength") ?? -1) || -1,
      required: element.hasAttribute("required") || element.getAttribute("aria-required") === "true",
      options: select
        ? [...element.options].slice(0, 150).map((option) => ({ value: option.value, text: option.text, disabled: option.disabled }))
        : [],
    };
  }

  // The fields that can be filled: [{ element, field }].
  function fields(document, isVisible = page.visible) {
    const found = [];
    for (const element of walk(document, "input, select")) {
      if (found.length === FIELDS_MAX) break;
      // One that is read-only and empty may be so until it has the focus, to keep the browser's own filling away.
      const locked = element.readOnly && element.value !== "";
      const disabled = element.matches(":disabled") || locked || closest(element, "[inert], [aria-hidden=true]");
      if (disabled || !isVisible(element)) continue;
      found.push({ element, field: describe(element) });
    }
    return found;
  }

  Object.assign(page, { walk, parent, closest, describe, fields });
})();
