"use strict";
const root = document.documentElement;
const errors = [];
window.addEventListener("error", event => { errors.push(event.message); root.dataset.errors = errors.join("; "); });
window.addEventListener("unhandledrejection", event => { errors.push(String(event.reason)); root.dataset.errors = errors.join("; "); });
const figures = JSON.parse(document.getElementById("figures").textContent);

function setTheme(name) {
  root.dataset.theme = name;
  document.getElementById("theme").textContent = name === "dark" ? "light" : "dark";
}
const asked = new URLSearchParams(location.search).get("theme");
setTheme(asked || (matchMedia("(prefers-color-scheme: dark)").matches ? "dark" : "light"));

function colours() {
  const style = getComputedStyle(root);
  const value = name => style.getPropertyValue("--" + name).trim();
  return { ink: value("ink"), soft: value("soft"), grid: value("grid"), line: value("line"), card: value("card") };
}
function painted(value, c) {
  if (Array.isArray(value)) return value.map(item => painted(item, c));
  if (value && typeof value === "object")
    return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, painted(item, c)]));
  if (typeof value === "string" && value.startsWith("@")) return c[value.slice(1)] || value;
  return value;
}
function layoutOf(figure, c) {
  const layout = Object.assign({
    paper_bgcolor: "rgba(0,0,0,0)", plot_bgcolor: "rgba(0,0,0,0)",
    font: { family: "system-ui, -apple-system, Segoe UI, Roboto, DejaVu Sans, sans-serif", size: 13, color: c.ink },
    margin: { l: 56, r: 14, t: 14, b: 46 }, bargap: 0.28,
    legend: { orientation: "h", traceorder: "normal", x: 0, xanchor: "left", y: 1.02, yanchor: "bottom", font: { size: 12 } },
    hoverlabel: { bgcolor: c.card, bordercolor: c.line, font: { color: c.ink } },
  }, figure.layout);
  if (layout.showlegend !== false || (layout.annotations || []).length) layout.margin = { l: 56, r: 14, t: 48, b: 46 };
  for (const key of Object.keys(layout)) {
    if (!/^[xy]axis\d*$/.test(key)) continue;
    layout[key] = Object.assign({
      gridcolor: c.grid, linecolor: c.soft, zerolinecolor: c.grid, zeroline: key.startsWith("y"),
      tickcolor: c.soft, ticks: "outside", ticklen: 4, showline: true,
      showgrid: key.startsWith("y"), automargin: true,
    }, layout[key]);
    if (layout[key].title)
      layout[key].title = Object.assign({ standoff: 10, font: { size: 13 } }, layout[key].title);
  }
  return painted(layout, c);
}
function draw() {
  const c = colours();
  root.dataset.rendered = "0";
  return Promise.all(figures.map(figure => Plotly.react(
    figure.name, painted(figure.traces, c), layoutOf(figure, c),
    { responsive: true, displayModeBar: false },
  ))).then(() => { root.dataset.rendered = String(figures.length); });
}
document.getElementById("theme").addEventListener("click", () => {
  setTheme(root.dataset.theme === "dark" ? "light" : "dark");
  draw();
});
for (const button of document.querySelectorAll("button.png"))
  button.addEventListener("click", () => Plotly.downloadImage(button.dataset.figure, {
    format: "png", filename: button.dataset.figure, scale: 3, width: null, height: null,
  }));
draw();
