// From the locator's map to a box, as reference code; docs/preprocessing.md tells the steps.
//
// A test holds it equal to the servable. Sums are rounded to float32 (Math.fround), as there.

import { roundedToEven, viewOf } from "./preprocessing.js";

const CHANNELS = 5;
const MARGIN = 0.5; // What a second look sees beyond the first box, as a share of its side.

/**
 * Returns the best place in a map: {score, place: [top, left, bottom, right]}, shares of the sides.
 *
 * @param {Float32Array} map of cells x cells x 5: a logit, and the distances to the four sides
 */
export function bestPlace(map) {
  const f = Math.fround;
  const cells = Math.sqrt(map.length / CHANNELS);
  let best = 0;
  for (let cell = 1; cell < cells * cells; cell++) {
    if (map[cell * CHANNELS] > map[best * CHANNELS]) best = cell;
  }
  const [logit, top, left, bottom, right] = map.subarray(best * CHANNELS, (best + 1) * CHANNELS);
  const y = f((Math.floor(best / cells) + 0.5) / cells);
  const x = f(((best % cells) + 0.5) / cells);
  const ends = [f(y - top), f(x - left), f(y + bottom), f(x + right)];
  return { score: 1 / (1 + Math.exp(-logit)), place: ends.map((end) => Math.min(1, Math.max(0, end))) };
}

/** Returns a place as a box of whole pixels, {y, x, height, width}, at least one, within the photo. */
export function pixelBox(place, height, width) {
  const ends = [height, width, height, width].map((side, index) => roundedToEven(place[index] * side));
  const y = Math.min(Math.max(ends[0], 0), height - 1);
  const x = Math.min(Math.max(ends[1], 0), width - 1);
  return {
    y,
    x,
    height: Math.min(Math.max(ends[2], y + 1), height) - y,
    width: Math.min(Math.max(ends[3], x + 1), width) - x,
  };
}

/** Returns what the second look sees around a box. */
export function closeView(box, height, width) {
  return viewOf(box, height, width, MARGIN, 0);
}

/** Returns a place in the photo, of one in a view. */
export function inPhoto(place, view, height, width) {
  const f = Math.fround;
  const along = (share, start, side, all) => f(f(start + f(share * side)) / all);
  return [
    along(place[0], view.y, view.height, height),
    along(place[1], view.x, view.width, width),
    along(place[2], view.y, view.height, height),
    along(place[3], view.x, view.width, width),
  ];
}
