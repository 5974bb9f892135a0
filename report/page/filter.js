
// Filters the claims by words, verdict and scale; keeps the choice in the address (#claims?q=...).
(() => {
  const form = document.getElementById("filter");
  const [query, verdict, scale] = ["query", "verdict", "scale"].map((id) => document.getElementById(id));
  const rows = [...document.querySelectorAll(".claims tbody tr")];
  const texts = rows.map((row) => row.textContent.toLowerCase());

  function apply() {
    const words = query.value.toLowerCase().split(/\s+/).filter(Boolean);
    let count = 0;
    rows.forEach((row, i) => {
      const fits =
        words.every((word) => texts[i].includes(word)) &&
        (!verdict.value || row.dataset.verdict === verdict.value) &&
        (!scale.value || row.dataset.scale === scale.value);
      row.hidden = !fits;
      count += fits;
    });
    document.getElementById("shown").textContent = `${count} of ${rows.length}`;
    document.getElementById("none").hidden = count > 0;
  }

  function fromAddress() {
    const [place, choice] = location.hash.split("?");
    if (place !== "#claims" || choice === undefined) return;
    const given = new URLSearchParams(choice);
    query.value = given.get("q") || "";
    verdict.value = given.get("verdict") || "";
    scale.value = given.get("scale") || "";
    document.getElementById("claims").scrollIntoView();
  }

  form.addEventListener("input", apply);
  form.addEventListener("submit", (event) => event.preventDefault());
  form.addEventListener("reset", () => setTimeout(apply));
  addEventListener("hashchange", () => { fromAddress(); apply(); });
  addEventListener("beforeprint", () => document.querySelectorAll("details.table").forEach((d) => { d.open = true; }));
  form.hidden = false;
  fromAddress();
  apply();
})();
