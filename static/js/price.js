/* Shows the new total while the price of an order is changed; the server works it out again. */
(() => {
  for (const line of document.querySelectorAll("[data-rest]")) {
    const { rest, symbol, places } = line.dataset;
    const digits = Number(places);
    const parts = line.closest("form").querySelectorAll("[data-part-of-total]");
    const show = () => {
      const cents = [rest, ...[...parts].map((part) => part.value)].map((text) => Math.round(Number(text) * 100));
      const sum = cents.reduce((one, other) => one + other, 0) / 100;
      const amount = Math.abs(sum).toLocaleString("en", { minimumFractionDigits: digits, maximumFractionDigits: digits });
      line.querySelector("output").textContent = `${sum < 0 ? "−" : ""}${symbol}${amount}`;
    };
    for (const part of parts) part.addEventListener("input", show);
    line.hidden = false;
    show();
  }
})();
