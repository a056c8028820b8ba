// The page: a photo and, if dragged, a box go in; a mood comes out. Nothing is sent anywhere.

import * as ort from "./ort.wasm.min.mjs";
import { bestPlace, closeView, inPhoto, pixelBox } from "./locating.js";
import { networkPixels, viewOf } from "./preprocessing.js";

// English names of AI Hub's moods, as in schemas/labels.py; others are shown without translation.
const ENGLISH = {
  "화남/불쾌": "angry, displeased",
  "공포": "fearful",
  "행복/즐거움": "happy, joyful",
  "편안/안정": "calm, at ease",
  "공격성": "aggressive",
  "불안/슬픔": "anxious, sad",
};
const MESSAGES = {
  loading: "모델을 여는 중입니다… · Loading the model…",
  ready: "",
  model: "모델을 열 수 없습니다. 페이지를 다시 만드세요. · The model cannot be opened. Build the page again.",
  unreadable: "이 사진을 읽을 수 없습니다. JPEG나 PNG로 저장해 보세요. · This photo cannot be read. Save it as JPEG or PNG.",
  large: "사진이 너무 큽니다. · The photo is too large.",
  none: "동물을 찾지 못했습니다. 사진에서 동물을 끌어서 표시하세요. · No animal was found. Drag a box around it.",
  outside: "박스가 사진 밖에 있습니다. · The box lies outside of the photo.",
};
const SHOWN_SIDE = 640; // Longest side of the photo on the page, CSS pixels.
const LEAST_DRAG = 8; // CSS pixels; a shorter drag is a tap, and takes the box away.

const at = (id) => document.getElementById(id);
const canvas = at("photo");
// box: dragged by the user; found: {box, score} of the locator, where no box was dragged.
const state = { session: null, locator: null, names: [], spec: null, photo: null, box: null, found: null };

// One thread: more need headers (COOP, COEP) that a plain static server does not send.
ort.env.wasm.numThreads = 1;

async function load() {
  say("loading");
  const [model, labels, spec] = await Promise.all([
    fetch("model.onnx").then(checked).then((answer) => answer.arrayBuffer()),
    fetch("labels.json").then(checked).then((answer) => answer.json()),
    fetch("preprocessing.json").then(checked).then((answer) => answer.json()),
  ]);
  state.names = Object.keys(labels).sort((one, other) => labels[one] - labels[other]);
  state.spec = spec;
  at("drawings").hidden = spec.trained_on !== "drawings";
  const opened = (bytes) => ort.InferenceSession.create(bytes, { executionProviders: ["wasm"] });
  state.session = await opened(model);
  if (spec.locator) {
    const answer = await fetch("locator.onnx");
    // Exports of before have none beside them, and take photos as a whole.
    if (answer.ok) state.locator = await opened(await answer.arrayBuffer());
  }
  if (state.locator !== null) at("whole").replaceChildren(...at("again").content.cloneNode(true).childNodes);
  at("hint").hidden = state.locator !== null; // Its answer tells when to drag a box.
  say("ready");
  document.body.dataset.ready = "true";
}

function checked(answer) {
  if (!answer.ok) throw new Error(`${answer.url}: ${answer.status}`);
  return answer;
}

async function open(file) {
  const { max_image_pixels: maxPixels, max_image_bytes: maxBytes } = state.spec;
  clear();
  if (file.size > maxBytes) return say("large");
  let bitmap;
  try {
    // Upright by EXIF; colour profiles are left out, as the model's training leaves them out.
    bitmap = await createImageBitmap(file, {
      imageOrientation: "from-image",
      colorSpaceConversion: "none",
      premultiplyAlpha: "none",
    });
  } catch {
    return say("unreadable");
  }
  const { width, height } = bitmap;
  if (width * height > maxPixels) return say("large");
  try {
    const whole = new OffscreenCanvas(width, height).getContext("2d", { willReadFrequently: true });
    whole.drawImage(bitmap, 0, 0);
    state.photo = { bitmap, width, height, pixels: whole.getImageData(0, 0, width, height).data };
  } catch {
    return say("large"); // A browser's own limit.
  }
  at("stage").hidden = false;
  await predict();
}

async function predict() {
  const { photo, box: dragged, spec, names, session } = state;
  const begun = performance.now();
  if (dragged === null && state.locator !== null) {
    const found = await find(photo);
    if (photo !== state.photo || state.box !== null) return;
    state.found = found;
    if (found.box === null) {
      draw();
      at("whole").hidden = true;
      return say("none");
    }
  } else {
    state.found = null;
  }
  const box = dragged ?? state.found?.box ?? null;
  draw();
  at("whole").hidden = dragged === null;
  const whole = { y: 0, x: 0, height: photo.height, width: photo.width };
  const view = box === null ? whole : viewOf(box, photo.height, photo.width, spec.box_margin, spec.box_overhang);
  if (view === null) return say("outside");
  const start = performance.now();
  const side = spec.resolution;
  const pixels = networkPixels(photo.pixels, photo.height, photo.width, 4, view, side);
  const prepared = performance.now();
  const outputs = await session.run({ pixels: new ort.Tensor("uint8", pixels, [1, side, side, 3]) });
  const done = performance.now();
  if (photo !== state.photo || dragged !== state.box) return; // Another photo or box has come since.
  show(names, Array.from(outputs.probabilities.data));
  at("found").hidden = state.found === null;
  at("guess").hidden = box !== null;
  if (state.found !== null) at("score").textContent = state.found.score.toFixed(2);
  const times = [["찾기", "finding", start - begun], ["준비", "preparing", prepared - start], ["모델", "model", done - prepared]];
  const taken = (language) => times.slice(state.found === null ? 1 : 0).map((each) => `${each[language]} ${Math.round(each[2])} ms`);
  [...at("time").children].forEach((child, language) => (child.textContent = taken(language).join(", ")));
  say("ready");
}

