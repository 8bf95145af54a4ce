// Tessera for malls' pages, version 1. docs/malls.md says how to use it.
//
//   Tessera.pay({ mall, order, amount, currency, lines, onAgreed }) -> Promise<{ status, order }>
//
// It opens the payer's wallet in a window, passes it the purchase, and receives the result. It learns nothing about the
// payer.
(() => {
  "use strict";

  const VERSION = 1;
  const LOOK_MS = 400;
  // The window says that it is there as soon as it is loaded.
  const READY_MS = 15000;
  const base = new URL(document.currentScript.src).origin;

  function pay(purchase) {
    const { mall, amount, currency, lines, onAgreed } = purchase;
    // The window says order numbers as texts, whatever they were.
    const order = String(purchase.order ?? "");
    if (!mall || !order || !currency || !Number.isSafeInteger(amount) || amount <= 0) {
      return Promise.reject(new TypeError("Tessera.pay needs mall, order, currency, and amount as a whole number of minor units"));
    }
    // One window for an order: asked twice, it is brought to the front.
    const name = "tessera-" + order.replace(/\W/g, "-");
    const address = base + "/pay?mall=" + encodeURIComponent(mall);
    const popup = window.open(address, name, "popup,width=480,height=760");
    if (!popup) {
      return Promise.reject(new Error("Tessera: the browser did not open the window; call pay() in a click"));
    }
    return new Promise((resolve, reject) => {
      let agreed = false;
      let ready = false;
      const begun = performance.now();
      const stop = () => {
        clearInterval(look);
        removeEventListener("message", receive);
      };
      const end = (status) => {
        stop();
        resolve({ status, order });
      };
      const fail = (reason, field, why) => {
        stop();
        const error = new Error("Tessera: " + why);
        reject(Object.assign(error, { reason, field, order }));
      };
      const receive = (event) => {
        const message = event.data;
        if (event.origin !== base || event.source !== popup || !message || message.tessera !== VERSION) {
          return;
        }
        if (message.type === "here") {
          // From a page that is not registered the window learns so at once.
          ready = true;
          popup.postMessage({ tessera: VERSION, type: "hello" }, base);
        } else if (message.type === "ready") {
          popup.postMessage({ tessera: VERSION, type: "purchase", order, amount, currency, lines }, base);
        } else if (message.type === "refused") {
          fail(message.reason, message.field, message.why);
        } else if (message.order !== order) {
          return;
        } else if (message.type === "agreed" && !agreed) {
          agreed = true;
          if (onAgreed) {
            onAgreed(order);
          }
        } else if (message.type === "result") {
          end(message.status);
        }
      };
      // A window that is closed says nothing any more. Once it was agreed to, only the mall's server knows what became of it.
      const look = setInterval(() => {
        if (popup.closed) {
          end(agreed ? "unknown" : "cancelled");
        } else if (!ready && performance.now() - begun > READY_MS) {
          fail("silent", "", "the wallet's window does not answer");
        }
      }, LOOK_MS);
      addEventListener("message", receive);
    });
  }

  window.Tessera = Object.freeze({ version: VERSION, pay });
})();
