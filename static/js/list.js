/* Lists: keys on rows, ticking, copying numbers, filters that apply by themselves.
   Everything is delegated from the document, so it goes on working after htmx has swapped the list. */
(() => {
  const icon = (name) => {
    const sprite = document.querySelector(".top use").getAttribute("href").split("#")[0];
    const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
    svg.setAttribute("class", "icon");
    svg.setAttribute("aria-hidden", "true");
    const use = document.createElementNS("http://www.w3.org/2000/svg", "use");
    use.setAttribute("href", `${sprite}#${name}`);
    svg.append(use);
    return svg;
  };

  /* Ticks */
  const boxes = () => [...document.querySelectorAll(".sheet tbody input[name=ids]")];
  const tickAll = () => document.querySelector("[data-tick-all]");
  let lastTicked = null;

  const countTicks = () => {
    const all = boxes();
    const ticked = all.filter((box) => box.checked).length;
    const head = tickAll();
    if (head) {
      head.checked = ticked > 0 && ticked === all.length;
      head.indeterminate = ticked > 0 && ticked < all.length;
    }
    const count = document.querySelector("[data-count]");
    if (count) count.textContent = ticked || "";
  };

  document.addEventListener("change", (event) => {
    if (event.target.matches("[data-tick-all]")) {
      for (const box of boxes()) box.checked = event.target.checked;
      countTicks();
    } else if (event.target.matches("input[name=ids]")) {
      countTicks();
    }
  });
  document.addEventListener("click", (event) => {
    const box = event.target.closest("input[name=ids]");
    if (!box) return;
    const all = boxes();
    if (event.shiftKey && all.includes(lastTicked)) {
      const [from, to] = [all.indexOf(lastTicked), all.indexOf(box)].sort((a, b) => a - b);
      for (const one of all.slice(from, to + 1)) one.checked = box.checked;
      countTicks();
    }
    lastTicked = box;
  });
  document.addEventListener("reset", () => setTimeout(countTicks));

  /* Keys */
  const rows = () => [...document.querySelectorAll(".list .sheet tbody tr")];
  const current = () => document.querySelector(".list .sheet tbody tr.here");
  const goTo = (row) => {
    current()?.classList.remove("here");
    row.classList.add("here");
    row.querySelector("td.l a")?.focus({ preventScroll: true });
    row.scrollIntoView({ block: "nearest" });
  };
  const step = (by) => {
    const all = rows();
    if (!all.length) return;
    const at = all.indexOf(current());
    goTo(all[at < 0 ? 0 : Math.min(Math.max(at + by, 0), all.length - 1)]);
  };
  const busy = (target) =>
    target.closest("input:not([type=checkbox]):not([type=radio]), textarea, select, details[open], dialog") ||
    document.querySelector("dialog[open]");
  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || busy(event.target)) return;
    if (event.key === "j") step(1);
    else if (event.key === "k") step(-1);
    else if (event.key === "x") {
      const box = current()?.querySelector("input[name=ids]");
      if (!box) return;
      box.checked = !box.checked;
      countTicks();
    } else if (event.key === "Enter" && !event.target.closest("a, button, summary, input")) {
      current()?.querySelector("td.l a")?.click();
    } else return;
    if (event.key !== "Enter") event.preventDefault();
  });
  document.addEventListener("focusin", (event) => {
    const row = event.target.closest(".list .sheet tbody tr");
    if (row && row !== current()) {
      current()?.classList.remove("here");
      row.classList.add("here");
    }
  });

  /* Copying */
  const copyButton = (text, label, done) => {
    const button = document.createElement("button");
    button.type = "button";
    button.className = "copy";
    button.dataset.copyText = text;
    button.dataset.done = done;
    button.setAttribute("aria-label", `${label} ${text}`);
    button.title = label;
    button.append(icon("copy"));
    return button;
  };
  const addCopyButtons = () => {
    for (const link of document.querySelectorAll(".list .sheet td.l a:only-child")) {
      const { copy, copied } = link.closest("table").dataset;
      link.after(copyButton(link.textContent, copy, copied));
    }
    for (const number of document.querySelectorAll("[data-copy-this]")) {
      const { copyThis, copied } = number.dataset;
      number.after(copyButton(number.textContent.trim(), copyThis, copied));
      delete number.dataset.copyThis;
    }
  };
  document.addEventListener("click", async (event) => {
    const button = event.target.closest("button.copy");
    if (!button) return;
    event.preventDefault();
    try {
      await navigator.clipboard.writeText(button.dataset.copyText);
    } catch {
      return;
    }
    const before = button.title;
    button.title = button.dataset.done;
    button.classList.add("done");
    button.replaceChildren(icon("check"));
    setTimeout(() => {
      button.title = before;
      button.classList.remove("done");
      button.replaceChildren(icon("copy"));
    }, 1500);
  });

  /* Filters: a choice of one applies at once, a choice of many when its menu closes. */
  const submit = (menu) => menu.closest("form").requestSubmit();
  document.addEventListener("change", (event) => {
    const menu = event.target.closest("details.filter");
    if (!menu) return;
    if (menu.hasAttribute("data-now")) submit(menu);
    else if (event.target.closest(".quick") && event.target.value) submit(menu);
    else menu.dataset.changed = "";
  });
  document.addEventListener(
    "toggle",
    (event) => {
      const menu = event.target;
      if (!menu.matches?.("details.filter") || menu.open || !("changed" in menu.dataset)) return;
      delete menu.dataset.changed;
      submit(menu);
    },
    true,
  );
  document.addEventListener("submit", (event) => {
    for (const menu of event.target.querySelectorAll?.("details.filter[data-changed]") ?? []) delete menu.dataset.changed;
  });
  document.addEventListener("input", (event) => {
    const range = event.target.closest(".filter-field .range");
    const free = range?.parentElement.querySelector(".quick input[value='']");
    if (free) free.checked = true;
  });
  /* Empty fields would only make the address long. */
  document.addEventListener("htmx:configRequest", (event) => {
    if (event.detail.elt.id !== "filters") return;
    const { formData } = event.detail;
    if (!formData) return;
    for (const name of new Set(formData.keys())) {
      const kept = formData.getAll(name).filter((value) => value !== "");
      formData.delete(name);
      for (const value of kept) formData.append(name, value);
    }
  });

  /* One comes back to the same place in the list. */
  const place = () => `list:${location.pathname}${location.search}`;
  const scroller = () => document.querySelector(".list-scroll");
  document.addEventListener(
    "scroll",
    (event) => {
      const area = event.target;
      if (area.matches?.(".list-scroll")) area.classList.toggle("scrolled", area.scrollLeft > 0);
    },
    { capture: true, passive: true },
  );
  addEventListener("pagehide", () => {
    try {
      sessionStorage.setItem(place(), String(scroller()?.scrollTop ?? 0));
    } catch {
      /* Storage can be switched off; the list then starts at its top. */
    }
  });
  try {
    const kept = Number(sessionStorage.getItem(place()));
    if (kept && scroller()) scroller().scrollTop = kept;
  } catch {
    /* As above. */
  }

  /* On a phone rows are cards, and each value stands beside the head of its column. */
  const phone = matchMedia("(max-width: 767px)");
  const addLabels = () => {
    if (!phone.matches) return;
    for (const table of document.querySelectorAll(".list .sheet")) {
      const heads = [...table.tHead.rows[0].cells].map((head) => head.textContent.trim());
      for (const row of table.tBodies[0].rows) {
        [...row.cells].forEach((cell, i) => {
          if (cell.matches(".t, .m, .d, .c, :not([class])")) cell.dataset.label = heads[i];
        });
      }
    }
  };
  phone.addEventListener("change", addLabels);

  /* What does not fit is shown in full on hover. */
  document.addEventListener("mouseover", (event) => {
    const cell = event.target.closest(".list .sheet td");
    if (!cell || "full" in cell.dataset || cell.scrollWidth <= cell.clientWidth) return;
    cell.dataset.full = "";
    cell.title = [cell.innerText.replace("\n", " · "), cell.title].filter(Boolean).join("\n");
  });

  const prepare = () => {
    addLabels();
    addCopyButtons();
    countTicks();
  };
  prepare();
  document.addEventListener("htmx:afterSwap", prepare);
})();
