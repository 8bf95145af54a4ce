// Passkeys: the browser asks its authenticator, and what that has signed goes into a form. Without this the password does.
"use strict";

// The switch takes an answer for five minutes after it was asked for.
const ASK_AGAIN_MS = 4 * 60 * 1000;

const passkeys = {
  // A frame of another site may not ask; the payer then has the password.
  offered: Boolean(window.PublicKeyCredential && navigator.credentials) && window.top === window,
  // What fills in the number waits for the payer's choice; a click on a button goes first.
  waiting: null,
  clicked: false,
};

function fromBase64(text) {
  const bytes = atob(text.replaceAll("-", "+").replaceAll("_", "/"));
  return Uint8Array.from(bytes, (sign) => sign.charCodeAt(0));
}

function toBase64(buffer) {
  const signs = Array.from(new Uint8Array(buffer), (byte) => String.fromCharCode(byte));
  return btoa(signs.join("")).replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");
}

// What the wallet server hands to the browser; or the words that it has for the payer.
async function askServer(path, options) {
  const answer = await fetch(path, { redirect: "manual", ...options }).catch(() => null);
  const body = answer && (await answer.json().catch(() => null));
  // On to another page: the session is over.
  if (body ? body.ended : answer && answer.type === "opaqueredirect") {
    location.reload();
  }
  return { options: answer && answer.ok ? body : null, words: body ? body.words : null };
}

function known(ids) {
  return ids.map((id) => ({ type: "public-key", id: fromBase64(id) }));
}

// Lets the payer choose a passkey and unlock it. The site decides which may be chosen; nobody who is not known to it has a list.
async function sign(options, more) {
  const credential = await navigator.credentials.get({
    publicKey: {
      challenge: fromBase64(options.challenge),
      allowCredentials: known(options.passkeys),
      userVerification: "required",
    },
    ...more,
  });
  const { clientDataJSON, authenticatorData, signature, userHandle } = credential.response;
  const parts = [credential.rawId, userHandle || new ArrayBuffer(0), clientDataJSON, authenticatorData, signature];
  return parts.map(toBase64).join(".");
}

function challengeFor(place) {
  return askServer(`/passkeys/challenge${place.dataset.passkey === "sign-in" ? "?for=sign-in" : ""}`);
}

// The form goes without its password.
function sendWith(place, signed) {
  const form = place.closest("form");
  place.querySelector("[name=passkey]").value = signed;
  for (const field of passwordFields(form)) {
    field.required = false;
  }
  form.requestSubmit();
}

// What the passkey stands for: the number and the password, but not a password to be.
function passwordFields(form) {
  return form.querySelectorAll("[autocomplete^=username], [autocomplete=current-password]");
}

function offerPasskey(place) {
  if (!passkeys.offered) {
    return;
  }
  const button = place.querySelector("button");
  const status = place.querySelector("[role=status]");
  const form = place.closest("form");
  place.hidden = false;
  button.addEventListener("click", async () => {
    // What else the form needs comes first: no fingerprint for nothing.
    const fields = passwordFields(form);
    const needed = Array.from(fields, (field) => field.required);
    fields.forEach((field) => { field.required = false; });
    const complete = form.reportValidity();
    fields.forEach((field, at) => { field.required = needed[at]; });
    if (!complete || button.getAttribute("aria-busy")) {
      return;
    }
    button.setAttribute("aria-busy", "true");
    status.textContent = "";
    passkeys.clicked = true;
    passkeys.waiting?.abort();
    try {
      const { options, words } = await challengeFor(place);
      if (options) {
        sendWith(place, await sign(options));
        return;
      }
      status.textContent = words || place.dataset.unreachable;
    } catch (error) {
      status.textContent = error.name === "NotAllowedError" ? place.dataset.cancelled : place.dataset.failed;
    }
    button.removeAttribute("aria-busy");
    passkeys.clicked = false;
    fillIn(place);
  });
}

// Where the browser can, it offers passkeys in the list under the field for the number.
async function fillIn(place) {
  const can = window.PublicKeyCredential.isConditionalMediationAvailable;
  if (place.dataset.passkey !== "sign-in" || !can || !(await can.call(window.PublicKeyCredential))) {
    return;
  }
  const { options } = await challengeFor(place);
  if (!options || passkeys.clicked) {
    return;
  }
  const waiting = new AbortController();
  passkeys.waiting = waiting;
  const again = setTimeout(() => {
    waiting.abort();
    fillIn(place);
  }, ASK_AGAIN_MS);
  try {
    sendWith(place, await sign(options, { mediation: "conditional", signal: waiting.signal }));
  } catch {
    // Nothing was chosen, or a button was clicked.
  }
  clearTimeout(again);
}

// A new passkey: confirmed, made, and sent to be kept.
function offerNewPasskey(place) {
  if (!passkeys.offered) {
    document.getElementById("passkeys-unsupported").hidden = false;
    return;
  }
  const form = place.querySelector("form");
  const status = form.querySelector(":scope > [role=status]");
  place.hidden = false;
  form.addEventListener("submit", async (event) => {
    if (form.elements.made.value) {
      return;
    }
    event.preventDefault();
    event.stopPropagation();
    if (form.dataset.making) {
      return;
    }
    form.dataset.making = "1";
    event.submitter?.setAttribute("aria-busy", "true");
    status.textContent = "";
    try {
      const body = new URLSearchParams(new FormData(form));
      const { options, words } = await askServer(place.dataset.begin, { method: "POST", body });
      if (options) {
        form.elements.made.value = await make(options);
        // It has done its part.
        passwordFields(form).forEach((field) => {
          field.required = false;
          field.value = "";
        });
        form.requestSubmit();
        return;
      }
      status.textContent = words || place.dataset.unreachable;
    } catch (error) {
      status.textContent = error.name === "InvalidStateError" ? place.dataset.known : place.dataset.notMade;
    }
    // What was signed is good once.
    const signed = form.elements.passkey;
    if (signed) {
      signed.value = "";
    }
    passwordFields(form).forEach((field) => { field.required = true; });
    delete form.dataset.making;
    form.querySelectorAll("[aria-busy]").forEach((button) => button.removeAttribute("aria-busy"));
  });
}

async function make(options) {
  const credential = await navigator.credentials.create({
    publicKey: {
      challenge: fromBase64(options.challenge),
      rp: { name: "Tessera" },
      user: { id: fromBase64(options.user), name: options.name, displayName: options.name },
      pubKeyCredParams: [-7, -8, -257].map((alg) => ({ type: "public-key", alg })),
      excludeCredentials: known(options.passkeys),
      authenticatorSelection: { residentKey: "required", requireResidentKey: true, userVerification: "required" },
      attestation: "none",
    },
  });
  const { clientDataJSON } = credential.response;
  const authenticatorData = credential.response.getAuthenticatorData();
  return [options.user, toBase64(clientDataJSON), toBase64(authenticatorData)].join(".");
}

// A part of a page that was loaded later has new buttons.
function preparePasskeys(root) {
  root.querySelectorAll("[data-passkey]").forEach(offerPasskey);
}

preparePasskeys(document);
const signsIn = document.querySelector("[data-passkey=sign-in]");
if (signsIn && passkeys.offered) {
  fillIn(signsIn);
}
const adds = document.getElementById("passkeys-add");
if (adds) {
  offerNewPasskey(adds);
}