/** Looks for the animal: at the whole photo, and again around the best place. */
async function find({ pixels, height, width }) {
  const { resolution: side, min_score: least } = state.spec.locator;
  const look = async (view) => {
    const seen = networkPixels(pixels, height, width, 4, view, side);
    const outputs = await state.locator.run({ pixels: new ort.Tensor("uint8", seen, [1, side, side, 3]) });
    return bestPlace(outputs.places.data);
  };
  const first = await look({ y: 0, x: 0, height, width });
  if (first.score < Math.fround(least)) return { box: null, score: first.score };
  const view = closeView(pixelBox(first.place, height, width), height, width);
  const second = await look(view);
  return { box: pixelBox(inPhoto(second.place, view, height, width), height, width), score: first.score };
}

function show(names, probabilities) {
  const order = names.map((_, index) => index).sort((one, other) => probabilities[other] - probabilities[one]);
  const [best] = order;
  at("mood").textContent = names[best];
  at("english").textContent = ENGLISH[names[best]] ?? "";
  at("unsure").hidden = probabilities[best] >= Math.fround(state.spec.unsure_below ?? 0); // As float32.
  at("probabilities").replaceChildren(
    ...order.map((index) => {
      const row = document.createElement("tr");
      row.dataset.mood = names[index];
      row.dataset.probability = String(probabilities[index]);
      const meter = Object.assign(document.createElement("meter"), { value: probabilities[index] });
      const english = ENGLISH[names[index]];
      const title = english ? `${names[index]} · ${english}` : names[index];
      row.append(cell("th", title), cell("td", meter), cell("td", `${(100 * probabilities[index]).toFixed(1)} %`));
      return row;
    }),
  );
  at("answer").hidden = false;
}

function cell(name, content) {
  const element = document.createElement(name);
  element.append(content);
  return element;
}

function draw() {
  const { photo } = state;
  const box = state.box ?? state.found?.box ?? null;
  const scale = Math.min(1, SHOWN_SIDE / Math.max(photo.width, photo.height));
  canvas.width = Math.max(1, Math.round(photo.width * scale));
  canvas.height = Math.max(1, Math.round(photo.height * scale));
  const context = canvas.getContext("2d");
  context.drawImage(photo.bitmap, 0, 0, canvas.width, canvas.height);
  if (box === null) return;
  const [sx, sy] = [canvas.width / photo.width, canvas.height / photo.height];
  if (state.box === null) context.setLineDash([8, 5]); // Found, and not dragged.
  for (const [colour, line] of [["#000", 5], ["#fff", 2]]) {
    Object.assign(context, { strokeStyle: colour, lineWidth: line });
    context.strokeRect(box.x * sx, box.y * sy, box.width * sx, box.height * sy);
  }
}

function clear() {
  Object.assign(state, { photo: null, box: null, found: null });
  at("stage").hidden = at("answer").hidden = true;
}

function say(message) {
  at("message").textContent = MESSAGES[message];
  if (!["ready", "loading"].includes(message)) at("answer").hidden = true;
}

/** Returns where a pointer is on the photo, {x, y}, in its pixels. */
function position(event) {
  const frame = canvas.getBoundingClientRect();
  const within = (value, side) => Math.min(side, Math.max(0, Math.round(value)));
  return {
    x: within(((event.clientX - frame.left) / frame.width) * state.photo.width, state.photo.width),
    y: within(((event.clientY - frame.top) / frame.height) * state.photo.height, state.photo.height),
  };
}

function between(one, other) {
  const [x, y] = [Math.min(one.x, other.x), Math.min(one.y, other.y)];
  return { x, y, width: Math.abs(one.x - other.x), height: Math.abs(one.y - other.y) };
}

canvas.addEventListener("pointerdown", (down) => {
  if (state.photo === null) return;
  canvas.setPointerCapture(down.pointerId);
  const from = position(down);
  const move = (event) => {
    state.found = null;
    state.box = between(from, position(event));
    draw();
  };
  const up = (event) => {
    canvas.removeEventListener("pointermove", move);
    const isDrag = Math.hypot(event.clientX - down.clientX, event.clientY - down.clientY) >= LEAST_DRAG;
    const box = between(from, position(event));
    state.box = isDrag && box.width > 0 && box.height > 0 ? box : null;
    predict();
  };
  canvas.addEventListener("pointermove", move);
  canvas.addEventListener("pointerup", up, { once: true });
});
at("whole").addEventListener("click", () => {
  state.box = null;
  predict();
});
at("file").addEventListener("change", ({ target }) => {
  if (target.files.length > 0) open(target.files[0]);
});

at("file").disabled = true;
load().then(
  () => (at("file").disabled = false),
  (error) => {
    console.error(error);
    say("model");
  },
);
navigator.serviceWorker?.register("sw.js").catch(() => {}); // Without one, the page needs its server again.
