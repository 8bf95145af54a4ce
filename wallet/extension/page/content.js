// What the popup asks of a page, in each frame that it may look into: which card forms there are, and later to fill one. The card
// comes in with that question and is kept nowhere. What never happens here: anything is filled, sent or stored unasked.
"use strict";
(() => {
  const page = globalThis.tesseraPage;

  // Names of frames that hold card fields of a payment service.
  const PAYMENT_FRAME = /card|payment|checkout|secure ?field|hosted|stripe|adyen|braintree|checkout\.com|worldpay|cybersource|recurly|spreedly|square|mollie|paypal|zahlung|paiement|pago/i;
  const FRAMES_MAX = 40;

  // What is here, as plain data: forms by their place, and frames of other origins that may hold the rest of them. `wallet` is the
  // origin of the payer's wallet.
  function scan(wallet) {
    return {
      origin: location.origin,
      secure: isSecureContext,
      seen: page.canSeeFrame(document.defaultView),
      observes: page.observes,
      affiliated: takesWallet(wallet),
      forms: page.forms(document).map(({ kinds, sure, form }) => ({ kinds, sure, frames: framesIn(form) })),
      frames: [...page.walk(document, "iframe")].filter(page.visible).slice(0, FRAMES_MAX).flatMap(frame),
    };
  }

  // Whether the page has the script with which malls open the payer's wallet.
  function takesWallet(wallet) {
    return [...document.querySelectorAll("script[src]")].some((script) => {
      try {
        const { origin, pathname } = new URL(script.src, document.baseURI);
        return origin === wallet && pathname === "/tessera.js";
      } catch {
        return false;
      }
    });
  }

  function frame(element) {
    const origin = originOf(element);
    if (!origin || origin === location.origin) return [];
    const says = [element.title, element.name, element.id, element.getAttribute("src"), element.getAttribute("aria-label")].join(" ");
    return [{ origin, payment: PAYMENT_FRAME.test(says) }];
  }

  function originOf(element) {
    try {
      const { origin, protocol } = new URL(element.src, document.baseURI);
      return protocol === "https:" || protocol === "http:" ? origin : null;
    } catch {
      return null;
    }
  }

  // The origins of the frames that stand within a form.
  function framesIn(form) {
    if (!form) return [];
    const within = [...page.walk(document, "iframe")].filter((one) => page.contains(form, one));
    return [...new Set(within.map(originOf).filter(Boolean))];
  }

  // Fills the form that the scan found at this place, as it is now; its fields may have been made anew since.
  async function fillAt(at, kinds, card) {
    const now = page.forms(document);
    const wanted = [now[at], ...now].find((form) => form && kinds.every((kind) => form.kinds.includes(kind)));
    if (!wanted) return [];
    const parts = { number: kinds.includes("number") ? wanted.parts.number : [] };
    for (const kind of kinds) if (kind !== "number" && wanted.parts[kind]) parts[kind] = wanted.parts[kind];
    // The icon in the field would be found to cover it.
    page.hideIcon?.();
    page.busy = true;
    try {
      return await page.fill(parts, card);
    } finally {
      page.busy = false;
    }
  }

  Object.assign(page, { scan, fillAt });
})();
