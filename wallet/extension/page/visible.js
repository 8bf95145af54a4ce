// Whether a person can see a field. In comes an element; out goes yes or no. For the scan a quick look; right before a field is
// filled, a look at what is painted at its place. What never happens here: a field is filled, or a value is read.
//
// What hides a field, and what finds it:
//   no box, a box that is clipped, scaled or moved away, clip paths    the field is not what is hit at its points
//   something opaque above it, also pseudo elements and frames        what is hit above it paints there
//   transparency, filters, masks, blending, of it or around it        styles from the field to the root
//   text of the colour of its ground, or too small to read            the field's own style
//   shadows and outlines above it; a frame that its page hides        IntersectionObserver v2, which asks the compositor
//
// Firefox has no IntersectionObserver v2. Shadows and outlines are found by the styles of all elements then, and a frame by looking
// at each point of the field in every page around it, which only pages of one origin allow: in a frame of another origin, nothing is
// filled.
//
// While a form is filled, the extension's own style sheet has everything hit that is painted (tab.js: HIT_EVERYTHING).
"use strict";
(() => {
  const page = globalThis.tesseraPage;

  const WIDTH_MIN = 14;
  const HEIGHT_MIN = 10;
  const OPACITY_MIN = 0.3;
  const FONT_MIN = 6;
  const CONTRAST_MIN = 1.25;
  // Where across a field it is looked at. Icons and buttons may stand on a part of it.
  const COLUMNS = [0.1, 0.3, 0.5, 0.7, 0.9];
  const ROWS = [0.3, 0.5, 0.7];
  const POINTS_MIN = 8;
  // The compositor needs a frame or two to say what it has painted; the observer reports at most every 100 ms.
  const OBSERVED_WITHIN_MS = 1_500;
  const OBSERVED_EVERY_MS = 100;
  const ELEMENTS_MAX = 5_000;
  const REPLACED = "img, picture, video, canvas, iframe, embed, object, svg, input, select, textarea, button, progress, meter";

  const viewOf = (element) => element.ownerDocument.defaultView;
  const styleOf = (element, pseudo) => viewOf(element).getComputedStyle(element, pseudo);

  // Also a closed shadow root, which extensions may look into.
  function shadowOf(element) {
    try {
      return globalThis.chrome?.dom?.openOrClosedShadowRoot?.(element) ?? element.openOrClosedShadowRoot ?? element.shadowRoot;
    } catch {
      return element.shadowRoot;
    }
  }

  // From an element to the root as it is painted: what stands in a slot of a shadow root is painted there.
  function* upwards(element) {
    for (let one = element; one; one = slotOf(one) ?? page.parent(one)) yield one;
  }

  function slotOf(element) {
    const host = page.parent(element);
    const shadow = host ? shadowOf(host) : null;
    if (!shadow || shadow.contains(element)) return null;
    return [...shadow.querySelectorAll("slot")].find((slot) => slot.assignedNodes().includes(element)) ?? null;
  }

  // A quick look, without moving anything: styles and sizes, and what stands at its middle where that is in sight.
  function visible(element) {
    if (element.checkVisibility && !element.checkVisibility({ opacityProperty: true, visibilityProperty: true, contentVisibilityAuto: true })) return false;
    if (!isShown(element) || !isLegible(element)) return false;
    const box = element.getBoundingClientRect();
    const { scrollX, scrollY, innerWidth, innerHeight } = viewOf(element);
    if (!isLarge(box) || box.right + scrollX <= 0 || box.bottom + scrollY <= 0) return false;
    const [x, y] = [box.left + box.width / 2, box.top + box.height / 2];
    const inSight = x >= 0 && y >= 0 && x < innerWidth && y < innerHeight && !isScrolledAway(element, x, y);
    return !inSight || isClear(element, box);
  }

  // Whether a point is outside a box around the element that scrolls: it can be brought into sight.
  function isScrolledAway(element, x, y) {
    for (const one of upwards(element)) {
      if (one === element || !/auto|scroll/.test(`${styleOf(one).overflowX} ${styleOf(one).overflowY}`)) continue;
      const box = one.getBoundingClientRect();
      if (x < box.left || y < box.top || x >= box.right || y >= box.bottom) return true;
    }
    return false;
  }

  const isLarge = (box) => box.width >= WIDTH_MIN && box.height >= HEIGHT_MIN;

  // No element from the field to the root makes it invisible or leaves it no space.
  function isShown(element) {
    let opacity = 1;
    for (const one of upwards(element)) {
      const style = styleOf(one);
      if (style.display === "none" || (one === element && style.visibility !== "visible")) return false;
      opacity *= Number(style.opacity || 1) * filterOpacity(style.filter);
      if (opacity < OPACITY_MIN) return false;
      if (isMasked(style) || !["", "normal", undefined].includes(style.mixBlendMode)) return false;
      if (/inset\((?:5\d|[6-9]\d|100)%|circle\(0|ellipse\(0|polygon\(0(?:px|%)? 0(?:px|%)?, 0(?:px|%)? 0/.test(style.clipPath ?? "")) return false;
      if (/^rect\((?:0px,? ?){4}\)$|^rect\(1px,? 1px,? 1px,? 1px\)$/.test(style.clip ?? "")) return false;
      if (one !== element && isClosedBox(one, style)) return false;
    }
    return true;
  }

  function isMasked(style) {
    const image = style.maskImage ?? style.webkitMaskImage ?? "none";
    return image !== "none" && image !== "";
  }

  // A box without size that hides its overflow.
  function isClosedBox(element, style) {
    const clips = /hidden|clip|scroll|auto/.test(`${style.overflowX} ${style.overflowY}`) || /paint|strict|content/.test(style.contain ?? "");
    if (!clips || style.display === "contents" || style.display === "inline") return false;
    const box = element.getBoundingClientRect();
    return box.width < 4 || box.height < 4;
  }

  // What a filter leaves of an element: shadows and colours are fine, what hides is not.
  function filterOpacity(filter) {
    if (!filter || filter === "none") return 1;
    let left = 1;
    for (const [, name, argument] of filter.matchAll(/([a-z-]+)\(((?:[^()]|\([^()]*\))*)\)/g)) {
      const amount = /%$/.test(argument) ? Number.parseFloat(argument) / 100 : Number.parseFloat(argument);
      if (name === "opacity") left *= amount;
      else if (name === "contrast" && amount < 0.5) left = 0;
      else if (name === "brightness" && (amount < 0.5 || amount > 1.5)) left = 0;
      else if (name === "blur" && amount > 2) left = 0;
      else if (name === "url") left = 0;
    }
    return left;
  }

  // What is typed into it can be read.
  function isLegible(element) {
    if (!element.matches("input, select")) return true;
    const style = styleOf(element);
    if (Number.parseFloat(style.fontSize) < FONT_MIN || Math.abs(Number.parseFloat(style.textIndent)) > 100) return false;
    const text = colour(style.webkitTextFillColor || style.color);
    if (!text) return true;
    if (text.alpha < OPACITY_MIN) return false;
    const ground = groundOf(element);
    return !ground || contrast(text, ground) >= CONTRAST_MIN;
  }

  // The colour behind its text; nothing where a picture is, or where it can't be known.
  function groundOf(element) {
    for (const one of upwards(element)) {
      const style = styleOf(one);
      if ((style.backgroundImage || "none") !== "none") return null;
      const found = colour(style.backgroundColor);
      if (!found) return null;
      if (found.alpha > 0.5) return found;
    }
    return { red: 255, green: 255, blue: 255, alpha: 1 };
  }

  // A computed colour in parts; nothing where it can't be read.
  function colour(text) {
    const parts = /^rgba?\(([\d.]+),? ([\d.]+),? ([\d.]+)(?:,? \/? ?([\d.]+))?\)$/.exec(text ?? "");
    if (parts) return { red: Number(parts[1]), green: Number(parts[2]), blue: Number(parts[3]), alpha: Number(parts[4] ?? 1) };
    // Colours of other spaces: as they are painted.
    const context = globalThis.OffscreenCanvas ? new OffscreenCanvas(1, 1).getContext("2d") : null;
    if (!context || !text) return null;
    context.fillStyle = text;
    context.fillRect(0, 0, 1, 1);
    const [red, green, blue, alpha] = context.getImageData(0, 0, 1, 1).data;
    return { red, green, blue, alpha: alpha / 255 };
  }

  // WCAG 2, contrast ratio.
  function contrast(one, other) {
    const light = ({ red, green, blue }) => [red, green, blue]
      .map((part) => part / 255)
      .map((part) => (part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4))
      .reduce((sum, part, at) => sum + part * [0.2126, 0.7152, 0.0722][at], 0);
    const [more, less] = [light(one), light(other)].sort((first, second) => second - first);
    return (more + 0.05) / (less + 0.05);
  }

  const pointsOf = (box) => COLUMNS.flatMap((column) => ROWS.map((row) => [box.left + box.width * column, box.top + box.height * row]));

  // Most of its points show the field, with nothing that paints above it.
  function isClear(element, box) {
    const root = element.ownerDocument;
    if (!root.elementsFromPoint) return true;
    const clear = pointsOf(box).filter(([x, y]) => {
      const stack = hits(root, x, y);
      const at = stack.indexOf(element);
      return at >= 0 && !stack.slice(0, at).some((above) => covers(above, element));
    });
    return clear.length >= POINTS_MIN;
  }

  // What stands at a point, the uppermost first, shadow roots looked into.
  function hits(root, x, y) {
    return root.elementsFromPoint(x, y).filter((one) => one.getRootNode() === root).flatMap((one) => {
      const shadow = shadowOf(one);
      return shadow ? [...hits(shadow, x, y), one] : [one];
    });
  }

  // Whether something above the field hides it. Of what the field stands in, only its pseudo elements can be above it.
  function covers(above, field) {
    const around = page.contains(above, field);
    if (!around && (above.matches(REPLACED) || paints(styleOf(above)))) return opacityOf(above) >= 0.1;
    return ["::before", "::after", "::backdrop"].some((pseudo) => {
      const style = styleOf(above, pseudo);
      return style.content !== "none" && style.content !== "normal" && paints(style) && Number(style.opacity) >= 0.1;
    });
  }

  function paints(style) {
    if ((style.backgroundImage || "none") !== "none" || (style.backdropFilter || "none") !== "none") return true;
    if ((colour(style.backgroundColor)?.alpha ?? 1) > 0.1 || /inset/.test(style.boxShadow)) return true;
    return ["Top", "Right", "Bottom", "Left"].some((side) => Number.parseFloat(style[`border${side}Width`]) > 4 && (colour(style[`border${side}Color`])?.alpha ?? 1) > 0.1);
  }

  function opacityOf(element) {
    let opacity = 1;
    for (const one of upwards(element)) opacity *= Number(styleOf(one).opacity);
    return opacity;
  }

  // Shadows and outlines that reach over the middle of the field, from elements that it does not stand in.
  function isOvershadowed(element, box) {
    const [x, y] = [box.left + box.width / 2, box.top + box.height / 2];
    let left = ELEMENTS_MAX;
    for (const one of page.walk(element.ownerDocument, "*")) {
      left -= 1;
      // Nobody has so many but who has something to hide them among.
      if (left === 0) return true;
      const style = styleOf(one);
      const reach = reachOf(style);
      if (reach === 0 || page.contains(one, element)) continue;
      const its = one.getBoundingClientRect();
      if (x > its.left - reach && x < its.right + reach && y > its.top - reach && y < its.bottom + reach) return true;
    }
    return false;
  }

  // How far what is painted around an element goes, in pixels.
  function reachOf(style) {
    const outline = style.outlineStyle === "none" ? 0 : Number.parseFloat(style.outlineWidth) + Math.max(0, Number.parseFloat(style.outlineOffset));
    const shadows = `${style.boxShadow} ${style.textShadow}`.matchAll(/(?:rgba?\([^)]*?(?:[,/] ?(0?\.\d+|0))?\)|[a-z]+\([^)]*\)) ?((?:-?[\d.]+px ?)+)/g);
    const reaches = [...shadows].filter(([, alpha]) => Number(alpha ?? 1) >= 0.3).map(([, , lengths]) => lengths.match(/[\d.]+/g).reduce((sum, one) => sum + Number(one), 0));
    return Math.max(outline > 8 ? outline : 0, ...reaches.filter((reach) => reach > 8), 0);
  }

  const hasObserver = (view) => "IntersectionObserverEntry" in view && "isVisible" in view.IntersectionObserverEntry.prototype;

  // What the compositor says: true, false, or nothing where it does not say in time.
  function observed(element) {
    const view = viewOf(element);
    if (!hasObserver(view)) return Promise.resolve(null);
    return new Promise((done) => {
      let last = null;
      const end = (answer) => {
        observer.disconnect();
        clearTimeout(timer);
        done(answer);
      };
      const observer = new view.IntersectionObserver((entries) => {
        last = entries.at(-1).isVisible;
        if (last) end(true);
      }, { trackVisibility: true, delay: OBSERVED_EVERY_MS, threshold: [0, 0.5, 1] });
      const timer = setTimeout(() => end(last), OBSERVED_WITHIN_MS);
      observer.observe(element);
    });
  }

  // Whether the frame that this document is in can be seen in its page.
  async function isFrameSeen(view, element) {
    if (view === view.top) return true;
    if (hasObserver(view)) return (await observed(view.document.documentElement)) === true;
    return isSeenInFrames(view, element);
  }

  // Whether this browser can find that out at all.
  function canSeeFrame(view) {
    return view === view.top || hasObserver(view) || framesOf(view) !== null;
  }

  // The frames that a document is in, the innermost first; nothing where one is in a page of another origin.
  function framesOf(view) {
    const frames = [];
    for (let one = view; one !== one.top; one = one.parent) {
      const frame = one.frameElement;
      if (!frame) return null;
      frames.push(frame);
    }
    return frames;
  }

  // Without the compositor: every point of the field shows the frame in each page around it, with nothing above or around it that
  // could hide it. A frame that is scaled or turned shows its points elsewhere, and is not seen.
  function isSeenInFrames(view, element) {
    let points = pointsOf(element.getBoundingClientRect());
    return (framesOf(view) ?? []).every((frame) => {
      const box = frame.getBoundingClientRect();
      const isPlain = Math.abs(box.width - frame.offsetWidth) < 1 && Math.abs(box.height - frame.offsetHeight) < 1 && upright(frame);
      points = points.map(([x, y]) => [x + box.left + frame.clientLeft, y + box.top + frame.clientTop]);
      const isUppermost = ([x, y]) => {
        const stack = hits(frame.ownerDocument, x, y);
        const at = stack.indexOf(frame);
        return at >= 0 && !stack.slice(0, at).some((above) => covers(above, frame));
      };
      return isPlain && isShown(frame) && opacityOf(frame) > 0.99 && points.every(isUppermost) && !isOvershadowed(frame, box);
    });
  }

  // No element from this one to the root is turned, mirrored or filtered.
  function upright(element) {
    for (const one of upwards(element)) {
      const { transform, rotate, scale, filter } = styleOf(one);
      if (![transform, rotate, scale, filter].every((rule) => (rule || "none") === "none")) return false;
    }
    return true;
  }

  // A look at what is painted, right before the field is filled: it is moved into sight for that.
  async function painted(element) {
    if (!element.isConnected || !visible(element)) return false;
    element.scrollIntoView({ block: "center", inline: "center", behavior: "instant" });
    if (!(await isFrameSeen(viewOf(element), element))) return false;
    if (!isPainted(element)) return false;
    return (await observed(element)) === true || (isPainted(element) && !isOvershadowed(element, element.getBoundingClientRect()));
  }

  // The part of the look that takes no time: nothing can be moved between it and the writing.
  function isPainted(element) {
    return element.isConnected && visible(element) && isClear(element, element.getBoundingClientRect());
  }

  Object.assign(page, { visible, painted, isPainted, canSeeFrame, observes: hasObserver(document.defaultView) });
})();
