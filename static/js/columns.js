/* The order of columns: moved by buttons, which the keyboard reaches, or dragged. The order of the boxes in the form is the
   order of the columns; parts/column_moves.html brings the buttons. */
(() => {
  const prepare = () => {
    const moves = document.querySelector("template[data-column-moves]");
    for (const list of document.querySelectorAll("ul.columns:not([data-ready])")) {
      if (!moves) return;
      list.dataset.ready = "";
      for (const item of list.children) {
        const name = item.textContent.trim();
        const buttons = moves.content.cloneNode(true);
        for (const button of buttons.children) {
          button.setAttribute("aria-label", `${button.getAttribute("aria-label")}: ${name}`);
        }
        item.append(buttons);
        item.draggable = true;
      }
    }
  };

  document.addEventListener("click", (event) => {
    const button = event.target.closest("ul.columns button[data-way]");
    if (!button) return;
    const item = button.closest("li");
    if (button.dataset.way === "up") item.previousElementSibling?.before(item);
    else item.nextElementSibling?.after(item);
    button.focus();
  });

  let dragged = null;
  document.addEventListener("dragstart", (event) => {
    dragged = event.target.closest?.("ul.columns > li") ?? null;
    if (!dragged) return;
    event.dataTransfer.effectAllowed = "move";
    event.dataTransfer.setData("text/plain", "");
    dragged.classList.add("dragged");
  });
  document.addEventListener("dragover", (event) => {
    const over = event.target.closest?.("ul.columns > li");
    if (!dragged || !over || over.parentElement !== dragged.parentElement) return;
    event.preventDefault();
    const { top, height } = over.getBoundingClientRect();
    if (over === dragged) return;
    if (event.clientY < top + height / 2) over.before(dragged);
    else over.after(dragged);
  });
  document.addEventListener("drop", (event) => {
    if (dragged) event.preventDefault();
  });
  document.addEventListener("dragend", () => {
    dragged?.classList.remove("dragged");
    dragged = null;
  });

  prepare();
  document.addEventListener("htmx:afterSwap", prepare);
})();
