// Elements, made and filled without touching what has not changed: a screen reader announces changes, and a selection stays.

export const byId = (id) => document.getElementById(id);

export function element(tag, attributes = {}, ...children) {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value);
  made.append(...children);
  return made;
}

export function fill(place, text) {
  if (place.textContent !== text) place.textContent = text;
}

export function mark(place, name, value) {
  if (place.dataset[name] !== value) place.dataset[name] = value;
}

export const swatch = (slot) => element("span", { class: "swatch", "aria-hidden": "true", ...(slot === undefined ? {} : { "data-slot": String(slot % 8), "data-dash": String(slot >= 8) }) });

// A colour from the style sheet, for drawing.
export const colour = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();
