// Components of our own. A table is one: were each of its cells one, the renderer would look at all
// of them after every message, which takes longer than everything else on a page.
(function () {
  const element = window.React.createElement;
  const ONE_LINE = 28;
  function Table(props) {
    function kind(text, place) {
      return props.numeric[place] ? "number" : (text.length <= ONE_LINE ? "short" : undefined);
    }
    function cell(text, place) {
      return element("td", { key: place, className: kind(text, place) }, text);
    }
    function head(name, place) {
      const numeric = props.numeric[place] ? "number" : undefined;
      return element("th", { key: place, scope: "col", className: numeric }, name);
    }
    return element("table", { className: "rows" },
      element("caption", null, props.caption),
      element("thead", null, element("tr", null, props.names.map(head))),
      element("tbody", null, props.rows.map((row, place) => element("tr", { key: place }, row.map(cell)))));
  }
  window.lakehouse = { Table: Table };
})();
