// The page: a photo, a box on it in pixels of the upright photo, and what the model says.
"use strict";

const $ = (id) => document.getElementById(id);
const SIDES = ["x", "y", "width", "height"];
let file = null;
let box = null; // {x, y, width, height}; null is the whole photo.
let asked = new AbortController();

// Browsers turn photos upright by EXIF as the program does, so both count the same pixels.
const size = () => ({ width: $("photo").naturalWidth, height: $("photo").naturalHeight });
const percent = (share) => `${(100 * share).toFixed(1)} %`;

function say(place, state, korean, english, detail = "") {
  const words = document.createElement("span");
  words.lang = "en";
  words.textContent = `${english} ${detail}`;
  place.replaceChildren(`${korean} `, words);
  (place.id === "status" ? $("answer") : place).dataset.state = state;
}

async function post(path, parameters, signal) {
  const query = new URLSearchParams(parameters);
  if (box) query.set("box", [box.y, box.x, box.height, box.width].join(","));
  let answer;
  try {
    answer = await fetch(`${path}?${query}`, { method: "POST", body: file, signal });
    return await answer.json();
  } catch (error) {
    if (error.name === "AbortError") throw error;
    return { error: "demo_down", detail: "", ko: "데모 프로그램이 답하지 않습니다. 다시 시작해 주세요.",
      en: "The demo's program does not answer. Start it again." };
  }
}

async function ask() {
  asked.abort();
  asked = new AbortController();
  const { signal } = asked;
  draw();
  $("heat").hidden = true;
  $("heat-words").replaceChildren();
  $("heat-words").dataset.state = "empty";
  say($("status"), "busy", "묻는 중…", "Asking…");
  try {
    const told = await post("ask", {}, signal);
    if (told.error) return refuse(told);
    show(told);
    if ($("show-heat").checked) await warm(told.mood, signal);
  } catch (error) {
    if (error.name !== "AbortError") throw error; // A newer question has taken its place.
  }
}

function refuse(told) {
  $("mood").hidden = $("moods").hidden = true;
  say($("status"), "error", told.ko, told.en, told.detail && `(${told.detail})`);
}

function show(told) {
  $("mood").textContent = told.mood;
  $("moods").tBodies[0].replaceChildren(...told.moods.map(row));
  $("mood").hidden = $("moods").hidden = false;
  if (box) say($("status"), "told", "상자 안의 동물", "The animal in the box");
  else say($("status"), "told", "사진 전체", "The whole photo");
}

function row(mood) {
  const made = (tag, text = "") => Object.assign(document.createElement(tag), { textContent: text });
  const [line, name, chance] = [made("tr"), made("td", mood.name), made("td")];
  const [bar, length, share] = [made("span"), made("i"), made("b", percent(mood.probability))];
  const english = made("span", mood.english);
  english.lang = "en";
  name.append(english);
  bar.className = "bar";
  length.style.width = percent(mood.probability).replace(" ", "");
  bar.append(length, share);
  chance.append(bar);
  line.append(name, chance);
  return line;
}

async function warm(mood, signal) {
  say($("heat-words"), "busy", "열지도를 만드는 중…", "Making the heat map…");
  const heat = await post("heat", { mood }, signal);
  if (heat.error) return say($("heat-words"), "error", heat.ko, heat.en, heat.detail && `(${heat.detail})`);
  paint(heat.cells);
  // In points, for the copies that are covered are smaller than the photo: their shares differ a bit.
  const points = (100 * (heat.before - heat.after)).toFixed(1);
  say($("heat-words"), "told", `가장 붉은 곳을 가리면 "${mood}" 확률이 ${points} %p 줄어듭니다.`,
    `Covering the reddest place costs this mood ${points} points.`);
}

