"use strict";
// Names, labels and pictures are data: they enter the page as text and as JPEG only.
const content = JSON.parse(document.getElementById("content").textContent);
const plot = document.getElementById("plot");
const card = document.getElementById("card");
const kept = document.getElementById("kept");
const mouse = { x: 0, y: 0 };
document.documentElement.classList.toggle("alone", parent === window); // in a frame, the owner's ground shows

function fill(target, point) {
  target.replaceChildren();
  const picture = content.pictures[point];
  if (picture) {
    const img = document.createElement("img");
    img.src = "data:image/jpeg;base64," + picture;
    img.alt = "";
    target.append(img);
  }
  for (const [style, text] of [["name", content.names[point]], ["label", content.labels[point]]]) {
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

document.addEventListener("mousemove", (event) => { mouse.x = event.clientX; mouse.y = event.clientY; }, true);
// Plotly's own button would send what is drawn to its makers' server.
const settings = { responsive: true, displaylogo: false, scrollZoom: true, showSendToCloud: false, plotlyServerURL: "" };
Plotly.newPlot(plot, content.data, dress(content.layout), settings)
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
    document.body.dataset.ready = "yes";
  });
matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => location.reload());
