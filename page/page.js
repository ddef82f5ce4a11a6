// The page: the address after # says what is shown.

const main = document.getElementById("main");
const PRINTED = 100; // tables that are printed with the overview

function overview() {
  const all = [...tables.values()];
  const columns = all.reduce((sum, table) => sum + table.columns.length, 0);
  const checks = all.reduce((sum, table) => sum + table.checks.length, 0);
  const star = all.filter((table) => table.role !== "staging").map((table) => table.name);
  return html("article", {},
    html("p", { class: "over" }, `Pipeline · schema ${site.schema} · SQL for the target ${site.target}`),
    html("h1", { tabindex: "-1" }, site.name),
    html("p", { class: "lead" }, site.description),
    html("p", { class: "note" }, [[star.length, "table"], [all.length - star.length, "staging table"], [columns, "column"], [checks, "check"]].map(([count, word]) => plural(count, word)).join(" · ")),
    section("Schema", part(star, keyNeighbours, schemaChoice)),
    section("Flow", part(all.map((table) => table.name), flowNeighbours, stepsDiagram)),
    Object.entries(ROLES).map(([role, title]) => tableList(title, all.filter((table) => table.role === role))),
    html("footer", {}, `Made by etlrun ${site.version} from the pipeline itself.`));
}

// A diagram of all, where that can be read; else of what is around one table, to be chosen.
function part(names, near, diagram) {
  if (names.length === 0) return html("p", { class: "note" }, "There are none.");
  if (names.length <= MOST) return diagram(names);
  const weights = new Map(names.map((name) => [name, near(name, 1).length]));
  const first = names.reduce((best, name) => (weights.get(name) > weights.get(best) ? name : best));
  const shown = html("div");
  const draw = () => shown.replaceChildren(...[diagram(near(choice.value, Number(steps.value)), choice.value)].flat());
  const choice = html("select", { change: () => draw() }, names.map((name) => html("option", { value: name, selected: name === first }, name)));
  const steps = html("select", { change: () => draw() }, [1, 2, 3].map((count) => html("option", { value: count }, count)));
  draw();
  return [
    html("p", { class: "choice" }, html("label", {}, "Around ", choice), html("label", {}, " and up to ", steps, " steps away."),
      html("span", { class: "note" }, ` At most ${MOST} of ${names.length} tables are drawn at once.`)),
    shown,
  ];
}

function schemaChoice(names, chosen) {
  const isLarge = names.length > 12;
  const shown = html("div");
  const draw = (keysOnly) => shown.replaceChildren(schemaDiagram(names, { keysOnly, chosen }));
  draw(isLarge);
  const box = html("input", { type: "checkbox", checked: isLarge, change: (event) => draw(event.target.checked) });
  return [html("p", { class: "choice" }, html("label", {}, box, " Keys only")), shown];
}

function tableList(title, listed) {
  if (listed.length === 0) return "";
  return section(title, html("ul", { class: "list" }, listed.map((table) =>
    html("li", {}, html("a", { href: linkTo(table.name) }, table.name), html("span", {}, table.description ?? "")))));
}

function problems() {
  return html("article", {},
    html("h1", { tabindex: "-1" }, site.name),
    html("p", { class: "lead" }, `${plural(site.problems.length, "problem")}. Save the file, and this page is made anew.`),
    site.problems.map(({ where, lines }) => html("section", { class: "problem", role: "alert" },
      html("h2", {}, where ? lines[0].slice(where.length + 2) : lines[0]),
      html("p", { class: "note" }, where),
      lines.length > 1 ? html("pre", { tabindex: "0" }, lines.slice(1).join("\n")) : "")));
}

function contents() {
  const all = [...tables.values()];
  const group = ([role, title]) => {
    const listed = all.filter((table) => table.role === role);
    return listed.length === 0 ? "" : [html("h2", {}, title, html("small", {}, ` ${listed.length}`)),
      html("ul", {}, listed.map((table) => html("li", {}, html("a", { href: linkTo(table.name) }, table.name))))];
  };
  return [html("ul", {}, html("li", {}, html("a", { href: "#/" }, "Overview"))), Object.entries(ROLES).map(group)];
}

function shownPage() {
  if (site.problems) return problems();
  const [place, name, column] = location.hash.slice(2).split("/").map(decodeURIComponent);
  if (place !== "table") return overview();
  if (!tables.has(name)) return html("article", {}, html("h1", { tabindex: "-1" }, "Not found"), html("p", {}, `There is no table '${name}'.`));
  return tableArticle(tables.get(name), columnOf(name, column) && column);
}

function show() {
  main.replaceChildren(shownPage());
  const heading = main.querySelector("#lineage") ?? main.querySelector("h1");
  const [, table] = location.hash.slice(2).split("/").map(decodeURIComponent);
  document.title = table && tables.has(table) ? `${table} · ${site.name}` : site.name;
  for (const link of document.querySelectorAll("#contents [aria-current]")) link.removeAttribute("aria-current");
  const here = table === undefined ? "#/" : linkTo(table);
  for (const link of document.querySelectorAll("#contents a")) if (link.getAttribute("href") === here) link.setAttribute("aria-current", "page");
  return heading;
}

function start() {
  document.body.append(markers());
  const menu = document.querySelector(".menu");
  const narrow = matchMedia("(max-width: 60rem)");
  const arrange = () => (menu.open = !narrow.matches);
  narrow.addEventListener("change", arrange);
  arrange();
  document.getElementById("contents").append(...contents().flat(Infinity));
  startSearch();
  show();
  addEventListener("hashchange", () => {
    if (location.hash && !location.hash.startsWith("#/")) return;
    if (narrow.matches) menu.open = false;
    scrollTo(0, 0);
    show().focus();
  });
  addEventListener("beforeprint", () => {
    if (!location.hash.startsWith("#/table") && tables.size <= PRINTED) {
      main.append(html("div", { class: "printed" }, [...tables.values()].map((table) => tableArticle(table))));
    }
  });
  addEventListener("afterprint", () => main.querySelector(".printed")?.remove());
}

start();
