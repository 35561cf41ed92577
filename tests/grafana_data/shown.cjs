// What Grafana shows of the bridge's answers: by its own library of names, units, colours and links, without the pictures.
//
//   node shown.cjs grafana-9.4|grafana-13.2 < [{panel, series}, ...]  >  [{says, shown: [{name, text, color, url}, ...]}, ...]
//
// `shown` are the values of a panel, the bands of a state timeline, or the lines of a plot; `says` is what stands in place of them.
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

const release = process.argv[2];
const grafana = require(release);
const theme = grafana.createTheme();
const processors = {
  unit: grafana.unitOverrideProcessor,
  thresholds: grafana.thresholdsOverrideProcessor,
  mappings: grafana.valueMappingsOverrideProcessor,
  links: grafana.dataLinksOverrideProcessor,
  min: grafana.numberOverrideProcessor,
  max: grafana.numberOverrideProcessor,
  color: grafana.identityOverrideProcessor,
  noValue: grafana.identityOverrideProcessor,
};
const settings = new grafana.FieldConfigOptionsRegistry(() =>
  Object.entries(processors).map(([id, process]) => ({ id, path: id, name: id, process, shouldApply: () => true, settings: {} }))
);

// A series of a Graphite data source as its front end hands it on: named as it is called, times in milliseconds.
const frame = ({ target, tags, datapoints }) =>
  grafana.toDataFrame({ target, title: target, tags, datapoints: datapoints.map(([value, time]) => [value, time * 1000]) });
const numbers = (each) => each.fields.find(({ type }) => type === "number");
const values = (field) => Array.from(field.values.toArray ? field.values.toArray() : field.values);
const as_shown = (name, display, url) => ({
  name,
  text: grafana.formattedValueToString(display).trim(),
  color: theme.visualization.getColorByName(display.color),
  url: url ?? null,
});

const present = (panel, frames) =>
  grafana
    .getFieldDisplayValues({
      data: frames,
      fieldConfig: panel.fieldConfig,
      reduceOptions: panel.options.reduceOptions,
      replaceVariables: (text) => text,
      theme,
    })
    .map(({ display, field }) => as_shown(display.title ?? "", display, field.links?.[0]?.url));

// The state timeline is no part of the library. It asks the mappings for words and colours, but not where it merges values by
// thresholds (mergeThresholdValues of state-timeline/utils.ts, 9.4, and of TimelineChart/utils.ts since). Null is nothing in 9.4,
// and later what a mapping says of it (hasMappedNull).
function bands(panel, frames) {
  return frames.flatMap((each) => {
    const field = numbers(each);
    const { color, mappings, thresholds } = field.config;
    const by_thresholds = panel.options.mergeValues && color?.mode === "thresholds" && thresholds;
    const null_has_words = release !== "grafana-9.4" && mappings?.some(({ type }) => type === "special");
    const changes = values(field).filter((value, at, all) => at === 0 || value !== all[at - 1]);
    return changes
      .filter((value) => value != null || null_has_words)
      .map((value) => {
        const threshold = by_thresholds && grafana.getActiveThreshold(value, thresholds.steps);
        const display = threshold ? { text: `${threshold.value}+`, color: threshold.color } : field.display(value);
        return as_shown(grafana.getFieldDisplayName(field, each, frames), display);
      });
  });
}

// A line has the text of a tick that has no number, as most of a logarithmic axis have none.
const lines = (panel, frames) =>
  frames.map((each) => {
    const field = numbers(each);
    const display = { ...field.display(null), color: "transparent" };
    return { ...as_shown(grafana.getFieldDisplayName(field, each, frames), display), points: values(field).filter((value) => value != null).length };
  });

const draw = { stat: present, bargauge: present, "state-timeline": bands, timeseries: lines };

function shown({ panel, series }) {
  const frames = grafana.applyFieldOverrides({
    data: series.map(frame),
    fieldConfig: panel.fieldConfig,
    fieldConfigRegistry: settings,
    replaceVariables: (text) => text,
    theme,
    timeZone: "utc",
  });
  const is_over_time = panel.type === "timeseries" || panel.type === "state-timeline";
  const says = is_over_time && !frames.length ? panel.fieldConfig.defaults.noValue ?? "No data" : null;
  return { says, shown: draw[panel.type](panel, frames) };
}

const panels = JSON.parse(require("fs").readFileSync(0, "utf8"));
process.stdout.write(JSON.stringify(panels.map(shown)), () => process.exit());
