// The panel of bars, one for each cut.
const bars = byId("bars");
const cutBytes = layers.slice(0, last).map(layer => layer.cut_behind.bytes);
const mostBytes = Math.max(...cutBytes), leastBytes = Math.max(1, Math.min(...cutBytes));
const barShare = bytes => byId("logarithmic").checked
  ? Math.max(.02, Math.log(bytes / leastBytes * 1.25) / Math.log(mostBytes / leastBytes * 1.25)) : bytes / mostBytes;
const barsFrame = () => {  // along: from cut to cut; across: the length of bars
  const width = bars.clientWidth || 1, height = bars.clientHeight || 1, lying = width > 2 * height;
  const left = 10, axis = 14;
  return lying ? {lying, start: left, step: (width - 2 * left) / cutBytes.length, across: height - axis - 4}
               : {lying, start: axis + 4, step: (height - axis - 10) / cutBytes.length, across: width - 2 * left};
};
// A rectangle from cut to cut, and from `from` to `to` (shares) of the bars' length.
const barsBox = (frame, first, end, from, to) => {
  const along = frame.start + first * frame.step, length = Math.max((end - first) * frame.step, .6);
  return frame.lying ? {x: along, width: length, y: 4 + (1 - to) * frame.across, height: (to - from) * frame.across}
                     : {y: along, height: length, x: 10 + from * frame.across, width: (to - from) * frame.across};
};
const seen = make("rect", {class: "seen"});
const markSeen = () => {
  const range = seenLayers();
  seen.setAttribute("visibility", range ? "visible" : "hidden");
  if (!range) return;
  const box = barsBox(barsFrame(), Math.min(range[0], last - 1), Math.min(range[1] + 1, last), -.02, 1.02);
  for (const [key, value] of Object.entries(box)) seen.setAttribute(key, value);
};
const drawBars = () => {
  const frame = barsFrame();
  bars.replaceChildren();
  for (const part of parts) {
    if (part.layers.length) {
      make("rect", {...barsBox(frame, part.layers[0] - .5, Math.min(part.layers[1] + .5, last), -.02, 1.02), class: groundOf(part.worker)}, bars);
    }
  }
  bars.append(seen);
  cutBytes.forEach((bytes, l) => {
    const gap = frame.step > 4 ? .12 : .02;
    make("rect", {...barsBox(frame, l + gap, l + 1 - gap, 0, barShare(bytes)), class: "bar" + (isPlanCut(l) ? " link" : "") + (l === chosenCut ? " chosen" : "")}, bars);
  });
  const none = byId("logarithmic").checked ? bytesText(leastBytes) : "0";
  if (frame.lying) {
    write("input", {x: 10, y: bars.clientHeight - 3, class: "axis"}, bars);
    write("up to " + bytesText(mostBytes) + "; layer " + (last - 1), {x: bars.clientWidth - 10, y: bars.clientHeight - 3, "text-anchor": "end", class: "axis"}, bars);
  } else {
    write(none, {x: 10, y: 11, class: "axis"}, bars);
    write(bytesText(mostBytes), {x: bars.clientWidth - 10, y: 11, "text-anchor": "end", class: "axis"}, bars);
  }
  cutBytes.forEach((bytes, l) => {
    make("rect", {...barsBox(frame, l, l + 1, -.02, 1.02), class: "hit", "data-cut": l}, bars);
  });
  markSeen();
};
const cutAt = event => {  // the nearest one: with hundreds of layers bars are thin
  const frame = barsFrame(), box = bars.getBoundingClientRect();
  const along = (frame.lying ? event.clientX - box.left : event.clientY - box.top) - frame.start;
  return Math.min(last - 1, Math.max(0, Math.floor(along / frame.step)));
};
bars.addEventListener("pointermove", event => {
  if (event.pointerType === "mouse") tellCut(cutAt(event), event.clientX, event.clientY);
});
bars.addEventListener("pointerleave", hideTip);
bars.addEventListener("click", event => {
  hideTip();
  chooseCut(cutAt(event));
});
