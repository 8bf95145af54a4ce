// The figures under the pointer. Without it, the page has the same figures in its tables.
for (const chart of document.querySelectorAll("figure.chart")) {
  const places = chart.dataset.places.split(" ").filter(Boolean).map(Number);
  const hints = chart.dataset.hints.split("\n");
  if (!places.length) continue;
  const hint = document.createElement("div");
  hint.className = "hint";
  hint.ariaHidden = "true";
  chart.append(hint);
  const show = (event) => {
    const svg = [...chart.querySelectorAll("svg")].find((one) => one.clientWidth);
    const box = svg.getBoundingClientRect();
    const unit = box.width / svg.viewBox.baseVal.width;
    const left = svg.dataset.left * unit;
    const width = box.width - left - svg.dataset.right * unit;
    const wanted = (event.clientX - box.left - left) / width;
    let at = 0;
    for (let other = 1; other < places.length; other++) {
      if (Math.abs(places[other] - wanted) < Math.abs(places[at] - wanted)) at = other;
    }
    const x = left + places[at] * width;
    const pointer = svg.querySelector(".pointer");
    pointer.setAttribute("transform", `translate(${x / unit} 0)`);
    pointer.style.visibility = hint.style.visibility = "visible";
    hint.textContent = hints[at].replaceAll(" · ", "\n");
    const flip = x > box.width / 2;
    hint.style.left = flip ? "auto" : `${x + 12}px`;
    hint.style.right = flip ? `${box.width - x + 12}px` : "auto";
  };
  const hide = () => {
    hint.style.visibility = "hidden";
    for (const pointer of chart.querySelectorAll(".pointer")) pointer.style.visibility = "hidden";
  };
  chart.addEventListener("pointermove", show);
  chart.addEventListener("pointerleave", hide);
}
