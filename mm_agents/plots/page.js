"use strict";
// Names, labels and pictures are data: they enter the page as text and as JPEG only.
const content = JSON.parse(document.getElementById("content").textContent);
const plot = document.getElementById("plot");
const card = document.getElementById("card");
const kept = document.getElementById("kept");
const mouse = { x: 0, y: 0 };
document.documentElement.classList.toggle("alone", parent === window); // in a frame, the owner's ground shows

function labelOf(point) {
  return content.colorings ? content.colorings[view.color].find((one) => one.points.includes(point))?.label : content.labels[point];
}

function fill(target, point) {
  target.replaceChildren();
  const picture = content.pictures[point];
  if (picture) {
    const img = document.createElement("img");
    img.src = "data:image/jpeg;base64," + picture;
    img.alt = "";
    target.append(img);
  }
  for (const [style, text] of [["name", content.names[point]], ["label", labelOf(point)]]) {
    if (!text) continue;
    const line = document.createElement("p");
    line.className = style;
    line.textContent = text;
    target.append(line);
  }
}

function place() {
  const { width, height } = card.getBoundingClientRect();
  const left = mouse.x + 18 + width > innerWidth ? mouse.x - width - 18 : mouse.x + 18;
  card.style.left = Math.max(4, left) + "px";
  card.style.top = Math.max(4, Math.min(mouse.y - height / 2, innerHeight - height - 4)) + "px";
}

function keep(point) {
  const before = kept.querySelector(`[data-point="${point}"]`);
  if (before) return before.remove();
  const own = document.createElement("div");
  own.className = "card";
  own.dataset.point = point;
  fill(own, point);
  const close = document.createElement("button");
  close.textContent = "×";
  close.setAttribute("aria-label", "Close");
  close.onclick = () => { own.remove(); Plotly.Plots.resize(plot); };
  own.append(close);
  kept.prepend(own);
}

// The page's colours, and on a narrow page the legend under the plot.
function dress(layout) {
  const style = getComputedStyle(document.documentElement);
  const [ink, soft, grid, card] = ["--ink", "--soft", "--grid", "--card"].map((name) => style.getPropertyValue(name).trim());
  layout.font.color = soft;
  layout.hoverlabel = { bgcolor: card, font: { color: ink } };
  layout.modebar = { bgcolor: "rgba(0,0,0,0)", color: soft, activecolor: ink };
  for (const owner of [layout, layout.scene ?? {}]) {
    for (const [name, axis] of Object.entries(owner)) if (/^[xyz]axis/.test(name)) axis.gridcolor = axis.linecolor = grid;
  }
  if (innerWidth < 640 && !layout.sliders) layout.legend = { ...layout.legend, orientation: "h", x: 0, y: -0.02, yanchor: "top", maxheight: 0.25 };
  return layout;
}

// ---------------------------------------------------------------- a map: its colours, and what is lit or chosen

const places = content.places && Object.fromEntries(Object.entries(content.places).map(([axis, { bdata }]) =>
  [axis, new Float32Array(Uint8Array.from(atob(bdata), (letter) => letter.charCodeAt(0)).buffer)]));
const flat = places && !places.z;
const view = { color: content.color, lit: null, chosen: [] };
const middles = new Set((content.clusters ?? []).map((one) => one.middle));

function traces() {
  if (!places) return content.data;
  return content.colorings[view.color].map(({ points, label, ...style }) => {
    const marker = { ...style.marker };
    if (view.lit) marker.opacity = points.map((point) => (view.lit.has(point) ? 1 : 0.12));
    const at = Object.fromEntries(Object.entries(places).map(([axis, values]) => [axis, points.map((point) => values[point])]));
    return { ...style, ...at, customdata: points, marker, unselected: { marker: { opacity: 0.2 } } };
  });
}

const colours = () => {
  const found = [];
  for (const { points, marker } of content.colorings[view.color]) for (const point of points) found[point] = marker.color;
  return found;
};

function redraw() {
  content.layout.showlegend = content.colorings[view.color].length > 1;
  content.layout.selections = [];
  return Plotly.react(plot, traces(), content.layout);
}

function choose(points) {
  view.chosen = points;
  if (parent !== window) parent.postMessage({ chosen: points.map((point) => content.ids[point]) }, "*");
  else { kept.replaceChildren(); points.slice(0, 60).reverse().forEach(keep); Plotly.Plots.resize(plot); }
}

// ---------------------------------------------------------------- names and pictures over a map

const over = document.getElementById("over");
const spots = places && { x: new Float32Array(places.x.length), y: new Float32Array(places.x.length) }; // of all points, in pixels
const pictures = new Map(); // by the number of their points
const SIDE = 44; // pixels of a picture
const AT_ONCE = 160; // pictures that are shown together
const FEW = 60; // points in view from which all that have room show their pictures

