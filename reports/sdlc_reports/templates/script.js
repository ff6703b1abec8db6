"use strict";
(() => {
  const form = document.getElementById("filters");
  const entries = Array.from(document.querySelectorAll(".finding"), (element) => ({
    element,
    severity: element.dataset.severity,
    disposition: element.dataset.disposition,
    gates: element.dataset.gates.split("\n"),
    place: element.querySelector(".where").textContent.toLowerCase(),
    text: null,
  }));
  const chosen = (name) => new Set(Array.from(form.querySelectorAll(`input[name="${name}"]:checked`), (box) => box.value));
  // Read when first asked for: with thousands of entries it is most of the work.
  const textOf = (entry) => (entry.text ??= entry.element.textContent.toLowerCase());

  function state() {
    return {
      severity: chosen("severity"),
      disposition: chosen("disposition"),
      gate: form.elements.gate.value,
      file: form.elements.file.value.trim().toLowerCase(),
      text: form.elements.text.value.trim().toLowerCase(),
    };
  }

  function fits(entry, want) {
    return (
      (!want.severity.size || want.severity.has(entry.severity)) &&
      (!want.disposition.size || want.disposition.has(entry.disposition)) &&
      (!want.gate || entry.gates.includes(want.gate)) &&
      (!want.file || entry.place.includes(want.file)) &&
      (!want.text || textOf(entry).includes(want.text))
    );
  }

  function apply() {
    const want = state();
    let shown = 0;
    for (const entry of entries) {
      const fit = fits(entry, want);
      shown += fit;
      if (entry.element.hidden === fit) entry.element.hidden = !fit;
    }
    const number = (value) => value.toLocaleString("en-US");
    form.elements.shown.value =
      shown === entries.length ? `All ${number(shown)} shown` : `${number(shown)} of ${number(entries.length)} shown`;
  }

  function remember() {
    const want = state();
    const words = new URLSearchParams();
    for (const name of ["severity", "disposition"]) if (want[name].size) words.set(name, [...want[name]].join(","));
    for (const name of ["gate", "file", "text"]) if (want[name]) words.set(name, want[name]);
    const fragment = words.toString();
    history.replaceState(null, "", fragment ? `#${fragment}` : "#findings");
  }

  function obey(fragment) {
    const words = new URLSearchParams(fragment);
    for (const name of ["severity", "disposition"]) {
      const wanted = (words.get(name) ?? "").split(",");
      for (const box of form.querySelectorAll(`input[name="${name}"]`)) box.checked = wanted.includes(box.value);
    }
    for (const name of ["gate", "file", "text"]) form.elements[name].value = words.get(name) ?? "";
    apply();
  }

  function follow() {
    const fragment = location.hash.slice(1);
    if (fragment.includes("=")) {
      obey(fragment);
      document.getElementById("findings").scrollIntoView();
      return;
    }
    const entry = document.getElementById(fragment)?.closest(".finding");
    if (!entry) return;
    if (entry.hidden) obey("");
    entry.open = true;
    entry.scrollIntoView();
    entry.querySelector("summary").focus({ preventScroll: true });
  }

  let waiting = 0;
  function soon() {
    clearTimeout(waiting);
    waiting = setTimeout(() => { apply(); remember(); }, 120);
  }

  function forPrint() {
    for (const details of document.querySelectorAll("details:not([open])")) {
      details.open = true;
      details.dataset.forPrint = "";
    }
  }

  function afterPrint() {
    for (const details of document.querySelectorAll("details[data-for-print]")) {
      details.open = false;
      delete details.dataset.forPrint;
    }
  }

  form.hidden = !entries.length;
  form.addEventListener("input", soon);
  form.addEventListener("reset", () => setTimeout(() => { apply(); remember(); }));
  form.addEventListener("submit", (event) => event.preventDefault());
  window.addEventListener("hashchange", follow);
  window.addEventListener("beforeprint", forPrint);
  window.addEventListener("afterprint", afterPrint);
  apply();
  follow();
})();
