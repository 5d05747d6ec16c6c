"use strict";
(() => {
  const { data, layout, frames, config, cards } = JSON.parse(document.getElementById("content").textContent);
  const plot = document.getElementById("plot");
  const card = document.getElementById("card");
  const image = card.querySelector("img");
  const caption = card.querySelector("figcaption");
  const pointer = { x: 0, y: 0 };
  const gap = 14;

  const place = () => {
    const { width, height } = card.getBoundingClientRect();
    const right = pointer.x + gap + width <= innerWidth;
    const below = pointer.y + gap + height <= innerHeight;
    card.style.left = `${Math.max(0, right ? pointer.x + gap : pointer.x - gap - width)}px`;
    card.style.top = `${Math.max(0, below ? pointer.y + gap : pointer.y - gap - height)}px`;
  };
  // On the window and before Plotly, which lets no event of a 3D scene pass.
  addEventListener("pointermove", (event) => {
    pointer.x = event.clientX;
    pointer.y = event.clientY;
    if (!card.hidden) place();
  }, true);

  const show = (event) => {
    const known = cards[event.points[0].customdata];
    if (!known) return;
    image.hidden = !known.picture;
    if (known.picture) image.src = `data:image/jpeg;base64,${known.picture}`;
    else image.removeAttribute("src");
    caption.textContent = known.lines.join("\n");
    card.hidden = false;
    place();
    image.onload = place;
  };

  Plotly.newPlot(plot, { data, layout, frames, config }).then(() => {
    plot.on("plotly_hover", show);
    plot.on("plotly_unhover", () => { card.hidden = true; });
    document.documentElement.dataset.ready = "true";
  });
})();
