// Preprocessing as reference code: from a photo's pixels to what the network sees.
//
// It follows docs/preprocessing.md step by step, for browsers and Node. A test holds it equal to the
// servable. Every sum is rounded to float32 (Math.fround) in the order that is told.

const WIDE = 16;
const WIDE_COLUMNS = 8192; // Columns per row, and columns, above which columns are scaled first.

/**
 * Returns a box's view on an upright photo, {y, x, height, width}; null where too much of the box
 * lies outside of the photo.
 */
export function viewOf(box, height, width, boxMargin, boxOverhang) {
  let top = Math.max(0, box.y);
  let left = Math.max(0, box.x);
  let bottom = Math.min(height, box.y + box.height);
  let right = Math.min(width, box.x + box.width);
  if (
    Math.min(box.height, box.width, bottom - top, right - left) < 1 ||
    box.height - (bottom - top) > Math.floor(box.height * boxOverhang + 0.5) ||
    box.width - (right - left) > Math.floor(box.width * boxOverhang + 0.5)
  ) {
    return null;
  }
  const yMargin = Math.floor((bottom - top) * boxMargin + 0.5);
  const xMargin = Math.floor((right - left) * boxMargin + 0.5);
  top = Math.max(0, top - yMargin);
  left = Math.max(0, left - xMargin);
  bottom = Math.min(height, bottom + yMargin);
  right = Math.min(width, right + xMargin);
  return { y: top, x: left, height: bottom - top, width: right - left };
}

/**
 * Returns what the network sees: a Uint8Array of resolution x resolution x 3, RGB.
 *
 * @param {Uint8Array|Uint8ClampedArray} pixels of the upright photo, row by row
 * @param {number} height of the photo
 * @param {number} width of the photo
 * @param {number} channels of each pixel: 3, or 4 whose last is ignored
 * @param {{y, x, height, width}} view within the photo
 * @param {number} resolution side of the result
 */
export function networkPixels(pixels, height, width, channels, view, resolution) {
  // The photo's own pixels are read where they are: those of a phone's photo take 50 MB already.
  const cut = {
    data: pixels,
    offset: (view.y * width + view.x) * channels,
    rowStride: width * channels,
    pixelStride: channels,
    height: view.height,
    width: view.width,
  };
  if (view.height === resolution && view.width === resolution) return copied(cut);
  const columnsFirst = view.width > Math.max(WIDE * view.height, WIDE_COLUMNS);
  const passes = columnsFirst ? [alongColumns, alongRows] : [alongRows, alongColumns];
  const sums = passes.reduce((picture, pass) => pass(picture, resolution), cut);
  return Uint8Array.from(sums.data, (sum) => Math.min(255, Math.max(0, roundedToEven(sum))));
}

/** Returns for each output {start, weights}: its first input, and the weights of the sum. */
export function spans(inputs, outputs) {
  const f = Math.fround;
  const scale = f(outputs / inputs); // Outputs for each input, and its reciprocal: two roundings.
  const inverse = f(1 / scale);
  const radius = Math.max(inverse, 1); // Of the triangle: antialiased where the picture shrinks.
  const overRadius = f(1 / radius);
  return Array.from({ length: outputs }, (_, output) => {
    const centre = f((output + 0.5) * inverse);
    const first = clamped(Math.ceil(f(f(centre - radius) - 0.5)), inputs);
    const last = clamped(Math.floor(f(f(centre + radius) - 0.5)), inputs);
    const weights = [];
    let total = 0;
    for (let input = first; input <= last; input++) {
      const weight = Math.max(0, f(1 - Math.abs(f(f(input + 0.5 - centre) * overRadius))));
      weights.push(weight);
      total = f(total + weight);
    }
    const overTotal = f(1 / total);
    return { start: first, weights: weights.map((weight) => f(weight * overTotal)) };
  });
}

function clamped(index, inputs) {
  return Math.min(Math.max(index, 0), inputs - 1);
}

function whole(data, height, width) {
  return { data, offset: 0, rowStride: width * 3, pixelStride: 3, height, width };
}

function copied({ data, offset, rowStride, pixelStride, height, width }) {
  const out = new Uint8Array(height * width * 3);
  for (let y = 0, to = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      const from = offset + y * rowStride + x * pixelStride;
      for (let c = 0; c < 3; c++) out[to++] = data[from + c];
    }
  }
  return out;
}

function alongRows({ data, offset, rowStride, pixelStride, height, width }, size) {
  const out = new Float32Array(size * width * 3); // It rounds what is stored to float32.
  spans(height, size).forEach(({ start, weights }, row) => {
    weights.forEach((weight, step) => {
      const line = offset + (start + step) * rowStride;
      for (let x = 0, to = row * width * 3; x < width; x++) {
        const from = line + x * pixelStride;
        for (let c = 0; c < 3; c++) out[to++] += Math.fround(weight * data[from + c]);
      }
    });
  });
  return whole(out, size, width);
}

function alongColumns({ data, offset, rowStride, pixelStride, height, width }, size) {
  const out = new Float32Array(height * size * 3);
  spans(width, size).forEach(({ start, weights }, column) => {
    for (let y = 0; y < height; y++) {
      const to = (y * size + column) * 3;
      weights.forEach((weight, step) => {
        const from = offset + y * rowStride + (start + step) * pixelStride;
        for (let c = 0; c < 3; c++) out[to + c] += Math.fround(weight * data[from + c]);
      });
    }
  });
  return whole(out, height, size);
}

/** Returns the nearest whole number, of two equally near ones the even one. */
export function roundedToEven(value) {
  const below = Math.floor(value);
  const part = value - below;
  if (part !== 0.5) return Math.round(value);
  return below % 2 === 0 ? below : below + 1;
}
