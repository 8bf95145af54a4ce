// An icon in the card field that has the focus, on a site for which the payer switched it on: a press opens the popup. In comes the
// focus, out goes one message to the extension's own background. The page can see that an element was added while a card field has
// the focus, and so that the extension is there: the popup says so before the payer switches it on. What it can't do is press it, look
// into it, or learn more. What never happens here: a field is filled, or a value is read.
"use strict";
(() => {
  // Switched on again in the same page.
  globalThis.tesseraPage.withIcon = true;
  if (globalThis.tesseraPage.hideIcon) return;

  const SIZE = 20;
  const GAP = 6;
  const SVG = "http://www.w3.org/2000/svg";
  const HELP_MS = 6_000;
  // As in icons/: four tiles, on white.
  const TILES = [["#ffffff", "M0 0h20v20H0z"], ["#14594c", "M2 2h7.5v7.5H2z"], ["#e8b04a", "M10.5 2H18v7.5h-7.5z"], ["#3c8da0", "M2 10.5h7.5V18H2z"], ["#b5542b", "M10.5 10.5H18V18h-7.5z"]];

  let shown = null;

  // The field that has the focus, also within shadow roots.
  const fieldOf = (event) => event.composedPath()[0];

  // Whether this is a field of a form that the popup would offer to fill.
  function isOffered(element) {
    const page = globalThis.tesseraPage;
    if (!isSecureContext || page.busy || !page.withIcon || !(element instanceof Element) || !element.matches("input, select")) return false;
    return page.forms(document).some(({ kinds, sure, parts }) => {
      const offered = kinds.includes("number") && (sure || ["exp", "month", "year", "csc"].some((kind) => kinds.includes(kind)));
      return offered && Object.values(parts).flat().some((part) => part.element === element);
    });
  }

  function show(field) {
    hide();
    const host = document.createElement("tessera-icon");
    const root = host.attachShadow({ mode: "closed" });
    const button = document.createElement("button");
    button.type = "button";
    button.tabIndex = -1;
    button.title = "Fill with a Tessera card";
    button.setAttribute("aria-label", button.title);
    button.append(sign());
    style(host, { all: "initial", position: "fixed", margin: "0", padding: "0", border: "0", background: "none", overflow: "visible", inset: "auto", width: "auto", height: "auto", "z-index": "2147483647" });
    style(button, { all: "initial", display: "block", width: `${SIZE}px`, height: `${SIZE}px`, cursor: "pointer", "border-radius": "5px", overflow: "hidden" });
    // The field keeps the focus.
    button.addEventListener("pointerdown", (event) => event.preventDefault());
    button.addEventListener("mousedown", (event) => event.preventDefault());
    button.addEventListener("click", (event) => { if (event.isTrusted) press(root, button); });
    root.append(button);
    document.documentElement.append(host);
    raise(host);
    shown = { host, field };
    place();
  }

  // Above the page's own dialogs, where the browser can.
  function raise(host) {
    try {
      host.popover = "manual";
      host.showPopover();
    } catch {
      // It is above all else by its place in the document.
    }
  }

  function style(element, rules) {
    for (const [name, value] of Object.entries(rules)) element.style.setProperty(name, value, "important");
  }

  // The extension's own sign, drawn: a picture of the extension's would be an address that pages can ask for.
  function sign() {
    const drawing = document.createElementNS(SVG, "svg");
    drawing.setAttribute("viewBox", "0 0 20 20");
    style(drawing, { display: "block", width: "100%", height: "100%" });
    for (const [fill, path] of TILES) {
      const part = document.createElementNS(SVG, "path");
      part.setAttribute("fill", fill);
      part.setAttribute("d", path);
      drawing.append(part);
    }
    return drawing;
  }

  // At the right end of its field; away where the field has gone out of sight.
  function place() {
    if (!shown) return;
    const { host, field } = shown;
    const box = field.getBoundingClientRect();
    if (!field.isConnected || box.width < SIZE * 3 || box.height < SIZE / 2) return hide();
    style(host, { left: `${box.right - SIZE - GAP}px`, top: `${box.top + (box.height - SIZE) / 2}px` });
  }

  function hide() {
    shown?.host.remove();
    shown = null;
  }

  async function press(root, button) {
    const opened = await chrome.runtime.sendMessage("open").catch(() => false);
    if (opened) return hide();
    // The browser lets no page of the extension open it: the payer does.
    const help = document.createElement("span");
    help.textContent = "Press Tessera in the toolbar";
    help.setAttribute("role", "status");
    style(help, { all: "initial", position: "absolute", right: "0", top: `${SIZE + GAP}px`, "white-space": "nowrap", font: "13px system-ui, sans-serif", color: "#ffffff", background: "#14594c", padding: "4px 8px", "border-radius": "5px" });
    root.replaceChildren(button, help);
    setTimeout(() => help.remove(), HELP_MS);
  }

  addEventListener("focusin", (event) => {
    const field = fieldOf(event);
    if (event.isTrusted && field !== shown?.field && isOffered(field)) show(field);
  }, true);
  addEventListener("focusout", hide, true);
  addEventListener("scroll", place, { capture: true, passive: true });
  addEventListener("resize", place, { passive: true });
  globalThis.tesseraPage.hideIcon = hide;
})();
