/* Runs before the first paint: applies the theme and the folded navigation, so that nothing flashes. */
(() => {
  const root = document.documentElement;
  const dark = matchMedia("(prefers-color-scheme: dark)");
  const apply = () => {
    const wish = root.dataset.theme;
    root.dataset.bsTheme = wish === "light" || wish === "dark" ? wish : dark.matches ? "dark" : "light";
  };
  apply();
  dark.addEventListener("change", apply);
  try {
    if (localStorage.getItem("nav") === "folded") root.dataset.nav = "folded";
  } catch {
    /* Storage can be switched off; the navigation is then open. */
  }
  root.dataset.script = "";
})();
