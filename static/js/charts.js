/* Charts: draws each [data-chart] from its description and from the table beside it, whose texts the tips repeat. */
(() => {
  const root = document.documentElement;
  const lang = root.lang || "en";
  const calm = matchMedia("(prefers-reduced-motion: reduce)");
  const drawn = new Map();

  /* ECharts wants plain colours; the browser works out what a token is in this theme. */
  const probe = document.createElement("i");
  probe.hidden = true;
  document.body.append(probe);
  const colour = (token) => {
    probe.style.color = `var(--${token})`;
    return getComputedStyle(probe).color;
  };

  const compact = new Intl.NumberFormat(lang, { notation: "compact", maximumFractionDigits: 1 });
  const length = (unit) => new Intl.NumberFormat(lang, { style: "unit", unit, unitDisplay: "narrow", maximumFractionDigits: 1 });
  const LENGTHS = [[172800, 86400, length("day")], [7200, 3600, length("hour")], [0, 60, length("minute")]];
  const scale = (spec, most) => {
    if (spec.unit === "money") return (value) => spec.symbol + compact.format(value);
    if (spec.unit === "ratio") {
      const percent = new Intl.NumberFormat(lang, { style: "percent", maximumFractionDigits: most < 0.05 ? 1 : 0 });
      return (value) => percent.format(value);
    }
    if (spec.unit === "seconds") {
      const [, seconds, words] = LENGTHS.find(([from]) => most >= from);
      return (value) => words.format(value / seconds);
    }
    return (value) => compact.format(value);
  };
  /* Shares end at all of them; lengths of time are read best at whole days, hours or minutes. */
  const apart = (spec, most) => {
    if (spec.unit === "count" && most < 5) return 1;
    if (spec.unit === "ratio" && most > 0.75 && most <= 1) return 0.25;
    if (spec.unit !== "seconds") return undefined;
    const [, seconds] = LENGTHS.find(([from]) => most >= from);
    const steps = most / seconds / 4;
    return Math.max(1, [1, 2, 3, 4, 5, 6, 8, 10, 12, 15, 20, 24, 30, 50, 100, 200, 500, 1000].find((one) => one >= steps) ?? Math.ceil(steps)) * seconds;
  };

  const rowsOf = (figure) => [...figure.querySelectorAll(".fig-table tbody tr")];
  const namesOf = (figure) => [...figure.querySelectorAll(".fig-table thead th")].map((head) => head.textContent.trim());
  const short = (label) => (/^\d{4}-\d\d-\d\d$/.test(label) ? label.slice(5) : label);
  /* Braces mean something inside a tip. */
  const quiet = (text) => text.trim().replaceAll("{", "(").replaceAll("}", ")");
  const numbers = (values) => values.map((value) => (value === null ? null : Number(value)));

  const lineOf = (spec, one, at) => {
    const bars = spec.kind !== "line";
    const paint = colour(`tone-${one.tone}`);
    return {
      type: bars ? "bar" : "line",
      name: String(at),
      data: numbers(one.values),
      stack: spec.kind === "stacked" ? "all" : undefined,
      color: paint,
      barMaxWidth: 28,
      barCategoryGap: "28%",
      itemStyle: bars && spec.kind === "bar" ? { borderRadius: [2, 2, 0, 0] } : undefined,
      lineStyle: { width: one.dashed ? 1.5 : 2, type: one.dashed ? "dashed" : "solid" },
      areaStyle: !bars && !one.dashed && spec.series.length <= 2 ? { opacity: 0.08 } : undefined,
      symbol: "circle",
      symbolSize: 6,
      showSymbol: one.values.length === 1,
      emphasis: { disabled: true },
      z: one.dashed ? 2 : 3,
      markLine: at || !spec.marks.length ? undefined : {
        silent: true,
        symbol: "none",
        lineStyle: { color: colour("ink-faint"), type: "dotted" },
        label: { color: colour("ink-soft") },
        data: spec.marks.map(([xAxis, words]) => ({ xAxis, label: { formatter: quiet(words) } })),
      },
    };
  };
  /* A band is an unseen line at its lower end, and what lies between it and the upper one upon that. */
  const bandOf = (one, at) => {
    const low = numbers(one.values), high = numbers(one.highs);
    const both = { type: "line", stack: `band ${at}`, symbol: "none", lineStyle: { opacity: 0 }, silent: true, emphasis: { disabled: true }, z: 1 };
    const paint = colour(`tone-${one.tone}`);
    return [
      { ...both, name: `low ${at}`, color: paint, data: low },
      { ...both, name: `high ${at}`, color: paint, data: high.map((value, i) => (value === null ? null : value - low[i])), areaStyle: { opacity: 0.16 } },
    ];
  };

  const tip = (spec, figure) => (points) => {
    const row = rowsOf(figure)[points[0].dataIndex];
    if (!row) return "";
    const names = namesOf(figure), texts = [...row.cells].map((cell) => quiet(cell.textContent));
    const day = /^\d{4}-\d\d-\d\d$/.test(texts[0]) ? new Intl.DateTimeFormat(lang, { weekday: "short", timeZone: "UTC" }).format(new Date(texts[0])) : "";
    const marks = new Map(points.map((point) => [point.seriesName, point.marker]));
    let column = 0;
    const lines = spec.series.flatMap((one, at) => (one.highs ? [marks.get(`high ${at}`), marks.get(`high ${at}`)] : [marks.get(String(at))]))
      .map((marker) => (column++, `${marker ?? ""}${quiet(names[column])}  ${texts[column]}`));
    return [`${texts[0]} ${day}`, ...lines].join("\n");
  };

  const highest = (spec) => {
    const of = (one) => numbers(one.highs ?? one.values).map((value) => value ?? 0);
    if (spec.kind !== "stacked") return Math.max(...spec.series.flatMap(of));
    return Math.max(...spec.series[0].values.map((_, i) => spec.series.reduce((sum, one) => sum + of(one)[i], 0)));
  };

  const options = (spec, figure) => {
    const most = highest(spec), step = apart(spec, most), fontFamily = getComputedStyle(document.body).fontFamily, faint = colour("ink-faint"), line = colour("line");
    const words = { color: faint, fontSize: 11, fontFamily };
    return {
      animation: !calm.matches,
      animationDuration: 250,
      animationDurationUpdate: 0,
      textStyle: { fontFamily },
      aria: { enabled: true, label: { description: figure.querySelector(".fig-title").textContent } },
      grid: { left: 4, right: 12, top: 12, bottom: 4, outerBoundsMode: "same", outerBoundsContain: "axisLabel" },
      xAxis: {
        type: "category",
        data: rowsOf(figure).map((row) => short(row.cells[0].textContent.trim())),
        boundaryGap: spec.kind !== "line",
        axisLine: { lineStyle: { color: colour("line-strong") } },
        axisTick: { show: false },
        axisLabel: { ...words, hideOverlap: true },
      },
      yAxis: {
        type: "value",
        min: 0,
        max: step ? Math.max(1, Math.ceil(most / step)) * step : undefined,
        interval: step,
        splitNumber: 4,
        axisLabel: { ...words, formatter: scale(spec, most) },
        splitLine: { lineStyle: { color: line } },
      },
      tooltip: {
        trigger: "axis",
        renderMode: "richText",
        confine: true,
        transitionDuration: 0,
        backgroundColor: colour("raised"),
        borderColor: colour("line-strong"),
        borderWidth: 1,
        padding: [6, 10],
        axisPointer: { type: spec.kind === "line" ? "line" : "shadow", lineStyle: { color: faint, type: "solid" }, shadowStyle: { color: faint, opacity: 0.12 } },
        textStyle: { color: colour("ink") },
        formatter: tip(spec, figure),
      },
      series: spec.series.flatMap((one, at) => (one.highs ? bandOf(one, at) : [lineOf(spec, one, at)])),
    };
  };

  /* A click on a day opens what the first number of its row leads to. */
  const open = (chart, figure) => (event) => {
    const [at] = chart.convertFromPixel({ seriesIndex: 0 }, [event.offsetX, event.offsetY]) ?? [];
    const link = rowsOf(figure)[at]?.querySelector("a");
    if (link && chart.containPixel("grid", [event.offsetX, event.offsetY])) location.assign(link.href);
  };

  const sizes = new ResizeObserver((entries) => {
    for (const { target } of entries) drawn.get(target)?.chart.resize();
  });
  const draw = (place) => {
    if (drawn.has(place)) return;
    const figure = place.closest("figure"), spec = JSON.parse(document.getElementById(place.dataset.chart).textContent);
    const chart = echarts.init(place, null, { renderer: "svg", locale: lang.startsWith("zh") ? "ZH" : "EN" });
    drawn.set(place, { chart, spec, figure });
    chart.setOption(options(spec, figure));
    if (figure.querySelector(".fig-table td a")) {
      chart.getZr().on("click", open(chart, figure));
      place.classList.add("leads");
    }
    sizes.observe(place);
  };
  const drawAll = () => {
    for (const [place, { chart }] of drawn) {
      if (!place.isConnected) {
        sizes.unobserve(place);
        chart.dispose();
        drawn.delete(place);
      }
    }
    document.querySelectorAll("[data-chart]").forEach(draw);
  };
  const redraw = () => {
    for (const { chart, spec, figure } of drawn.values()) chart.setOption(options(spec, figure), true);
  };

  /* What a card says when one points at it goes away again by Escape. */
  document.addEventListener("keydown", (event) => {
    const tip = event.key === "Escape" && document.querySelector(".kpi button:is(:hover, :focus)");
    if (!tip) return;
    tip.classList.add("shut");
    for (const left of ["pointerleave", "blur"]) tip.addEventListener(left, () => tip.classList.remove("shut"), { once: true });
  });

  drawAll();
  document.addEventListener("htmx:afterSettle", drawAll);
  new MutationObserver(redraw).observe(root, { attributes: true, attributeFilter: ["data-bs-theme", "data-accent"] });
})();
