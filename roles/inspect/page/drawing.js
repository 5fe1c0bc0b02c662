// The page's script is one function of five files, which share their names, in this order: drawing, view, details, cuts,
// controls. This part: data, numbers, colours, the drawing's elements.
const byId = id => document.getElementById(id);
const data = JSON.parse(byId("data").textContent);
const layers = data.layers, drawing = data.drawing, last = layers.length - 1;
const graph = byId("graph"), world = byId("world");
const dark = matchMedia("(prefers-color-scheme: dark)");

// Numbers
const scaled = (value, unit) => {
  if (value < 1000) return (value + " " + unit).trim();
  let prefix = "";
  for (const larger of ["k", "M", "G", "T"]) {
    if (value < 999.5) break;
    value /= 1000;
    prefix = larger;
  }
  return value.toFixed(value < 9.995 ? 2 : value < 99.95 ? 1 : 0) + " " + prefix + unit;
};
const bytesText = bytes => scaled(bytes, "B");
const millisecondsText = ms => (ms < 10 ? ms.toFixed(2) : ms < 100 ? ms.toFixed(1) : ms.toFixed(0)) + " ms";
const percent = (part, whole) => (whole > 0 ? 100 * part / whole : 0).toFixed(part && part < .1 * whole ? 1 : 0) + " %";
const shapeText = shape => shape.join("\u00d7");
const layerText = layer => layer.layer + " " + layer.name;
const linkBytes = layer => layer.layer === 0 ? layer.shape.reduce((a, b) => a * b) : layer.output_bytes;
const count = (number, thing) => number + " " + thing + (number === 1 ? "" : "s");

// What layers can be coloured by
const metrics = {
  ms: {label: "milliseconds", of: layer => layer.ms, text: millisecondsText},
  macs: {label: "multiply-adds", of: layer => layer.macs, text: value => scaled(value, "")},
  output_bytes: {label: "output bytes", of: layer => layer.output_bytes, text: bytesText},
  parameters: {label: "parameters", of: layer => layer.parameters, text: value => scaled(value, "")},
};
if (!data.measured) delete metrics.ms;
let metric = metrics[Object.keys(metrics)[0]];

// Colours: from little to much. The square root lets small ones differ, too.
const stops = {
  light: [[246, 245, 241], [253, 229, 160], [252, 181, 94], [238, 118, 62], [197, 46, 34]],
  dark: [[40, 46, 54], [84, 69, 41], [148, 97, 34], [205, 105, 32], [244, 92, 60]],
};
const mixed = share => {
  const ramp = dark.matches ? stops.dark : stops.light;
  const at = Math.min(share, 1) * (ramp.length - 1), i = Math.min(Math.floor(at), ramp.length - 2);
  return ramp[i].map((low, c) => Math.round(low + (ramp[i + 1][c] - low) * (at - i)));
};
const css = colour => "rgb(" + colour.join(",") + ")";
const inkOn = ([r, g, b]) => .299 * r + .587 * g + .114 * b > 140 ? "#1d2733" : "#ffffff";

// Elements
const make = (name, attributes, parent) => {
  const element = document.createElementNS(graph.namespaceURI, name);
  for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, value);
  if (parent) parent.append(element);
  return element;
};
const write = (text, attributes, parent) => {
  const element = make("text", attributes, parent);
  element.textContent = text;
  return element;
};
const ruler = document.createElement("canvas").getContext("2d");
const widthOf = (text, bold) => {
  ruler.font = (bold ? "600 " : "") + "11px system-ui, sans-serif";
  return ruler.measureText(text).width;
};
const shortened = (text, room, bold, keepEnd) => {
  if (widthOf(text, bold) <= room) return text;
  const letters = Array.from(text);
  while (letters.length > 1 && widthOf(letters.join("") + "\u2026", bold) > room) keepEnd ? letters.shift() : letters.pop();
  return keepEnd ? "\u2026" + letters.join("") : letters.join("") + "\u2026";
};

// The plan: the worker of each layer, -1 for the master
const parts = data.plan ? data.plan.parts : [];
const workerOf = layers.map(() => -1);
for (const part of parts) {
  for (let l = part.layers[0]; l <= part.layers[1]; ++l) workerOf[l] = part.worker;
}
const active = parts.filter(part => part.layers.length).map(part => part.worker);
const groundOf = worker => "ground" + active.indexOf(worker) % 2;
const isPlanCut = l => parts.length > 0 && l < last && workerOf[l] !== workerOf[l + 1];