function decorate(ranges) {
  if (!flat) return;
  const { xaxis, yaxis, _size: size } = plot._fullLayout;
  const [x0, x1] = ranges?.x ?? xaxis.range;
  const [y0, y1] = ranges?.y ?? yaxis.range;
  const { l: left, t: top, w: wide, h: high } = size;
  for (let point = 0; point < spots.x.length; point += 1) {
    spots.x[point] = left + ((places.x[point] - x0) / (x1 - x0)) * wide;
    spots.y[point] = top + ((y1 - places.y[point]) / (y1 - y0)) * high;
  }
  const inView = (point, edge) =>
    spots.x[point] > left + edge && spots.x[point] < left + wide - edge && spots.y[point] > top + edge && spots.y[point] < top + high - edge;
  over.style.clipPath = `inset(${top}px ${over.clientWidth - left - wide}px ${over.clientHeight - top - high}px ${left}px)`;
  const taken = [];
  const isFree = (box) => taken.every((other) => box[0] > other[2] || other[0] > box[2] || box[1] > other[3] || other[1] > box[3]);
  for (const [n, cluster] of (content.clusters ?? []).entries()) nameCluster(over.children[n], sizes[n], cluster, inView, taken, isFree);
  const visible = content.names.map((_, point) => point).filter((point) => content.pictures[point] && inView(point, 8) && (!view.lit || view.lit.has(point)));
  const near = visible.length <= FEW || view.lit;
  const rank = (point) => (middles.has(point) ? 0 : 1);
  const side = near && visible.length <= FEW / 2 ? 64 : SIDE;
  const shown = new Set();
  const colour = colours();
  for (const point of (near ? visible : visible.filter((one) => middles.has(one))).sort((one, other) => rank(one) - rank(other))) {
    const [x, y] = [spots.x[point], spots.y[point]];
    const box = [x - side / 2, y - side / 2, x + side / 2, y + side / 2];
    if (shown.size >= AT_ONCE) break;
    if (!isFree(box)) continue;
    taken.push(box);
    shown.add(point);
    let img = pictures.get(point);
    if (!img) {
      img = document.createElement("img");
      img.src = "data:image/jpeg;base64," + content.pictures[point];
      img.alt = "";
      pictures.set(point, img);
    }
    img.style.cssText = `left:${box[0]}px;top:${box[1]}px;width:${side}px;height:${side}px;border-color:${colour[point]}`;
    if (!img.isConnected) over.append(img);
  }
  for (const [point, img] of pictures) if (!shown.has(point)) img.remove();
}

/** A cluster's name above its points, where no larger one's name is. */
function nameCluster(button, [wide, high], { points, middle }, inView, taken, isFree) {
  const seen = points.filter((point) => inView(point, 0));
  button.hidden = seen.length < Math.min(2, points.length);
  if (button.hidden) return;
  const xs = Float32Array.from(seen, (point) => spots.x[point]).sort();
  const highest = seen.reduce((least, point) => Math.min(least, spots.y[point]), Infinity);
  const { l: edge, t: roof, w: room } = plot._fullLayout._size;
  const top = Math.max(roof + 2, Math.min(highest - 6, spots.y[middle] - SIDE / 2) - high - 2);
  const left = Math.max(edge, Math.min(xs[xs.length >> 1] - wide / 2, edge + room - wide));
  const box = [left, top, left + wide, top + high];
  button.hidden = !isFree(box);
  if (button.hidden) return;
  taken.push(box);
  button.style.left = left + "px";
  button.style.top = top + "px";
}

for (const { name, points } of flat ? content.clusters : []) {
  const button = document.createElement("button");
  button.textContent = name;
  button.title = `${name}: ${points.length}`;
  button.onclick = () => choose(points);
  over.append(button);
}
const sizes = [...over.children].map((button) => [button.offsetWidth, button.offsetHeight]); // once: asked for while others move, each lays the page out

/** What the page that shows the map asks for: another colour, and what a search has found. */
addEventListener("message", ({ source, data }) => {
  if (source !== parent || parent === window) return;
  if (data.color in (content.colorings ?? {})) view.color = data.color;
  if ("lit" in data) {
    const ids = data.lit && new Set(data.lit);
    view.lit = ids && new Set(content.ids.map((_, point) => point).filter((point) => ids.has(content.ids[point])));
  }
  if (data.dragmode) content.layout.dragmode = data.dragmode;
  redraw();
});

document.addEventListener("mousemove", (event) => { mouse.x = event.clientX; mouse.y = event.clientY; }, true);
// Plotly's own button would send what is drawn to its makers' server.
const settings = { responsive: true, displaylogo: false, scrollZoom: true, showSendToCloud: false, plotlyServerURL: "" };
if (flat) settings.modeBarButtons = [["pan2d", "lasso2d", "select2d"], ["zoomIn2d", "zoomOut2d", "resetScale2d"], ["toImage"]];
if (flat) settings.displayModeBar = true;
if (places) content.layout.uirevision = "one"; // zoom and place stay when the colour changes
if (places) content.layout.showlegend = content.colorings[view.color].length > 1;
Plotly.newPlot(plot, traces(), dress(content.layout), settings)
  .then(() => content.frames.length ? Plotly.addFrames(plot, content.frames) : null)
  .then(() => {
    const numberOf = (event) => event.points[0].customdata;
    plot.on("plotly_hover", (event) => {
      const point = numberOf(event);
      if (point === undefined || point === null) return;
      fill(card, point);
      card.hidden = false;
      place();
    });
    plot.on("plotly_unhover", () => { card.hidden = true; });
    plot.on("plotly_click", (event) => {
      const point = numberOf(event);
      if (point === undefined || point === null) return;
      keep(point);
      Plotly.Plots.resize(plot);
    });
    plot.on("plotly_selected", (event) => { if (event) choose(event.points.map((one) => one.customdata)); });
    plot.on("plotly_deselect", () => choose([]));
    plot.on("plotly_afterplot", () => decorate());
    plot.on("plotly_relayouting", (event) => {
      const range = (axis) => (`${axis}axis.range[0]` in event ? [event[`${axis}axis.range[0]`], event[`${axis}axis.range[1]`]] : undefined);
      decorate({ x: range("x"), y: range("y") });
    });
    plot.on("plotly_relayout", () => decorate());
    decorate();
    document.body.dataset.ready = "yes";
    if (parent !== window) parent.postMessage({ ready: true }, "*");
  });
matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => Plotly.react(plot, traces(), dress(content.layout)));
