// What Grafana shows of the bridge's answers: by its own library of names, units, colours and links, without the pictures.
//
//   node shown.cjs grafana-9.4|grafana-13.2 < [{panel, series}, ...]  >  [[{name, text, color, url}, ...], ...]
//
// The library expects a browser around it, and the settings of a field to be registered by the parts that draw.
const anything = () =>
  new Proxy(function () {}, { get: (_, key) => (key === Symbol.toPrimitive ? () => "" : anything()), apply: anything, set: () => true });
Object.assign(globalThis, {
  window: globalThis,
  document: anything(),
  history: { pushState() {}, replaceState() {} },
  location: { href: "http://grafana/", search: "", pathname: "/" },
  navigator: { language: "en-GB", languages: ["en-GB"] },
  addEventListener() {},
  dispatchEvent() {},
});
console.warn = () => {}; // that this is not quite a browser

const grafana = require(process.argv[2]);
const processors = {
  unit: grafana.unitOverrideProcessor,
  thresholds: grafana.thresholdsOverrideProcessor,
  mappings: grafana.valueMappingsOverrideProcessor,
  links: grafana.dataLinksOverrideProcessor,
  min: grafana.numberOverrideProcessor,
  max: grafana.numberOverrideProcessor,
};
const settings = new grafana.FieldConfigOptionsRegistry(() =>
  Object.entries(processors).map(([id, process]) => ({ id, path: id, name: id, process, shouldApply: () => true, settings: {} }))
);

// A series of a Graphite data source as its front end hands it on: named as it is called, times in milliseconds.
const frame = ({ target, tags, datapoints }) =>
  grafana.toDataFrame({ target, title: target, tags, datapoints: datapoints.map(([value, time]) => [value, time * 1000]) });

function shown({ panel, series }) {
  const frames = grafana.applyFieldOverrides({
    data: series.map(frame),
    fieldConfig: panel.fieldConfig,
    fieldConfigRegistry: settings,
    replaceVariables: (text) => text,
    theme: grafana.createTheme(),
    timeZone: "utc",
  });
  return frames.map((each) => {
    const field = each.fields.find(({ type }) => type === "number");
    const { lastNotNull } = grafana.reduceField({ field, reducers: ["lastNotNull"] });
    const display = field.display(lastNotNull);
    return {
      name: grafana.getFieldDisplayName(field, each, frames),
      text: grafana.formattedValueToString(display).trim(),
      color: display.color,
      url: field.config.links?.[0]?.url ?? null,
    };
  });
}

const panels = JSON.parse(require("fs").readFileSync(0, "utf8"));
process.stdout.write(JSON.stringify(panels.map(shown)), () => process.exit());
