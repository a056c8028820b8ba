// The page: a photo, a box on it in pixels of the upright photo, and the model's prediction.
"use strict";

const $ = (id) => document.getElementById(id);
const SIDES = ["x", "y", "width", "height"];
let file = null;
let box = null; // {x, y, width, height}; null lets the model find the animal.
let isFound = false; // Whether the model has found the box, and nobody has changed it.
let pending = new AbortController(); // Of the requests of the latest photo and box.

// Browsers turn photos upright by EXIF as the server does, so both count the same pixels.
const photoSize = () => ({ width: $("photo").naturalWidth, height: $("photo").naturalHeight });
const wholePhoto = () => ({ x: 0, y: 0, ...photoSize() });
const percent = (share) => `${(100 * share).toFixed(1)} %`;

// state is "busy", "done" or "error"; of #status it belongs to the whole prediction.
function showStatus(element, state, korean, english, detail = "") {
  const englishSpan = document.createElement("span");
  englishSpan.lang = "en";
  englishSpan.textContent = `${english} ${detail}`;
  element.replaceChildren(`${korean} `, englishSpan);
  (element.id === "status" ? $("prediction") : element).dataset.state = state;
}

// Sends the photo and the box; returns the JSON of webdemo/app.py.
async function post(path, parameters, box, signal) {
  const query = new URLSearchParams(parameters);
  if (box) query.set("box", [box.y, box.x, box.height, box.width].join(","));
  try {
    const response = await fetch(`${path}?${query}`, { method: "POST", body: file, signal });
    return await response.json();
  } catch (error) {
    if (error.name === "AbortError") throw error;
    return { error: "demo_down", detail: "", ko: "데모 프로그램이 응답하지 않습니다. 다시 시작해 주세요.",
      en: "The demo program does not respond. Start it again." };
  }
}

async function predict() {
  pending.abort();
  pending = new AbortController();
  const { signal } = pending;
  drawBox();
  $("heat").hidden = true;
  $("heat-status").replaceChildren();
  $("heat-status").dataset.state = "empty";
  showStatus($("status"), "busy", "분석하는 중…", "Predicting…");
  try {
    const prediction = await post("ask", {}, isFound ? null : box, signal);
    if (prediction.error) return showError(prediction);
    takeFoundBox(prediction);
    showPrediction(prediction);
    if ($("show-heat").checked) await showHeatMap(prediction.mood, signal);
  } catch (error) {
    if (error.name !== "AbortError") throw error; // A newer request has replaced this one.
  }
}

// The box that the model has found is drawn like a given one, and can be changed like it.
function takeFoundBox(prediction) {
  if (prediction.box_source !== "found") return;
  const [y, x, height, width] = prediction.box;
  box = { x, y, width, height };
  isFound = true;
  drawBox();
}

function showError({ ko, en, detail }) {
  $("mood").hidden = $("moods").hidden = $("unsure").hidden = true;
  showStatus($("status"), "error", ko, en, detail && `(${detail})`);
}

function showPrediction(prediction) {
  $("mood").textContent = prediction.mood;
  $("moods").tBodies[0].replaceChildren(...prediction.moods.map(moodRow));
  $("mood").hidden = $("moods").hidden = false;
  // null: this model has no threshold, and never says so.
  $("unsure").hidden = prediction.unsure !== true;
  $("mood").classList.toggle("doubtful", prediction.unsure === true);
  if (prediction.box_source === "found") {
    showStatus($("status"), "done", "찾은 박스 안의 동물", "The animal that was found",
      `(점수 score ${prediction.found.toFixed(2)})`);
  } else if (prediction.box_source === "whole") {
    showStatus($("status"), "done",
      "사진 전체: 이 모델은 동물을 찾지 못하므로 추측입니다. 동물 둘레에 박스를 그려 주세요.",
      "The whole photo: this model cannot find the animal, so that this is a guess. Draw a box.");
  } else showStatus($("status"), "done", "박스 안의 동물", "The animal in the box");
}

function moodRow(mood) {
  const create = (tag, text = "") => Object.assign(document.createElement(tag), { textContent: text });
  const [row, name, probability] = [create("tr"), create("td", mood.name), create("td")];
  const [bar, length, share] = [create("span"), create("i"), create("b", percent(mood.probability))];
  const english = create("span", mood.english);
  english.lang = "en";
  name.append(english);
  bar.className = "bar";
  length.style.width = percent(mood.probability).replace(" ", "");
  bar.append(length, share);
  probability.append(bar);
  row.append(name, probability);
  return row;
}

async function showHeatMap(mood, signal) {
  showStatus($("heat-status"), "busy", "열지도를 만드는 중…", "Making the heat map…");
  const heat = await post("heat", { mood }, box, signal);
  if (heat.error) {
    return showStatus($("heat-status"), "error", heat.ko, heat.en, heat.detail && `(${heat.detail})`);
  }
  if (!heat.cells.flat().some((cell) => cell > 0)) {
    return showStatus($("heat-status"), "done",
      "어느 부분을 가려도 확률이 거의 줄지 않아 열지도를 그리지 않았습니다.",
      "Covering any part hardly lowers this probability, so no heat map is drawn.");
  }
  paintHeatMap(heat.cells);
  // A difference and not both values: the covered copies are smaller than the photo, so that
  // "before" differs a little from the probability in the table.
  const points = (100 * (heat.before - heat.after)).toFixed(1);
  showStatus($("heat-status"), "done",
    `가장 붉은 곳을 가리면 "${mood}" 확률이 ${points} %p 줄어듭니다.`,
    `Covering the reddest area lowers this probability by ${points} percentage points.`);
}

