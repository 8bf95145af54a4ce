// Which card forms a tab offers, put together from its frames. In come scans, one of each frame that could be looked into; out go
// offers, each with the frames to fill, and the origins that would have to be asked for. No browser in here.

const EXPIRY = ["exp", "month", "year"];
const NAMES = ["name", "given", "family"];
const ASKS_MAX = 3;

const has = (kinds, some) => some.some((kind) => kinds.includes(kind));

// What of a form is still wanted, once these kinds are there: a name by whichever fields, an expiry likewise.
function missing(kinds, have) {
  return kinds.filter((kind) => {
    if (kind === "number" || have.includes(kind)) return false;
    if (NAMES.includes(kind)) return !has(have, NAMES);
    if (EXPIRY.includes(kind)) return !has(have, EXPIRY);
    return true;
  });
}

// Whether a frame's form may hold the rest of a form of another frame: both are of one payment service, or it embeds that.
function belongs(main, other, form, top) {
  if (other.documentId === main.documentId) return false;
  if (other.origin === main.origin && !main.top && !other.top) return true;
  if (form.frames.includes(main.origin)) return true;
  return other.top && main.documentId !== top?.documentId && other.frames.some((frame) => frame.origin === main.origin);
}

function offer(main, at, frames, top) {
  const form = main.forms[at];
  const targets = [{ documentId: main.documentId, at, kinds: form.kinds }];
  const kinds = [...form.kinds];
  for (const other of frames) {
    other.forms.forEach((rest, place) => {
      const wanted = rest.kinds.includes("number") ? [] : missing(rest.kinds, kinds);
      if (wanted.length === 0 || !belongs(main, other, rest, top)) return;
      targets.push({ documentId: other.documentId, at: place, kinds: wanted });
      kinds.push(...wanted);
    });
  }
  return { origin: main.origin, targets, kinds, sure: form.sure };
}

// A page that travels in the clear gets no card, and neither does a frame within one.
export function inTheClear(frames) {
  return frames.some((frame) => frame.secure === false);
}

// The page is of a mall that takes the payer's wallet itself: there is no need of a card.
export function isAffiliated(frames) {
  return frames.some((frame) => frame.top && frame.affiliated);
}

// The origins of frames that may hold the card form, and of which this browser can't find out whether they are seen.
export function unseen(frames) {
  const { asks } = looked(frames);
  const hidden = frames.filter((frame) => frame.seen === false && frame.forms.length > 0).map((frame) => frame.origin);
  return [...new Set([...hidden, ...(seesFrames(frames) ? [] : asks)])];
}

// Whether the browser can look into frames of other origins with the eyes of a person.
const seesFrames = (frames) => frames.every((frame) => frame.observes !== false);

// frames: [{ documentId, top, origin, secure, seen, observes, affiliated, forms: [{ kinds, sure, frames }],
// frames: [{ origin, payment }] }]
export function plan(frames) {
  if (inTheClear(frames) || isAffiliated(frames)) return { offers: [], asks: [] };
  const { offers, asks } = looked(frames.filter((frame) => frame.seen !== false));
  // What is never filled is not asked for.
  return { offers, asks: seesFrames(frames) ? asks : [] };
}

function looked(frames) {
  const top = frames.find((frame) => frame.top);
  const offers = frames
    .flatMap((frame) => frame.forms.map((form, at) => (form.kinds.includes("number") ? offer(frame, at, frames, top) : null)))
    .filter(Boolean)
    // A number alone may be anybody's: a library's, a club's, a bank's.
    .filter(({ kinds, sure }) => sure || has(kinds, [...EXPIRY, "csc"]));
  const complete = offers.some(({ kinds }) => has(kinds, EXPIRY));
  const known = new Set(frames.map((frame) => frame.origin));
  const asks = new Set();
  for (const frame of complete ? [] : frames) {
    const beside = frame.forms.filter((form) => form.kinds.length > 0).flatMap((form) => form.frames);
    const payment = frame.frames.filter((one) => one.payment).map((one) => one.origin);
    for (const origin of [...beside, ...payment]) if (!known.has(origin)) asks.add(origin);
  }
  return { offers, asks: [...asks].slice(0, ASKS_MAX) };
}

// An amount in the payer's own way of writing: "1234.50" and "USD".
export function amount(text, currency) {
  try {
    return new Intl.NumberFormat(undefined, { style: "currency", currency }).format(text);
  } catch {
    return `${text} ${currency}`;
  }
}

// When that was, from now: both in milliseconds.
export function ago(at, now) {
  const minutes = Math.max(0, Math.round((now - at) / 60_000));
  if (minutes < 1) return "just now";
  return minutes < 60 ? `${minutes} min ago` : `${Math.round(minutes / 60)} h ago`;
}

// What of a card a form of these kinds takes: nothing else is handed to its frame.
export function share(card, kinds) {
  const part = {};
  if (kinds.includes("number")) part.number = card.number;
  if (has(kinds, NAMES)) part.name = card.name;
  if (has(kinds, EXPIRY)) Object.assign(part, { month: card.month, year: card.year });
  return part;
}

// What was filled, in words.
export function words(kinds) {
  const parts = [];
  if (kinds.includes("number")) parts.push("card number");
  if (has(kinds, EXPIRY)) parts.push("expiry");
  if (has(kinds, NAMES)) parts.push("name");
  if (kinds.includes("csc")) parts.push("security code");
  return parts.join(", ");
}

// The payer's card, as the wallet server shows it: "last four digits,YYMM".
export function shownCard(text) {
  const [last, valid] = String(text ?? "").split(",");
  const date = expiry(valid ?? "");
  if (!date) return "none yet: get one in your wallet first";
  return `ending in ${last}, valid until ${String(date.month).padStart(2, "0")}/${date.year}`;
}

// "YYMM" as month and year.
export function expiry(text) {
  const parts = /^(\d\d)(0[1-9]|1[0-2])$/.exec(text);
  return parts ? { month: Number(parts[2]), year: 2000 + Number(parts[1]) } : null;
}
