
// The report's own charts.
for (const options of JSON.parse(document.getElementById("chart-data").textContent)) {
  const place = document.querySelector(`[data-chart="${options.id}"]`);
  if (place) chart(place, options);
}
