// Which part of a card a field takes. In comes a field's description (page/describe.js): plain data, no document; out goes a kind
// or nothing. Autocomplete tokens are believed; names and labels are read with care, and only fields that a card form can have.
"use strict";
(() => {
  const { words } = globalThis.tesseraPage;

  const TOKENS = new Map(Object.entries({
    "cc-name": "name", "cc-given-name": "given", "cc-family-name": "family", "cc-number": "number", "cc-exp": "exp",
    "cc-exp-month": "month", "cc-exp-year": "year", "cc-csc": "csc",
  }));
  // Tokens by which pages say that they don't want to say anything.
  const SILENT = new Set(["", "on", "off", "new-password", "current-password", "none", "nope", "false", "true", "disabled", "do-not-autofill", "null", "undefined", "chrome-off"]);
  const TYPES = new Set(["text", "tel", "number", "password", "month", "", "select-one"]);

  // What the autocomplete attribute says: a kind, "other" for another kind of field, nothing where it is silent.
  function byToken(autocomplete) {
    const tokens = String(autocomplete ?? "").toLowerCase().split(/\s+/).filter(Boolean);
    if (tokens.at(-1) === "webauthn") tokens.pop();
    const last = tokens.at(-1) ?? "";
    if (TOKENS.has(last)) return TOKENS.get(last);
    if (SILENT.has(last) || !/^[a-z-]+$/.test(last)) return null;
    const known = /^(cc-(type|additional-name)|transaction-|one-time-code|name|given-name|family-name|additional-name|honorific|nickname|username|email|tel|impp|url|photo|bday|sex|language|organization|street-address|address-|country|postal-code)/;
    return known.test(last) ? "other" : null;
  }

  // MM/YY, MM - JJJJ, ММ/ГГ and their like.
  const EXPIRY_SHAPE = /(?:^|[^\p{L}])(?:mm?|мм?)\s*[/.\-–]\s*[yajrgåг]{2,4}(?:$|[^\p{L}])|^\W*m{1,2}\s*[yajrgå]{2,4}\W*$|^\W*(?:0[1-9]|1[0-2])\s?[/\-]\s?(?:20)?\d\d\W*$/iu;
  const MONTH_SHAPE = /^\W*(?:mm?|мм)\W*$/iu;
  const YEAR_SHAPE = /^\W*(?:yy|yyyy|jj|jjjj|aa|aaaa|гг|гггг)\W*$/iu;
  const NUMBER_SHAPE = /^[\s\-•x*\d_]*$/i;

  // All that may name a field. The texts that people read come after the names that programs give.
  function texts(field) {
    return [field.name, field.id, field.data, field.label, field.aria, field.placeholder, field.title]
      .map(words.normalise)
      .filter(Boolean);
  }

  function isMonthSelect(options) {
    const real = options.filter((option) => /\d|\p{L}{3}/u.test(option.text) && option.value !== "");
    const months = real.filter((option) => globalThis.tesseraPage.expiry.monthOf(option) !== null);
    return months.length === 12 && real.length <= 13;
  }

  function isYearSelect(options) {
    const years = options.filter((option) => globalThis.tesseraPage.expiry.yearOf(option) !== null);
    return years.length >= 4 && years.length >= options.length - 2 && years.length <= 60;
  }

  // The kind of a field and whether its page said so: { kind, sure }, or null.
  function recognise(field) {
    if (!TYPES.has(field.type)) return null;
    const token = byToken(field.autocomplete);
    if (token === "other") return null;
    if (token) return { kind: token, sure: true };

    const all = texts(field);
    const says = (pattern) => all.some((text) => pattern.test(text));
    const placeholder = String(field.placeholder ?? "").trim();
    if (field.type === "select-one") {
      const named = says(words.exp) || says(words.monthWord) || says(words.yearWord) || says(/card|cc/u);
      if (says(words.other) || says(words.otherCard) || !named) return null;
      if (isMonthSelect(field.options)) return { kind: "month", sure: false };
      if (isYearSelect(field.options)) return { kind: "year", sure: false };
      return null;
    }
    if (says(words.otherCard)) return null;

    const short = field.maxLength > 0 && field.maxLength <= 4;
    // Before what is excluded: "card security number" is no number of anything else, "CVV PIN" a code all the same.
    const ofCard = field.maxLength === 3 || field.maxLength === 4 || says(words.card);
    const checks = says(words.check) && ofCard && !says(words.other);
    if ((says(words.csc) || checks) && !(field.maxLength > 6) && !says(/(?:^| )(?:sms|otp|one time|e ?mail|captcha|phone)(?: |$)/u)) {
      return { kind: "csc", sure: false };
    }
    if (says(words.other)) return null;
    if (field.type === "password") return null;

    const numbered = says(words.number);
    if (says(words.given)) return { kind: "given", sure: false };
    if (says(words.family)) return { kind: "family", sure: false };
    if (says(words.name)) return { kind: "name", sure: false };

    const dated = says(words.exp);
    const shaped = EXPIRY_SHAPE.test(placeholder) || EXPIRY_SHAPE.test(String(field.label ?? ""));
    if (dated || shaped) {
      const both = shaped || (says(words.monthWord) && says(words.yearWord));
      if (!both && (MONTH_SHAPE.test(placeholder) || (says(words.monthWord) && !(field.maxLength > 2)))) return { kind: "month", sure: false };
      if (!both && (YEAR_SHAPE.test(placeholder) || (says(words.yearWord) && !(field.maxLength > 4)))) return { kind: "year", sure: false };
      if (!(field.maxLength > 10)) return { kind: "exp", sure: false };
    }
    if (MONTH_SHAPE.test(placeholder) && short) return { kind: "month", sure: false };
    if (YEAR_SHAPE.test(placeholder) && short) return { kind: "year", sure: false };
    if (numbered && NUMBER_SHAPE.test(placeholder.replace(/\p{L}+/gu, ""))) return { kind: "number", sure: false };
    return null;
  }

  Object.assign(globalThis.tesseraPage, { recognise, byToken });
})();
