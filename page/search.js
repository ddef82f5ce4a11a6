// Search in names, descriptions and SQL: a name that begins with what was typed comes first.

const FOUND = 40;
const entries = [
  ...[...tables.values()].map((table) => ({
    name: table.name, note: table.role, text: table.description ?? "", link: linkTo(table.name), sql: table.sql,
  })),
  ...[...tables.values()].flatMap((table) => table.columns.map((column) => ({
    name: column.name, note: table.name, text: column.description ?? "", link: linkTo(table.name, column.name), sql: "",
  }))),
];
for (const entry of entries) for (const part of ["name", "text", "sql"]) entry[`${part}Folded`] = entry[part].toLowerCase();

function rank(entry, wanted) {
  const full = `${entry.note.toLowerCase()}.${entry.nameFolded}`;
  if (entry.nameFolded === wanted || full === wanted) return 0;
  if (entry.nameFolded.startsWith(wanted)) return 1;
  if (entry.nameFolded.includes(wanted) || (wanted.includes(".") && full.includes(wanted))) return 2;
  if (entry.textFolded.includes(wanted)) return 3;
  return entry.sqlFolded.includes(wanted) ? 4 : 5;
}

function searched(words) {
  const wanted = words.trim().toLowerCase();
  if (!wanted) return [];
  const ranked = entries.map((entry) => ({ entry, rank: rank(entry, wanted) })).filter((each) => each.rank < 5);
  return ranked.sort((a, b) => a.rank - b.rank);
}

function startSearch() {
  const [input, list, count] = ["search", "found", "count"].map((id) => document.getElementById(id));
  const close = () => (list.hidden = true);
  const show = () => {
    const results = searched(input.value);
    const links = results.slice(0, FOUND).map(({ entry, rank }) =>
      html("li", {}, html("a", { href: entry.link, click: close },
        html("b", {}, entry.name), html("span", {}, rank === 4 ? "in its SQL" : entry.note), html("small", {}, cut(entry.text, 90)))));
    const more = results.length > FOUND ? [html("li", { class: "note" }, `and ${results.length - FOUND} more`)] : [];
    list.replaceChildren(...(results.length ? [...links, ...more] : [html("li", { class: "note" }, "Nothing found")]));
    list.hidden = input.value.trim() === "";
    count.textContent = list.hidden ? "" : plural(results.length, "result");
  };
  const move = (event) => {
    const links = [input, ...list.querySelectorAll("a")];
    const place = links.indexOf(document.activeElement) + { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (links[place]) links[place].focus();
    event.preventDefault();
  };
  input.addEventListener("input", show);
  input.addEventListener("focus", show);
  input.parentElement.addEventListener("keydown", (event) => {
    if (event.key === "ArrowDown" || event.key === "ArrowUp") move(event);
    if (event.key === "Escape") close();
    if (event.key === "Enter" && event.target === input) list.querySelector("a")?.click();
  });
  document.addEventListener("keydown", (event) => {
    if (event.key === "/" && document.activeElement.tagName !== "INPUT") {
      input.focus();
      event.preventDefault();
    }
  });
  document.addEventListener("click", (event) => {
    if (!input.parentElement.contains(event.target)) close();
  });
}
