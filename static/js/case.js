/* On cases: a click puts an amount into its field, and a kind of case leaves out the reasons and fields that don't fit it. */
(() => {
  for (const button of document.querySelectorAll("[data-fill]")) {
    button.parentElement.hidden = false;
    button.addEventListener("click", () => {
      const field = document.getElementById(button.dataset.fill);
      field.value = button.value;
      field.dispatchEvent(new Event("input", { bubbles: true }));
      field.focus();
    });
  }
  for (const chooser of document.querySelectorAll("[data-narrows]")) {
    const narrowed = chooser.form.elements[chooser.dataset.narrows];
    const narrow = () => {
      for (const option of narrowed.options) {
        const fits = !option.dataset.kinds || option.dataset.kinds.split(" ").includes(chooser.value);
        option.hidden = option.disabled = !fits;
      }
      for (const group of narrowed.querySelectorAll("optgroup")) {
        group.hidden = [...group.children].every((option) => option.hidden);
      }
      if (narrowed.selectedOptions[0]?.disabled) narrowed.value = "";
      for (const field of chooser.form.querySelectorAll("[data-only-kind]")) {
        field.disabled = field.dataset.onlyKind !== chooser.value;
        field.closest(".field").hidden = field.disabled;
      }
    };
    chooser.addEventListener("change", narrow);
    narrow();
  }
})();
