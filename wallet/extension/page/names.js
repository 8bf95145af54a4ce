/* This Source Code Form is subject to the terms of the Mozilla Public
 * License, v. 2.0. If a copy of the MPL was not distributed with this
 * file, You can obtain one at http://mozilla.org/MPL/2.0/. */

// By what names and labels browsers know a card's fields, as patterns for a page's own text: the rules "cc-*" of Firefox's form
// autofill (toolkit/components/formautofill/shared/HeuristicsRegExp.sys.mjs, Firefox 153 ESR). Firefox has put them together from its
// own, from Bitwarden's and from Chromium's autofill_regex_constants.cc (BSD-3-Clause). Changed: what Firefox excludes by a group named
// "neg" is a look-behind, what stands twice stands once, and each alternative stands alone.
"use strict";
(() => {
  const names = {
    number: [
      "(cc|kk)nr", "cc-?number", "cc-?num", "card-?number", "card-?num", "(^number$)", "(^cc$)", "cc-?no", "card-?no",
      "(^credit-?card$)", "numero-?carte", "(^carte$)", "(^carte-?credit$)", "num-?carte", "cb-?num",
      "(add)?(?:card|cc|acct).?(?:number|#|no|num|field(?!s)|pan)", "(?<!telefon|haus|person|fødsels)nummer", "カード番号",
      "Номер.*карты", "信用卡号", "信用卡号码", "信用卡卡號", "카드", "(numero|número|numéro)(?!.*(document|fono|phone|réservation))",
    ],
    name: [
      "accountholdername", "titulaire", "cc-?name", "card-?name", "cardholder-?name", "cardholder", "card.?(?:holder|owner)",
      "name.*(\\b)?on(\\b)?.*card", "^(credit[-\\s]?card|card).*name", "cc.?full.?name", "karteninhaber", "nombre.*tarjeta",
      "nom.*carte", "nome.*cart", "名前", "Имя.*карты", "信用卡开户名", "开户名", "持卡人姓名",
    ],
    exp: [
      "ważna.*do", "data.*ważności", "mm\\s*[\\-\\/]\\s*yy", "mm\\s*[\\-\\/]\\s*aa", "mm\\s*[\\-\\/]\\s*jj", "vervaldatum",
      "(^cc-?exp$)", "(^card-?exp$)", "(^cc-?expiration$)", "(^card-?expiration$)", "(^cc-?ex$)", "(^card-?ex$)",
      "(^card-?expire$)", "(^card-?expiry$)", "(^validite$)", "(^expiration$)", "(^expiry$)", "mm-?yy", "mm-?yyyy", "yy-?mm",
      "yyyy-?mm", "expiration-?date", "payment-?card-?expiration", "(^payment-?cc-?date$)", "expir", "exp.*date", "^expfield$",
      "gueltig", "gültig", "fecha", "date.*exp", "scadenza", "有効期限", "validade", "Срок действия карты",
    ],
    month: [
      "month", "(cc|kk)month", "miesiąc", "mes", "maand", "(^exp-?month$)", "(^cc-?exp-?month$)", "(^cc-?month$)",
      "(^card-?month$)", "(^cc-?mo$)", "(^card-?mo$)", "(^exp-?mo$)", "(^card-?exp-?mo$)", "(^cc-?exp-?mo$)",
      "(^card-?expiration-?month$)", "(^expiration-?month$)", "(^cc-?mm$)", "(^cc-?m$)", "(^card-?mm$)", "(^card-?m$)",
      "(^card-?exp-?mm$)", "(^cc-?exp-?mm$)", "(^exp-?mm$)", "(^exp-?m$)", "(^expire-?month$)", "(^expire-?mo$)",
      "(^expiry-?month$)", "(^expiry-?mo$)", "(^card-?expire-?month$)", "(^card-?expire-?mo$)", "(^card-?expiry-?month$)",
      "(^card-?expiry-?mo$)", "(^mois-?validite$)", "(^mois-?expiration$)", "(^m-?validite$)", "(^m-?expiration$)",
      "(^expiry-?date-?field-?month$)", "(^expiration-?date-?month$)", "(^expiration-?date-?mm$)", "(^exp-?mon$)",
      "(^validity-?mo$)", "(^exp-?date-?mo$)", "(^cb-?date-?mois$)", "(^date-?m$)", "expir", "exp.*mo", "exp.*date", "ccmonth",
      "cardmonth", "addmonth", "gueltig", "gültig", "monat", "fecha", "date.*exp", "scadenza", "有効期限", "validade",
      "Срок действия карты", "月",
    ],
    year: [
      "year", "(cc|kk)year", "rok", "(anno|año)", "jaar", "(^exp-?year$)", "(^cc-?exp-?year$)", "(^cc-?year$)", "(^card-?year$)",
      "(^cc-?yr$)", "(^card-?yr$)", "(^exp-?yr$)", "(^card-?exp-?yr$)", "(^cc-?exp-?yr$)", "(^card-?expiration-?year$)",
      "(^expiration-?year$)", "(^cc-?yy$)", "(^cc-?y$)", "(^card-?yy$)", "(^card-?y$)", "(^card-?exp-?yy$)", "(^cc-?exp-?yy$)",
      "(^exp-?yy$)", "(^exp-?y$)", "(^cc-?yyyy$)", "(^card-?yyyy$)", "(^card-?exp-?yyyy$)", "(^cc-?exp-?yyyy$)",
      "(^expire-?year$)", "(^expire-?yr$)", "(^expiry-?year$)", "(^expiry-?yr$)", "(^card-?expire-?year$)",
      "(^card-?expire-?yr$)", "(^card-?expiry-?year$)", "(^card-?expiry-?yr$)", "(^an-?validite$)", "(^an-?expiration$)",
      "(^annee-?validite$)", "(^annee-?expiration$)", "(^expiry-?date-?field-?year$)", "(^expiration-?date-?year$)",
      "(^cb-?date-?ann$)", "(^expiration-?date-?yy$)", "(^expiration-?date-?yyyy$)", "(^validity-?year$)", "(^exp-?date-?year$)",
      "(^date-?y$)", "exp(?![a-hj-z])", "^/", "(add)?year", "ablaufdatum", "gueltig", "gültig", "jahr", "fecha", "scadenza",
      "有効期限", "validade", "Срок действия карты", "年", "有效期",
    ],
    csc: [
      "(\\bcvn\\b|\\bcvv\\b|\\bcvc\\b|\\bcsc\\b|\\bcvd\\b|\\bcid\\b|\\bccv\\b)", "verification", "card.?identification",
      "security.?code", "card.?code", "security.?value", "security.?number", "card.?pin", "c-v-v", "\\bcid\\b",
    ],
  };

  globalThis.tesseraPage ??= {};
  globalThis.tesseraPage.names = names;
})();