function paint(cells) {
  const canvas = $("heat");
  canvas.height = cells.length;
  canvas.width = cells[0].length;
  const pixels = new ImageData(canvas.width, canvas.height);
  cells.flat().forEach((heat, index) => {
    pixels.data.set([255, Math.round(170 * (1 - heat)), 0, Math.round(190 * heat)], 4 * index);
  });
  canvas.getContext("2d").putImageData(pixels, 0, 0);
  place(canvas, box ?? { x: 0, y: 0, ...size() });
  canvas.hidden = false;
}

function place(part, where) {
  const { width, height } = size();
  part.style.left = `${(100 * where.x) / width}%`;
  part.style.top = `${(100 * where.y) / height}%`;
  part.style.width = `${(100 * where.width) / width}%`;
  part.style.height = `${(100 * where.height) / height}%`;
}

function draw() {
  const where = box ?? { x: 0, y: 0, ...size() };
  for (const side of SIDES) $(side).value = where[side];
  $("box").hidden = !box;
  place($("box"), where);
}

async function choose(chosen) {
  if (!chosen) return;
  asked.abort();
  file = chosen;
  box = null;
  URL.revokeObjectURL($("photo").src);
  $("photo").src = URL.createObjectURL(file);
  // A photo that this browser cannot show may still be one that the model knows.
  const shown = await $("photo").decode().then(() => true, () => false);
  if (file !== chosen) return;
  $("stage").hidden = $("tools").hidden = !shown;
  await ask();
}

function pointed(event) {
  const { left, top, width, height } = $("photo").getBoundingClientRect();
  const limited = (share) => Math.min(1, Math.max(0, share));
  return {
    x: Math.round(limited((event.clientX - left) / width) * size().width),
    y: Math.round(limited((event.clientY - top) / height) * size().height),
  };
}

let start = null;

function stretch(event) {
  const end = pointed(event);
  box = {
    x: Math.min(start.x, end.x), y: Math.min(start.y, end.y),
    width: Math.abs(start.x - end.x), height: Math.abs(start.y - end.y),
  };
  draw();
}

$("stage").addEventListener("pointerdown", (event) => {
  if (event.button !== 0) return;
  asked.abort();
  $("heat").hidden = true;
  $("stage").setPointerCapture(event.pointerId);
  start = pointed(event);
});
$("stage").addEventListener("pointermove", (event) => start && stretch(event));
$("stage").addEventListener("pointerup", (event) => {
  if (!start) return;
  stretch(event);
  start = null;
  const { width, height } = $("photo").getBoundingClientRect();
  // A click or a trembling finger means no box.
  const drawn = (box.width * width) / size().width + (box.height * height) / size().height;
  if (drawn < 8 || box.width < 1 || box.height < 1) box = null;
  ask();
});
$("stage").addEventListener("pointercancel", () => { start = null; box = null; ask(); });

$("tools").addEventListener("submit", (event) => event.preventDefault());
for (const side of SIDES) {
  $(side).addEventListener("change", () => {
    if (!$(side).reportValidity()) return;
    const typed = Object.fromEntries(SIDES.map((each) => [each, Number($(each).value)]));
    const { width, height } = size();
    // Whoever types is on the way from one box to another: each step is kept within the photo.
    const [x, y] = [Math.min(typed.x, width - 1), Math.min(typed.y, height - 1)];
    box = { x, y, width: Math.min(typed.width, width - x), height: Math.min(typed.height, height - y) };
    ask();
  });
}
$("whole").addEventListener("click", () => { box = null; ask(); });
$("show-heat").addEventListener("change", ask);
$("file").addEventListener("change", () => { choose($("file").files[0]); $("file").value = ""; });

for (const kind of ["dragenter", "dragover", "dragleave", "drop"]) {
  // All of the window: a photo that misses would replace the page.
  window.addEventListener(kind, (event) => {
    event.preventDefault();
    $("drop").classList.toggle("over", kind === "dragenter" || kind === "dragover");
    if (kind === "drop") choose(event.dataTransfer.files[0]);
  });
}

fetch("model").then((answer) => answer.json()).then((facts) => { $("source").textContent = facts.source; });
