// What is drawn on the plot besides the lines: limits of alarms above them, holes in the archive below.

import { colour } from "./dom.js";

const FONT = 12, GAP = 3; // CSS pixels
const SHORTEST = 2; // px: a shorter hole is drawn this long

export class Overlay {
  show(limits, holes) {
    this.limits = limits;
    this.holes = holes;
  }

  drawHoles(plot) {
    const { ctx, bbox } = plot;
    ctx.save();
    clip(ctx, bbox);
    ctx.fillStyle = colour("--hole");
    for (const { begin, end, reason } of this.holes) {
      const [left, right] = [begin, end].map((time) => plot.valToPos(time, "x", true));
      const width = Math.max(right - left, SHORTEST * devicePixelRatio);
      ctx.fillRect(left, bbox.top, width, bbox.height);
      title(ctx, reason, left, width, bbox);
    }
    ctx.restore();
  }

  // A horizontal line at each limit, and its label where there is no other.
  drawLimits(plot) {
    const { ctx, bbox } = plot, ratio = devicePixelRatio, taken = [];
    ctx.save();
    clip(ctx, bbox);
    ctx.strokeStyle = ctx.fillStyle = colour("--dead");
    ctx.lineWidth = 1.5 * ratio;
    ctx.setLineDash([2 * ratio, 3 * ratio]); // series have longer dashes
    font(ctx);
    for (const { value, unit, text, isLowest } of this.limits) {
      const y = plot.scales[`y${unit}`]?.min === undefined ? -1 : Math.round(plot.valToPos(value, `y${unit}`, true));
      if (!(y >= bbox.top && y <= bbox.top + bbox.height)) continue;
      ctx.beginPath();
      ctx.moveTo(bbox.left, y);
      ctx.lineTo(bbox.left + bbox.width, y);
      ctx.stroke();
      const box = places(ctx.measureText(text).width, y, isLowest, bbox).find((one) => isFree(one, taken, bbox));
      if (!box) continue;
      taken.push(box);
      words(ctx, text, box.left, box.bottom);
    }
    ctx.restore();
  }
}

function words(ctx, text, x, y) {
  ctx.save();
  ctx.setLineDash([]);
  ctx.lineWidth = 4 * devicePixelRatio;
  ctx.lineJoin = "round";
  ctx.strokeStyle = colour("--sheet"); // lines behind a label would make it hard to read
  ctx.strokeText(text, x, y);
  ctx.fillText(text, x, y);
  ctx.restore();
}

function title(ctx, text, left, width, bbox) {
  font(ctx);
  if (ctx.measureText(text).width + 2 * GAP * devicePixelRatio > width) return;
  ctx.save();
  ctx.fillStyle = colour("--faint");
  ctx.textAlign = "center";
  ctx.fillText(text, left + width / 2, bbox.top + bbox.height - 2 * GAP * devicePixelRatio);
  ctx.restore();
}

// Where a line's label may be placed: on the side where no values may be, otherwise on the other; at the left, otherwise farther to the right.
function places(width, y, isLowest, bbox) {
  const ratio = devicePixelRatio, above = y - GAP * ratio, below = y + (FONT + GAP) * ratio;
  return [0, 1 / 3, 2 / 3].flatMap((part) => (isLowest ? [below, above] : [above, below]).map((bottom) => {
    const left = bbox.left + 6 * ratio + part * bbox.width;
    return { left, right: left + width, top: bottom - FONT * ratio, bottom };
  }));
}

function isFree(box, taken, { left, top, width, height }) {
  const isInside = box.right <= left + width && box.top >= top && box.bottom <= top + height;
  return isInside && taken.every((other) => box.left > other.right || box.right < other.left || box.top > other.bottom || box.bottom < other.top);
}

function font(ctx) {
  ctx.font = `600 ${FONT * devicePixelRatio}px system-ui, sans-serif`;
  ctx.textAlign = "left";
  ctx.textBaseline = "alphabetic";
}

function clip(ctx, { left, top, width, height }) {
  ctx.beginPath();
  ctx.rect(left, top, width, height);
  ctx.clip();
}
