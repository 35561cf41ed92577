// Fingers on the plot: one moves the cursor, two zoom and shift. Up and down still scroll the page (touch-action in the style sheet).

export function followFingers(plot) {
  const area = plot.uplot.over;
  const fingers = new Map();
  let pinched = null;

  const place = (event) => event.clientX - area.getBoundingClientRect().left;

  area.addEventListener("pointerdown", (event) => {
    if (event.pointerType === "mouse") return;
    fingers.set(event.pointerId, place(event));
    area.setPointerCapture(event.pointerId);
    plot.held = true;
    if (fingers.size === 2) pinched = { begin: [...fingers.values()], range: plot.range, now: plot.range };
    else point(event);
  });
  area.addEventListener("pointermove", (event) => {
    if (!fingers.has(event.pointerId)) return;
    fingers.set(event.pointerId, place(event));
    if (pinched) pinch();
    else point(event);
  });
  for (const end of ["pointerup", "pointercancel"]) {
    area.addEventListener(end, (event) => {
      if (!fingers.delete(event.pointerId)) return;
      plot.held = fingers.size > 0;
      if (!pinched || fingers.size) return;
      const [from, until] = pinched.now;
      pinched = null;
      plot.on.zoom(from, until);
    });
  }

  function point(event) {
    plot.uplot.setCursor({ left: Math.min(Math.max(place(event), 0), area.clientWidth - 1), top: area.clientHeight / 2 });
  }

  // The times that were below the fingers stay below them.
  function pinch() {
    if (fingers.size < 2) return;
    const [from, until] = pinched.range, width = area.clientWidth;
    const time = (x) => from + (x / width) * (until - from);
    const [a, b] = pinched.begin, [x, y] = fingers.values();
    const haveCrossed = a < b ? x >= y : x < y;
    if (Math.abs(a - b) < 8 || Math.abs(x - y) < 8 || haveCrossed) return;
    const perPixel = (time(b) - time(a)) / (y - x);
    const start = time(a) - x * perPixel;
    pinched.now = [start, start + width * perPixel];
    plot.uplot.setScale("x", { min: pinched.now[0], max: pinched.now[1] });
  }
}
