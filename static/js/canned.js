/* Canned replies: a choice goes in at the cursor, and so does a shortcut that is typed, as /thanks and a space. */
(() => {
  for (const picker of document.querySelectorAll("form[data-canned]")) {
    const field = document.getElementById(picker.dataset.canned);
    const choice = picker.elements.canned;
    if (!field) continue;
    const put = (words, from, to) => {
      field.setRangeText(words, from, to, "end");
      field.focus();
    };
    choice.addEventListener("change", () => {
      const { words } = choice.selectedOptions[0].dataset;
      if (words) put(words, field.selectionStart, field.selectionEnd);
      choice.value = "";
    });
    field.addEventListener("input", (event) => {
      if (event.isComposing || !event.inputType?.startsWith("insert")) return;
      const end = field.selectionStart;
      const typed = field.value.slice(0, end).match(/(?:^|\s)(\/([\p{L}\p{N}_-]{1,20})\s)$/u);
      const found = typed && [...choice.options].find((one) => one.dataset.shortcut === typed[2].toLowerCase());
      if (found) put(found.dataset.words, end - typed[1].length, end);
    });
  }
})();
