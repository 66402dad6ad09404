// A chart as a picture: drawn again on white, whatever the theme, and saved.
export async function saveChart(name, file) {
  const plot = document.querySelector(`#${name} .js-plotly-plot`);
  if (!plot) return;
  const { default: plotly } = await import("plotly.js-basic-dist-min");
  const { paper_bgcolor, plot_bgcolor, ...layout } = plot.layout;
  const figure = {
    data: plot.data,
    layout: { ...layout, paper_bgcolor: "#fff", font: { ...layout.font, color: "#44524d" } },
    config: { locale: plot._context.locale, locales: plot._context.locales },
  };
  const size = { format: "png", width: 1200, height: 600, scale: 2 };
  const link = document.createElement("a");
  link.href = await plotly.toImage(figure, size);
  link.download = `${file}.png`;
  link.click();
}
