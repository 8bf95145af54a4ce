// The expiry of a card as a field wants it. In come month, year and what is known of the field; out goes text, or an option.
"use strict";
(() => {
  const LANGUAGES = ["en", "de", "fr", "es", "it", "pt", "nl", "pl", "sv", "da", "nb", "fi", "cs", "hu", "ro", "tr", "ru", "uk", "el"];

  // The names of the months, long and short, in all of them.
  const MONTHS = new Map();
  for (const language of LANGUAGES) {
    for (const style of ["long", "short"]) {
      for (const form of [{ month: style }, { month: style, day: "numeric" }]) {
        const format = new Intl.DateTimeFormat(language, form);
        for (let month = 1; month <= 12; month += 1) {
          const part = format.formatToParts(new Date(2020, month - 1, 2)).find((one) => one.type === "month");
          const name = plain(part?.value ?? "");
          // "mar" is March in one language and Tuesday in none of a list of months; the first one stands.
          if (/\p{L}/u.test(name) && !MONTHS.has(name)) MONTHS.set(name, month);
        }
      }
    }
  }

  function plain(text) {
    return String(text).normalize("NFD").replace(/\p{M}/gu, "").toLowerCase().replace(/[.\s]+$/u, "").trim();
  }

  function monthNumber(text) {
    const number = /^\D*(\d{1,2})\D*$/u.exec(text)?.[1];
    const month = Number(number);
    return number !== undefined && month >= 1 && month <= 12 ? month : null;
  }

  // The month that an option is: by what people read, then by its value, which may count from 0.
  function monthOf(option) {
    const text = String(option.text).trim();
    for (const part of text.split(/[\s()/–-]+/u)) {
      const named = MONTHS.get(plain(part));
      if (named) return named;
    }
    return monthNumber(text) ?? (/\d/.test(text) || /月|월/u.test(text) ? null : monthNumber(String(option.value)));
  }

  function yearNumber(text) {
    const number = /^\D*((?:20)?\d\d)\D*$/u.exec(String(text))?.[1];
    return number === undefined ? null : 2000 + (Number(number) % 100);
  }

  // The year that an option is.
  function yearOf(option) {
    return yearNumber(option.text) ?? (/\d/.test(option.text) ? null : yearNumber(option.value));
  }

  // Month and year in one text, in either order: 03/27, 03 - 2027, 2027-03, 27/03, 202703, March 2027; or null.
  function dateIn(text) {
    const named = String(text).split(/[\s()/.,–-]+/u).map((part) => MONTHS.get(plain(part))).find(Boolean);
    if (named) {
      const year = (/(?<!\d)20\d\d(?!\d)/u.exec(text) ?? /(?<=\p{L}\D*)\d\d(?=\D*$)/u.exec(text))?.[0];
      return year === undefined ? null : { month: named, year: 2000 + (Number(year) % 100) };
    }
    const numbers = /^\D*(\d{1,2}|20\d\d)\s?[\s/.\-–年]\s?(\d{1,2}|20\d\d)\D*$/u.exec(text) ?? /^(20\d\d)(\d\d)$/u.exec(text) ?? /^(\d\d)((?:20)?\d\d)$/u.exec(text);
    if (!numbers) return null;
    const [first, second] = numbers.slice(1).map(Number);
    const [month, year] = first > 12 ? [second, first] : [first, second];
    return month >= 1 && month <= 12 && year > 12 ? { month, year: 2000 + (year % 100) } : null;
  }

  // The expiry that an option is, by what people read or else by its value.
  function dateOf(option) {
    return dateIn(option.text) ?? (/\d/.test(option.text) ? null : dateIn(option.value));
  }

  // The option for a month, a year, or both: its place, or -1.
  function optionFor(kind, options, { month, year }) {
    const is = {
      month: (option) => monthOf(option) === month,
      year: (option) => yearOf(option) === year,
      exp: (option) => dateOf(option)?.month === month && dateOf(option)?.year === year,
    }[kind];
    return options.findIndex((option) => !option.disabled && is(option));
  }

  function fits(text, field) {
    if (field.maxLength > 0 && text.length > field.maxLength) return false;
    if (!field.pattern) return true;
    try {
      return new RegExp(`^(?:${field.pattern})$`, "u").test(text);
    } catch {
      return true;
    }
  }

  // The year first: YYYY/MM, YY-MM.
  const TURNED = /(?<!\p{L})([yajåгε]{4}|[yajåгε]{2})(\s*[/.\-–]\s*)(?:mm|мм|μμ)(?!\s*[/.\-–]?\s*\p{L})/iu;

  // Month and year in one text field.
  function expiryText({ month, year }, field) {
    const mm = String(month).padStart(2, "0");
    const yyyy = String(year);
    const yy = yyyy.slice(2);
    if (field.type === "month") return `${yyyy}-${mm}`;
    const candidates = [];
    for (const hint of [field.placeholder, field.label, field.aria, field.title]) {
      const turned = TURNED.exec(String(hint ?? "")) ?? /(?:^|\D)(20\d\d|1[3-9]|[2-9]\d)(\s?[/-]\s?)(?:0[1-9]|1[0-2])(?:\D|$)/u.exec(String(hint ?? ""));
      if (turned) {
        candidates.push((turned[1].length > 2 ? yyyy : yy) + turned[2] + mm);
        continue;
      }
      const shape = /(?:m{1,2}|м{1,2}|μ{1,2}|hh|kk|ll|aa(?=\s*[/.-]\s*yy))(\s*[/.\-–]?\s*)([yajrgåгεév]{2,4})(?![\p{L}])/iu.exec(String(hint ?? ""))
        ?? /(?:^|\D)(?:0[1-9]|1[0-2])(\s?[/-]\s?)((?:20)?\d\d)(?:\D|$)/u.exec(String(hint ?? ""));
      if (shape) candidates.push(mm + shape[1] + (shape[2].length > 2 ? yyyy : yy));
    }
    const hinted = candidates.length > 0;
    candidates.push(`${mm}/${yy}`, `${mm}/${yyyy}`, mm + yy, `${mm} / ${yy}`, mm + yyyy, `${mm}-${yy}`, `${mm}-${yyyy}`, `${yyyy}-${mm}`, `${yyyy}/${mm}`, `${yy}/${mm}`);
    // A field of exactly seven characters and no hint is for a year of four digits.
    if (field.maxLength === 7 && !field.pattern && !hinted) return `${mm}/${yyyy}`;
    if (field.maxLength === 6 && !field.pattern && !hinted) return mm + yyyy;
    return candidates.find((candidate) => fits(candidate, field)) ?? `${mm}/${yy}`;
  }

  // One of the two in a text field of its own.
  function partText(kind, { month, year }, field) {
    const hint = `${field.placeholder ?? ""} ${field.label ?? ""} ${field.aria ?? ""}`;
    if (kind === "month") {
      const text = String(month).padStart(2, "0");
      return fits(text, field) || field.type === "number" ? text : String(month);
    }
    const short = field.maxLength > 0 && field.maxLength < 4;
    const two = /(?:^|[^\p{L}\d])(?:yy|jj|aa|rr|гг|εε)(?:$|[^\p{L}\d])/iu.test(hint);
    const [first, second] = short || two ? [String(year).slice(2), String(year)] : [String(year), String(year).slice(2)];
    return fits(first, field) ? first : second;
  }

  globalThis.tesseraPage ??= {};
  globalThis.tesseraPage.expiry = { monthOf, yearOf, dateOf, optionFor, expiryText, partText, fits };
})();
