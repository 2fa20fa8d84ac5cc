/* Copyright (c) 2026 the keepwarm.ollama contributors
   SPDX-License-Identifier: GPL-3.0-or-later */
"use strict";
(() => {
  const table = document.querySelector("table");
  const body = table.tBodies[0];
  const rows = Array.from(body.rows);
  const heads = Array.from(table.tHead.rows[0].cells);
  const search = document.querySelector("#search");
  const chips = Array.from(document.querySelectorAll(".chips button"));
  const shown = document.querySelector("#shown");
  const texts = new Map(rows.map((row) => [row, row.textContent.toLowerCase()]));
  const names = new Intl.Collator("en", { numeric: true });
  const units = [["day", 86400], ["hour", 3600], ["minute", 60], ["second", 1]];
  let kind = "";

  const key = (row, column) => {
    const cell = row.cells[column];
    return "key" in cell.dataset ? Number(cell.dataset.key) : cell.textContent.trim();
  };

  const compare = (one, other) => (typeof one === "number" && typeof other === "number" ? one - other : names.compare(String(one), String(other)));

  const mark = () => {
    let before = null;
    for (const row of rows) {
      if (row.hidden) continue;
      row.classList.toggle("again", before !== null && before.dataset.place === row.dataset.place);
      before = row;
    }
  };

  const sort = (column, direction) => {
    const sign = direction === "ascending" ? 1 : -1;
    const keys = new Map(rows.map((row) => [row, key(row, column)]));
    rows.sort((one, other) => sign * compare(keys.get(one), keys.get(other)) || one.dataset.order - other.dataset.order);
    heads.forEach((head, place) => head.setAttribute("aria-sort", place === column ? direction : "none"));
    body.append(...rows);
    mark();
  };

  const filter = () => {
    const words = search.value.toLowerCase().split(/\s+/).filter(Boolean);
    const hosts = new Set();
    let count = 0;
    for (const row of rows) {
      row.hidden = (kind && row.dataset.kind !== kind) || !words.every((word) => texts.get(row).includes(word));
      if (row.hidden) continue;
      hosts.add(row.dataset.host);
      count += 1;
    }
    shown.textContent = `${hosts.size} ${hosts.size === 1 ? "host" : "hosts"}, ${count} ${count === 1 ? "line" : "lines"}`;
    mark();
  };

  const span = (seconds) => {
    for (const [name, size] of units) {
      const count = Math.floor(seconds / size);
      if (count) return `${count} ${name}${count === 1 ? "" : "s"}`;
    }
    return "less than a second";
  };

  /* A page that was opened yesterday must not say "just now". */
  const age = () => {
    for (const time of document.querySelectorAll("time[data-age]")) {
      const seconds = (Date.now() - Date.parse(time.dateTime)) / 1000;
      if (time.dataset.age === "until") {
        time.textContent = seconds < 0 ? `in ${span(-seconds)}` : `over since ${span(seconds)}`;
      } else if (seconds >= 0) {
        time.textContent = seconds < 1 ? "just now" : `${span(seconds)} ago`;
      }
    }
    const written = document.querySelector("#written");
    document.querySelector("#old").hidden = Date.now() - Date.parse(written.dateTime) < 15 * 60 * 1000;
  };

  heads.forEach((head, column) => {
    head.querySelector("button").addEventListener("click", () => {
      sort(column, head.getAttribute("aria-sort") === "ascending" ? "descending" : "ascending");
    });
  });
  chips.forEach((chip) => {
    chip.addEventListener("click", () => {
      kind = chip.dataset.kind;
      chips.forEach((other) => other.setAttribute("aria-pressed", String(other === chip)));
      filter();
    });
  });
  search.addEventListener("input", filter);
  document.querySelector(".controls").hidden = false;
  filter();
  age();
  setInterval(age, 20000);
})();
