// New batch: what would start, before it does; and files that are dropped.
"use strict";
(() => {
  const form = document.getElementById("new-batch");
  const lines = form.elements.lines, files = form.elements.files, preview = document.getElementById("preview");
  const SHOWN = 5;

  const rows = (count, one) => `${count.toLocaleString("en")} ${one}${count === 1 ? "" : "s"}`;
  const size = (bytes) => bytes < 1024 ? `${bytes} B` : bytes < 1048576 ? `${Math.round(bytes / 1024)} KiB` : `${(bytes / 1048576).toFixed(1)} MiB`;

  const show = () => {
    const given = lines.value.split("\n").filter((line) => line.trim()).map((line) => line.trim());
    const chosen = [...files.files].map((file) => `${file.name} · ${size(file.size)}`);
    const all = [...chosen, ...given];
    preview.hidden = !all.length;
    preview.replaceChildren();
    if (!all.length) return;
    const head = document.createElement("p"), list = document.createElement("ul"), total = document.createElement("b");
    total.textContent = [chosen.length && rows(chosen.length, "file"), given.length && rows(given.length, "line")].filter(Boolean).join(" and ");
    head.append(total);
    for (const name of all.slice(0, SHOWN)) list.append(Object.assign(document.createElement("li"), { textContent: name }));
    if (all.length > SHOWN) list.append(Object.assign(document.createElement("li"), { textContent: `and ${(all.length - SHOWN).toLocaleString("en")} more` }));
    preview.append(head, list);
  };

  lines.addEventListener("input", show);
  files.addEventListener("change", show);
  const drop = form.querySelector(".drop");
  for (const name of ["dragenter", "dragover"]) drop.addEventListener(name, () => drop.classList.add("over"));
  for (const name of ["dragleave", "drop"]) drop.addEventListener(name, () => drop.classList.remove("over"));
  form.addEventListener("submit", (event) => { // a double click starts one batch
    if (form.dataset.sent) event.preventDefault();
    form.dataset.sent = "yes";
  });
  addEventListener("pageshow", () => { delete form.dataset.sent; show(); });
  document.getElementById("problems")?.focus();
})();
