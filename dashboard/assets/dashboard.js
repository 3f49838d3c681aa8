// What the browser decides by itself: the address, the colour scheme, the menu of a phone.
(function () {
  const KEY = "lakehouse-scheme";
  function preferred() {
    const kept = window.localStorage.getItem(KEY);
    if (kept === "dark" || kept === "light") { return kept; }
    return window.matchMedia("(prefers-color-scheme: dark)").matches ? "dark" : "light";
  }
  function apply(scheme) {
    document.documentElement.setAttribute("data-mantine-color-scheme", scheme);
  }
  // As the server reads it, which takes a slash at the end for none.
  function isLive(pathname) { return /\/live\/*$/.test(pathname || ""); }
  function withParameter(search, name, value) {
    const parameters = new URLSearchParams(search || "");
    const text = Array.isArray(value) ? value.join(",") : (value === null || value === undefined ? "" : String(value));
    if (text === "") { parameters.delete(name); } else { parameters.set(name, text); }
    const next = parameters.toString();
    return next ? "?" + next : "";
  }
  // A mark for whoever measures: the moment at which the first numbers stand on the page.
  const observer = new MutationObserver(function () {
    if (document.querySelector("#content h1")) {
      performance.mark("first-numbers");
      observer.disconnect();
    }
  });
  observer.observe(document.documentElement, { childList: true, subtree: true });
  apply(preferred());
  window.dash_clientside = Object.assign({}, window.dash_clientside, {
    lakehouse: {
      // What the server renders: page, parameters and scheme; on the live page again at each tick.
      view: function (pathname, search, clicks, tick) {
        const triggered = window.dash_clientside.callback_context.triggered.map((item) => item.prop_id);
        if (clicks && triggered.some((id) => id.startsWith("scheme."))) {
          window.localStorage.setItem(KEY, preferred() === "dark" ? "light" : "dark");
        }
        apply(preferred());
        return { pathname: pathname, search: search || "", scheme: preferred(), tick: isLive(pathname) ? tick : 0 };
      },
      // An input changed by a person becomes a parameter of the address.
      search: function (values, clicked, search) {
        const context = window.dash_clientside.callback_context;
        if (!context.triggered.length || !context.triggered_id) { return window.dash_clientside.no_update; }
        const id = context.triggered_id;
        let next = search || "";
        if (id.type === "control") {
          const value = context.triggered[0].value;
          next = withParameter(next, id.name, String(value) === id.default ? "" : value);
        } else if (id.filters && context.triggered[0].value) {
          const point = context.triggered[0].value.points[0];
          const chosen = String(point.customdata !== undefined ? point.customdata : point.y).trim();
          const current = new URLSearchParams(next).get(id.filters);
          next = withParameter(next, id.filters, current === chosen ? "" : chosen);
        }
        return next === (search || "") ? window.dash_clientside.no_update : next;
      },
      ticking: function (pathname) { return !isLive(pathname); },
      menu: function (opened, pathname, shell) {
        const triggered = window.dash_clientside.callback_context.triggered.map((item) => item.prop_id);
        const isOpen = opened && !triggered.some((id) => id.startsWith("location."));
        return [Object.assign({}, shell, { collapsed: { mobile: !isOpen } }), isOpen];
      }
    }
  });
})();
