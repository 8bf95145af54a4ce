// A page with the extension's content scripts in it, as jsdom has it: everything but layout.
import { readFileSync } from "node:fs";
import { JSDOM } from "jsdom";

const SCRIPTS = ["names", "words", "expiry", "recognize", "visible", "describe", "forms", "fill", "content"];
const read = (path) => readFileSync(new URL(path, import.meta.url), "utf8");

// The window of a page; its script's exports are in window.tesseraPage.
export function open(html, options = {}) {
  const { window } = new JSDOM(html, { runScripts: "outside-only", pretendToBeVisual: true, url: "https://shop.example/pay", ...options });
  attachShadows(window.document);
  for (const script of SCRIPTS) window.eval(read(`../page/${script}.js`));
  // Nothing is painted here: browser.py looks at that.
  Object.assign(window.tesseraPage, { painted: async () => true, isPainted: () => true });
  return window;
}

// jsdom does not know declarative shadow roots.
function attachShadows(root) {
  for (const template of root.querySelectorAll("template[shadowrootmode]")) {
    const shadow = template.parentElement.attachShadow({ mode: template.getAttribute("shadowrootmode") });
    shadow.append(template.content);
    template.remove();
    attachShadows(shadow);
  }
}

// Without layout: by style alone.
export function visible(element) {
  const view = element.ownerDocument.defaultView;
  for (let one = element; one; one = one.parentElement) {
    const style = view.getComputedStyle(one);
    const away = Number.parseFloat(style.left) < -1000;
    if (style.display === "none" || style.visibility === "hidden" || style.opacity === "0" || away) return false;
  }
  return element.getAttribute("type") !== "hidden";
}

// "#host >>> #inner": through shadow roots.
export function find(document, path) {
  return path.split(" >>> ").reduce((root, selector) => (root.shadowRoot ?? root).querySelector(selector), document);
}

// The forms of the folder: [{ name, html, why, offers, filled }].
export function fixtures(names) {
  return names.map((name) => {
    const html = read(`forms/${name}`);
    return { name, html, ...JSON.parse(/<!--\n(.*?)\n-->/s.exec(html)[1]) };
  });
}
