// What is fixed when the extension is made: `make extension WALLET=https://...` writes this file anew.

// The origin of the wallet server: the only one that the extension ever talks to.
export const WALLET = "http://localhost:8080";

// Made for a test: the popup may be opened in a tab and told which tab it is about.
export const TEST = false;
