// What is said about a layer or a cut.
const tip = byId("tip");
const layerAt = target => {
  const node = target.closest && target.closest(".layer");
  return node ? Number(node.dataset.layer) : null;
};
const element = (name, text, parent) => {
  const made = document.createElement(name);
  made.textContent = text;
  if (parent) parent.append(made);
  return made;
};
const hideTip = () => { tip.hidden = true; };
const showTip = (title, rows, x, y) => {
  tip.replaceChildren(element("b", title));
  const table = element("table", "", tip);
  for (const [key, value] of rows) {
    const row = element("tr", "", table);
    element("th", key, row);
    element("td", value, row);
  }
  tip.hidden = false;
  const {width, height} = tip.getBoundingClientRect();
  const beside = x + 16 + width < innerWidth ? x + 16 : Math.max(4, x - 16 - width);
  tip.style.left = Math.min(beside, Math.max(4, innerWidth - width - 4)) + "px";
  tip.style.top = Math.max(4, Math.min(y + 14, innerHeight - height - 4)) + "px";
};

const cutText = cut => bytesText(cut.bytes) + " in " + count(cut.tensors.length, "tensor");
const tellLayer = (l, x, y) => {
  const layer = layers[l], rows = [["operation", layer.summary]];
  if (layer.inputs.length) rows.push(["inputs", layer.inputs.map(input => layerText(layers[input])).join(", ")]);
  rows.push(["output", shapeText(layer.shape) + ", " + bytesText(layer.output_bytes)]);
  if (layer.parameters) rows.push(["parameters", scaled(layer.parameters, "") + " (" + percent(layer.parameters, data.totals.parameters) + ")"]);
  if (layer.macs) rows.push(["multiply-adds", scaled(layer.macs, "") + " (" + percent(layer.macs, data.totals.macs) + ")"]);
  if (data.measured && l) rows.push(["measured", millisecondsText(layer.ms) + " (" + percent(layer.ms, data.totals.ms) + ")"]);
  if (parts.length) rows.push(["runs on", workerOf[l] < 0 ? "master" : "worker " + workerOf[l]]);
  rows.push([l < last ? "cut behind it" : "result", cutText(layer.cut_behind)]);
  showTip(layerText(layer), rows, x, y);
};

let macsUpTo = 0;
const macsInFront = layers.map(layer => macsUpTo += layer.macs);
const cutRows = l => [["crosses", cutText(layers[l].cut_behind)], ["in front", percent(macsInFront[l], data.totals.macs) + " of the MACs"]];
const tellCut = (l, x, y) => {
  const rows = cutRows(l);
  if (isPlanCut(l)) rows.push(["plan", (l ? "worker " + workerOf[l] : "master") + " \u2192 worker " + workerOf[l + 1]]);
  showTip(l ? "cut behind " + layerText(layers[l]) : "in front of the first layer", rows, x, y);
};

// A cut that was clicked on: what is behind it fades, what crosses it stands out.
let chosenCut = null;
const chosenLabels = make("g", {});
const chooseCut = l => {
  chosenCut = l === chosenCut ? null : l;
  const cut = chosenCut;
  nodes.forEach(({node}, index) => node.classList.toggle("behind", cut !== null && index > cut));
  for (const {from, to, path} of lines) {
    path.classList.toggle("crossing", cut !== null && from <= cut && to > cut);
    path.classList.toggle("behind", cut !== null && from > cut);
  }
  chosenLabels.replaceChildren();
  const panel = byId("chosen");
  panel.hidden = cut === null;
  byId("cuts").classList.toggle("told", cut !== null);
  if (cut !== null) {
    panel.replaceChildren();
    element("button", "\u00d7", panel).addEventListener("click", () => chooseCut(cut));
    element("b", cut ? "cut behind " + layerText(layers[cut]) : "in front of the first layer", panel);
    element("div", cutText(layers[cut].cut_behind) + ", " + percent(macsInFront[cut], data.totals.macs) + " of the MACs in front", panel);
    const list = element("ul", "", panel);
    for (const tensor of layers[cut].cut_behind.tensors) {
      element("li", tensor.layer + " " + tensor.name + ", " + shapeText(layers[tensor.layer].shape) + ", " + bytesText(tensor.bytes), list);
      const line = lines.find(({from, to}) => from === tensor.layer && to > cut);
      if (line) writeBytes(line, bytesText(tensor.bytes), "crossing", chosenLabels);
    }
    if (!seenLayers() || cut < seenLayers()[0] || cut > seenLayers()[1]) jumpTo(cut);
  }
  drawBars();
};