function paintHeatMap(cells) {
  const canvas = $("heat");
  canvas.height = cells.length;
  canvas.width = cells[0].length;
  const pixels = new ImageData(canvas.width, canvas.height);
  cells.flat().forEach((heat, index) => {
    pixels.data.set([255, Math.round(170 * (1 - heat)), 0, Math.round(190 * heat)], 4 * index);
  });
  canvas.getContext("2d").putImageData(pixels, 0, 0);
  placeOverPhoto(canvas, box ?? wholePhoto());
  canvas.hidden = false;
}

function placeOverPhoto(element, rectangle) {
  const { width, height } = photoSize();
  element.style.left = `${(100 * rectangle.x) / width}%`;
  element.style.top = `${(100 * rectangle.y) / height}%`;
  element.style.width = `${(100 * rectangle.width) / width}%`;
  element.style.height = `${(100 * rectangle.height) / height}%`;
}

function drawBox() {
  const rectangle = box ?? wholePhoto();
  $("box").dataset.source = isFound ? "found" : "given";
  for (const side of SIDES) $(side).value = rectangle[side];
  $("box").hidden = !box;
  placeOverPhoto($("box"), rectangle);
}

function setBox(rectangle) {
  box = rectangle;
  isFound = false;
}

async function choosePhoto(chosen) {
  if (!chosen) return;
  pending.abort();
  file = chosen;
  setBox(null);
  URL.revokeObjectURL($("photo").src);
  $("photo").src = URL.createObjectURL(file);
  // The server may be able to read a photo that this browser cannot show.
  const isShown = await $("photo").decode().then(() => true, () => false);
  if (file !== chosen) return;
  $("stage").hidden = $("tools").hidden = !isShown;
  await predict();
}

function photoPixelAt(event) {
  const { left, top, width, height } = $("photo").getBoundingClientRect();
  const clamp = (share) => Math.min(1, Math.max(0, share));
  return {
    x: Math.round(clamp((event.clientX - left) / width) * photoSize().width),
    y: Math.round(clamp((event.clientY - top) / height) * photoSize().height),
  };
}

let dragStart = null;

function dragBox(event) {
  const end = photoPixelAt(event);
  setBox({
    x: Math.min(dragStart.x, end.x), y: Math.min(dragStart.y, end.y),
    width: Math.abs(dragStart.x - end.x), height: Math.abs(dragStart.y - end.y),
  });
  drawBox();
}

$("stage").addEventListener("pointerdown", (event) => {
  if (event.button !== 0) return;
  pending.abort();
  $("heat").hidden = true;
  $("stage").setPointerCapture(event.pointerId);
  dragStart = photoPixelAt(event);
});
$("stage").addEventListener("pointermove", (event) => dragStart && dragBox(event));
$("stage").addEventListener("pointerup", (event) => {
  if (!dragStart) return;
  dragBox(event);
  dragStart = null;
  const { width, height } = $("photo").getBoundingClientRect();
  // A click, also with a trembling finger, means no box.
  const length = (box.width * width) / photoSize().width + (box.height * height) / photoSize().height;
  if (length < 8 || box.width < 1 || box.height < 1) setBox(null);
  predict();
});
$("stage").addEventListener("pointercancel", () => { dragStart = null; setBox(null); predict(); });

$("tools").addEventListener("submit", (event) => event.preventDefault());
for (const side of SIDES) {
  $(side).addEventListener("change", () => {
    if (!$(side).reportValidity()) return;
    const typed = Object.fromEntries(SIDES.map((each) => [each, Number($(each).value)]));
    const { width, height } = photoSize();
    // While the four numbers are typed one by one, each intermediate box is cut at the edges.
    const [x, y] = [Math.min(typed.x, width - 1), Math.min(typed.y, height - 1)];
    setBox({ x, y, width: Math.min(typed.width, width - x), height: Math.min(typed.height, height - y) });
    predict();
  });
}
$("find").addEventListener("click", () => { setBox(null); predict(); });
$("whole").addEventListener("click", () => { setBox(wholePhoto()); predict(); });
$("show-heat").addEventListener("change", predict);
$("file").addEventListener("change", () => { choosePhoto($("file").files[0]); $("file").value = ""; });

for (const kind of ["dragenter", "dragover", "dragleave", "drop"]) {
  // On the whole window: the browser would open a photo that is dropped beside #drop.
  window.addEventListener(kind, (event) => {
    event.preventDefault();
    $("drop").classList.toggle("over", kind === "dragenter" || kind === "dragover");
    if (kind === "drop") choosePhoto(event.dataTransfer.files[0]);
  });
}

fetch("model").then((response) => response.json()).then((info) => {
  $("source").textContent = info.source;
  $("drawings").hidden = info.trained_on !== "drawings";
});
