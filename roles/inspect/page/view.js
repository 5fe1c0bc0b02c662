// Zoom, drag, pinch, fit.
const view = {x: 0, y: 0, scale: 1};  // a point of the drawing is at x + scale * point on the screen
const size = () => [graph.clientWidth || 1, graph.clientHeight || 1];
const wholeScale = () => Math.min(size()[0] / drawing.width, size()[1] / drawing.height);
const smallText = .28;  // smaller than this nobody reads anything

let drawn = false;
let fitted = null;  // what has put the drawing where it is, until somebody moves it
const show = () => {
  // A part of the drawing always stays in sight.
  const [width, height] = size(), edge = 60;
  view.x = Math.min(width - edge, Math.max(edge - view.scale * drawing.width, view.x));
  view.y = Math.min(height - edge, Math.max(edge - view.scale * drawing.height, view.y));
  if (drawn) return;
  drawn = true;
  requestAnimationFrame(() => {
    drawn = false;
    world.setAttribute("transform", "translate(" + view.x + " " + view.y + ") scale(" + view.scale + ")");
    world.classList.toggle("far", view.scale < smallText);
    markSeen();
  });
};
const zoom = (factor, x, y) => {
  fitted = null;
  const scale = Math.min(8, Math.max(Math.min(wholeScale(), 1) * .7, view.scale * factor));
  view.x = x - (x - view.x) * scale / view.scale;
  view.y = y - (y - view.y) * scale / view.scale;
  view.scale = scale;
  show();
};
const zoomMiddle = factor => zoom(factor, size()[0] / 2, size()[1] / 2);
const fitWhole = () => {
  fitted = fitWhole;
  const [width, height] = size();
  view.scale = Math.min(wholeScale(), 1.3);
  view.x = (width - view.scale * drawing.width) / 2;
  view.y = (height - view.scale * drawing.height) / 2;
  show();
};
const fitWidth = () => {
  fitted = fitWidth;
  const [width] = size();
  view.scale = Math.min(width / drawing.width, 1);
  view.x = (width - view.scale * drawing.width) / 2;
  view.y = 0;
  show();
};
const jumpTo = l => {
  fitted = null;
  const [x, y, width, height] = drawing.boxes[l], [screenWidth, screenHeight] = size();
  view.scale = Math.max(view.scale, Math.min(.9, 1.6 * screenWidth / drawing.width));
  view.x = screenWidth / 2 - view.scale * (x + width / 2);
  view.y = screenHeight / 2 - view.scale * (y + height / 2);
  show();
};
/// First and last layer that can be seen, by their heights.
const seenLayers = () => {
  const top = -view.y / view.scale, bottom = (size()[1] - view.y) / view.scale;
  const seen = layers.map(layer => layer.layer).filter(l => {
    const middle = drawing.boxes[l][1] + drawing.boxes[l][3] / 2;
    return middle >= top && middle <= bottom;
  });
  return seen.length ? [seen[0], seen[seen.length - 1]] : null;
};

const fingers = new Map();  // pointers that are down
let moved = 0;
const place = event => {
  const frame = graph.getBoundingClientRect();
  return {x: event.clientX - frame.left, y: event.clientY - frame.top};
};
graph.addEventListener("wheel", event => {
  event.preventDefault();
  const {x, y} = place(event);
  zoom(Math.exp(-event.deltaY * (event.deltaMode === 1 ? .03 : .0015)), x, y);
}, {passive: false});
graph.addEventListener("pointerdown", event => {
  if (event.button > 0) return;
  if (!fingers.size) moved = 0;
  fingers.set(event.pointerId, {...place(event), layer: layerAt(event.target)});
});
graph.addEventListener("pointermove", event => {
  const before = fingers.get(event.pointerId), now = place(event);
  if (!before) {
    const l = layerAt(event.target);
    if (event.pointerType === "mouse") l === null ? hideTip() : tellLayer(l, event.clientX, event.clientY);
    return;
  }
  const others = [...fingers.entries()].filter(([id]) => id !== event.pointerId).map(([, finger]) => finger);
  moved += Math.abs(now.x - before.x) + Math.abs(now.y - before.y);
  if (moved > 5 && !graph.hasPointerCapture(event.pointerId)) {
    graph.setPointerCapture(event.pointerId);
    graph.classList.add("dragged");
    hideTip();
  }
  if (others.length) {
    const [other] = others, middle = {x: (before.x + other.x) / 2, y: (before.y + other.y) / 2};
    const distance = finger => Math.max(20, Math.hypot(finger.x - other.x, finger.y - other.y));
    zoom(distance(now) / distance(before), middle.x, middle.y);
  }
  view.x += (now.x - before.x) / (others.length + 1);
  view.y += (now.y - before.y) / (others.length + 1);
  Object.assign(before, now);
  fitted = null;
  show();
});
const lift = event => {
  const finger = fingers.get(event.pointerId);
  fingers.delete(event.pointerId);
  if (fingers.size) return;
  graph.classList.remove("dragged");
  if (!finger || moved > 5 || event.type !== "pointerup") return;
  finger.layer === null ? hideTip() : tellLayer(finger.layer, event.clientX, event.clientY);
};
graph.addEventListener("pointerup", lift);
graph.addEventListener("pointercancel", lift);
graph.addEventListener("pointerleave", event => { if (event.pointerType === "mouse") hideTip(); });
