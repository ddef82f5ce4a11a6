// A table in full: what it is, its neighbours, columns, lineage, checks, SQL.

const WORDS = new Set(`add all alter analyze and any append as asc authorization begin between by case cast check comment
  commit compound copy create cross current_date current_timestamp default delete desc distinct distkey diststyle drop else
  end escape even except exists false first following for foreign format from full grant group having identity if in
  inner insert intersect interval into is join json key last left like limit lock matched merge not null nulls on or order
  outer over partition preceding primary qualify range references remove rename replace revoke right role row rows select set
  similar sortkey table temp temporary then timestamp to top true truncate unbounded union unique unload update using vacuum
  values view when where with within`.split(/\s+/));
const TOKEN = /(--[^\n]*|\/\*[^]*?\*\/)|('(?:[^'\\]|''|\\[^])*')|("(?:[^"]|"")*")|(\b\d+(?:\.\d+)?\b)|([\p{L}_][\p{L}\p{N}_$]*)|[^]/gu;

function highlighted(sql) {
  const code = html("code");
  let plain = "";
  for (const [text, comment, string, quoted, number, word] of sql.matchAll(TOKEN)) {
    const kind = comment ? "comment" : string ? "string" : number ? "number" : word && WORDS.has(word.toLowerCase()) ? "word" : "";
    if (!kind) plain += text;
    else {
      code.append(plain, html("span", { class: kind }, text));
      plain = "";
    }
  }
  code.append(plain);
  return html("pre", { class: "sql", tabindex: "0", "aria-label": "SQL" }, code);
}

function tableArticle(table, columnName) {
  return html("article", {},
    html("p", { class: "over" }, html("span", { class: `kind ${table.role}` }, table.role), ` ${table.schema}`),
    html("h1", { tabindex: "-1" }, table.name),
    html("p", { class: "lead" }, table.description ?? ""),
    facts(table),
    columnName === undefined ? "" : lineageSection(table, columnName),
    section("Columns", columnsTable(table, columnName)),
    relatives.has(table.name) ? section("Keys", schemaDiagram(keyNeighbours(table.name), { keysOnly: true, chosen: table.name })) : "",
    section("Flow", stepsDiagram(flowNeighbours(table.name), table.name)),
    table.checks.length ? section("Checks", html("ul", { class: "checks" }, table.checks.map((check) => html("li", {}, check)))) : "",
    section("SQL", html("p", { class: "note" }, "What is sent for this step; in a run, its own id stands in place of RUN. The run looks at its lease and notes the step as well: --dry-run shows that."), highlighted(table.sql)));
}

function keyNeighbours(name, steps = 1) {
  return reached([name], (each) => relatives.get(each) ?? [], MOST, steps);
}

function flowNeighbours(name, steps = 1) {
  const near = (each) => [...tables.get(each).reads, ...tables.get(each).waits, ...(readers.get(each) ?? [])];
  return reached([name], near, MOST, steps);
}

function section(title, ...content) {
  return html("section", {}, html("h2", {}, title), content);
}

function facts(table) {
  const links = (names) => names.map((name, place) => [place ? ", " : "", html("a", { href: linkTo(name) }, name)]);
  const said = [
    ["Strategy", table.strategy],
    ["Loaded from", table.file],
    ["Distribution and sorting", table.attributes.join(", ")],
    ...table.facts.map(([name, value]) => [name[0].toUpperCase() + name.slice(1), value]),
    ["Reads", links(table.reads)],
    ["Waits for", links(table.waits)],
    ["Used by", links(readers.get(table.name) ?? [])],
    ["Declared in", table.place],
  ];
  return html("dl", { class: "facts" },
    said.filter(([, value]) => value?.length).map(([name, value]) => html("div", {}, html("dt", {}, name), html("dd", {}, value))));
}

function columnsTable(table, chosen) {
  const row = (column) => {
    const marks = column.marks.map((mark) => html("span", { class: `mark ${mark.replace(/ /g, "-")}` }, mark));
    const reference = column.references
      ? html("a", { class: "reference", href: linkTo(...column.references) }, `→ ${column.references.join(".")}`) : "";
    return html("tr", { class: column.name === chosen ? "chosen" : undefined },
      html("th", { scope: "row" },
        html("a", { href: linkTo(table.name, column.name), "aria-current": column.name === chosen ? "true" : undefined, title: "Show its lineage" }, column.name)),
      html("td", { class: "type" }, column.type),
      html("td", {}, marks, reference),
      html("td", {}, column.description ? html("p", {}, column.description) : "", html("p", { class: "from" }, ...origin(column))));
  };
  return html("div", { class: "wide" }, html("table", { class: "columns" },
    html("thead", {}, html("tr", {}, ["Column", "Type", "Keys", "What it is, and where from"].map((title) => html("th", { scope: "col" }, title)))),
    html("tbody", {}, table.columns.map(row))));
}

function origin(column) {
  if (column.unknown) return ["not known: its SELECT cannot be followed"];
  const names = column.sources.map((source) => source.join("."));
  return names.length ? ["from ", names.join(", ")] : column.path ? ["from ", html("code", {}, column.path)] : [""];
}

function lineageSection(table, columnName) {
  const { above, below, shown } = lineageOf(table.name, columnName);
  const more = above.length + below.length + 1 - shown.size;
  const list = (title, keys) => keys.length === 0 ? "" : html("div", {},
    html("h3", {}, title),
    html("ul", {}, keys.slice(0, MOST).map((key) => html("li", {}, columnLink(...JSON.parse(key)))),
      keys.length > MOST ? html("li", {}, `and ${keys.length - MOST} more`) : ""));
  return html("section", { class: "lineage" },
    html("h2", { tabindex: "-1", id: "lineage" }, `Lineage of ${columnName}`),
    html("a", { class: "close", href: linkTo(table.name) }, "Close"),
    more > 0 ? html("p", { class: "note" }, `The nearest ${shown.size} of ${above.length + below.length + 1} columns are drawn.`) : "",
    lineageDiagram(table.name, columnName),
    html("div", { class: "lists" }, list("Made of", above), list("Goes into", below)));
}

function columnLink(table, column) {
  const name = `${table}.${column}`;
  const path = columnOf(table, column)?.path;
  return [columnOf(table, column) ? html("a", { href: linkTo(table, column) }, name) : name, path ? html("code", {}, ` ${path}`) : ""];
}
