// The card forms of a document. In come its fields; out go forms: which field takes which part, with numbers and expiries that
// are spread over several fields put together. A form without a card number is kept too, because its number may be in a frame.
"use strict";
(() => {
  const page = globalThis.tesseraPage;

  // [{ element, field, kind, sure }], of those that take a part of a card.
  function recognised(fields) {
    return fields.map(({ element, field }) => {
      let found = page.recognise(field);
      // "Part 2" within a group that is called "Card number".
      if (!found && field.legend && !field.autocomplete) found = page.recognise({ ...field, label: `${field.legend} ${field.label}`, legend: "" });
      return { element, field, kind: found?.kind ?? null, sure: found?.sure ?? false, weak: found?.weak ?? false };
    });
  }

  // What belongs together: the form, or the smallest part of the page around a number that also asks for an expiry.
  function groups(all) {
    const byForm = new Map();
    for (const one of all) {
      const form = one.element.form ?? page.closest(one.element, "form, [role=form]");
      const key = form ?? null;
      if (!byForm.has(key)) byForm.set(key, []);
      byForm.get(key).push(one);
    }
    return [...byForm].flatMap(([form, members]) => split(form, members));
  }

  // A month and a year that only say MM and YY are a card's where its number is in the same form, they stand side by side, and no day
  // stands beside them.
  const DAY_SHAPE = /^[^\p{L}\d]*(?:dd?|tt|jj?|gg|дд|ηη)[^\p{L}\d]*$/iu;

  function withoutWeak(members) {
    const has = members.some((one) => isNumber(one));
    const isDay = (one) => one && [one.field.placeholder, one.field.label, one.field.name].some((text) => DAY_SHAPE.test(text));
    return members.map((one, at) => {
      if (!one.weak) return one;
      const [before, after] = [members[at - 1], members[at + 1]];
      const other = one.kind === "month" ? "year" : "month";
      const [pair, beyond] = after?.kind === other ? [after, members[at + 2]] : [before, members[at - 2]];
      const isPair = has && pair?.kind === other && ![before, after, beyond].some(isDay);
      return isPair ? one : { ...one, kind: null };
    });
  }

  // What no word of ours knows, beside what is a card's: the kinds that are still wanted, by the names that browsers know.
  function completed(members) {
    const has = (...kinds) => members.some((one) => kinds.includes(one.kind));
    if (!has("number") && !(has("exp", "month") && has("csc", "name"))) return members;
    const wanted = new Set();
    if (!has("number")) wanted.add("number");
    if (!has("exp", "month", "year")) wanted.add("exp");
    if (!has("exp")) for (const kind of ["month", "year"]) if (!has(kind)) wanted.add(kind);
    if (!has("name", "given", "family")) wanted.add("name");
    if (!has("csc")) wanted.add("csc");
    return members.map((one) => {
      const found = one.kind === null ? page.recogniseBroadly(one.field, [...wanted]) : null;
      if (!found) return one;
      wanted.delete(found.kind);
      // An expiry is one field or two.
      for (const kind of found.kind === "exp" ? ["month", "year"] : ["exp"]) if (["exp", "month", "year"].includes(found.kind)) wanted.delete(kind);
      return { ...one, ...found };
    });
  }

  const isNumber = (one) => one.kind === "number";
  const isExpiry = (one) => one.kind === "exp" || one.kind === "month" || one.kind === "year";

  function split(form, members) {
    const heads = members.filter((one, at) => isNumber(one) && !(at > 0 && isPieceAfter(members[at - 1], one)));
    if (heads.length < 2) return [{ form, members }];
    return heads.map((head) => {
      let around = page.parent(head.element);
      const within = () => members.filter((one) => contains(around, one.element));
      while (around && around !== form && page.parent(around) && !within().some(isExpiry)) around = page.parent(around);
      const mine = around ? within() : members;
      // With another number in it, it is too large: the fields from this number to the next one.
      if (mine.filter((one) => heads.includes(one)).length === 1) return { form, members: mine };
      const from = members.indexOf(head);
      const next = heads.find((other) => members.indexOf(other) > from);
      return { form, members: members.slice(from, next ? members.indexOf(next) : undefined) };
    });
  }

  function contains(around, element) {
    for (let one = element; one; one = page.parent(one)) if (one === around) return true;
    return false;
  }

  const pieceOf = (one) => one.field.maxLength >= 3 && one.field.maxLength <= 6 && (one.kind === "number" || one.kind === null);

  const isOpen = (one) => isNumber(one) && !(one.field.maxLength > 0);
  const isPieceAfter = (before, one) => (pieceOf(before) && pieceOf(one)) || (isOpen(before) && isOpen(one));
  const PIECES = 4;

  // The number's fields: one, or several in a row that together take a number.
  function numberFields(members) {
    for (let at = 0; at < members.length; at += 1) {
      const one = members[at];
      if (one.kind !== "number") continue;
      const length = one.field.maxLength;
      // Four in a row that say how long they are to nobody.
      const open = members.slice(at, at + PIECES);
      if (length < 0 && open.length === PIECES && open.every(isOpen) && !isOpen(members[at + PIECES] ?? { field: {} })) return open;
      if (length < 0 || length >= 12) return [one];
      const row = [one];
      let characters = length;
      for (const next of members.slice(at + 1)) {
        if (!pieceOf(next) || characters >= 16) break;
        row.push(next);
        characters += next.field.maxLength;
      }
      if (characters >= 12 && row.length <= 5) return row;
    }
    return [];
  }

  // { name, given, family, number: [..], exp, month, year, csc }, each a member or absent.
  function parts(members) {
    const found = { number: numberFields(members) };
    const free = members.filter((one) => !found.number.includes(one));
    for (const one of free) {
      if (one.kind === null || one.kind === "number") continue;
      // Of two that claim the same, the one whose page said so; else the first that can be written to.
      const there = found[one.kind];
      if (!there || (!there.sure && one.sure) || (there.element.readOnly && !one.element.readOnly)) found[one.kind] = one;
    }
    // One label over two fields: the first is the month, the second the year.
    if (found.exp && found.exp.field.maxLength === 2 && !found.month) {
      const after = members[members.indexOf(found.exp) + 1];
      if (after && [2, 4].includes(after.field.maxLength) && (after.kind === null || isExpiry(after))) {
        found.month = found.exp;
        found.year = after;
        delete found.exp;
      }
    }
    if (found.month && found.year) delete found.exp;
    else if (found.exp) { delete found.month; delete found.year; }
    return found;
  }

  // The forms of a document that ask for any part of a card.
  function forms(document, isVisible = page.visible) {
    const all = recognised(page.fields(document, isVisible));
    return groups(all)
      .map(({ form, members }) => ({ form, parts: parts(completed(withoutWeak(members))) }))
      .filter(({ parts }) => parts.number.length > 0 || Object.keys(parts).length > 1)
      .map(({ form, parts }) => ({ form, parts, kinds: kindsOf(parts), sure: parts.number.some((one) => one.sure) }));
  }

  function kindsOf(parts) {
    const kinds = Object.keys(parts).filter((kind) => kind !== "number");
    return parts.number.length > 0 ? ["number", ...kinds] : kinds;
  }

  Object.assign(page, { forms, contains });
})();
