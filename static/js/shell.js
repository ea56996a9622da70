/* The shell: folded navigation, menus that close by themselves, the keys `/`, `?` and `[`, and forms that come back here. */
(() => {
  const root = document.documentElement;
  const fold = document.querySelector("[data-fold]");

  const narrow = matchMedia("(min-width: 768px) and (max-width: 1099px)");
  const showFold = () => {
    const folded = root.dataset.nav === "folded";
    fold.setAttribute("aria-expanded", String(!folded));
    for (const item of document.querySelectorAll(".side a, .side button")) {
      item.title = folded || narrow.matches ? item.querySelector("span").textContent : "";
    }
  };
  const toggleFold = () => {
    if (root.dataset.nav === "folded") delete root.dataset.nav;
    else root.dataset.nav = "folded";
    try {
      localStorage.setItem("nav", root.dataset.nav ?? "open");
    } catch {
      /* Storage can be switched off; the choice then lasts for this page. */
    }
    showFold();
  };
  if (fold) {
    fold.hidden = false;
    fold.addEventListener("click", toggleFold);
    showFold();
    narrow.addEventListener("change", showFold);
  }

  const openMenus = () => document.querySelectorAll("details.menu[open]");
  document.addEventListener("click", (event) => {
    for (const menu of openMenus()) if (!menu.contains(event.target)) menu.open = false;
  });

  const typing = (target) => target.closest("input:not([type=checkbox]):not([type=radio]), textarea, select, [contenteditable]");
  document.addEventListener("keydown", (event) => {
    if (event.key === "Escape") {
      for (const menu of openMenus()) {
        menu.open = false;
        menu.querySelector("summary").focus();
      }
      return;
    }
    if (event.ctrlKey || event.metaKey || event.altKey || typing(event.target) || document.querySelector("dialog[open]")) return;
    if (event.key === "/") {
      event.preventDefault();
      const find = document.getElementById("find");
      find?.focus();
      find?.select();
    } else if (event.key === "?") {
      document.getElementById("keys")?.showModal();
    } else if (event.key === "[" && fold) {
      toggleFold();
    }
  });

  /* After htmx has changed the address, "next" has to name the place one is at now. */
  document.addEventListener("submit", (event) => {
    const next = event.target.closest("form[data-here]")?.elements.next;
    if (next) next.value = location.pathname + location.search;
  });

  /* A click beside a dialog closes it. */
  document.addEventListener("click", (event) => {
    if (event.target.matches("dialog[open]")) event.target.close();
  });

  /* Browsers that do not know `command` yet. */
  if (!("command" in HTMLButtonElement.prototype)) {
    document.addEventListener("click", (event) => {
      const button = event.target.closest("button[command][commandfor]");
      const dialog = button && document.getElementById(button.getAttribute("commandfor"));
      if (!dialog) return;
      if (button.getAttribute("command") === "close") dialog.close();
      else dialog.showModal();
    });
  }

  /* A sign-in page or an error belongs in the whole window, not inside a list. */
  document.addEventListener("htmx:beforeSwap", (event) => {
    const { xhr, pathInfo } = event.detail;
    const asked = new URL(pathInfo.requestPath, location.href);
    const came = xhr.responseURL ? new URL(xhr.responseURL) : asked;
    if (came.pathname !== asked.pathname) {
      event.detail.shouldSwap = false;
      location.assign(asked.href);
    }
  });
  document.addEventListener("htmx:responseError", (event) => {
    const { requestConfig, pathInfo } = event.detail;
    /* What asks again by itself tries once more later, instead of taking the page away. */
    if (requestConfig.verb === "get" && !requestConfig.elt.closest("[data-quiet]")) location.assign(pathInfo.finalRequestPath);
  });
})();
