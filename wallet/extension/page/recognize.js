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

  // MM/YY, MM - JJJJ, ММ/ГГ, ΜΜ/ΕΕ, YYYY/MM and their like, and not the end or the beginning of a whole date.
  const MONTH_LETTERS = "(?:mm?|мм?|μμ?|hh|kk|ll)";
  const YEAR_LETTERS = "(?:[yajrgåгε]{2,4}|éé(?:éé)?|vv(?:vv)?)";
  const DASH = "\\s*[/.\\-–]\\s*";
  const EXPIRY_SHAPE = new RegExp([
    `(?<!\\p{L}${DASH}|\\p{L})${MONTH_LETTERS}${DASH}${YEAR_LETTERS}(?!\\p{L})`,
    `(?<!\\p{L})${YEAR_LETTERS}${DASH}(?:mm|мм|μμ)(?!${DASH}\\p{L}|\\p{L})`,
    "(?<!\\p{L})aa\\s*[/.-]\\s*yy(?!\\p{L})",
    `^[^\\p{L}\\d]*m{1,2}\\s*[yajrgå]{2,4}[^\\p{L}\\d]*$`,
    "^\\W*(?:0[1-9]|1[0-2])\\s?[/\\-]\\s?(?:20)?\\d\\d\\W*$",
    "^\\W*(?:20\\d\\d|1[3-9]|[2-9]\\d)\\s?[/\\-]\\s?(?:0[1-9]|1[0-2])\\W*$",
  ].join("|"), "iu");
  const MONTH_SHAPE = /^[^\p{L}\d]*(?:mm?|мм|μμ)[^\p{L}\d]*$/iu;
  const YEAR_SHAPE = /^[^\p{L}\d]*(?:yy|yyyy|jj|jjjj|aa|aaaa|гг|гггг|εε|εεεε)[^\p{L}\d]*$/iu;
  const NUMBER_SHAPE = /^[\s\-•x*\d_]*$/i;

  // The names that browsers know, and those of them that are a whole name: "exp-month" is a month, though "exp" is in it.
  const compiled = (keep) => Object.fromEntries(Object.entries(globalThis.tesseraPage.names)
    .map(([kind, patterns]) => [kind, new RegExp(patterns.filter(keep).join("|") || "(?!)", "iu")]));
  const NAMES = compiled(() => true);
  const WHOLE_NAMES = compiled((pattern) => pattern.startsWith("(^"));

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

  function isExpirySelect(options) {
    const dates = options.filter((option) => globalThis.tesseraPage.expiry.dateOf(option) !== null);
    return dates.length >= 12 && dates.length >= options.length - 2;
  }

  // The kind of a field and whether its page said so: { kind, sure }, or null. `weak`: a month or a year by its placeholder alone,
  // which any date has; it takes a card's number beside it to believe that (page/forms.js).
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
      if (isExpirySelect(field.options)) return { kind: "exp", sure: false };
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
    const numbered = says(words.number);
    // Before what is excluded: "last four digits block" of a number is no proof of who one is.
    if (numbered && says(words.block)) return { kind: "number", sure: false };
    if (says(words.other)) return null;
    // A number that is not shown while it is typed: only under the name of one.
    if (field.type === "password") {
      const fits = field.maxLength < 0 || field.maxLength >= 12 || field.maxLength === 4;
      return numbered && says(words.card) && fits ? { kind: "number", sure: false } : null;
    }

    if (says(words.given)) return { kind: "given", sure: false };
    if (says(words.family)) return { kind: "family", sure: false };
    if (says(words.name)) return { kind: "name", sure: false };

    const dated = says(words.exp);
    const shaped = [placeholder, field.label, field.aria, field.title].some((text) => EXPIRY_SHAPE.test(String(text ?? "").trim()));
    if (dated || shaped) {
      const whole = saidBy(field).map((text) => ["month", "year"].find((kind) => WHOLE_NAMES[kind].test(text))).find(Boolean);
      if (whole && !shaped) return { kind: whole, sure: false };
      const both = shaped || (says(words.monthWord) && says(words.yearWord));
      if (!both && (MONTH_SHAPE.test(placeholder) || (says(words.monthWord) && !(field.maxLength > 2)))) return { kind: "month", sure: false };
      if (!both && (YEAR_SHAPE.test(placeholder) || (says(words.yearWord) && !(field.maxLength > 4)))) return { kind: "year", sure: false };
      if (!(field.maxLength > 10)) return { kind: "exp", sure: false };
    }
    const hints = [placeholder, field.label, field.aria, field.name, field.id].map((text) => String(text ?? "").trim());
    for (const [kind, shape] of [["month", MONTH_SHAPE], ["year", YEAR_SHAPE]]) {
      if (shape.test(placeholder) && short) return { kind, sure: false };
      if (hints.some((text) => shape.test(text)) && !(field.maxLength > 4)) return { kind, sure: false, weak: true };
    }
    if (numbered && NUMBER_SHAPE.test(placeholder.replace(/\p{L}+/gu, ""))) return { kind: "number", sure: false };
    return null;
  }

  // Names as programs write them, and with dashes, as the patterns of page/names.js have them.
  function saidBy(field) {
    return [field.name, field.id, field.data, field.label, field.aria, field.placeholder].filter(Boolean)
      .flatMap((text) => [text, text.replace(/([\p{Ll}\d])(\p{Lu})/gu, "$1-$2").replace(/[\s_.[\]]+/g, "-")]);
  }

  // What browsers would take a field for that is known by no word of ours, of the kinds that are still wanted: { kind, sure }, or
  // null. These patterns are broad, so that they are asked only beside what is a card's for sure.
  function recogniseBroadly(field, wanted) {
    if (!TYPES.has(field.type) || field.type === "password" || field.type === "select-one" || byToken(field.autocomplete) !== null) return null;
    const all = texts(field);
    if (all.some((text) => words.other.test(text) || words.otherCard.test(text))) return null;
    const said = saidBy(field);
    const known = (patterns) => wanted.find((kind) => said.some((text) => patterns[kind].test(text)));
    const kind = known(WHOLE_NAMES) ?? known(NAMES);
    return kind ? { kind, sure: false } : null;
  }

  Object.assign(globalThis.tesseraPage, { recognise, recogniseBroadly, byToken });
})();
