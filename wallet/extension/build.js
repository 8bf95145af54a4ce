// What is fixed when the extension is made: `make extension WALLET=https://...` writes this file anew.

// The origin of the wallet server: the only one that the extension ever talks to.
export const WALLET = "http://localhost:8080";

// For tests: the popup may be opened in a tab and gets the id of the tab to fill.
export const TEST = false;