const drawGrounds = () => {
  const group = make("g", {}, world);
  for (const [worker, x, y, width, height] of drawing.grounds) {
    make("rect", {x, y, width: width + .5, height: height + .5, class: groundOf(worker)}, group);
  }
  for (const [worker, x, y] of drawing.labels) {
    const part = parts[worker], [first, end] = part.layers;
    const text = write("", {x, y: y + 12, class: "part"}, group);
    const lines = ["worker " + worker, first === end ? "layer " + first : "layers " + first + "\u2013" + end,
      data.measured ? millisecondsText(part.ms) + ", " + percent(part.macs, data.totals.macs) + " of MACs"
                    : percent(part.macs, data.totals.macs) + " of MACs",
      "gets " + bytesText(part.gets_bytes)];
    lines.forEach((line, i) => {
      const span = make("tspan", {x, dy: i ? 15 : 0, class: i ? "" : "name"}, text);
      span.textContent = line;
    });
  }
};

const pathOf = points => {
  let path = "M" + points[0] + " " + points[1] + "V" + points[3];
  for (let i = 4; i < points.length; i += 4) {
    const middle = (points[i - 1] + points[i + 1]) / 2;
    path += "C" + [points[i - 2], middle, points[i], middle, points[i], points[i + 1]].join(" ") + "V" + points[i + 3];
  }
  return path;
};
const lines = [];
const drawLines = () => {
  const most = Math.max(...layers.map(linkBytes)), group = make("g", {}, world);
  for (const {from, to, points} of drawing.lines) {
    const link = parts.length > 0 && workerOf[from] !== workerOf[to];
    const width = 1 + 3 * Math.sqrt(linkBytes(layers[from]) / most) + (link ? 1.2 : 0);
    lines.push({from, to, points, path: make("path", {d: pathOf(points), class: link ? "line link" : "line", "stroke-width": width.toFixed(2)}, group)});
  }
  for (const link of group.querySelectorAll(".link")) group.append(link);  // on top of the others
};
// Beside the line, in the gap below the layer; if several lines leave it, where the one has parted from them.
const writeBytes = ({from, points}, text, kind, parent) => {
  const several = lines.filter(line => line.from === from).length > 1, left = several && points[4] < points[0] - 1;
  return write(text, {x: several ? points[4] + (left ? -7 : 7) : points[0] + 7, y: several ? points[5] - 7 : points[3] + 12,
    "text-anchor": left ? "end" : "start", class: "bytes " + kind}, parent);
};
const drawLinks = () => {
  const group = make("g", {}, world);
  for (const layer of layers) {
    const links = lines.filter(line => line.from === layer.layer && workerOf[line.to] !== workerOf[line.from]);
    if (!parts.length || !links.length) continue;
    const names = [...new Set(links.map(line => workerOf[line.to]))].sort((a, b) => a - b).join(", ");
    writeBytes(links[0], bytesText(linkBytes(layer)) + " \u2192 worker " + names, "", group);
  }
};

const nodes = [];
const drawLayers = () => {
  const group = make("g", {}, world);
  for (const layer of layers) {
    const [x, y, width, height] = drawing.boxes[layer.layer];
    const node = make("g", {class: "layer", "data-layer": layer.layer}, group);
    const box = make("rect", {x, y, width, height, rx: 5}, node);
    const small = height < 40, number = String(layer.layer), start = x + 8 + widthOf(number + "\u2002");
    const aside = small ? layer.summary : "";
    const room = x + width - 8 - start - (small ? widthOf(aside) + 6 : 0);
    write(number, {x: x + 8, y: y + 16, class: "number"}, node);
    write(shortened(layer.name, room, true, true), {x: start, y: y + 16, class: "name"}, node);
    const value = write(aside, {x: x + width - 8, y: y + (small ? 16 : 45), "text-anchor": "end", class: "aside"}, node);
    if (!small) {
      const many = layer.inputs.length > 1 ? " of " + layer.inputs.length : "";
      const summary = layer.layer ? layer.summary + many : "frame, 8-bit on the link";
      write(shortened(summary, width - 16), {x: x + 8, y: y + 30}, node);
      write(shapeText(layer.shape), {x: x + 8, y: y + 45, class: "aside"}, node);
    }
    nodes.push({node, box, value, small});
  }
};
