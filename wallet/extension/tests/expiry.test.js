// Months, years and expiries as fields write them.
import assert from "node:assert/strict";
import { test } from "node:test";
import { open } from "./page.js";

const { expiry } = open("").tesseraPage;
const DATE = { month: 3, year: 2027 };

test("months in many forms", () => {
  for (const [text, value] of [["3", "x"], ["03", ""], ["March", "2"], ["Mar", ""], ["03 - March", "9"], ["März", ""], ["mars", ""], ["marzo", ""], ["март", ""], ["3月", ""], ["", "03"]]) {
    assert.equal(expiry.monthOf({ text, value }), 3, `${text} ${value}`);
  }
  for (const text of ["Month", "MM", "13", "0", "--"]) assert.equal(expiry.monthOf({ text, value: "" }), null, text);
});

test("years in many forms", () => {
  for (const [text, value] of [["2027", "1"], ["27", ""], ["2027年", ""], ["", "2027"]]) assert.equal(expiry.yearOf({ text, value }), 2027, text);
  assert.equal(expiry.yearOf({ text: "Year", value: "" }), null);
});

test("an expiry by placeholder, length or pattern", () => {
  for (const [field, text] of [
    [{}, "03/27"],
    [{ placeholder: "MM/YYYY" }, "03/2027"],
    [{ placeholder: "mm-yy" }, "03-27"],
    [{ placeholder: "MM / YY" }, "03 / 27"],
    [{ placeholder: "MMYY" }, "0327"],
    [{ label: "Expiry (MM/JJJJ)" }, "03/2027"],
    [{ placeholder: "09/26" }, "03/27"],
    [{ maxLength: 4 }, "0327"],
    [{ maxLength: 6 }, "032027"],
    [{ maxLength: 7 }, "03/2027"],
    [{ maxLength: 5, placeholder: "MM/YYYY" }, "03/27"],
    [{ pattern: "\\d{6}" }, "032027"],
    [{ pattern: "((" }, "03/27"],
    [{ type: "month" }, "2027-03"],
    [{ placeholder: "YYYY/MM" }, "2027/03"],
    [{ placeholder: "YY/MM" }, "27/03"],
    [{ placeholder: "YYYY - MM" }, "2027 - 03"],
    [{ label: "ΜΜ/ΕΕΕΕ" }, "03/2027"],
    [{ placeholder: "2031/12" }, "2027/03"],
    [{ placeholder: "HH/ÉÉ" }, "03/27"],
  ]) assert.equal(expiry.expiryText(DATE, field), text, JSON.stringify(field));
});

test("parts of an expiry", () => {
  assert.equal(expiry.partText("month", DATE, {}), "03");
  assert.equal(expiry.partText("month", DATE, { maxLength: 1 }), "3");
  assert.equal(expiry.partText("year", DATE, { maxLength: 2 }), "27");
  assert.equal(expiry.partText("year", DATE, { placeholder: "YY" }), "27");
  assert.equal(expiry.partText("year", DATE, { maxLength: 4 }), "2027");
});

test("an option that is disabled is no option", () => {
  const options = [{ value: "3", text: "3", disabled: true }, { value: "03", text: "March" }];
  assert.equal(expiry.optionFor("month", options, DATE), 1);
  assert.equal(expiry.optionFor("year", options, DATE), -1);
});

test("options that are a month and a year", () => {
  for (const [text, value] of [["03/2027", ""], ["03 / 27", ""], ["2027-03", ""], ["27/03", ""], ["March 2027", "7"], ["2027 März", ""], ["2027年3月", ""], ["", "202703"], ["", "0327"]]) {
    assert.deepEqual({ ...expiry.dateOf({ text, value }) }, DATE, `${text} ${value}`);
  }
  for (const text of ["01 - January", "2027", "March", "13/2027", "Month/Year"]) assert.equal(expiry.dateOf({ text, value: "" }), null, text);
});
