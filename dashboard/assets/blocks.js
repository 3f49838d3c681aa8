// Components of our own. A table is one: were each of its cells one, the renderer would look at all
// of them after every message, which takes longer than everything else on a page.
(function () {
  const React = window.React;
  const element = React.createElement;
  const ONE_LINE = 28;
  // A table that is wider than its frame says so: a cut column looks like the last one.
  function Table(props) {
    const own = React.useRef(null);
    const [scrolls, setScrolls] = React.useState(false);
    React.useEffect(function () {
      const frame = own.current.parentElement;
      function look() { setScrolls(frame.scrollWidth > frame.clientWidth + 1); }
      const observer = new ResizeObserver(look);
      observer.observe(frame);
      look();
      return function () { observer.disconnect(); };
    }, [props.rows]);
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
    const table = element("table", { key: "rows", className: "rows", ref: own },
      element("caption", null, props.caption),
      element("thead", null, element("tr", null, props.names.map(head))),
      element("tbody", null, props.rows.map((row, place) => element("tr", { key: place }, row.map(cell)))));
    const hint = element("div", { key: "hint", className: "scroll-hint" }, "More columns to the right: scroll \u2192");
    return element(React.Fragment, null, scrolls ? [table, hint] : [table]);
  }
  window.lakehouse = { Table: Table };
})();
