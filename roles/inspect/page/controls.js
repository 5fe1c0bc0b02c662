// Colours by another figure, search, keys; and the start of everything.
const paint = () => {
  const values = layers.map(layer => metric.of(layer) || 0), most = Math.max(...values, 1e-9);
  nodes.forEach(({node, box, value, small}, l) => {
    const colour = mixed(Math.sqrt(values[l] / most)), ink = inkOn(colour);
    box.style.fill = css(colour);
    for (const text of node.querySelectorAll("text")) text.style.fill = ink;
    if (!small) value.textContent = values[l] ? metric.text(values[l]) : "";
  });
  const ramp = [0, .25, .5, .75, 1].map(share => css(mixed(share)) + " " + 100 * share + "%");
  byId("legend").querySelector("i").style.background = "linear-gradient(to right," + ramp.join(",") + ")";
  byId("most").textContent = metric.text(most);
};
for (const [key, {label}] of Object.entries(metrics)) element("option", label, byId("metric")).value = key;
byId("metric").addEventListener("change", event => {
  metric = metrics[event.target.value];
  paint();
});
dark.addEventListener("change", paint);

// Search: a number, a whole name, the beginning of one, or a part of one
for (const layer of layers) element("option", "", byId("names")).value = layer.name;
const find = text => {
  const wanted = text.trim().toLowerCase();
  if (!wanted) return null;
  if (/^\d+$/.test(wanted)) return Number(wanted) <= last ? Number(wanted) : null;
  for (const fits of [name => name === wanted, name => name.startsWith(wanted), name => name.includes(wanted)]) {
    const found = layers.find(layer => fits(layer.name.toLowerCase()));
    if (found) return found.layer;
  }
  return null;
};
const search = byId("search");
const jumpToFound = () => {
  const l = find(search.value);
  for (const {node} of nodes) node.classList.remove("found");
  search.setCustomValidity(l === null && search.value.trim() ? "no such layer" : "");
  search.reportValidity();
  if (l === null) return;
  nodes[l].node.classList.add("found");
  jumpTo(l);
};
search.addEventListener("change", jumpToFound);
search.addEventListener("keydown", event => { if (event.key === "Enter") jumpToFound(); });
search.addEventListener("input", () => search.setCustomValidity(""));

byId("whole").addEventListener("click", fitWhole);
byId("width").addEventListener("click", fitWidth);
byId("closer").addEventListener("click", () => zoomMiddle(1.4));
byId("farther").addEventListener("click", () => zoomMiddle(1 / 1.4));
byId("logarithmic").addEventListener("change", drawBars);
addEventListener("keydown", event => {
  if (event.ctrlKey || event.metaKey || event.altKey || /^(INPUT|SELECT)$/.test(event.target.tagName)) return;
  const step = {ArrowLeft: [80, 0], ArrowRight: [-80, 0], ArrowUp: [0, 80], ArrowDown: [0, -80],
    PageUp: [0, .8 * size()[1]], PageDown: [0, -.8 * size()[1]]}[event.key];
  const action = {"+": () => zoomMiddle(1.4), "-": () => zoomMiddle(1 / 1.4), "0": fitWhole, w: fitWidth,
    "/": () => search.focus(), Escape: () => { hideTip(); if (chosenCut !== null) chooseCut(chosenCut); }}[event.key];
  if (step) {
    fitted = null;
    view.x += step[0];
    view.y += step[1];
    show();
  } else if (action) {
    action();
  } else {
    return;
  }
  event.preventDefault();
});
addEventListener("resize", () => {
  drawBars();
  fitted ? fitted() : show();
});

byId("title").textContent = data.title;
byId("facts").textContent = count(data.totals.layers, "layer") + " \u00b7 " + scaled(data.totals.parameters, "") + " parameters \u00b7 " +
  scaled(data.totals.macs, "") + " MACs \u00b7 largest map " + bytesText(data.totals.largest_output.bytes);
const notes = [];
if (data.plan) {
  const ranges = parts.map(part => !part.layers.length ? "-" : part.layers[0] === part.layers[1] ? part.layers[0] : part.layers.join("-"));
  notes.push("Plan " + ranges.join(" | ") + ", from " + data.plan.source + ".");
}
if (data.measured) notes.push(data.measured.text);
byId("note").textContent = notes.join(" ");
drawGrounds();
drawLines();
drawLayers();
drawLinks();
world.append(chosenLabels);
paint();
drawBars();
fitWidth();
