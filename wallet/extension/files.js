// The scripts that read and fill a page, in the order in which they need each other.
export const FILES = ["names", "words", "expiry", "recognize", "visible", "describe", "forms", "fill", "content"].map((name) => `page/${name}.js`);
