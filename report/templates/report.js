// The language of the page, sorting of tables, and the slider of the confidence threshold.
// Without this script the page is whole, in Korean.
"use strict";
(() => {
  const KEY = "pet-mood-language";
  const root = document.documentElement;

  function choose(language) {
    root.lang = language;
    const title = document.querySelector("title");
    document.title = title.dataset[language];
    for (const button of document.querySelectorAll(".languages button"))
      button.setAttribute("aria-pressed", String(button.dataset.language === language));
  }

  function remembered() {
    // A browser may refuse storage to a file.
    try { return localStorage.getItem(KEY); } catch { return null; }
  }

  function remember(language) {
    try { localStorage.setItem(KEY, language); } catch { /* It is asked anew the next time. */ }
  }

  for (const group of document.querySelectorAll(".languages")) group.hidden = false;
  for (const button of document.querySelectorAll(".languages button"))
    button.addEventListener("click", () => {
      choose(button.dataset.language);
      remember(button.dataset.language);
    });
  const known = ["ko", "en"];
  const wished = remembered() ?? navigator.language.slice(0, 2);
  choose(known.includes(wished) ? wished : "en");

  // Sorting: numbers come with data-sort; the largest come first, and texts from A.
  function valueOf(row, index) {
    const cell = row.cells[index];
    return cell.dataset.sort === undefined ? cell.innerText.trim() : Number(cell.dataset.sort);
  }

  function compare(one, other) {
    const numbers = [one, other].map((value) => typeof value === "number");
    if (numbers[0] && numbers[1]) return other - one;
    if (numbers[0] !== numbers[1]) return numbers[0] ? -1 : 1;
    return one.localeCompare(other, root.lang);
  }

  function sort(table, header) {
    const index = header.cellIndex;
    const before = header.getAttribute("aria-sort");
    const body = table.tBodies[0];
    const rows = [...body.rows].sort((a, b) => compare(valueOf(a, index), valueOf(b, index)));
    const first = rows.some((row) => row.cells[index].dataset.sort !== undefined)
      ? "descending" : "ascending";
    const second = first === "descending" ? "ascending" : "descending";
    const order = before === first ? second : first;
    if (order === second) rows.reverse();
    for (const each of header.parentNode.cells) each.removeAttribute("aria-sort");
    header.setAttribute("aria-sort", order);
    body.append(...rows);
  }

  for (const table of document.querySelectorAll("table.sortable"))
    for (const header of table.tHead.rows[0].cells) {
      const button = document.createElement("button");
      button.type = "button";
      button.append(...header.childNodes);
      header.append(button);
      button.addEventListener("click", () => sort(table, header));
    }

  const slider = document.getElementById("slider");
  if (slider) {
    const points = JSON.parse(slider.dataset.points);
    const input = slider.querySelector("input");
    const marker = document.getElementById(slider.dataset.marker)?.querySelector("use, path");
    const home = points[0];
    const percent = (value) => `${(100 * value).toFixed(1)} %`;
    const move = () => {
      const [threshold, coverage, risk, x, y] = points[Number(input.value)];
      const [korean, english] = slider.querySelectorAll("output span");
      korean.textContent =
        `${threshold.toFixed(2)} 이상만 답하면: 답하는 비율 ${percent(coverage)}, 그중 정답 ${percent(1 - risk)}`;
      english.textContent =
        `Answering from ${threshold.toFixed(2)} on: ${percent(coverage)} answered, ${percent(1 - risk)} of these right`;
      input.setAttribute("aria-valuetext", threshold.toFixed(2));
      if (marker) marker.setAttribute("transform", `translate(${x - home[3]} ${y - home[4]})`);
    };
    input.addEventListener("input", move);
    slider.hidden = false;
    move();
  }
})();
