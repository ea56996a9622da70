/* Keeps every remaining time right: data-due="2026-11-22T14:05:00+08:00". The words come from data-due-* of <body>,
   the limits (seconds before the due time) from data-soon and data-late of the element or of <body>. */
(() => {
  const words = document.body.dataset;
  const fill = (pattern, values) => pattern.replace(/\{(\w+)\}/g, (_, name) => values[name]);

  const span = (seconds) => {
    const minutes = Math.floor(seconds / 60);
    const d = Math.floor(minutes / 1440);
    const h = Math.floor((minutes % 1440) / 60);
    const m = minutes % 60;
    if (d) return fill(words.dueDays, { d, h });
    if (h) return fill(words.dueHours, { h, m });
    return fill(words.dueMinutes, { m });
  };

  const show = (clock, now) => {
    const left = (Date.parse(clock.dataset.due) - now) / 1000;
    if (Number.isNaN(left)) return;
    const soon = Number(clock.dataset.soon ?? words.soon);
    const late = Number(clock.dataset.late ?? words.late);
    const text = left < 0 ? fill(words.dueOver, { t: span(-left) }) : span(left);
    if (clock.textContent !== text) clock.textContent = text;
    clock.classList.toggle("late", left <= late);
    clock.classList.toggle("soon", left > late && left <= soon);
  };

  const showAll = () => {
    const now = Date.now();
    for (const clock of document.querySelectorAll("[data-due]")) show(clock, now);
  };
  showAll();
  setInterval(showAll, 30_000);
  document.addEventListener("htmx:afterSwap", showAll);
  document.addEventListener("visibilitychange", () => document.hidden || showAll());
})();
