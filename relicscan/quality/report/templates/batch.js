// The table sorts, filters, and shows a hundred rows at a time. Without this it is all there.
const PAGE = 100;
const table = document.querySelector(".relics");
if (table) {
  const body = table.tBodies[0];
  const all = [...body.rows];
  const heads = [...table.tHead.rows[0].cells];
  const chips = [...document.querySelectorAll("[data-kind]")];
  const find = document.querySelector(".find input");
  const reset = document.querySelector(".all");
  const order = document.querySelector(".order"), by = order.querySelector("select");
  const told = document.querySelector(".told");
  const limits = told.textContent;
  const pages = document.querySelector(".pages");
  const number = new Intl.NumberFormat("en");
  const moments = document.querySelectorAll("time");
  let shown = all, sorted = all, page = 0, group = null, texts = null;

  const pressed = (chip) => chip.getAttribute("aria-pressed") === "true";
  // In the time of whoever reads it; what it is in UTC is told on hovering.
  const two = (n) => String(n).padStart(2, "0");
  for (const one of moments) {
    const t = new Date(one.dateTime);
    one.title = one.textContent;
    one.firstChild.textContent = `${t.getFullYear()}-${two(t.getMonth() + 1)}-${two(t.getDate())}`;
    one.lastChild.textContent = `${two(t.getHours())}:${two(t.getMinutes())}`;
  }

  function draw(from = page) {
    page = Math.max(0, Math.min(from, Math.ceil(shown.length / PAGE) - 1));
    const first = page * PAGE, last = Math.min(first + PAGE, shown.length);
    body.replaceChildren(...shown.slice(first, last));
    const rows = shown.length ? `${number.format(first + 1)}–${number.format(last)} of ` : "";
    const filtered = shown.length < all.length ? `, out of ${number.format(all.length)}` : "";
    told.textContent = `Showing ${rows}${number.format(shown.length)}${filtered}. ${limits}`;
    pages.hidden = shown.length <= PAGE;
    pages.firstElementChild.disabled = page === 0;
    pages.lastElementChild.disabled = last === shown.length;
    reset.hidden = shown.length === all.length;
  }

  function filter() {
    const kinds = new Set(chips.filter((c) => pressed(c)).map((c) => c.dataset.kind));
    const words = find.value.toLowerCase().split(/\s+/).filter(Boolean);
    if (words.length) {
      texts ??= new Map(all.map((row) => {
        const name = row.querySelector("th");
        return [row, `${row.textContent} ${name.title}`.toLowerCase()];
      }));
    }
    shown = sorted.filter((row) => (!kinds.size || kinds.has(row.dataset.k)) &&
      (group === null || row.dataset.g === group) &&
      words.every((word) => texts.get(row).includes(word)));
    draw(0);
  }

  function sort(column, head) {
    const numbers = head.classList.contains("n");
    const before = head.getAttribute("aria-sort");
    const up = before ? before === "descending" : !numbers;
    for (const other of heads) other.removeAttribute("aria-sort");
    head.setAttribute("aria-sort", up ? "ascending" : "descending");
    by.value = column;
    const keys = new Map(all.map((row, place) => {
      const cell = row.cells[column];
      if (head.classList.contains("result")) return [row, place];
      if (numbers) return [row, cell.dataset.v === undefined ? null : Number(cell.dataset.v)];
      return [row, cell.textContent.trim() || null];
    }));
    const compare = new Intl.Collator(undefined, { numeric: true }).compare;
    const sign = up ? 1 : -1;
    sorted = [...all].sort((a, b) => {
      const x = keys.get(a), y = keys.get(b);
      if (x === null || y === null) return (x === null) - (y === null);  // what has none comes last
      return sign * (typeof x === "number" ? x - y : compare(x, y));
    });
    filter();
  }

  function clear() {
    for (const chip of chips) chip.setAttribute("aria-pressed", "false");
    find.value = "";
    group = null;
  }

  heads.forEach((head, column) => {
    if (head.tagName !== "TH") return;
    const button = document.createElement("button");
    button.type = "button";
    button.append(...head.childNodes);
    button.addEventListener("click", () => sort(column, head));
    by.append(new Option(button.textContent, column));
    head.append(button);
  });
  // A narrow screen shows no names of columns.
  by.addEventListener("change", () => sort(by.value, heads[by.value]));
  order.querySelector("button").addEventListener("click", () => sort(by.value, heads[by.value]));
  order.hidden = false;
  for (const chip of chips) {
    const words = document.createElement("span");
    words.append(...chip.childNodes);
    chip.append(words);
    chip.disabled = false;
    chip.addEventListener("click", () => {
      chip.setAttribute("aria-pressed", String(!pressed(chip)));
      filter();
    });
  }
  let wait;
  find.addEventListener("input", () => {
    clearTimeout(wait);
    wait = setTimeout(filter, 120);
  });
  find.parentElement.hidden = false;
  reset.addEventListener("click", () => {
    clear();
    filter();
    find.focus();
  });
  for (const button of document.querySelectorAll("[data-show]")) {
    button.hidden = false;
    button.addEventListener("click", () => {
      clear();
      group = button.dataset.show;
      filter();
      document.getElementById("relics").scrollIntoView();
    });
  }
  for (const link of document.querySelectorAll("[data-find]")) {
    link.addEventListener("click", (event) => {
      const row = all.find((one) => one.id === `relic-${link.dataset.find}`);
      if (!row) return;
      event.preventDefault();
      clear();
      filter();
      draw(Math.floor(shown.indexOf(row) / PAGE));
      for (const other of all) other.classList.toggle("found", other === row);
      row.scrollIntoView({ block: "center" });
      row.querySelector("a").focus({ preventScroll: true });
    });
  }
  for (const button of pages.children) {
    button.addEventListener("click", () => {
      draw(page + Number(button.dataset.go));
      document.getElementById("relics").scrollIntoView();
    });
  }
  // On paper there are no pages to turn: all that is asked for.
  addEventListener("beforeprint", () => {
    body.replaceChildren(...shown);
    for (const fold of document.querySelectorAll("details")) fold.open = true;
  });
  addEventListener("afterprint", () => draw());
  table.classList.add("sorts");
  const result = heads.findIndex((head) => head.classList.contains("result"));
  heads[result].setAttribute("aria-sort", "ascending");
  by.value = result;
  draw();
}
