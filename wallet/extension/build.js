// What is fixed when a package is made: `tessera extension DIR --wallet ORIGIN`, or the wallet server for its own origin.

// The origin of the wallet server: the only one that the extension ever talks to.
export const WALLET = "http://localhost:8080";

// For tests, which set it in an unpacked package: the popup may be opened in a tab and gets the id of the tab to fill.
export const TEST = false;
